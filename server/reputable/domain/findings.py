"""What the ledger holds about one source, and which of it is active as of a moment."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

from reputable.domain.digests import EMPTY_DIGEST, add, digest
from reputable.domain.times import Micros
from reputable.domain.verdicts import CREDIBLE_FROM, Level, Scorecard, Verdict


class Finding(NamedTuple):
    """A verdict or a scorecard reduced to what a record is made of.

    `key` (16 bytes) says what counts as the same subject of the same reviewer: the claim, or the
    scorecard's period. A scorecard has a `period_start` and counts from `reviewed_at`, its end.
    `retracted_at` is the revision of the retraction, 0 while there is none.
    """

    revision: int
    reviewer: str
    key: bytes
    reviewed_at: Micros
    levels: tuple[Level, ...]
    unproven_count: int = 0
    period_start: Micros | None = None
    claimed_at: Micros | None = None
    context: str = ""
    topics: tuple[str, ...] = ()
    retracted_at: int = 0

    @property
    def claim_count(self) -> int:
        """Claims counted, without the unproven ones."""
        return sum(level.count for level in self.levels)

    @property
    def credible_count(self) -> int:
        """Claims found credible."""
        return sum(level.count for level in self.levels if level.truthfulness >= CREDIBLE_FROM)

    def content_digest(self, key: bytes) -> bytes:
        """Keyed digest, 32 bytes, of all that a record can depend on."""
        levels = [f"{float(level.truthfulness)!r}x{level.count}" for level in self.levels]
        numbers = f"{self.reviewed_at} {self.unproven_count} {self.period_start} {self.claimed_at} {' '.join(levels)}"
        return digest("finding", numbers, self.reviewer, self.key, self.context, *self.topics, key=key)


def one_claim(truthfulness: float) -> tuple[Level, ...]:
    """The levels of a single verdict; zeros are not shared, as -0.0, which old rows may hold, is equal to 0.0."""
    return _shared_level(truthfulness) if truthfulness else (Level(truthfulness, 1),)


@lru_cache(maxsize=1_024)
def _shared_level(truthfulness: float) -> tuple[Level, ...]:
    return (Level(truthfulness, 1),)


def of_verdict(verdict: Verdict, revision: int = 0) -> Finding:
    """The finding of a checked verdict."""
    claim, truthfulness = verdict.claim, verdict.truthfulness
    levels, unproven_count = ((), 1) if truthfulness is None else (one_claim(float(truthfulness)), 0)
    return Finding(
        revision, verdict.reviewer, claim.key(), verdict.reviewed_at, levels, unproven_count, None,
        claim.claimed_at, claim.context, claim.topics,
    )  # fmt: skip


def of_scorecard(scorecard: Scorecard, revision: int = 0) -> Finding:
    """The finding of a checked scorecard."""
    return Finding(
        revision=revision,
        reviewer=scorecard.reviewer,
        key=digest("period-key", scorecard.period_start, scorecard.period_end, size=16),
        reviewed_at=scorecard.period_end,
        levels=scorecard.levels,
        unproven_count=scorecard.unproven_count,
        period_start=scorecard.period_start,
    )


def active(findings: Iterable[Finding], as_of: Micros | None = None, at_revision: int | None = None) -> list[Finding]:
    """Findings that stand: held at `at_revision`, reviewed before `as_of`, not retracted, not superseded.

    Of one reviewer's findings on one subject the one with the highest revision stands. The result
    is a function of the set alone; its order is by time of review, then by content.
    """
    latest: dict[tuple[str, bytes], Finding] = {}
    for finding in findings:
        if at_revision is not None and finding.revision > at_revision:
            continue
        if finding.retracted_at and (at_revision is None or finding.retracted_at <= at_revision):
            continue
        if as_of is not None and not _counts_before(finding, as_of):
            continue
        subject = (finding.reviewer, finding.key)
        standing = latest.get(subject)
        if standing is None or standing.revision < finding.revision:
            latest[subject] = finding
    return sorted(latest.values(), key=attrgetter("reviewed_at", "key", "reviewer"))


def _counts_before(finding: Finding, as_of: Micros) -> bool:
    """Whether it was reviewed before `as_of`; a scorecard counts from the end of its period on."""
    if finding.period_start is not None:
        return finding.reviewed_at <= as_of
    return finding.reviewed_at < as_of


def record_digest(standing: Iterable[Finding], key: bytes) -> bytes:
    """Sum of the content digests of the active findings; what was retracted leaves no trace."""
    total = EMPTY_DIGEST
    for finding in standing:
        total = add(total, finding.content_digest(key))
    return total


def without_double_counting(standing: Sequence[Finding]) -> list[Finding]:
    """Within one reviewer and period, keep the scorecard or the single verdicts, whichever count more.

    On a tie the single verdicts stay, as they say more. Of scorecards that overlap the larger stays.
    """
    scorecards = [finding for finding in standing if finding.period_start is not None]
    if not scorecards:
        return list(standing)
    dropped: set[int] = set()
    kept: list[Finding] = []
    for card in sorted(scorecards, key=lambda card: (-card.claim_count, card.reviewed_at, card.key)):
        overlaps = any(_overlap(card, other) for other in kept)
        inside = [] if overlaps else [f for f in standing if _within(f, card)]
        if overlaps or sum(f.claim_count for f in inside) >= card.claim_count:
            dropped.add(id(card))
        else:
            kept.append(card)
            dropped.update(id(f) for f in inside)
    return [finding for finding in standing if id(finding) not in dropped]


def _within(finding: Finding, card: Finding) -> bool:
    return (
        finding.period_start is None
        and finding.reviewer == card.reviewer
        and card.period_start is not None
        and card.period_start <= finding.reviewed_at < card.reviewed_at
    )


def _overlap(card: Finding, other: Finding) -> bool:
    return (
        card.reviewer == other.reviewer
        and card.period_start is not None
        and other.period_start is not None
        and card.period_start < other.reviewed_at
        and other.period_start < card.reviewed_at
    )
