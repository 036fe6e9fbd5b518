"""A source's verdicts summed up as of a moment."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum

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
    by_topic: Mapping[str, Tally] = field(default_factory=dict)
    by_context: Mapping[str, Tally] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Weighed:
    weight: float
    truthfulness: float
    finding: Finding


_Names = Callable[[_Weighed], Sequence[str]]


def summarise(
    findings: Sequence[Finding],
    standings: Mapping[str, Standing],
    *,
    as_of: Micros,
    ledger_key: bytes,
    source_id: str = "",
    kind: SourceKind = SourceKind.UNSPECIFIED,
    revision: int = 0,
    at_revision: int | None = None,
) -> TrackRecord:
    """Sum up what stands of `findings` as of `as_of` (and `at_revision`).

    `standings` names the ESTABLISHED reviewers (others are NEW), as of the same revision. Sums are
    correctly rounded, so the order of the findings does not matter to the last bit.
    """
    standing = active(findings, as_of, at_revision)
    counted = without_double_counting(standing)
    weighed = _weigh(counted, standings)
    content = record_digest(standing, ledger_key)
    day = day_of(as_of)
    settled = [w for w in weighed if standings.get(w.finding.reviewer) is Standing.ESTABLISHED]
    singles = [w for w in settled if w.finding.period_start is None]
    reviews = [f.reviewed_at for f in counted if f.levels]
    return TrackRecord(
        source_id=source_id,
        kind=kind,
        revision=revision,
        digest=content,
        key=digest("record", content, *sorted({w.finding.reviewer for w in settled})),
        day=day,
        verdict_count=sum(f.claim_count for f in counted),
        credible_count=sum(f.credible_count for f in counted),
        unproven_count=sum(f.unproven_count for f in counted),
        total=tally(weighed),
        low=fsum(w.weight for w in weighed if w.truthfulness < LOW),
        high=fsum(w.weight for w in weighed if w.truthfulness > HIGH),
        decayed=tuple(_decayed(weighed, day, half_life) for half_life in HALF_LIVES),
        last=tally(singles[-LAST_COUNT:]),
        last_review_day=day_of(max(w.finding.reviewed_at for w in settled)) if settled else None,
        first_reviewed_at=min(reviews, default=None),
        last_reviewed_at=max(reviews, default=None),
        next_review_at=_next_review(findings, as_of, at_revision),
        by_topic=_grouped(weighed, lambda w: w.finding.topics),
        by_context=_grouped(weighed, lambda w: (w.finding.context,) if w.finding.context else ()),
    )


def _weigh(counted: Sequence[Finding], standings: Mapping[str, Standing]) -> list[_Weighed]:
    new_count = sum(f.claim_count for f in counted if standings.get(f.reviewer) is not Standing.ESTABLISHED)
    new_weight = min(NEW_WEIGHT, NEW_CAP / new_count) if new_count else NEW_WEIGHT
    return [
        _Weighed(
            level.count * (1.0 if standings.get(f.reviewer) is Standing.ESTABLISHED else new_weight),
            level.truthfulness,
            f,
        )
        for f in counted
        for level in f.levels
        if level.count
    ]


def tally(weighed: Iterable[_Weighed], factors: Iterable[float] | None = None) -> Tally:
    """Correctly rounded weighted sums; `factors` scale the weights one by one."""
    items = list(weighed)
    weights = (
        [w.weight for w in items] if factors is None else [w.weight * f for w, f in zip(items, factors, strict=True)]
    )
    return Tally(
        weight=fsum(weights),
        credible=fsum(x for x, w in zip(weights, items, strict=True) if w.truthfulness >= CREDIBLE_FROM),
        truthfulness=fsum(x * w.truthfulness for x, w in zip(weights, items, strict=True)),
    )


def _decayed(weighed: Sequence[_Weighed], day: Day, half_life: float) -> Tally:
    return tally(weighed, (2.0 ** (-max(0, day - day_of(w.finding.reviewed_at)) / half_life) for w in weighed))


def _grouped(weighed: Sequence[_Weighed], names: _Names) -> dict[str, Tally]:
    groups: dict[str, list[_Weighed]] = defaultdict(list)
    for item in weighed:
        for name in names(item):
            groups[name].append(item)
    return {name: tally(items) for name, items in groups.items()}


def _next_review(findings: Iterable[Finding], as_of: Micros, at_revision: int | None) -> Micros | None:
    return min(
        (
            f.reviewed_at
            for f in findings
            if f.reviewed_at >= as_of and (at_revision is None or f.revision <= at_revision)
        ),
        default=None,
    )
