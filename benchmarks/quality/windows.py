"""Scores every test window with a model that stops before it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.baselines import Baselines
from reputable.application.ports import ScoreInput
from reputable.learning.epochs import EpochSeries
from reputable.learning.history import Example
from reputable.learning.predictor import Predictor
from reputable.learning.preparing import Table, january
from reputable.learning.training import Trained, fit

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Say = Callable[[str], None]

LIGHT, FULL = "light form", "full form"
WINDOWS = (2012, 2014, 2016, 2018, 2019, 2020, 2021)
HEADLINE = frozenset((2016, 2018, 2019, 2020, 2021))
"""The windows that the targets average over."""


@dataclass(frozen=True, slots=True)
class Window:
    """A test year: the claims made in it, (n,) each, with each method's probabilities.

    `items` is what each claim was scored from; `evidence` counts the verdicts of its record.
    """

    year: int
    rows: NDArray[np.intp]
    credible: Booleans
    named: Booleans
    evidence: Floats
    sources: NDArray[np.str_]
    probabilities: dict[str, Floats]
    items: list[ScoreInput]
    trained: Trained
    predictor: Predictor
    series: EpochSeries

    @property
    def start(self) -> int:
        """When it begins, in microseconds."""
        return january(self.year)


def score_window(table: Table, baselines: Baselines, year: int, say: Say) -> Window:
    """Train on what was reviewed before the year, score its claims as the service would have."""
    say(f"{year}: training")
    start = january(year)
    trained = fit(table, until=start, version=f"until-{year}", heads=table.heads[year])
    predictor = Predictor(trained.model)
    rows = np.flatnonzero((table.claimed_at >= start) & (table.claimed_at < january(year + 1)))
    say(f"{year}: scoring {len(rows):,} claims")
    series = EpochSeries(table.history, predictor, table.recollection)
    items = items_of(series, [table.history.proven[i] for i in rows.tolist()])
    probabilities = {name: values[rows] for name, values in baselines.fixed.items()}
    probabilities |= baselines.learned(start, rows)
    probabilities |= forms(predictor, items)
    return Window(
        year=year,
        rows=rows,
        credible=table.credible[rows],
        named=table.named[rows],
        evidence=baselines.counts[rows],
        sources=np.array([table.history.proven[i].source_id for i in rows], dtype=np.str_),
        probabilities=probabilities,
        items=items,
        trained=trained,
        predictor=predictor,
        series=series,
    )


def items_of(series: EpochSeries, examples: list[Example]) -> list[ScoreInput]:
    """What each claim is scored from, epochs, records and memory moving on; asked for in order of days, it is fast."""
    found: dict[int, ScoreInput] = {}
    for index in sorted(range(len(examples)), key=lambda index: examples[index].claimed_at):
        found[index] = series.item(examples[index])
    return [found[index] for index in range(len(examples))]


def forms(predictor: Predictor, items: list[ScoreInput]) -> dict[str, Floats]:
    """Credibility (n,) in each form that the model has; where there is no memory yet the full form is the light one."""
    found = {LIGHT: credibilities(predictor, (replace(item, memory=None) for item in items))}
    if predictor.remembers:
        found[FULL] = credibilities(predictor, items)
    return found


def credibilities(predictor: Predictor, items: Iterable[ScoreInput]) -> Floats:
    """Credibility of each claim."""
    return sigmoid(np.array([predictor.predict(item).parts.logit() for item in items], dtype=float))


def sigmoid(logits: Floats) -> Floats:
    """Probabilities of log-odds."""
    return np.asarray(1.0 / (1.0 + np.exp(-logits)))


def logits(p: Floats) -> Floats:
    """Log-odds of probabilities in (0, 1)."""
    return np.asarray(np.log(p) - np.log1p(-p))


def served(window: Window) -> str:
    """The form that the service would score the window with."""
    return FULL if FULL in window.probabilities else LIGHT
