"""What each kind of evidence is worth, and how the model grows with what it is trained on."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from benchmarks.quality.windows import (
    FULL,
    LIGHT,
    Floats,
    Say,
    Window,
    credibilities,
    forms,
    items_of,
    served,
    sigmoid,
)
from reputable.learning import model as model_forms
from reputable.learning.epochs import EpochSeries
from reputable.learning.features import FULL_FEATURES, LIGHT_FEATURES
from reputable.learning.predictor import Predictor
from reputable.learning.preparing import Table, january, prepare
from reputable.learning.training import fit, fit_stage

GROUPS = {
    "the record": ("verdict_count", "mean_truthfulness", "low_share", "high_share", "last_review",
                   "recent_excess", "last_excess"),
    "the recent record": ("recent_excess", "last_excess"),
    "the wording": ("text_credible", "text_truth"),
    "the context": ("context",),
}  # fmt: skip
"""Features that are left out together; the second stage is fitted again without them."""
RECALIBRATION = "recalibration"
MEMORY = "the verdict memory"
FRACTIONS = (0.125, 0.25, 0.5, 1.0)
CURVE_YEAR = 2019
_SEED = 8


def ablations(table: Table, windows: Sequence[Window], say: Say) -> dict[str, list[Floats]]:
    """Each window's probabilities with one kind of evidence left out, in the form that is served."""
    found: dict[str, list[Floats]] = {}
    for name, features in GROUPS.items():
        say(f"without {name}")
        found[name] = [_without(table, window, features) for window in windows]
    if all(FULL in window.probabilities for window in windows):
        found[MEMORY] = [window.probabilities[LIGHT] for window in windows]
    found[RECALIBRATION] = [_without_recalibration(window) for window in windows]
    return found


def _without(table: Table, window: Window, left_out: Sequence[str]) -> Floats:
    full = served(window) == FULL
    features = FULL_FEATURES if full else LIGHT_FEATURES
    X = table.X[:, : len(features)].copy()
    chosen = (table.reviewed_at < window.start) & ~np.isnan(X).any(axis=1)
    X[:, [features.index(name) for name in left_out]] = 0.0
    _, stage = fit_stage(X[chosen], table.credible[chosen], features)
    form = model_forms.FULL if full else model_forms.LIGHT
    model = replace(window.predictor.model, stages={**window.predictor.model.stages, form: stage})
    predictor = Predictor(model)
    series = EpochSeries(table.history, predictor, table.recollection)
    return credibilities(predictor, items_of(series, [table.history.proven[i] for i in window.rows.tolist()]))


def _without_recalibration(window: Window) -> Floats:
    parts = [window.predictor.predict(item).parts for item in window.items]
    return sigmoid(np.array([each.logit() - each.recalibration for each in parts], dtype=float))


def learning_curve(table: Table, window: Window, say: Say) -> dict[int, dict[str, Floats]]:
    """Each form's probabilities for the window by how many verdicts it was trained on, drawn at random.

    Only the training sees fewer: the records, and the memory, are whole.
    """
    past = np.flatnonzero(table.reviewed_at < window.start)
    chance = np.random.default_rng(_SEED)
    found: dict[int, dict[str, Floats]] = {}
    for fraction in FRACTIONS:
        count = round(fraction * len(past))
        say(f"trained on {count:,} verdicts")
        if fraction == 1.0:
            found[count] = {form: window.probabilities[form] for form in (LIGHT, FULL) if form in window.probabilities}
            continue
        part = _part(table, np.sort(chance.choice(past, count, replace=False)))
        predictor = Predictor(fit(part, until=january(window.year), version=f"part-{count}").model)
        series = EpochSeries(table.history, predictor, table.recollection)
        found[count] = forms(
            predictor, items_of(series, [table.history.proven[i] for i in window.rows.tolist()])
        )  # fmt: skip
    return found


def _part(table: Table, rows: np.ndarray) -> Table:
    """The rows with what heads fitted on them alone read; their records and memory as they were."""
    part = prepare([table.history.proven[i] for i in rows.tolist()])
    X = table.X[rows].copy()
    X[:, 8:11] = part.X[:, 8:11]
    return replace(part, X=X)
