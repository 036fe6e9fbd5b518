"""Both forms of the model, trained and evaluated with the same code that serves."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from reputable.application.ports import ScoreInput
from reputable.domain.assessments import Explanation
from reputable.domain.sources import SourceKind
from reputable.domain.times import DAY, Micros
from reputable.learning.epochs import EpochSeries
from reputable.learning.evaluation import evaluate
from reputable.learning.history import Example, History
from reputable.learning.predictor import Predictor
from reputable.learning.preparing import Table, prepare
from reputable.learning.recollection import recollect
from reputable.learning.training import Trained, fit
from tests.unit.learning.made_up import TODAY, WordEncoder, history

SPLIT: Micros = (TODAY - 150) * DAY


def made_up_examples() -> list[Example]:
    return [Example(str(r.revision), r.source_id, SourceKind.PERSON, r.verdict) for r in history(2_400, per_day=2)]


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    return made_up_examples()


@pytest.fixture(scope="module")
def table(examples: list[Example]) -> Table:
    return prepare(examples, embedder=WordEncoder())


@pytest.fixture(scope="module")
def trained(table: Table) -> Trained:
    return fit(table, until=SPLIT, version="made-up")


@pytest.fixture(scope="module")
def predictor(trained: Trained) -> Predictor:
    return Predictor(trained.model)


def later(examples: Sequence[Example]) -> list[Example]:
    return [example for example in examples if example.claimed_at >= SPLIT]


def test_training_with_an_embedder_gives_both_forms_and_without_one_the_light_form(
    trained: Trained, examples: list[Example]
) -> None:
    assert set(trained.model.stages) == {"light", "full"}
    assert trained.model.stages["full"].weights[-1] > 0.0
    assert set(fit(prepare(examples), until=SPLIT, version="made-up").model.stages) == {"light"}


def test_the_folded_full_form_equals_the_fitted_estimator(
    trained: Trained, table: Table, examples: list[Example]
) -> None:
    bare = Predictor(trained.model)
    series = EpochSeries(table.history, bare, table.recollection)
    items = [replace(series.item(e), epoch=replace(series.item(e).epoch, recalibrations={})) for e in later(examples)]
    predictions = [bare.predict(item) for item in items]
    expected = trained.stages["full"].predict_proba(np.array([prediction.x for prediction in predictions]))[:, 1]
    found = [score.credibility for score in bare.score_many(items, Explanation.NONE)]
    assert np.abs(np.array(found) - expected).max() < 1e-9


def test_a_training_row_holds_the_reading_that_serving_would_have_had(table: Table) -> None:
    assert table.recollection is not None
    index = len(table.history.proven) - 1
    assert table.X[index, -1] == table.recollection.value(table.history.proven[index])


def test_the_full_form_scores_better_where_topics_tell(predictor: Predictor, examples: list[Example]) -> None:
    light = evaluate(examples, SPLIT, predictor)
    full = evaluate(examples, SPLIT, predictor, embedder=WordEncoder())
    assert len(light.predictions) == len(full.predictions) == len(later(examples))
    one, other = (found.figures["all"]["reputable"] for found in (light, full))
    assert other["brier"] <= one["brier"] + 0.002
    assert any(a.score != b.score for a, b in zip(light.predictions, full.predictions, strict=True))


def test_no_score_knows_a_verdict_that_came_after_the_claim(predictor: Predictor, examples: list[Example]) -> None:
    """The verdicts of the last month turned round leave the scores of all earlier claims alone."""
    turn = (TODAY - 30) * DAY
    turned = [
        replace(e, verdict=replace(e.verdict, truthfulness=1.0 - (e.verdict.truthfulness or 0.0)))
        if e.verdict.reviewed_at >= turn
        else e
        for e in examples
    ]
    one, other = (evaluate(given, SPLIT, predictor, embedder=WordEncoder()).predictions for given in (examples, turned))
    early = [(a.score, b.score) for a, b in zip(one, other, strict=True) if a.example.claimed_at < turn]
    assert early
    assert all(a == b for a, b in early)


def test_a_recollection_since_a_moment_reads_the_same_from_then_on(examples: list[Example]) -> None:
    history = History(examples)
    whole, since = recollect(history, WordEncoder()), recollect(history, WordEncoder(), SPLIT)
    chosen = [example for example in history.examples if example.claimed_at >= SPLIT]
    assert [whole.value(e) for e in chosen] == [since.value(e) for e in chosen]


def test_a_claim_without_a_reading_is_scored_by_the_light_form(predictor: Predictor, examples: list[Example]) -> None:
    series = EpochSeries(History(examples), predictor)
    item: ScoreInput = series.item(examples[-1])
    assert item.memory is None
    assert predictor.predict(item).form == "light"
