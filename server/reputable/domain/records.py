"""A source's verdicts summed up as of a moment."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from math import fsum
from operator import mul

from reputable.domain.digests import EMPTY_DIGEST, digest
from reputable.domain.findings import Finding, active, record_digest, without_double_counting
from reputable.domain.sources import SourceKind
from reputable.domain.times import Day, Micros, day_of
from reputable.domain.verdicts import CREDIBLE_FROM, Standing

NEW_WEIGHT = 0.1
"""What one verdict of a NEW reviewer weighs; one of an ESTABLISHED reviewer weighs 1."""
NEW_CAP = 3.0
"""The most that all NEW reviewers' verdicts on one source weigh together."""
HALF_LIVES = (365.0, 1460.0)
"""Days after which a verdict weighs half in the decayed sums."""
LOW, HIGH = 0.1, 0.9
LAST_COUNT = 5


@dataclass(frozen=True, slots=True)
class Tally:
    """Weighted sums over verdicts: how many, how many credible, how truthful in all."""

    weight: float = 0.0
    credible: float = 0.0
    truthfulness: float = 0.0


NOTHING = Tally()


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """A source's active findings summed up; equal sets of findings give equal records.

    Counts are of claims; tallies are weighted by the reviewers' standing. `day` is the day the
    decayed sums are aged to. `digest` is that of the active findings, `key` covers the standing of
    their reviewers too: records of equal `key`, `day` and `kind` are equal. `next_review_at`
    is the first review that `as_of` kept out.
    """

    source_id: str = ""
    kind: SourceKind = SourceKind.UNSPECIFIED
    revision: int = 0
    digest: bytes = EMPTY_DIGEST
    key: bytes = EMPTY_DIGEST
    day: Day = 0
    verdict_count: int = 0
    credible_count: int = 0
    unproven_count: int = 0
    total: Tally = NOTHING
    low: float = 0.0
    high: float = 0.0
    decayed: tuple[Tally, ...] = (NOTHING,) * len(HALF_LIVES)
    last: Tally = NOTHING
    last_review_day: Day | None = None
    first_reviewed_at: Micros | None = None
    last_reviewed_at: Micros | None = None
    next_review_at: Micros | None = None


def summarise(
    findings: Sequence[Finding],
    standings: Mapping[str, Standing],
    *,
    as_of: Micros,
    ledger_key: bytes | None,
    source_id: str = "",
    kind: SourceKind = SourceKind.UNSPECIFIED,
    revision: int = 0,
    at_revision: int | None = None,
) -> TrackRecord:
    """Sum up what stands of `findings` as of `as_of` (and `at_revision`).

    `standings` names the ESTABLISHED reviewers (others are NEW), as of the same revision. Sums are
    correctly rounded, so the order of the findings does not matter to the last bit. Without a
    `ledger_key` the record's digest and key say nothing: digesting is half of the work.
    """
    standing = active(findings, as_of, at_revision)
    counted = without_double_counting(standing)
    established = {r for r in {f.reviewer for f in counted} if standings.get(r) is Standing.ESTABLISHED}
    proven = [f for f in counted if f.levels]
    weighed = _weigh(proven, established)
    settled = [f for f in weighed.findings if f.reviewer in established]
    content = EMPTY_DIGEST if ledger_key is None else record_digest(standing, ledger_key)
    day, days = day_of(as_of), [day_of(f.reviewed_at) for f in weighed.findings]
    return TrackRecord(
        source_id=source_id,
        kind=kind,
        revision=revision,
        digest=content,
        key=EMPTY_DIGEST if ledger_key is None else digest("record", content, *sorted({f.reviewer for f in settled})),
        day=day,
        verdict_count=sum(weighed.counts),
        credible_count=sum(compress(weighed.counts, weighed.credible)),
        unproven_count=sum(f.unproven_count for f in counted),
        total=weighed.tally(),
        low=fsum(weight for weight, truth in zip(weighed.weights, weighed.truths, strict=True) if truth < LOW),
        high=fsum(weight for weight, truth in zip(weighed.weights, weighed.truths, strict=True) if truth > HIGH),
        decayed=tuple(weighed.decayed(days, day, half_life) for half_life in HALF_LIVES),
        last=_last(settled),
        last_review_day=day_of(settled[-1].reviewed_at) if settled else None,
        first_reviewed_at=proven[0].reviewed_at if proven else None,
        last_reviewed_at=proven[-1].reviewed_at if proven else None,
        next_review_at=_next_review(findings, as_of, at_revision),
    )


@dataclass(frozen=True, slots=True)
class _Weighed:
    """Levels of findings in order of review: claims counted, weights, truthfulness, whether credible."""

    counts: list[int]
    weights: list[float]
    truths: list[float]
    credible: list[bool]
    findings: list[Finding]

    def tally(self) -> Tally:
        """Correctly rounded sums."""
        return _tally(self.weights, self.truths, self.credible)

    def decayed(self, days: Sequence[Day], day: Day, half_life: float) -> Tally:
        """The same with weights that halve in so many days; `days` are those of the reviews."""
        factors = {then: 2.0 ** (-max(0, day - then) / half_life) for then in set(days)}
        return _tally(list(map(mul, self.weights, map(factors.__getitem__, days))), self.truths, self.credible)


def _tally(weights: Sequence[float], truths: Sequence[float], credible: Sequence[bool]) -> Tally:
    return Tally(fsum(weights), fsum(compress(weights, credible)), fsum(map(mul, weights, truths)))


def new_weight_of(count: float) -> float:
    """What each of the `count` verdicts of NEW reviewers on one source weighs, so that all together weigh no more than
    NEW_CAP.
    """
    return min(NEW_WEIGHT, NEW_CAP / count) if count else NEW_WEIGHT


def _weigh(proven: Sequence[Finding], established: set[str]) -> _Weighed:
    new_weight = new_weight_of(sum(f.claim_count for f in proven if f.reviewer not in established))
    levels = [(finding, level) for finding in proven for level in finding.levels if level.count]
    truths = [level.truthfulness for _, level in levels]
    return _Weighed(
        counts=[level.count for _, level in levels],
        weights=[level.count * (1.0 if f.reviewer in established else new_weight) for f, level in levels],
        truths=truths,
        credible=[truth >= CREDIBLE_FROM for truth in truths],
        findings=[finding for finding, _ in levels],
    )


def _last(settled: Sequence[Finding]) -> Tally:
    """Of the last single verdicts of ESTABLISHED reviewers, 1 each."""
    singles = [f for f in settled if f.period_start is None][-LAST_COUNT:]
    truths = [f.levels[0].truthfulness for f in singles]
    return _tally([1.0] * len(singles), truths, [truth >= CREDIBLE_FROM for truth in truths])


def _next_review(findings: Iterable[Finding], as_of: Micros, at_revision: int | None) -> Micros | None:
    return min(
        (
            f.reviewed_at
            for f in findings
            if f.reviewed_at >= as_of and (at_revision is None or f.revision <= at_revision)
        ),
        default=None,
    )
