"""Follows drift: an intercept and a slope fitted on the latest verdicts, held back by priors."""

from collections.abc import Sequence

import numpy as np

from reputable.domain.epochs import Recalibration

LATEST = 1_000
"""Verdicts that the fit looks at."""
_INTERCEPT_STRENGTH = 60.0
_SLOPE_STRENGTH = 35.0
"""Precisions of the normal priors around intercept 0 and slope 1."""
_STEPS = 6


def recalibrate(
    logits: Sequence[float], outcomes: Sequence[bool], weights: Sequence[float] | None = None
) -> Recalibration:
    """Penalised logistic regression of the outcomes on the log-odds (Platt scaling), by Newton's method.

    `weights` are the verdicts', 1 each without.
    """
    if not logits:
        return Recalibration()
    z, y = np.array(logits, dtype=float), np.array(outcomes, dtype=float)
    w = np.ones_like(z) if weights is None else np.array(weights, dtype=float)
    X = np.column_stack([np.ones_like(z), z])
    prior, penalty = np.array([0.0, 1.0]), np.diag([_INTERCEPT_STRENGTH, _SLOPE_STRENGTH])
    beta = prior.copy()
    for _ in range(_STEPS):
        p = 1.0 / (1.0 + np.exp(-(X @ beta)))
        gradient = X.T @ (w * (y - p)) - penalty @ (beta - prior)
        beta += np.linalg.solve((X * (w * p * (1.0 - p))[:, None]).T @ X + penalty, gradient)
    return Recalibration(intercept=float(beta[0]), slope=float(beta[1]))
