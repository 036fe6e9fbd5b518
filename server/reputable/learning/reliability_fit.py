"""Fits how fast a source's record is believed: the likelihood of each next year's counts."""

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import betaln, expit

from reputable.domain.sources import SourceKind
from reputable.domain.times import Micros, day_of
from reputable.domain.verdicts import CREDIBLE_FROM
from reputable.learning.features import prior_rates
from reputable.learning.history import History
from reputable.learning.preparing import epoch_of, january, year_of
from reputable.learning.reliability import ReliabilityModel

Floats = NDArray[np.float64]

_BOUNDS = ((-1.0, 6.0), (-12.0, 0.0), (-6.0, 6.0))
"""Of log strength, log drift and logit weight: sources that never vary would drive them to infinity."""


def fit_reliability(history: History, until: Micros) -> ReliabilityModel:
    """Maximum likelihood of strength, drift and recent weight under the beta-binomial.

    For each first of January before `until`, each source's record at that moment meets the counts
    of its verdicts on claims of that year that were reviewed before `until`.
    """
    rows: list[tuple[float, ...]] = []
    for year in range(year_of(history.proven[0].verdict.reviewed_at) + 1, year_of(until - 1) + 1):
        rows += _year(history, january(year), min(until, january(year + 1)), until)
    if not rows:
        return ReliabilityModel(strength=5.0, drift=0.02, recent_weight=0.5)
    base, recent, seen, credible, k, n = np.array(rows, dtype=float).T

    def loss(theta: Floats) -> float:
        strength, drift, weight = np.exp(theta[0]), np.exp(theta[1]), expit(theta[2])
        total = strength + seen
        mean = (strength * (base + weight * (recent - base)) + credible) / total
        scale = 1.0 / (1.0 / total + drift)
        a, b = mean * scale, (1.0 - mean) * scale
        return float(-np.sum(betaln(a + k, b + n - k) - betaln(a, b)))

    found = minimize(loss, np.array([1.5, -4.0, 0.0]), method="Nelder-Mead", bounds=_BOUNDS).x
    return ReliabilityModel(float(np.exp(found[0])), float(np.exp(found[1])), float(expit(found[2])))


def _year(history: History, start: Micros, end: Micros, until: Micros) -> list[tuple[float, ...]]:
    counts: dict[tuple[str, SourceKind], list[int]] = defaultdict(lambda: [0, 0])
    for example in history.proven[history.before(start) : history.before(until)]:
        if start <= example.claimed_at < end:
            found = counts[example.source_id, example.kind]
            found[0] += (example.verdict.truthfulness or 0.0) >= CREDIBLE_FROM
            found[1] += 1
    epoch = epoch_of(history.rates(day_of(start)))
    rows: list[tuple[float, ...]] = []
    for (source_id, kind), (k, n) in counts.items():
        seen = history.record(source_id, kind, start).decayed[-1]
        rows.append((*prior_rates(kind, epoch), seen.weight, seen.credible, float(k), float(n)))
    return rows
