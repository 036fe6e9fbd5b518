"""Scores every test window with a model that stops before it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.baselines import Baselines
from reputable.application.ports import ScoreInput
from reputable.domain.assessments import Explanation
from reputable.domain.times import day_of
from reputable.learning.epochs import EpochSeries
from reputable.learning.predictor import Predictor
from reputable.learning.preparing import Table, january
from reputable.learning.training import fit

Floats = NDArray[np.float64]
LIGHT, FULL = "light form", "full form"


@dataclass(frozen=True, slots=True)
class Window:
    """A test year: the rows of the table whose claims were made in it, and each method's probabilities."""

    year: int
    rows: NDArray[np.intp]
    credible: NDArray[np.bool_]
    named: NDArray[np.bool_]
    counts: Floats
    sources: list[str]
    probabilities: dict[str, Floats]
    predictor: Predictor


def score_window(table: Table, baselines: Baselines, year: int, say: Callable[[str], None]) -> Window:
    """Train on what was reviewed before the year, score its claims as the service would have."""
    say(f"{year}: training")
    start = january(year)
    trained = fit(table, until=start, version=f"until-{year}", heads=table.heads[year])
    predictor = Predictor(trained.model)
    rows = np.flatnonzero((table.claimed_at >= start) & (table.claimed_at < january(year + 1)))
    say(f"{year}: scoring {len(rows):,} claims")
    probabilities = {name: values[rows] for name, values in baselines.fixed.items()}
    probabilities |= baselines.learned(start, rows)
    probabilities |= score_rows(table, predictor, rows)
    return Window(
        year=year,
        rows=rows,
        credible=table.credible[rows],
        named=table.named[rows],
        counts=baselines.counts[rows],
        sources=[table.history.proven[i].source_id for i in rows],
        probabilities=probabilities,
        predictor=predictor,
    )


def score_rows(table: Table, predictor: Predictor, rows: NDArray[np.intp]) -> dict[str, Floats]:
    """Credibility of the rows' claims in each form, epochs and records moving on."""
    series = EpochSeries(table.history, predictor)
    found = np.empty(len(rows))
    for position, index in enumerate(rows.tolist()):
        example = table.history.proven[index]
        record = table.history.record(example.source_id, example.kind, example.claimed_at)
        item = ScoreInput(example.verdict.claim, record, series.at(day_of(example.claimed_at)))
        found[position] = predictor.score(item, Explanation.NONE).credibility
    return {LIGHT: found}
