"""The folded model says what the fitted estimators say."""

import random
from typing import Any

import numpy as np
import pytest

from reputable.application.ports import ScoreInput
from reputable.domain.assessments import Basis, Explanation
from reputable.domain.claims import Claim
from reputable.domain.epochs import PriorEpoch, Recalibration
from reputable.domain.records import Tally, TrackRecord
from reputable.domain.sources import SourceKind, SourceReference
from reputable.learning import artifact, estimators
from reputable.learning.predictor import Predictor

CLAIMS = 1_000
TOLERANCE = 1e-9
FOLDER = artifact.MODELS_FOLDER / artifact.DEFAULT_VERSION


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return artifact.load(FOLDER)


@pytest.fixture(scope="module")
def fitted() -> dict[str, Any]:
    return estimators.from_bytes(artifact.estimators(FOLDER))


def a_tally(rng: random.Random, most: float) -> Tally:
    weight = rng.uniform(0.0, most)
    credible = rng.uniform(0.0, weight)
    return Tally(weight, credible, rng.uniform(0.5 * credible, weight))


def a_record(rng: random.Random) -> TrackRecord:
    count = rng.choice([0, 1, 3, 10, 200])
    kind = rng.choice([SourceKind.PERSON, SourceKind.COLLECTIVE])
    if not count:
        return TrackRecord(kind=kind, day=18_000)
    return TrackRecord(
        source_id="someone",
        kind=kind,
        day=18_000,
        verdict_count=count,
        credible_count=count // 2,
        total=a_tally(rng, count),
        low=rng.uniform(0.0, count / 3),
        high=rng.uniform(0.0, count / 3),
        decayed=(a_tally(rng, count / 2), a_tally(rng, count)),
        last=a_tally(rng, 5.0),
        last_review_day=18_000 - rng.randrange(2_000),
    )


def an_epoch(rng: random.Random) -> PriorEpoch:
    return PriorEpoch(1, base_rate=rng.uniform(0.3, 0.7), recent_rate=rng.uniform(0.2, 0.7), collective_rate=0.1)


def items(predictor: Predictor, count: int = CLAIMS) -> list[ScoreInput]:
    """Claims made of known, unknown and repeated words, every third without a context."""
    rng = random.Random(7)
    words = [gram for gram in predictor.model.text.weights if " " not in gram] + ["qwertz", "Übermut", "“quoted”"]
    contexts = [gram for gram in predictor.model.context.weights if " " not in gram] + ["zzz"]
    found = []
    for number in range(count):
        chosen = rng.choices(words, k=rng.randrange(1, 40))
        chosen += rng.choices(chosen, k=rng.randrange(4))
        context = "" if number % 3 == 0 else " ".join(rng.choices(contexts, k=rng.randrange(1, 5)))
        claim = Claim(" ".join(chosen), SourceReference(id="someone"), context=context)
        found.append(ScoreInput(claim, a_record(rng), an_epoch(rng)))
    return found


def test_the_folded_heads_equal_the_fitted_ones_on_1000_claims(predictor: Predictor, fitted: dict[str, Any]) -> None:
    claims = [item.claim for item in items(predictor)]
    rows = fitted["words"].transform([claim.text for claim in claims])
    credible = fitted["credible"].decision_function(rows)
    truth = fitted["truth"].predict(rows) - fitted["truth"].intercept_
    readings = [predictor.model.text.read(claim.text) for claim in claims]
    assert np.abs(np.array([reading.credible for reading in readings]) - credible).max() < TOLERANCE
    assert np.abs(np.array([reading.truth for reading in readings]) - truth).max() < TOLERANCE


def test_the_folded_context_head_equals_the_fitted_one(predictor: Predictor, fitted: dict[str, Any]) -> None:
    contexts = [item.claim.context for item in items(predictor) if item.claim.context]
    rows = fitted["context_words"].transform(contexts)
    expected = fitted["context"].decision_function(rows)
    assert (
        np.abs(np.array([predictor.model.context.read(context) for context in contexts]) - expected).max() < TOLERANCE
    )


def test_the_credibility_equals_the_fitted_second_stage_on_1000_claims(
    predictor: Predictor, fitted: dict[str, Any]
) -> None:
    predictions = [predictor.predict(item) for item in items(predictor)]
    stage = fitted["stages"]["light"]
    expected = stage.predict_proba(np.array([prediction.x for prediction in predictions]))[:, 1]
    scores = predictor.score_many(items(predictor), Explanation.NONE)
    assert np.abs(np.array([score.credibility for score in scores]) - expected).max() < TOLERANCE


