"""AVeriTeC: claims of other fact-checkers, other countries, other topics, by a model trained on PolitiFact alone."""

from collections.abc import Sequence

import numpy as np

from benchmarks.quality.baselines import Baselines
from benchmarks.quality.resampling import Group
from benchmarks.quality.windows import Floats, Window, forms, items_of
from reputable.application.ports import Embedder
from reputable.domain.verdicts import CREDIBLE_FROM
from reputable.learning.epochs import EpochSeries
from reputable.learning.history import Example, History
from reputable.learning.preparing import Table, january
from reputable.learning.recollection import recollect

CONSTANT, TEXT_ONLY = "constant", "text only"


def outside(
    table: Table,
    baselines: Baselines,
    windows: Sequence[Window],
    examples: Sequence[Example],
    embedder: Embedder | None,
) -> dict[str, Group]:
    """Each method's probabilities for the proven claims that were made in the windows.

    A claim of a year is scored by the model that stops before that year; records, epochs and memory
    hold AVeriTeC's own verdicts only, and start from the model's rates.
    """
    found: dict[str, list[Floats]] = {}
    chosen: list[Example] = []
    for window in windows:
        made = (e for e in examples if window.start <= e.claimed_at < january(window.year + 1))
        members = [e for e in made if e.verdict.truthfulness is not None]
        if not members:
            continue
        chosen += members
        history = History(examples, window.predictor.model.start)
        recollection = None if embedder is None else recollect(history, embedder)
        series = EpochSeries(history, window.predictor, recollection)
        scored = forms(window.predictor, items_of(series, members))
        vectorizer, model = baselines.text_only(window.start)
        past = table.reviewed_at < window.start
        scored[CONSTANT] = np.full(len(members), table.credible[past].mean())
        scored[TEXT_ONLY] = model.predict_proba(vectorizer.transform([e.verdict.claim.text for e in members]))[:, 1]
        for method, p in scored.items():
            found.setdefault(method, []).append(p)
    y = np.array([(e.verdict.truthfulness or 0.0) >= CREDIBLE_FROM for e in chosen], dtype=bool)
    sources = np.array([e.source_id for e in chosen], dtype=np.str_)
    return {method: Group(np.concatenate(parts), y, sources) for method, parts in found.items()}
