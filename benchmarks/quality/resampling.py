"""Bootstrap over sources: claims of one source are not independent, so sources are drawn, not claims."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reputable.learning.scoring_rules import auc, brier, log_loss

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

DRAWS = 1_000
RULES = {"auc": auc, "brier": brier, "log_loss": log_loss}
_SEED = 2021


class Group(NamedTuple):
    """Claims that a figure is computed on, (n,) each: one window's, say."""

    p: Floats
    y: Booleans
    sources: NDArray[np.str_]


class Estimate(NamedTuple):
    """A figure with its 95 % interval."""

    value: float
    lower: float
    upper: float


def source_draws(groups: Sequence[Group], draws: int = DRAWS) -> list[Floats]:
    """How often each claim counts in each draw of as many sources as there are; (draws, n) for each group."""
    names, index = np.unique(np.concatenate([group.sources for group in groups]), return_inverse=True)
    chance = np.random.default_rng(_SEED)
    counts = chance.multinomial(len(names), np.full(len(names), 1.0 / len(names)), draws).astype(float)
    ends = np.cumsum([len(group.sources) for group in groups])[:-1]
    return [counts[:, part] for part in np.split(index, ends)]


def mean_draws(groups: Sequence[Group], weights: Sequence[Floats], rule: str) -> Floats:
    """The rule's mean over the groups in each draw; (draws,)."""
    found = [_WEIGHTED[rule](group.p, group.y, weight) for group, weight in zip(groups, weights, strict=True)]
    return np.asarray(np.mean(found, axis=0))


def mean(groups: Sequence[Group], rule: str) -> float:
    """The rule's mean over the groups."""
    return float(np.mean([RULES[rule](group.p, group.y) for group in groups]))


def estimate(value: float, draws: Floats) -> Estimate:
    """Percentile interval (Efron 1979)."""
    lower, upper = np.nanquantile(draws, (0.025, 0.975))
    return Estimate(value, float(lower), float(upper))


def weighted_auc(p: Floats, y: Booleans, weights: Floats) -> Floats:
    """AUC with each claim counted weights (draws, n) times; NaN where all are alike."""
    order = np.argsort(p, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(p[order]) > 0])
    positive = np.add.reduceat(np.where(y, weights, 0.0)[:, order], starts, axis=1)
    negative = np.add.reduceat(np.where(y, 0.0, weights)[:, order], starts, axis=1)
    below = np.cumsum(negative, axis=1) - negative
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray((positive * (below + 0.5 * negative)).sum(axis=1) / pairs)


def _weighted_brier(p: Floats, y: Booleans, weights: Floats) -> Floats:
    return np.asarray(weights @ (p - y) ** 2 / weights.sum(axis=1))


def _weighted_log_loss(p: Floats, y: Booleans, weights: Floats) -> Floats:
    p = np.clip(p, 1e-9, 1.0 - 1e-9)
    return np.asarray(weights @ -np.where(y, np.log(p), np.log1p(-p)) / weights.sum(axis=1))


_WEIGHTED = {"auc": weighted_auc, "brier": _weighted_brier, "log_loss": _weighted_log_loss}
