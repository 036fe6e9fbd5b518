"""From a claim's readings, its source's record and the day's priors to numbers; one function for training and serving.

Every feature is neutral where there is nothing to know: a source without verdicts gives the
values of the prior, a missing context gives 0.
"""

from math import log, log1p
from typing import NamedTuple

from reputable.domain.epochs import PriorEpoch
from reputable.domain.records import TrackRecord
from reputable.domain.sources import SourceKind

RECORD_FEATURES = (
    "base_rate", "verdict_count", "mean_truthfulness", "low_share", "high_share",
    "recent_excess", "last_excess", "last_review",
)  # fmt: skip
"""What the record and the priors give, in the order of `record_features`."""
TEXT_FEATURES = ("text_credible", "text_truth")
CONTEXT_FEATURE = "context"
MEMORY_FEATURE = "memory"
LIGHT_FEATURES = (*RECORD_FEATURES, *TEXT_FEATURES, CONTEXT_FEATURE)
FULL_FEATURES = (*LIGHT_FEATURES, MEMORY_FEATURE)

_MEAN_STRENGTH = 4.0
"""Verdicts that the middle of the scale weighs beside a record."""
_RECENT_STRENGTH = 2.0
_LAST_STRENGTH = 2.0
_EXTREME_SHARE = 0.17
"""About one verdict in six lies at either end of the scale."""


class TextReading(NamedTuple):
    """What the text heads say: log-odds, deviation from the mean truthfulness, share of words known in [0, 1]."""

    credible: float
    truth: float
    known_share: float


def logit(share: float) -> float:
    """Log-odds of a share in (0, 1)."""
    return log(share / (1.0 - share))


def prior_rates(kind: SourceKind, epoch: PriorEpoch) -> tuple[float, float]:
    """All-time and recent share of credible claims that a source of the kind starts from."""
    if kind is SourceKind.COLLECTIVE:
        return epoch.collective_rate, epoch.collective_rate
    return epoch.base_rate, epoch.recent_rate


def record_features(record: TrackRecord, epoch: PriorEpoch) -> list[float]:
    """RECORD_FEATURES of a record under an epoch.

    Log-odds of the kind's recent share; log1p of the verdicts; mean truthfulness and shares at the
    ends of the scale, centred and shrunken; excess of credible verdicts over the prior, decayed with
    a half-life of one year, and over the last five; log1p of the days since the last verdict.
    """
    prior, recent = prior_rates(record.kind, epoch)
    total, decayed, last = record.total, record.decayed[0], record.last
    count = total.weight
    shrunken = count + _MEAN_STRENGTH
    idle = 0 if record.last_review_day is None else max(0, record.day - record.last_review_day)
    return [
        logit(recent),
        log1p(count),
        (total.truthfulness - 0.5 * count) / shrunken,
        (record.low - _EXTREME_SHARE * count) / shrunken,
        (record.high - _EXTREME_SHARE * count) / shrunken,
        (decayed.credible - prior * decayed.weight) / (decayed.weight + _RECENT_STRENGTH),
        (last.credible - prior * last.weight) / (5.0 + _LAST_STRENGTH),
        log1p(idle),
    ]
