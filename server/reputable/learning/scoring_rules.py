"""How good probabilities are: discrimination, Brier score, log loss, calibration error."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
BINS = 15


def auc(p: Floats, y: Booleans) -> float:
    """Probability that a credible claim is ranked above one that is not; NaN when all are alike."""
    positive = int(y.sum())
    negative = len(y) - positive
    if not positive or not negative:
        return float("nan")
    _, inverse, counts = np.unique(p, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[inverse]
    return float((ranks[y].sum() - positive * (positive + 1) / 2.0) / (positive * negative))


def brier(p: Floats, y: Booleans) -> float:
    """Mean squared error (Brier 1950), 0 to 1, lower is better."""
    return float(np.mean((p - y) ** 2))


def log_loss(p: Floats, y: Booleans) -> float:
    """Mean negative log-likelihood in nats; probabilities are kept 1e-9 off the ends."""
    p = np.clip(p, 1e-9, 1.0 - 1e-9)
    return float(-np.mean(np.where(y, np.log(p), np.log1p(-p))))


def calibration_error(p: Floats, y: Booleans, bins: int = BINS) -> float:
    """Expected calibration error over bins of equal mass (Naeini et al. 2015), 0 to 1."""
    order = np.argsort(p, kind="stable")
    return float(sum(abs(p[i].mean() - y[i].mean()) * len(i) for i in np.array_split(order, bins) if len(i)) / len(p))


def summary(p: Floats, y: Booleans) -> dict[str, float]:
    """All of them by name, with the count and the mean of both."""
    if not len(p):
        return {"count": 0.0}
    return {
        "count": float(len(p)),
        "auc": auc(p, y),
        "brier": brier(p, y),
        "log_loss": log_loss(p, y),
        "calibration_error": calibration_error(p, y),
        "mean_prediction": float(p.mean()),
        "share_credible": float(y.mean()),
    }
