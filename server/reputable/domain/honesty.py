"""How well credibilities given beforehand agree with what checking found afterwards."""

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import log, nan

WINDOW = 1_000
"""Outcomes that the rolling figures look back on."""
FEWEST = 100
"""Scores in each half of the window below which its stability is not told."""
_BINS = 10
_LEAST = 1e-9


@dataclass(frozen=True, slots=True)
class HonestyFigures:
    """Of `count` outcomes; the others are NaN while there is too little to tell them from.

    `brier` in [0, 1] (Brier 1950, for one of two classes) and `log_loss` in nats are means, 0 is
    best. `calibration_error` in [-1, 1] is the mean credibility less the share found credible:
    above 0 too much was believed. `stability_index`, 0 or more, compares the newer half of the
    window's credibilities with the older: 0.1 is a small shift, 0.25 a large one.
    """

    count: int
    brier: float
    log_loss: float
    calibration_error: float
    stability_index: float


class RollingHonesty:
    """The latest outcomes beside the credibilities given before they were known."""

    def __init__(self, size: int = WINDOW) -> None:
        self._outcomes: deque[tuple[float, bool]] = deque(maxlen=size)

    def add(self, credibility: float, *, credible: bool) -> None:
        """Take in an outcome; the oldest beyond the window is forgotten."""
        self._outcomes.append((credibility, credible))

    def figures(self) -> HonestyFigures:
        """The figures of the window; may be asked from another thread."""
        outcomes = tuple(self._outcomes)
        count = len(outcomes)
        if not count:
            return HonestyFigures(0, nan, nan, nan, nan)
        half = count // 2
        values = [credibility for credibility, _ in outcomes]
        return HonestyFigures(
            count=count,
            brier=sum(squared_error(p, credible=y) for p, y in outcomes) / count,
            log_loss=sum(log_loss(p, credible=y) for p, y in outcomes) / count,
            calibration_error=(sum(values) - sum(y for _, y in outcomes)) / count,
            stability_index=stability_index(values[:half], values[half:]) if half >= FEWEST else nan,
        )


def squared_error(credibility: float, *, credible: bool) -> float:
    """The square of the distance to the outcome, in [0, 1]."""
    error = credibility - credible
    return error * error


def log_loss(credibility: float, *, credible: bool) -> float:
    """Minus the logarithm of the probability that was given to the outcome, in nats; at most 21."""
    return -log(max(_LEAST, credibility if credible else 1.0 - credibility))


def stability_index(older: Sequence[float], newer: Sequence[float]) -> float:
    """Population stability index of two samples over the deciles of the older, half a count added to each bin.

    Sum of (p - q) ln(p / q) over the bins (Siddiqi, Credit Risk Scorecards, 2006, chapter 8).
    """
    ranked = sorted(older)
    edges = [ranked[len(ranked) * i // _BINS] for i in range(1, _BINS)]
    pairs = zip(_shares(older, edges), _shares(newer, edges), strict=True)
    return sum((p - q) * log(p / q) for q, p in pairs)


def _shares(sample: Sequence[float], edges: Sequence[float]) -> list[float]:
    counts = [0.5] * (len(edges) + 1)
    for value in sample:
        counts[bisect_right(edges, value)] += 1.0
    total = sum(counts)
    return [count / total for count in counts]
