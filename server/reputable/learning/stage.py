"""The second stage, folded: a logistic regression over a dozen features, and how sure its coefficients are."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import mul
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reputable.learning.features import RECORD_FEATURES

Floats = NDArray[np.float64]
_RECORD = len(RECORD_FEATURES)


class Anchor(NamedTuple):
    """What a record's features make of the coefficients' variance: constant + linear . rest + rest . gram . rest."""

    constant: float
    linear: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """Log-odds are intercept + weights . x.

    `neutral` holds the text features' values that move nothing. The
    squared length of offset + x . spread, shapes (k + 1,) and (k, k + 1), is the variance that the
    coefficients' own uncertainty gives the log-odds (Laplace approximation at the posterior mode).
    """

    features: tuple[str, ...]
    weights: tuple[float, ...]
    intercept: float
    neutral: tuple[float, float]
    offset: Floats = field(repr=False)
    spread: Floats = field(repr=False)
    gram: tuple[tuple[float, ...], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Fold what does not depend on the claim."""
        rest = self.spread[_RECORD:]
        object.__setattr__(self, "gram", tuple(map(tuple, (rest @ rest.T).tolist())))

    @property
    def record_gain(self) -> float:
        """How the log-odds of a claim follow those of its source's share, at one half, all verdicts known.

        A share's slope is a quarter of its log-odds'; a credible claim is some 0.6 more truthful.
        """
        return 0.25 * (0.6 * self.weights[2] + self.weights[5] + self.weights[6])

    def anchor(self, record: Sequence[float]) -> Anchor:
        """The part of the coefficients' variance that a record's features fix."""
        root = self.offset + np.array(record).dot(self.spread[:_RECORD])
        return Anchor(float(root.dot(root)), tuple((2.0 * self.spread[_RECORD:].dot(root)).tolist()))

    def coefficient_variance(self, anchor: Anchor, rest: Sequence[float]) -> float:
        """Variance of the log-odds that the coefficients' uncertainty makes; `rest` follows the record's features."""
        variance = anchor.constant
        for value, linear, row in zip(rest, anchor.linear, self.gram, strict=True):
            if value:
                variance += value * (linear + sum(map(mul, row, rest)))
        return max(0.0, variance)
