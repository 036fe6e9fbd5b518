"""How far predictions may miss by chance alone: the calibration error of a perfectly calibrated model."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reputable.learning.scoring_rules import BINS

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

SIMULATIONS = 2_000
_SEED = 15


@dataclass(frozen=True, slots=True)
class Bins:
    """Claims in bins of equal mass, least credible first, (bins,) each: mean credibility, share credible, count.

    `low` and `high` hold 90 % of the shares that outcomes drawn from the predictions would show.
    """

    predicted: Floats
    found: Floats
    count: Floats
    low: Floats
    high: Floats


def simulated_errors(p: Floats, simulations: int = SIMULATIONS, bins: int = BINS) -> Floats:
    """Calibration errors (simulations,) that a perfectly calibrated model with these predictions would show.

    Outcomes are drawn from the predictions themselves (Broecker and Smith 2007, consistency resampling).
    """
    return np.asarray(np.abs(_excesses(p, simulations, bins)).sum(axis=1) / len(p))


def calibration_limit(p: Floats, quantile: float = 0.95, simulations: int = SIMULATIONS) -> float:
    """The calibration error that chance alone passes in a share 1 - quantile of the simulations."""
    return float(np.quantile(simulated_errors(p, simulations), quantile))


def equal_mass_bins(p: Floats, y: Booleans, bins: int = BINS) -> Bins:
    """The reliability diagram's bins; fewer when there are fewer claims."""
    parts = [part for part in np.array_split(np.argsort(p, kind="stable"), bins) if len(part)]
    count = np.array([len(part) for part in parts], dtype=float)
    predicted = np.array([p[part].mean() for part in parts])
    excess = _excesses(p, SIMULATIONS, bins)[:, : len(parts)] / count
    return Bins(
        predicted=predicted,
        found=np.array([y[part].mean() for part in parts]),
        count=count,
        low=predicted + np.quantile(excess, 0.05, axis=0),
        high=predicted + np.quantile(excess, 0.95, axis=0),
    )


def _excesses(p: Floats, simulations: int, bins: int) -> Floats:
    """Credible claims beyond those predicted, of each simulation in each bin; (simulations, bins)."""
    chance = np.random.default_rng(_SEED)
    ordered = np.sort(p, kind="stable")
    starts = [part[0] for part in np.array_split(np.arange(len(p)), bins) if len(part)]
    rows = max(1, min(simulations, 4_000_000 // max(1, len(p))))
    found = np.empty((simulations, len(starts)))
    for first in range(0, simulations, rows):
        drawn = chance.random((min(rows, simulations - first), len(p))) < ordered
        found[first : first + rows] = np.add.reduceat(drawn - ordered, starts, axis=1)
    return found
