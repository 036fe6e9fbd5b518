"""Scored claims with what checking found, as arrays: what every plot is drawn from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reputable.domain.times import to_datetime
from reputable.domain.verdicts import CREDIBLE_FROM
from reputable.learning.evaluation import Prediction

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Scored:
    """Proven claims, (n,) each: credibility, whether found credible, when and by whom made.

    `reliability` (n, 3) is the source's when the claim was scored, with its interval's ends.
    """

    credibility: Floats
    credible: Booleans
    claimed_at: NDArray[np.int64]
    sources: NDArray[np.str_]
    reliability: Floats

    def __len__(self) -> int:
        return len(self.credibility)

    @property
    def years(self) -> NDArray[np.int64]:
        """The UTC year of each claim."""
        return np.array([to_datetime(moment).year for moment in self.claimed_at.tolist()], dtype=np.int64)

    def chosen(self, mask: Booleans | NDArray[np.intp]) -> "Scored":
        """Some of the claims."""
        return Scored(
            self.credibility[mask],
            self.credible[mask],
            self.claimed_at[mask],
            self.sources[mask],
            self.reliability[mask],
        )


def scored(predictions: Sequence[Prediction]) -> Scored:
    """The proven ones of named sources."""
    chosen = [p for p in predictions if p.example.named and p.example.verdict.truthfulness is not None]
    truth = np.array([p.example.verdict.truthfulness for p in chosen], dtype=float)
    kept = [p.score.reliability for p in chosen]
    return Scored(
        credibility=np.array([p.score.credibility for p in chosen], dtype=float),
        credible=truth >= CREDIBLE_FROM,
        claimed_at=np.array([p.example.claimed_at for p in chosen], dtype=np.int64),
        sources=np.array([p.example.verdict.claim.source.name for p in chosen], dtype=np.str_),
        reliability=np.array([(r.value, r.interval.lower, r.interval.upper) for r in kept], dtype=float).reshape(-1, 3),
    )


def without_factors(predictions: Sequence[Prediction]) -> Mapping[str, Floats]:
    """Credibility with one factor taken out of the log-odds, (n,) each, by the factor's name.

    Of the same claims as `scored`; needs predictions with factors. A factor that a claim lacks
    changes nothing there.
    """
    chosen = [p for p in predictions if p.example.named and p.example.verdict.truthfulness is not None]
    names = list(dict.fromkeys(factor.name for p in chosen for factor in p.score.factors))
    p = np.array([p.score.credibility for p in chosen], dtype=float)
    logits = np.log(p / (1.0 - p))
    found: dict[str, Floats] = {}
    for name in names:
        parts = [sum(f.contribution for f in p.score.factors if f.name == name) for p in chosen]
        found[name] = 1.0 / (1.0 + np.exp(-(logits - np.array(parts, dtype=float))))
    return found
