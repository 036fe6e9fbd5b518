"""The source's long-run share of credible claims: an empirical-Bayes beta-binomial.

A source's share starts from its kind's share (a Beta prior of `strength` verdicts); its verdicts,
decayed with a half-life of four years, move it; and as sources change, evidence never makes the
share certain beyond `drift`. The interval is that of the log-odds of a Beta variable, taken as
normal: mean digamma(a) - digamma(b), variance trigamma(a) + trigamma(b).
"""

from dataclasses import dataclass
from math import sqrt

from reputable.domain.assessments import Interval, Reliability
from reputable.domain.epochs import PriorEpoch
from reputable.domain.records import TrackRecord
from reputable.learning.features import prior_rates
from reputable.learning.special import digamma, sigmoid, trigamma

Z90 = 1.6448536269514722
"""Standard normal quantile at 0.95."""


@dataclass(frozen=True, slots=True)
class ReliabilityModel:
    """`strength` in verdicts, `drift` as 1 / verdicts, `recent_weight` of the trailing year's share in [0, 1]."""

    strength: float
    drift: float
    recent_weight: float

    def posterior(self, record: TrackRecord, epoch: PriorEpoch) -> tuple[float, float]:
        """Mean in (0, 1) and weight (in verdicts) of what is believed of the source."""
        base, recent = prior_rates(record.kind, epoch)
        prior = base + self.recent_weight * (recent - base)
        seen = record.decayed[-1]
        weight = self.strength + seen.weight
        mean = (self.strength * prior + seen.credible) / weight
        return mean, 1.0 / (1.0 / weight + self.drift)

    def of(self, record: TrackRecord, epoch: PriorEpoch) -> Reliability:
        """The share with its 90 % interval; the effective count is of the decayed verdicts."""
        mean, weight = self.posterior(record, epoch)
        lower, upper = beta_interval(mean * weight, (1.0 - mean) * weight)
        return Reliability(mean, Interval(min(lower, mean), max(upper, mean)), record.decayed[-1].weight)


def beta_interval(a: float, b: float) -> tuple[float, float]:
    """90 % interval of Beta(a, b) by the normal approximation of its log-odds."""
    centre = digamma(a) - digamma(b)
    half = Z90 * sqrt(trigamma(a) + trigamma(b))
    return sigmoid(centre - half), sigmoid(centre + half)
