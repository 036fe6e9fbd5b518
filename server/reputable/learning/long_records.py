"""Records of sources with many verdicts as of any moment, from running sums.

For priors and training, which ask for one source's record as of hundreds of moments: `summarise` would walk all of its
verdicts each time. The figures are those of `summarise` but for the last bits of their sums.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from reputable.domain.findings import Finding
from reputable.domain.records import HALF_LIVES, HIGH, LAST_COUNT, LOW, Tally, TrackRecord, new_weight_of
from reputable.domain.sources import SourceKind
from reputable.domain.times import Day, Micros, day_of
from reputable.domain.verdicts import CREDIBLE_FROM, Standing

LONG = 256
"""Verdicts from which on running sums are worth their making."""

Floats = NDArray[np.float64]


def is_long(findings: Sequence[Finding]) -> bool:
    """Whether a LongRecord can be made of the findings, and pays: many single verdicts that replace no other."""
    return (
        len(findings) >= LONG
        and all(finding.period_start is None and not finding.retracted_at for finding in findings)
        and len({(finding.reviewer, finding.key) for finding in findings}) == len(findings)
    )


class LongRecord:
    """A source's single verdicts; `standings` names the ESTABLISHED reviewers."""

    def __init__(self, findings: Sequence[Finding], standings: Mapping[str, Standing]) -> None:
        ordered = sorted(findings, key=attrgetter("reviewed_at", "key", "reviewer"))
        proven = [finding for finding in ordered if finding.levels]
        self._unproven = [finding.reviewed_at for finding in ordered if not finding.levels]
        self._times = [finding.reviewed_at for finding in proven]
        self._days = np.array([day_of(moment) for moment in self._times], dtype=float)
        established = [standings.get(finding.reviewer) is Standing.ESTABLISHED for finding in proven]
        self._is_established = np.array(established, dtype=bool)
        self._established = np.flatnonzero(self._is_established)
        truth = np.array([finding.levels[0].truthfulness for finding in proven], dtype=float)
        credible = truth >= CREDIBLE_FROM
        self._tallied = np.column_stack([np.ones_like(truth), credible, truth])
        columns = np.column_stack([self._tallied, truth < LOW, truth > HIGH])
        self._of_established = _running(columns * self._is_established[:, None])
        self._of_new = _running(columns * ~self._is_established[:, None])

    def at(self, as_of: Micros, source_id: str, kind: SourceKind) -> TrackRecord:
        """The record of the verdicts reviewed before `as_of`; its digest and key say nothing."""
        count = bisect_left(self._times, as_of)
        established, new = self._of_established[count], self._of_new[count]
        new_weight = new_weight_of(float(new[0]))
        weight, credible, truth, low, high = (established + new_weight * new).tolist()
        weights = np.where(self._is_established[:count], 1.0, new_weight)
        day = day_of(as_of)
        settled = self._established[: int(np.searchsorted(self._established, count))]
        return TrackRecord(
            source_id=source_id,
            kind=kind,
            day=day,
            verdict_count=count,
            credible_count=int(established[1] + new[1]),
            unproven_count=bisect_left(self._unproven, as_of),
            total=Tally(weight, credible, truth),
            low=low,
            high=high,
            decayed=tuple(self._decayed(weights, day, half_life) for half_life in HALF_LIVES),
            last=_tally(self._tallied[settled[-LAST_COUNT:]].sum(axis=0)),
            last_review_day=day_of(self._times[settled[-1]]) if len(settled) else None,
            first_reviewed_at=self._times[0] if count else None,
            last_reviewed_at=self._times[count - 1] if count else None,
        )

    def _decayed(self, weights: Floats, day: Day, half_life: float) -> Tally:
        ages = np.maximum(0.0, day - self._days[: len(weights)])
        return _tally((weights * np.exp2(-ages / half_life)) @ self._tallied[: len(weights)])


def _running(columns: Floats) -> Floats:
    """Sums of the first n rows for n from 0 on."""
    return np.vstack([np.zeros((1, columns.shape[1])), np.cumsum(columns, axis=0)])


def _tally(sums: Floats) -> Tally:
    weight, credible, truth = sums.tolist()
    return Tally(weight, credible, truth)
