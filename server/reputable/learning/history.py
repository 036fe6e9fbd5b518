"""Verdicts with a past: what was known of a source, and of all sources, at any moment."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reputable.domain.findings import Finding, of_verdict
from reputable.domain.records import TrackRecord, new_weight_of, summarise
from reputable.domain.sources import SourceKind
from reputable.domain.times import DAY, Day, Micros, day_of
from reputable.domain.verdicts import CREDIBLE_FROM, Standing, Verdict
from reputable.learning.long_records import LongRecord, is_long

BASE_STRENGTH = 10.0
"""Verdicts that the starting rates weigh beside all that were found."""
RECENT_STRENGTH = 20.0
"""Verdicts that the all-time rate weighs beside those of the trailing year."""
RECENT_DAYS = 365


@dataclass(frozen=True, slots=True)
class Example:
    """A verdict on a claim of a known source; `id` is free text, for reports only."""

    id: str
    source_id: str
    kind: SourceKind
    verdict: Verdict

    @property
    def claimed_at(self) -> Micros:
        """When the claim was made; when it was reviewed, where that is all that is known."""
        claimed_at = self.verdict.claim.claimed_at
        return self.verdict.reviewed_at if claimed_at is None else claimed_at

    @property
    def named(self) -> bool:
        """Whether one source stands behind the claim, rather than a crowd."""
        return self.kind is not SourceKind.COLLECTIVE


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares of credible claims, and the trailing year's mean truthfulness, all in (0, 1)."""

    base: float = 0.5
    recent: float = 0.5
    collective: float = 0.25
    truthfulness: float = 0.5


class History:
    """Examples in order of review, with records and rates as of any moment before or after them.

    `standings` names the ESTABLISHED reviewers; without it all are. `weights` (n,) are those that the
    standing of their reviewers gives the proven examples.
    """

    def __init__(
        self,
        examples: Iterable[Example],
        start: Rates | None = None,
        standings: Mapping[str, Standing] | None = None,
    ) -> None:
        self.examples: Sequence[Example] = sorted(examples, key=lambda example: example.verdict.reviewed_at)
        self._start = start or Rates()
        if standings is None:
            standings = {example.verdict.reviewer: Standing.ESTABLISHED for example in self.examples}
        self._standings = standings
        self._findings: dict[str, list[Finding]] = {}
        self._times: dict[str, list[Micros]] = {}
        for number, example in enumerate(self.examples, start=1):
            self._findings.setdefault(example.source_id, []).append(of_verdict(example.verdict, number))
            self._times.setdefault(example.source_id, []).append(example.verdict.reviewed_at)
        proven = [example for example in self.examples if example.verdict.truthfulness is not None]
        self._proven_times = [example.verdict.reviewed_at for example in proven]
        truth = np.array([example.verdict.truthfulness for example in proven], dtype=float)
        self._is_named = np.array([example.named for example in proven], dtype=bool)
        self.weights = standing_weights([(e.source_id, e.verdict.reviewer) for e in proven], standings)
        self._named = _Sums(np.where(self._is_named, self.weights, 0.0), truth)
        self._collective = _Sums(np.where(self._is_named, 0.0, self.weights), truth)
        self.proven = proven
        self._long: dict[str, LongRecord | None] = {}
        self._records: dict[tuple[str, SourceKind, Micros], TrackRecord] = {}

    def record(self, source_id: str, kind: SourceKind, as_of: Micros) -> TrackRecord:
        """The source's record of verdicts reviewed before `as_of`; summed up once."""
        key = (source_id, kind, as_of)
        if key not in self._records:
            long = self._long_record(source_id)
            summed = self._summed(source_id, kind, as_of) if long is None else long.at(as_of, source_id, kind)
            self._records[key] = summed
        return self._records[key]

    def _summed(self, source_id: str, kind: SourceKind, as_of: Micros) -> TrackRecord:
        known = self._findings.get(source_id, [])[: bisect_left(self._times.get(source_id, []), as_of)]
        return summarise(known, self._standings, as_of=as_of, ledger_key=None, source_id=source_id, kind=kind)

    def _long_record(self, source_id: str) -> LongRecord | None:
        if source_id not in self._long:
            findings = self._findings.get(source_id, [])
            self._long[source_id] = LongRecord(findings, self._standings) if is_long(findings) else None
        return self._long[source_id]

    def before(self, moment: Micros) -> int:
        """How many of the proven examples were reviewed before the moment."""
        return bisect_left(self._proven_times, moment)

    def rates(self, day: Day) -> Rates:
        """Rates of the verdicts reviewed before the day, shrunken to those that it started from."""
        start, last = self._start, self.before(day * DAY)
        first = self.before((day - RECENT_DAYS) * DAY)
        named, credible, _ = self._named.between(0, last)
        base = (credible + BASE_STRENGTH * start.base) / (named + BASE_STRENGTH)
        expected = (named * base + BASE_STRENGTH * start.recent) / (named + BASE_STRENGTH)
        recent, recent_credible, recent_truth = self._named.between(first, last)
        crowd, crowd_credible, _ = self._collective.between(first, last)
        return Rates(
            base=base,
            recent=(recent_credible + RECENT_STRENGTH * expected) / (recent + RECENT_STRENGTH),
            collective=(crowd_credible + BASE_STRENGTH * start.collective) / (crowd + BASE_STRENGTH),
            truthfulness=(recent_truth + RECENT_STRENGTH * start.truthfulness) / (recent + RECENT_STRENGTH),
        )

    def recent_mean(self, values: NDArray[np.float64], day: Day, start: float) -> float:
        """Mean over the trailing year's named examples of one value for each proven example.

        NaN means none; shrunken to `start`.
        """
        span = slice(self.before((day - RECENT_DAYS) * DAY), self.before(day * DAY))
        chosen = self._is_named[span] & ~np.isnan(values[span])
        found, weights = values[span][chosen], self.weights[span][chosen]
        return float((found @ weights + RECENT_STRENGTH * start) / (weights.sum() + RECENT_STRENGTH))


class _Sums:
    """Running weighted sums, so that those of any span are two look-ups."""

    def __init__(self, weights: NDArray[np.float64], truth: NDArray[np.float64]) -> None:
        columns = np.column_stack([weights, weights * (truth >= CREDIBLE_FROM), weights * truth])
        self._sums = np.vstack([np.zeros((1, 3)), np.cumsum(columns, axis=0)])

    def between(self, first: int, last: int) -> tuple[float, float, float]:
        """Count, credible count and sum of truthfulness of the examples first to last - 1."""
        count, credible, truthfulness = (self._sums[last] - self._sums[first]).tolist()
        return count, credible, truthfulness


def standing_weights(pairs: Sequence[tuple[str, str]], standings: Mapping[str, Standing]) -> NDArray[np.float64]:
    """What each (source, reviewer) verdict weighs: 1, or little and capped on each source for NEW reviewers; (n,)."""
    established = [standings.get(reviewer) is Standing.ESTABLISHED for _, reviewer in pairs]
    new = Counter(source for (source, _), full in zip(pairs, established, strict=True) if not full)
    return np.array(
        [1.0 if full else new_weight_of(new[source]) for (source, _), full in zip(pairs, established, strict=True)],
        dtype=float,
    )


def day_of_claim(example: Example) -> Day:
    """The UTC day on which the example's claim was made."""
    return day_of(example.claimed_at)
