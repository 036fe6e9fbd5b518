"""Measures how right the scores are: `make bench-quality`, or `python -m benchmarks.quality`.

Rolling origin: each test year is scored by a model trained on what was reviewed before it, each
claim with the record, epoch and memory as of the moment it was made.
"""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from benchmarks.load import machine
from benchmarks.quality import data, figures, study, telling
from benchmarks.quality.baselines import Baselines
from benchmarks.quality.windows import WINDOWS
from reputable.learning.vectors import SentenceEncoder

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "quality.json"
MODEL_CARD = ROOT / "docs" / "model-card.md"


def main() -> None:
    """Measure, print the tables and one line for each target, write the page."""
    options = _options()
    missing = [path for path in (data.POLITIFACT, data.AVERITEC, data.LIAR) if not (options.data / path).exists()]
    if missing:
        print(f"Nothing was measured: {options.data} lacks {', '.join(map(str, missing))}; name its place with --data.")
        return
    began = monotonic()

    def say(message: str) -> None:
        print(f"[{monotonic() - began:5.0f} s] {message}", file=sys.stderr, flush=True)

    embedder = None if options.light else SentenceEncoder()
    kept = None if embedder is None else study.KeptVectors(embedder)
    training = study.train_on_all(data.politifact(options.data), kept, say)
    baselines = Baselines(training.table)
    windows = study.score_windows(training, baselines, options.windows, say)
    results: dict[str, Any] = {
        "commit": machine.commit(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine.describe(),
        **study.measure(options.data, training, windows, baselines, kept, say),
        "seconds": monotonic() - began,
    }
    results = json.loads(json.dumps(figures.plain(results)))
    telling.print_results(results)
    telling.write_page(options.report, results, telling.scored_claims(training.table, windows))
    print(f"\nThe page is {options.report}.")
    if options.save:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
        telling.publish(MODEL_CARD, results)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the folder with verdicts/")
    parser.add_argument("--windows", type=int, nargs="+", default=list(WINDOWS), help="test years")
    parser.add_argument("--light", action="store_true", help="without the verdict memory: a third of the time")
    parser.add_argument("--report", type=Path, default=ROOT / "build" / "quality.html", help="the page to write")
    parser.add_argument(
        "--save", action="store_true", help="put the figures into benchmarks/results/ and the model card"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
