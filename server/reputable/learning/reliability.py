"""The source's long-run share of credible claims: an empirical-Bayes beta-binomial.

A source's share starts from its kind's share (a Beta prior of `strength` verdicts); its verdicts,
decayed with a half-life of four years, move it; and as sources change, evidence never makes the
share certain beyond `drift`. The interval is that of the log-odds of a Beta variable, taken as
normal: mean digamma(a) - digamma(b), variance trigamma(a) + trigamma(b).
"""

from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

from reputable.domain.assessments import Interval, Reliability
from reputable.domain.epochs import PriorEpoch
from reputable.domain.records import TrackRecord
from reputable.learning.features import prior_rates
from reputable.learning.special import digamma, sigmoid, trigamma

Z90 = 1.6448536269514722
"""Standard normal quantile at 0.95."""


class Belief(NamedTuple):
    """Mean in (0, 1) and weight in verdicts of a Beta variable, mean and variance of its log-odds."""

    mean: float
    weight: float
    centre: float
    variance: float

    @property
    def slope_variance(self) -> float:
        """Variance of the log-odds as the share's own variance gives it at its mean (the delta method)."""
        return 1.0 / ((self.weight + 1.0) * self.mean * (1.0 - self.mean))


@dataclass(frozen=True, slots=True)
class ReliabilityModel:
    """`strength` in verdicts, `drift` as 1 / verdicts, `recent_weight` of the trailing year's share in [0, 1]."""

    strength: float
    drift: float
    recent_weight: float

    def belief(self, record: TrackRecord, epoch: PriorEpoch) -> Belief:
        """What is believed of the source's share."""
        base, recent = prior_rates(record.kind, epoch)
        prior = base + self.recent_weight * (recent - base)
        seen = record.decayed[-1]
        total = self.strength + seen.weight
        mean = (self.strength * prior + seen.credible) / total
        weight = 1.0 / (1.0 / total + self.drift)
        a, b = mean * weight, (1.0 - mean) * weight
        return Belief(mean, weight, digamma(a) - digamma(b), trigamma(a) + trigamma(b))

    def of(self, record: TrackRecord, epoch: PriorEpoch) -> Reliability:
        """The share with its 90 % interval; the effective count is of the decayed verdicts."""
        return self.told(record, self.belief(record, epoch))

    def told(self, record: TrackRecord, belief: Belief) -> Reliability:
        """A belief as it is given out."""
        mean, half = belief.mean, Z90 * sqrt(belief.variance)
        lower, upper = sigmoid(belief.centre - half), sigmoid(belief.centre + half)
        return Reliability(mean, Interval(min(lower, mean), max(upper, mean)), record.decayed[-1].weight)
