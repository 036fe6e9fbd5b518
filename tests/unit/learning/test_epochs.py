"""Prior epochs hold what the latest verdicts say, for both forms of the model."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from reputable.application.ports import HistoricalVerdict, MemoryReading, ScoreInput
from reputable.domain.assessments import Explanation, SimilarVerdict
from reputable.domain.claims import Claim
from reputable.domain.epochs import PriorEpoch
from reputable.domain.records import TrackRecord
from reputable.domain.sources import SourceKind, SourceReference
from reputable.domain.times import DAY
from reputable.domain.verdicts import Standing
from reputable.learning import artifact
from reputable.learning.epochs import EpochComputer
from reputable.learning.memory import LEAST, VerdictMemories
from reputable.learning.model import FULL, LIGHT
from reputable.learning.predictor import Predictor
from tests.unit.learning.made_up import TODAY, history, row, vectors_of

ESTABLISHED = {"Desk": Standing.ESTABLISHED}


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    """The package's model, as if trained before the made-up history."""
    model = artifact.load(artifact.MODELS_FOLDER / artifact.DEFAULT_VERSION).model
    return Predictor(replace(model, window_start=0, window_end=DAY))


def compute(
    predictor: Predictor,
    rows: Sequence[HistoricalVerdict],
    *,
    standings: Mapping[str, Standing] | None = ESTABLISHED,
    vectors: Mapping[str, bytes] | None = None,
    kinds: Mapping[str, SourceKind] | None = None,
) -> PriorEpoch:
    return EpochComputer().compute(
        number=3,
        start=TODAY * DAY,
        revision=9,
        history=rows,
        kinds=kinds or {},
        scorer=predictor,
        standings=standings,
        vectors=vectors,
    )


def test_an_epoch_without_vectors_has_no_memory_and_recalibrates_the_light_form(predictor: Predictor) -> None:
    epoch = compute(predictor, history(300))
    assert (epoch.number, epoch.start, epoch.revision) == (3, TODAY * DAY, 9)
    assert epoch.memory_digest == b""
    assert set(epoch.recalibrations[predictor.version]) == {LIGHT}


def test_an_epoch_with_vectors_names_the_memory_that_the_builder_builds(predictor: Predictor) -> None:
    rows = history(400)
    vectors = vectors_of(rows)
    epoch = compute(predictor, rows, vectors=vectors)
    assert epoch.memory_digest == VerdictMemories().build(epoch, rows, ESTABLISHED, vectors).digest
    assert set(epoch.recalibrations[predictor.version]) == {LIGHT, FULL}


def test_the_texts_that_the_builder_asks_for_are_all_that_an_epoch_needs(predictor: Predictor) -> None:
    rows = [*history(400), row(900, "an open question", None, (TODAY - 1) * DAY)]
    wanted = VerdictMemories().texts(rows, ESTABLISHED)
    vectors = {text: vector for text, vector in vectors_of(rows).items() if text in wanted}
    assert compute(predictor, rows, vectors=vectors).memory_digest


def test_a_history_too_short_for_a_memory_gives_an_epoch_without_one(predictor: Predictor) -> None:
    rows = history(LEAST - 1)
    assert compute(predictor, rows, vectors=vectors_of(rows)).memory_digest == b""


def test_epochs_do_not_depend_on_the_order_of_rows(predictor: Predictor) -> None:
    rows = history(300)
    vectors = vectors_of(rows)
    assert (
        compute(predictor, rows[::-1], vectors=vectors).digest() == compute(predictor, rows, vectors=vectors).digest()
    )


def test_the_full_form_is_recalibrated_on_readings_that_know_only_earlier_verdicts(predictor: Predictor) -> None:
    """Verdicts on a claim's own twin that come after it leave its reading alone."""
    rows = history(300)
    twins = [
        row(1_000 + n, r.verdict.claim.text, r.verdict.truthfulness, (TODAY + 1) * DAY + n) for n, r in enumerate(rows)
    ]
    both = [*rows, *twins]
    before = compute(predictor, rows, vectors=vectors_of(rows))
    after = compute(predictor, both[:300], vectors=vectors_of(both))
    assert before.recalibrations == after.recalibrations


def test_hostile_verdicts_of_new_reviewers_move_the_rates_and_recalibrations_little(predictor: Predictor) -> None:
    rows = history(800)
    hostile = [
        row(5_000 + n, f"hostile {n}", 0.0, (TODAY - 2) * DAY + n, source_id="source-1", reviewer=f"troll {n}")
        for n in range(200)
    ]
    calm = compute(predictor, rows, vectors=vectors_of(rows))
    attacked = compute(predictor, [*rows, *hostile], vectors=vectors_of([*rows, *hostile]))
    assert attacked.base_rate == pytest.approx(calm.base_rate, abs=0.01)
    assert attacked.recent_rate == pytest.approx(calm.recent_rate, abs=0.01)
    for form in (LIGHT, FULL):
        one, other = (epoch.recalibrations[predictor.version][form] for epoch in (calm, attacked))
        assert other.intercept == pytest.approx(one.intercept, abs=0.05)
        assert other.slope == pytest.approx(one.slope, abs=0.05)


def test_the_full_form_follows_what_the_memory_says_and_names_it(predictor: Predictor) -> None:
    claim = Claim("The state added 12,000 jobs last year.", SourceReference(id="someone"))
    nearest = (SimilarVerdict("v7", "Jobs were added.", "other", 1.0, DAY, "Desk", "https://example.org/7", 0.8),)
    scores = [
        predictor.score(
            ScoreInput(claim, TrackRecord(), PriorEpoch(1), MemoryReading(value, nearest)), Explanation.SUMMARY
        )
        for value in (-0.2, 0.2)
    ]
    light = predictor.score(ScoreInput(claim, TrackRecord(), PriorEpoch(1)), Explanation.SUMMARY)
    assert scores[0].credibility < scores[1].credibility
    (factor,) = [factor for factor in scores[1].factors if factor.name == "similar_verdicts"]
    assert factor.contribution > 0.0
    assert factor.similar_verdicts == nearest
    assert factor.sentence == "Similar claims were found more truthful than others; of the 1 nearest, 1 was credible."
    assert "similar_verdicts" not in {factor.name for factor in light.factors}


def test_a_model_without_a_full_form_pays_no_heed_to_a_memory(predictor: Predictor) -> None:
    light_only = Predictor(replace(predictor.model, stages={LIGHT: predictor.model.stages[LIGHT]}))
    claim = Claim("The state added 12,000 jobs last year.", SourceReference(id="someone"))
    item = ScoreInput(claim, TrackRecord(), PriorEpoch(1))
    assert not light_only.remembers
    assert predictor.remembers
    remembering = replace(item, memory=MemoryReading(0.5))
    assert light_only.score(remembering, Explanation.FULL) == light_only.score(item, Explanation.FULL)
