"""What is folded for speed gives what the plain formula gives."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reputable.application.ports import ScoreInput
from reputable.domain.assessments import Explanation
from reputable.domain.claims import Claim
from reputable.domain.epochs import PriorEpoch
from reputable.domain.records import Tally, TrackRecord
from reputable.domain.sources import SourceReference
from reputable.learning import artifact
from reputable.learning.features import RECORD_FEATURES
from reputable.learning.folded import FoldedText
from reputable.learning.predictor import Predictor
from reputable.learning.text import claim_ngrams

TEXT = FoldedText(
    {"a": (1.0, 0.5, -0.1), "b": (2.0, -0.3, 0.2), "a b": (3.0, 0.7, 0.4), "b b": (0.5, 0.9, 0.1), "c a": (1.5, 1, 2)},
    0.25,
)


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return artifact.load(artifact.MODELS_FOLDER / artifact.DEFAULT_VERSION)


@given(st.lists(st.sampled_from("abcd"), max_size=12))
def test_a_text_is_read_as_tf_idf_says_also_where_words_come_again(words: list[str]) -> None:
    grams = claim_ngrams(" ".join(words))
    frequency = {gram: 1.0 + np.log(grams.count(gram)) for gram in grams if gram in TEXT.weights}
    norm = np.sqrt(sum(frequency[gram] ** 2 * TEXT.weights[gram][0] for gram in frequency)) or 1.0
    reading = TEXT.read(" ".join(words))
    assert reading.credible == pytest.approx(
        sum(frequency[gram] * TEXT.weights[gram][1] for gram in frequency) / norm + 0.25, abs=1e-12
    )
    assert reading.truth == pytest.approx(
        sum(frequency[gram] * TEXT.weights[gram][2] for gram in frequency) / norm, abs=1e-12
    )
    known = [word in TEXT.weights for word in words]
    assert reading.known_share == (pytest.approx(np.mean(known)) if known else 0.0)


def test_the_variance_of_the_coefficients_is_the_squared_length_of_the_spread(predictor: Predictor) -> None:
    rng = random.Random(5)
    for stage in predictor.model.stages.values():
        for _ in range(50):
            x = [rng.gauss(0.0, 1.0) for _ in stage.weights]
            root = stage.offset + np.array(x) @ stage.spread
            count = len(RECORD_FEATURES)
            folded = stage.coefficient_variance(stage.anchor(x[:count]), x[count:])
            assert folded == pytest.approx(float(root @ root), rel=1e-9)


def test_a_record_of_the_same_key_with_other_sums_is_not_taken_for_the_first(predictor: Predictor) -> None:
    claim, epoch = Claim("Taxes fell.", SourceReference(id="a")), PriorEpoch(1)
    records = [TrackRecord(day=1, total=Tally(9.0, credible, credible)) for credible in (1.0, 8.0)]
    scores = [predictor.score(ScoreInput(claim, record, epoch), Explanation.NONE) for record in records]
    assert scores[0].credibility != scores[1].credibility
