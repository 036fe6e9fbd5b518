"""`python -m benchmarks.quality`: every method over every test window, named sources."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.quality import data
from benchmarks.quality.baselines import Baselines
from benchmarks.quality.windows import Window, score_window
from reputable.learning.preparing import prepare
from reputable.learning.scoring_rules import auc, brier, calibration_error, log_loss

WINDOWS = (2012, 2014, 2016, 2018, 2019, 2020, 2021)
HEADLINE = frozenset((2016, 2018, 2019, 2020, 2021))
"""The windows that the targets average over."""


def main() -> None:
    """Score the windows and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the folder with verdicts/")
    parser.add_argument("--windows", type=int, nargs="*", default=list(WINDOWS), help="test years")
    options = parser.parse_args()
    began = time.monotonic()

    def say(message: str) -> None:
        print(f"[{time.monotonic() - began:5.0f} s] {message}", file=sys.stderr, flush=True)

    table = prepare(data.politifact(options.data), say)
    baselines = Baselines(table)
    print_table([score_window(table, baselines, year, say) for year in options.windows])


def print_table(windows: Sequence[Window]) -> None:
    """AUC / Brier / calibration error by window, and the means over the headline windows."""
    print(f"{'':24}{'AUC':>8}{'Brier':>8}{'log loss':>9}  " + "".join(f"{window.year:^19}" for window in windows))
    for method in windows[0].probabilities:
        cells, means = [], []
        for window in windows:
            p, y = window.probabilities[method][window.named], window.credible[window.named]
            cells.append(f"{auc(p, y):.3f} {brier(p, y):.4f} {calibration_error(p, y):.3f}")
            if window.year in HEADLINE:
                means.append((auc(p, y), brier(p, y), log_loss(p, y)))
        mean = np.mean(means, axis=0) if means else np.full(3, np.nan)
        print(f"{method:24}{mean[0]:8.4f}{mean[1]:8.4f}{mean[2]:9.4f}  " + "  ".join(cells))


if __name__ == "__main__":
    main()