def test_factors_sum_to_the_logit(predictor: Predictor) -> None:
    rng = random.Random(3)
    recalibration = {predictor.version: {"light": Recalibration(-0.3, 1.1)}}
    for item in items(predictor, 100):
        epoch = PriorEpoch(2, base_rate=rng.random(), recent_rate=rng.random(), recalibrations=recalibration)
        score = predictor.score(ScoreInput(item.claim, item.record, epoch), Explanation.SUMMARY)
        logit = np.log(score.credibility / (1.0 - score.credibility))
        assert abs(sum(factor.contribution for factor in score.factors) - logit) < 1e-9
        assert len(score.factors) <= 8
        assert all(factor.sentence.endswith(".") for factor in score.factors)


def test_an_explanation_changes_no_figure_and_a_batch_no_bit(predictor: Predictor) -> None:
    some = items(predictor, 50)
    together = predictor.score_many(some, Explanation.NONE)
    for item, batched in zip(some, together, strict=True):
        alone = predictor.score(item, Explanation.NONE)
        told = predictor.score(item, Explanation.FULL)
        assert alone == batched
        assert (told.credibility, told.interval, told.reliability) == (
            alone.credibility, alone.interval, alone.reliability,
        )  # fmt: skip


def test_intervals_hold_their_values_and_lie_within_0_and_1(predictor: Predictor) -> None:
    for score in predictor.score_many(items(predictor, 200), Explanation.NONE):
        assert 0.0 < score.interval.lower < score.credibility < score.interval.upper < 1.0
        assert 0.0 <= score.reliability.interval.lower <= score.reliability.value
        assert score.reliability.value <= score.reliability.interval.upper <= 1.0


def test_an_unknown_source_gets_a_cold_start_with_a_wide_interval(predictor: Predictor) -> None:
    claim = Claim("The state added 12,000 jobs last year.", SourceReference(id="someone"))
    epoch = PriorEpoch(1, base_rate=0.5, recent_rate=0.5)
    known = TrackRecord(
        day=18_000, verdict_count=200, credible_count=100, total=Tally(200, 100, 100), low=34.0, high=34.0,
        decayed=(Tally(60, 30, 30), Tally(150, 75, 75)), last=Tally(5, 2.5, 2.5), last_review_day=17_990,
    )  # fmt: skip
    cold = predictor.score(ScoreInput(claim, TrackRecord(day=18_000), epoch), Explanation.NONE)
    warm = predictor.score(ScoreInput(claim, known, epoch), Explanation.NONE)
    assert cold.basis is Basis.COLD_START
    assert warm.basis is Basis.TRACK_RECORD
    assert cold.interval.width > 1.5 * warm.interval.width
    assert cold.admiralty.letter == "F"


def test_words_far_from_the_training_text_are_out_of_domain_with_a_wider_interval(predictor: Predictor) -> None:
    epoch = PriorEpoch(1)
    near = Claim("The state added 12,000 jobs last year.", SourceReference(id="someone"))
    far = Claim("Wczoraj zbudowano nowy most przez rzekę.", SourceReference(id="someone"))
    scores = [predictor.score(ScoreInput(claim, TrackRecord(), epoch), Explanation.NONE) for claim in (near, far)]
    assert scores[1].basis is Basis.OUT_OF_DOMAIN
    assert scores[1].interval.width > scores[0].interval.width


def test_a_context_that_is_left_out_adds_nothing(predictor: Predictor) -> None:
    claim = Claim("The state added 12,000 jobs last year.", SourceReference(id="someone"))
    assert predictor.predict(ScoreInput(claim, TrackRecord(), PriorEpoch(1))).parts.context == 0.0


def test_the_record_only_counterfactual_ignores_the_words(predictor: Predictor) -> None:
    epoch = PriorEpoch(1)
    texts = ("The state added 12,000 jobs last year.", "A secret cure for cancer is hidden!")
    found = [
        predictor.score(ScoreInput(Claim(text, SourceReference(id="x")), TrackRecord(), epoch), Explanation.FULL)
        for text in texts
    ]
    assert found[0].credibility != found[1].credibility
    assert found[0].counterfactual is not None
    assert found[1].counterfactual is not None
    assert found[0].counterfactual.record_only == pytest.approx(found[1].counterfactual.record_only, abs=1e-12)
