"""What a score and a model cost: time on one core, space, training."""

import resource
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.quality.windows import Window
from reputable.application.ports import Embedder, HistoricalVerdict, MemoryReading, ScoreInput
from reputable.domain.assessments import Explanation
from reputable.domain.times import day_of
from reputable.learning import artifact
from reputable.learning.estimators import to_bytes
from reputable.learning.memory import Memory, archive_of
from reputable.learning.preparing import Table
from reputable.learning.training import Trained

BATCH = 512
ROUNDS = 15
VERDICTS = 100_000
_MEBIBYTE = 1 << 20


def artifact_mebibytes(trained: Trained) -> float:
    """Size of the model's folder."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        artifact.save(path, trained.model, to_bytes(trained), trained_at=0, metrics={})
        return sum(file.stat().st_size for file in path.iterdir()) / _MEBIBYTE


def peak_mebibytes() -> float:
    """The most memory that this process had so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 if sys.platform != "darwin" else _MEBIBYTE)


def scoring_microseconds(window: Window) -> dict[str, float]:
    """A claim's cost without a memory, the least of ROUNDS passes over BATCH claims, so that others disturb least."""
    items = [replace(item, memory=None) for item in window.items[:BATCH]]
    predictor = window.predictor
    return {
        "one claim, NONE": _each(items, lambda item: predictor.score(item, Explanation.NONE)),
        "one claim, SUMMARY": _each(items, lambda item: predictor.score(item, Explanation.SUMMARY)),
        f"batch of {BATCH}, NONE": _least(lambda: predictor.score_many(items, Explanation.NONE)) / len(items),
    }


def memory_microseconds(window: Window, memory: Memory, embedder: Embedder) -> dict[str, float]:
    """A claim's cost with a memory: vector, reading and score, or the latter two."""
    items = window.items[:64]
    vectors = dict(zip((item.claim.text for item in items), embedder.embed([i.claim.text for i in items]), strict=True))

    def score(item: ScoreInput, vector: bytes) -> None:
        reading: MemoryReading = memory.read(vector)
        window.predictor.score(replace(item, memory=reading), Explanation.SUMMARY)

    return {
        "new claim": _each(items, lambda item: score(item, embedder.embed([item.claim.text])[0])),
        "known vector": _each(items, lambda item: score(item, vectors[item.claim.text])),
    }


def memory_of(table: Table, window: Window) -> Memory | None:
    """The memory at the end of the window."""
    if table.recollection is None:
        return None
    return table.recollection.memory(day_of(int(table.reviewed_at[window.rows].max())))


def archive_mebibytes(table: Table, dimensions: int, count: int = VERDICTS) -> float:
    """What the vectors and figures of many verdicts hold, without the verdicts themselves; vectors made at random."""
    chance = np.random.default_rng(0)
    verdicts = [example.verdict for example in table.history.proven]
    rows = [HistoricalVerdict(i + 1, "source", verdicts[i * len(verdicts) // count]) for i in range(count)]
    vectors = {v.claim.text: chance.random(dimensions).astype("<f4").tobytes() for v in verdicts}
    tracemalloc.start()
    archive = archive_of(rows, vectors, first=0)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return held / _MEBIBYTE if len(archive.rows) == count else float("nan")


def _each(items: Sequence[ScoreInput], action: Callable[[ScoreInput], object]) -> float:
    def run() -> None:
        for item in items:
            action(item)

    return _least(run) / len(items)


def _least(action: Callable[[], object]) -> float:
    """Microseconds of the fastest of ROUNDS calls."""
    found = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        action()
        found.append(time.perf_counter() - began)
    return min(found) * 1e6
