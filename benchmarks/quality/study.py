"""One run: prepares the data, scores the windows, measures everything."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any

from benchmarks.quality import ablation, absence, costs, data, figures, intervals, liar, outside, source_groups
from benchmarks.quality.baselines import Baselines
from benchmarks.quality.windows import FULL, Say, Window, score_window, served
from reputable.application.ports import Embedder
from reputable.learning.history import Example
from reputable.learning.preparing import Table, january, prepare, year_of
from reputable.learning.training import Trained, fit


class KeptVectors:
    """The Embedder port over another; each text is embedded once a run."""

    def __init__(self, embedder: Embedder) -> None:
        self.embedder = embedder
        self._kept: dict[str, bytes] = {}

    @property
    def name(self) -> str:
        """The encoder's."""
        return self.embedder.name

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """One vector a text."""
        new = [text for text in dict.fromkeys(texts) if text not in self._kept]
        self._kept.update(zip(new, self.embedder.embed(new), strict=True))
        return [self._kept[text] for text in texts]


@dataclass(frozen=True, slots=True)
class Training:
    """The whole file prepared and a model trained on all of it, with the processor time and memory that took."""

    table: Table
    trained: Trained
    seconds: float
    peak_mebibytes: float


def train_on_all(examples: Sequence[Example], embedder: Embedder | None, say: Say) -> Training:
    """Prepare, and train as `reputable train` does."""
    began = process_time()
    table = prepare(examples, say, embedder)
    end = january(year_of(int(table.reviewed_at.max())) + 1)
    trained = fit(table, until=end, version="all", report=say)
    return Training(table, trained, process_time() - began, costs.peak_mebibytes())


def measure(
    folder: Path,
    training: Training,
    windows: Sequence[Window],
    baselines: Baselines,
    embedder: KeptVectors | None,
    say: Say,
) -> dict[str, Any]:
    """All figures by name."""
    table, chosen = training.table, figures.headline(windows)
    say("drawing sources")
    means, differences = figures.means(windows)
    say("simulating outcomes")
    results: dict[str, Any] = {
        "by_window": figures.by_window(windows),
        "means": means,
        "differences": differences,
        "slices": figures.slices(windows),
        "calibration": figures.calibration(windows),
        "groups": _groups(folder, windows),
        "intervals": _intervals(table, windows),
    }
    say("leaving out optional fields")
    results["absence"] = absence.absence(table, windows)
    results["ablation"] = _ablation(table, chosen, say)
    results["curve"] = _curve(table, windows, say)
    say("scoring AVeriTeC")
    groups = outside.outside(table, baselines, windows, data.averitec(folder), embedder)
    results["outside"] = {method: figures.rules(group) for method, group in groups.items()}
    say("classifying LIAR")
    accuracy = liar.accuracies(liar.read(folder / data.LIAR))
    results["liar"] = {"accuracy": accuracy, "published": liar.PUBLISHED}
    say("timing")
    results["costs"] = _costs(training, windows[-1], embedder)
    return results


def _groups(folder: Path, windows: Sequence[Window]) -> dict[str, Any]:
    form, known = served(windows[0]), source_groups.offices(folder)
    return {
        "evidence": figures.by_group(windows, form, source_groups.evidence_of),
        "office": figures.by_group(windows, form, lambda window: source_groups.office_of(window, known)),
        "place": figures.by_group(windows, form, source_groups.place_of),
    }


def _intervals(table: Table, windows: Sequence[Window]) -> dict[str, Any]:
    seen = intervals.seen_sources(table, windows)
    found = {
        "ours": intervals.coverage([source.ours for source in seen], seen),
        "smoothed mean": intervals.coverage([source.smoothed for source in seen], seen),
    }
    return {
        name: {"sources": len(seen), "covered": c.covered, "width": c.width, "width_of_share": c.width_of_share}
        for name, c in found.items()
    }


def _ablation(table: Table, windows: Sequence[Window], say: Say) -> dict[str, Any]:
    whole = [window.probabilities[served(window)] for window in windows]
    found = {"nothing": whole, **ablation.ablations(table, windows, say)}
    return {name: figures.headline_rules(windows, probabilities) for name, probabilities in found.items()}


def _curve(table: Table, windows: Sequence[Window], say: Say) -> dict[str, Any]:
    window = next((w for w in windows if w.year == ablation.CURVE_YEAR), windows[-1])
    found = ablation.learning_curve(table, window, say)
    return {
        "year": window.year,
        "figures": {
            count: {form: figures.headline_rules([window], [p]) for form, p in forms.items()}
            for count, forms in found.items()
        },
    }


def _costs(training: Training, window: Window, embedder: KeptVectors | None) -> dict[str, float]:
    found = costs.scoring_microseconds(window)
    memory = costs.memory_of(training.table, window)
    if memory is not None and embedder is not None and FULL in window.probabilities:
        found |= costs.memory_microseconds(window, memory, embedder.embedder)
        dimensions = len(embedder.embed(["A claim."])[0]) // 4
        found["memory of 100,000 verdicts"] = costs.archive_mebibytes(training.table, dimensions)
    found["artifact"] = costs.artifact_mebibytes(training.trained)
    found["training"] = training.seconds
    found["training memory"] = training.peak_mebibytes
    return found


def score_windows(training: Training, baselines: Baselines, years: Sequence[int], say: Say) -> list[Window]:
    """Every window, oldest first."""
    return [score_window(training.table, baselines, year, say) for year in sorted(years)]
