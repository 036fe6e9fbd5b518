"""How credible a claim is, and why."""

from dataclasses import dataclass
from typing import NamedTuple

from reputable.domain.admiralty import AdmiraltyPair
from reputable.domain.enums import Names
from reputable.domain.sources import Resolution
from reputable.domain.times import Day, Micros

LEVEL = 0.90
"""The probability that every interval is meant to hold."""


class Explanation(Names):
    """How much of its reasons an assessment carries."""

    NONE = "none"
    SUMMARY = "summary"
    FULL = "full"


class Basis(Names):
    """What an assessment rests on."""

    TRACK_RECORD = "track_record"
    COLD_START = "cold_start"
    OUT_OF_DOMAIN = "out_of_domain"


class ServedFrom(Names):
    """Where an assessment came from."""

    LOCAL_CACHE = "local"
    REDIS = "redis"
    COMPUTED = "computed"


class DegradedPart(Names):
    """A part that is configured but could not be reached for an answer."""

    REDIS = "redis"
    LEDGER = "ledger"
    MEMORY = "memory"


class Interval(NamedTuple):
    """A 90 % interval, 0 <= lower <= upper <= 1."""

    lower: float
    upper: float

    @property
    def width(self) -> float:
        """Upper less lower."""
        return self.upper - self.lower


@dataclass(frozen=True, slots=True)
class Reliability:
    """The source's long-run share of credible claims with its interval."""

    value: float
    interval: Interval
    effective_count: float


@dataclass(frozen=True, slots=True)
class SimilarVerdict:
    """An earlier verdict on a similar claim; `similarity` in [-1, 1]."""

    verdict_id: str
    claim_text: str
    source_id: str
    truthfulness: float
    reviewed_at: Micros
    reviewer: str
    url: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Factor:
    """One signed contribution in log-odds; all of an assessment's sum to its logit."""

    name: str
    contribution: float
    sentence: str
    similar_verdicts: tuple[SimilarVerdict, ...] = ()


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """Credibility on other evidence, both in (0, 1)."""

    without_record: float
    record_only: float


class Score(NamedTuple):
    """What a model says of a claim, a record and an epoch: the cached part of an assessment.

    Nothing in it depends on when it was asked for or on what could not be reached.
    """

    credibility: float
    interval: Interval
    reliability: Reliability
    admiralty: AdmiraltyPair
    evidence_count: int
    basis: Basis
    factors: tuple[Factor, ...] = ()
    counterfactual: Counterfactual | None = None


class Assessment(NamedTuple):
    """A score with all that is needed to understand and to reproduce it."""

    score: Score
    resolution: Resolution
    model_version: str
    prior_epoch: int
    decay_day: Day
    as_of: Micros
    at_revision: int
    source_revision: int
    record_digest: bytes
    assessed_at: Micros
    expires_at: Micros
    served_from: ServedFrom
    degraded: tuple[DegradedPart, ...] = ()
