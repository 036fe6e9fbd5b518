"""The second stage, folded: a logistic regression over a dozen features, and how sure its coefficients are."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


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

    @property
    def record_gain(self) -> float:
        """How the log-odds of a claim follow those of its source's share, at one half, all verdicts known.

        A share's slope is a quarter of its log-odds'; a credible claim is some 0.6 more truthful.
        """
        return 0.25 * (0.6 * self.weights[2] + self.weights[5] + self.weights[6])

    def coefficient_variance(self, x: Sequence[float]) -> float:
        """Variance of the log-odds that the coefficients' uncertainty makes."""
        root = self.offset + np.array(x).dot(self.spread)
        return float(root.dot(root))
