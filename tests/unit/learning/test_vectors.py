"""Sentence vectors."""

import numpy as np
import pytest

from reputable.learning.vectors import DIMENSIONS, SentenceEncoder, main_axes, stacked

TEXTS = [
    "The bridge was rebuilt within a year.",
    "They finished rebuilding the crossing in twelve months.",
    "A secret cure is being hidden.",
    "",
    "Most" + " very" * 600 + " long.",
    "Zażółć gęślą jaźń 123 \u202e",
]


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return SentenceEncoder()


def test_a_vector_is_the_same_to_the_bit_however_texts_are_batched(encoder: SentenceEncoder) -> None:
    together = encoder.embed(TEXTS)
    assert together == [encoder.embed([text])[0] for text in TEXTS]
    assert together == encoder.embed(TEXTS[::-1])[::-1]
    assert together == SentenceEncoder().embed(TEXTS)


def test_vectors_have_length_1_and_like_texts_lie_nearer(encoder: SentenceEncoder) -> None:
    rows = stacked(encoder.embed(TEXTS))
    assert rows.shape == (len(TEXTS), DIMENSIONS)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert rows[0] @ rows[1] > rows[0] @ rows[2] + 0.2


def test_the_axes_are_orthonormal_and_do_not_depend_on_the_layers_signs() -> None:
    layer = np.random.default_rng(3).standard_normal((600, 512)).astype(np.float32)
    axes = main_axes(layer)
    assert axes.shape == (512, DIMENSIONS)
    assert axes.T @ axes == pytest.approx(np.eye(DIMENSIONS), abs=1e-5)
    assert main_axes(-layer) == pytest.approx(axes, abs=1e-6)


def test_the_encoders_name_is_looked_up_once(encoder: SentenceEncoder) -> None:
    """Its version is read from files; every question to a verdict memory asks for it."""
    assert encoder.name is encoder.name
    assert encoder.name.endswith(f"-{DIMENSIONS}-bare")


def test_how_a_claim_was_written_down_does_not_change_its_vector(encoder: SentenceEncoder) -> None:
    """Quotation marks say that words are the source's own, and nothing of what they claim."""
    plain = encoder.embed(["We don't need the bridge, the mayor says."])
    assert encoder.embed(["\u201cWe don\u2019t need [the bridge],\u201d the mayor (says)."]) == plain
    assert encoder.embed(['"We don\'t need the bridge," the mayor says.']) == plain


def test_a_text_of_nothing_but_marks_has_a_vector_of_its_own(encoder: SentenceEncoder) -> None:
    first, second = encoder.embed(['"()"', "[]"])
    assert len(first) == len(second) == 4 * DIMENSIONS
    assert first != second
