"""Trains a model: heads on all verdicts, the second stage on rows that do not know their future."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from reputable.application.ports import Embedder
from reputable.domain.errors import InvalidInput
from reputable.domain.times import Day, Micros, day_of, iso_day
from reputable.learning.features import FULL_FEATURES, LIGHT_FEATURES
from reputable.learning.folded import FoldedContext, FoldedText
from reputable.learning.heads import Heads, fit_heads
from reputable.learning.history import Example
from reputable.learning.model import FULL, LIGHT, FoldedModel
from reputable.learning.preparing import Report, Table, prepare
from reputable.learning.reliability_fit import fit_reliability
from reputable.learning.stage import Stage

KNOWN_LIMIT = 0.6
"""Below this share of known words a claim counts as out of domain."""
MIN_EXAMPLES = 500
_STAGE_C = 0.03
_DROPPED_CONTEXTS = 0.2
_SEED = 20210101

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trained:
    """The folded model with the fitted estimators it was folded from."""

    model: FoldedModel
    heads: Heads
    stages: dict[str, Pipeline]
    example_count: int


def train(
    examples: Sequence[Example],
    *,
    until: Micros,
    version: str,
    report: Report = lambda _: None,
    embedder: Embedder | None = None,
) -> Trained:
    """Train on what was reviewed before `until`; InvalidInput when that is too little.

    With an embedder the model has a full form too.
    """
    known = [example for example in examples if example.verdict.reviewed_at < until]
    proven = sum(example.verdict.truthfulness is not None for example in known)
    if proven < MIN_EXAMPLES:
        message = f"{proven:,} verdicts before {iso_day(day_of(until))}; training needs at least {MIN_EXAMPLES}"
        raise InvalidInput("until", message)
    return fit(prepare(known, report, embedder), until=until, version=version, report=report)


def fit(
    table: Table, *, until: Micros, version: str, heads: Heads | None = None, report: Report = lambda _: None
) -> Trained:
    """Fit on the table's rows reviewed before `until`; `heads` fitted on the same, if they are there already."""
    past = table.reviewed_at < until
    known = [example for example, chosen in zip(table.history.proven, past.tolist(), strict=True) if chosen]
    report(f"fitting the heads on {len(known):,} verdicts")
    heads = heads or fit_heads(known, table.X[past, 0])
    report("fitting the second stage")
    pipelines: dict[str, Pipeline] = {}
    stages: dict[str, Stage] = {}
    for form, features in ((LIGHT, LIGHT_FEATURES), (FULL, FULL_FEATURES)):
        X = table.X[:, : len(features)]
        chosen = past & ~np.isnan(X).any(axis=1)
        if chosen.sum() < MIN_EXAMPLES // 2:
            if form == LIGHT:
                raise InvalidInput("verdicts", "span too little time; training needs claims of two calendar years")
            continue
        pipelines[form], stages[form] = fit_stage(X[chosen], table.credible[chosen], features)
    end = int(table.reviewed_at[past].max()) + 1
    day = min(day_of(until), day_of(end) + 1)
    report("fitting the reliability of sources")
    model = FoldedModel(
        version=version,
        text=fold_text(heads),
        context=fold_context(heads),
        stages=stages,
        reliability=fit_reliability(table.history, until),
        start=table.history.rates(day),
        context_centre=_context_centre(table, heads, day),
        known_limit=KNOWN_LIMIT,
        window_start=int(table.reviewed_at[past].min()),
        window_end=end,
    )
    return Trained(model, heads, pipelines, len(known))


def fit_stage(X: Floats, credible: NDArray[np.bool_], features: tuple[str, ...]) -> tuple[Pipeline, Stage]:
    """Fit and fold the second stage, some contexts dropped so that it is used to their absence."""
    X = X.copy()
    X[np.random.default_rng(_SEED).random(len(X)) < _DROPPED_CONTEXTS, 10] = 0.0
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(C=_STAGE_C, max_iter=1000, tol=1e-8))
    pipeline.fit(X, credible)
    scaler, logistic = pipeline.named_steps["standardscaler"], pipeline.named_steps["logisticregression"]
    weights = logistic.coef_[0] / scaler.scale_
    Z = scaler.transform(X)
    root = _covariance_root(Z, logistic.predict_proba(Z)[:, 1])
    stage = Stage(
        features=features,
        weights=tuple(weights.tolist()),
        intercept=float(logistic.intercept_[0] - weights @ scaler.mean_),
        neutral=(float(scaler.mean_[8]), float(scaler.mean_[9])),
        offset=root[0] - (scaler.mean_ / scaler.scale_) @ root[1:],
        spread=root[1:] / scaler.scale_[:, None],
    )
    return pipeline, stage


def _covariance_root(Z: Floats, p: Floats) -> Floats:
    """Cholesky factor of the inverse of the penalised log-likelihood's Hessian."""
    Z1 = np.column_stack([np.ones(len(Z)), Z])
    penalty = np.diag([0.0] + [1.0 / _STAGE_C] * Z.shape[1])
    return np.asarray(np.linalg.cholesky(np.linalg.inv((Z1 * (p * (1.0 - p))[:, None]).T @ Z1 + penalty)))


def _context_centre(table: Table, heads: Heads, day: Day) -> float:
    contexts = heads.read_contexts([example.verdict.claim.context for example in table.history.proven])
    return table.history.recent_mean(contexts, day, 0.0)


def fold_text(heads: Heads) -> FoldedText:
    """The two text heads as one dictionary."""
    idf = heads.words.idf_
    columns = np.column_stack([idf * idf, idf * heads.credible.coef_[0], idf * np.ravel(heads.truth.coef_)])
    names = heads.words.get_feature_names_out().tolist()
    weights = {name: (a, b, c) for name, (a, b, c) in zip(names, columns.tolist(), strict=True)}
    return FoldedText(weights, float(heads.credible.intercept_[0]))


def fold_context(heads: Heads) -> FoldedContext:
    """The context head as a dictionary; an empty one where there is no head."""
    if heads.context_words is None or heads.context is None:
        return FoldedContext({}, 0.0)
    idf = heads.context_words.idf_
    columns = np.column_stack([idf * idf, idf * heads.context.coef_[0]])
    names = heads.context_words.get_feature_names_out().tolist()
    weights = {name: (a, b) for name, (a, b) in zip(names, columns.tolist(), strict=True)}
    return FoldedContext(weights, float(heads.context.intercept_[0]))
