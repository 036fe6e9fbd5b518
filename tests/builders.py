"""Builds what tests speak of, with sensible defaults."""

import hashlib
from collections.abc import Sequence
from math import log

from reputable.application.ports import ScoreInput
from reputable.domain.admiralty import AdmiraltyPair, digit_of, letter_of
from reputable.domain.assessments import Basis, Explanation, Factor, Interval, Reliability, Score
from reputable.domain.claims import Claim
from reputable.domain.epochs import PriorEpoch
from reputable.domain.errors import ModelNotFound
from reputable.domain.models import ModelInfo
from reputable.domain.records import TrackRecord
from reputable.domain.sources import SourceReference
from reputable.domain.times import DAY, Micros, parse_time
from reputable.domain.verdicts import Verdict

NOON: Micros = parse_time("2026-03-01T12:00:00Z")


def named(name: str) -> SourceReference:
    """A source as written."""
    return SourceReference(name=name)


def claim(text: str = "The bridge was rebuilt within a year.", source: str = "Ministry of Works") -> Claim:
    """A claim by a named source."""
    return Claim(text, named(source))


def verdict(
    text: str = "The bridge was rebuilt within a year.",
    *,
    source: str = "Ministry of Works",
    truthfulness: float | None = 1.0,
    reviewer: str = "Desk",
    reviewed_at: Micros = NOON - DAY,
) -> Verdict:
    """A checked verdict."""
    return Verdict(claim(text, source), truthfulness, reviewer, reviewed_at).checked(NOON)


def score(credibility: float = 0.1 + 0.2) -> Score:
    """A score without reasons."""
    reliability = Reliability(0.5, Interval(0.4, 0.6), 3.0)
    return Score(credibility, Interval(0.0, 1.0), reliability, AdmiraltyPair("C", 3), 3, Basis.COLD_START)


class ShareScorer:
    """A real if simple scorer: the smoothed share of credible verdicts, for tests that need no words."""

    def __init__(self, version: str = "share-1") -> None:
        self.version = version
        self.digest = hashlib.sha256(version.encode()).digest()
        self.scored = 0
        self.remembers = False

    def reliability(self, record: TrackRecord, epoch: PriorEpoch) -> Reliability:
        """Smoothed by ten verdicts of the base rate."""
        value = (record.total.credible + 10 * epoch.base_rate) / (record.total.weight + 10)
        return Reliability(value, Interval(value * 0.9, value), record.total.weight)

    def score(self, item: ScoreInput, explanation: Explanation) -> Score:
        """Credibility is the reliability."""
        self.scored += 1
        reliability = self.reliability(item.record, item.epoch)
        value, width = reliability.value, reliability.interval.width
        factor = Factor("record", log(value / (1 - value)), "the source's record")
        return Score(
            credibility=value,
            interval=reliability.interval,
            reliability=reliability,
            admiralty=AdmiraltyPair(letter_of(value, width, record_weight(item)), digit_of(value, width)),
            evidence_count=item.record.verdict_count,
            basis=Basis.TRACK_RECORD if item.record.verdict_count else Basis.COLD_START,
            factors=() if explanation is Explanation.NONE else (factor,),
        )

    def score_many(self, items: Sequence[ScoreInput], explanation: Explanation) -> list[Score]:
        """One by one."""
        return [self.score(item, explanation) for item in items]


def record_weight(item: ScoreInput) -> float:
    """Effective verdicts of the item's record."""
    return item.record.total.weight


class OneModel:
    """A shelf that holds one scorer."""

    def __init__(self, scorer: ShareScorer) -> None:
        self.active = scorer
        self.previous = ""

    def get(self, version: str) -> ShareScorer:
        """The one."""
        if version != self.active.version:
            raise ModelNotFound(f"no model has the version {version!r}")
        return self.active

    def describe(self, version: str = "") -> ModelInfo:
        """Nothing but its version."""
        return ModelInfo(version or self.active.version, self.active.digest, NOON, NOON, NOON)

    def catalogue(self) -> list[ModelInfo]:
        """The one."""
        return [self.describe()]

    def activate(self, version: str) -> str:
        """It is active already."""
        return self.get(version).version
