"""Whether reliability intervals hold what they promise: the share of credible claims that a window then shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta as beta_distribution
from scipy.stats import betabinom

from benchmarks.quality.windows import Window
from reputable.domain.times import day_of
from reputable.learning.preparing import Table

Floats = NDArray[np.float64]

LEAST = 5
"""Verdicts in a window from which on a source's share is looked at."""
TAIL = 0.05
_SMOOTHING = 4.0


class Seen(NamedTuple):
    """A source in a window: the Beta variables believed at its start, ours and the smoothed mean's; what was seen."""

    ours: tuple[float, float]
    smoothed: tuple[float, float]
    credible: int
    claims: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """Share of the shares seen that lay within the widened interval; mean widths of it, and before widening."""

    covered: float
    width: float
    width_of_share: float


def seen_sources(table: Table, windows: Sequence[Window]) -> list[Seen]:
    """Named sources with LEAST verdicts or more on claims made in a window."""
    found: list[Seen] = []
    for window in windows:
        epoch = window.series.at(day_of(window.start))
        for source in np.unique(window.sources[window.named]).tolist():
            chosen = window.named & (window.sources == source)
            if chosen.sum() < LEAST:
                continue
            kind = table.history.proven[window.rows[chosen][0]].kind
            record = table.history.record(source, kind, window.start)
            belief = window.predictor.model.reliability.belief(record, epoch)
            weight, credible = record.total.weight, record.total.credible
            mean = (credible + _SMOOTHING * epoch.base_rate) / (weight + _SMOOTHING)
            found.append(
                Seen(
                    _beta(belief.mean, belief.weight),
                    _beta(mean, weight + _SMOOTHING),
                    int(window.credible[chosen].sum()),
                    int(chosen.sum()),
                )
            )
    return found


def _beta(mean: float, weight: float) -> tuple[float, float]:
    return mean * weight, (1.0 - mean) * weight


def coverage(beliefs: Sequence[tuple[float, float]], seen: Sequence[Seen]) -> Coverage:
    """Of central 90 % intervals of the beta-binomial, randomised at ties.

    A share that straddles an end is covered by the part of its probability that lies within (Geyer
    and Meeden 2005): what randomising gives on average. The width counts shares in the same way.
    """
    covered, widths, bare = [], [], []
    for (a, b), source in zip(beliefs, seen, strict=True):
        inside = _inside(a, b, source.claims)
        covered.append(inside[source.credible])
        widths.append(inside.sum() / (source.claims + 1))
        lower, upper = beta_distribution.ppf((TAIL, 1.0 - TAIL), a, b)
        bare.append(upper - lower)
    return Coverage(float(np.mean(covered)), float(np.mean(widths)), float(np.mean(bare)))


def as_honest(beliefs: Sequence[tuple[float, float]], seen: Sequence[Seen], covered: float) -> Coverage:
    """Coverage with the evidence of every belief discounted alike until the intervals cover as much as asked for."""
    low, high = 0.01, 1.0
    for _ in range(10):
        share = (low + high) / 2.0
        found = coverage([(share * a, share * b) for a, b in beliefs], seen)
        low, high = (low, share) if found.covered < covered else (share, high)
    return found


def _inside(a: float, b: float, count: int) -> Floats:
    """The part of each count's probability between the tails; (count + 1,)."""
    upper = betabinom.cdf(np.arange(count + 1), count, a, b)
    lower = np.concatenate([[0.0], upper[:-1]])
    within = np.minimum(upper, 1.0 - TAIL) - np.maximum(lower, TAIL)
    return np.asarray(np.clip(within / np.maximum(upper - lower, 1e-300), 0.0, 1.0))
