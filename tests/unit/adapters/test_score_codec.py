"""Scores come back from bytes to the last bit, and only under the key they were stored for."""

import contextlib
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reputable.adapters.score_codec import MAC_SIZE, Seal, decode, encode
from reputable.domain.admiralty import AdmiraltyPair
from reputable.domain.assessments import (
    Basis,
    Counterfactual,
    Factor,
    Interval,
    Reliability,
    Score,
    SimilarVerdict,
)
from tests.builders import score

finite = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
similars = st.builds(
    SimilarVerdict,
    verdict_id=texts,
    claim_text=texts,
    source_id=texts,
    truthfulness=finite,
    reviewed_at=st.integers(-(2**62), 2**62),
    reviewer=texts,
    url=texts,
    similarity=finite,
)
scores = st.builds(
    Score,
    credibility=finite,
    interval=st.builds(Interval, finite, finite),
    reliability=st.builds(Reliability, finite, st.builds(Interval, finite, finite), finite),
    admiralty=st.builds(AdmiraltyPair, st.sampled_from("ABCDEF"), st.integers(2, 6)),
    evidence_count=st.integers(0, 2**62),
    basis=st.sampled_from(Basis),
    factors=st.lists(
        st.builds(Factor, texts, finite, texts, st.lists(similars, max_size=2).map(tuple)), max_size=3
    ).map(tuple),
    counterfactual=st.none() | st.builds(Counterfactual, finite, finite),
)
SCORE = score()


@given(scores)
def test_a_score_comes_back_to_the_last_bit(any_score: Score) -> None:
    assert repr(decode(encode(any_score))) == repr(any_score)


@given(scores, st.data())
def test_a_score_that_was_cut_or_lengthened_is_refused(any_score: Score, data: st.DataObject) -> None:
    whole = encode(any_score)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    for broken in (cut, whole + b"\0"):
        with pytest.raises(ValueError, match="score"):
            decode(broken)


@given(st.binary(max_size=400))
def test_garbage_is_refused_or_read_but_never_anything_else(garbage: bytes) -> None:
    with contextlib.suppress(ValueError):
        decode(garbage)


def test_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version 2"):
        decode(struct.pack("<B", 2) + encode(SCORE)[1:])


@pytest.mark.parametrize("figure", [math.nan, math.inf, -math.inf])
def test_a_figure_that_is_not_finite_is_never_stored(figure: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        encode(SCORE._replace(credibility=figure))


def test_a_text_that_is_too_long_to_store_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be stored"):
        encode(SCORE._replace(factors=(Factor("f", 0.1, "x" * 70_000),)))


@given(st.binary(min_size=1, max_size=40), st.binary(max_size=80), st.integers(0, 10_000))
def test_a_sealed_value_with_any_bit_changed_is_not_believed(key: bytes, value: bytes, position: int) -> None:
    seal = Seal(bytes(32))
    sealed = bytearray(seal.close(key, value))
    assert seal.open(key, bytes(sealed)) == value
    sealed[position % len(sealed)] ^= 1 << (position % 8)
    assert seal.open(key, bytes(sealed)) is None


@given(st.binary(max_size=40), st.binary(max_size=40), st.binary(max_size=80))
def test_a_sealed_value_is_believed_under_its_own_key_only(key: bytes, other: bytes, value: bytes) -> None:
    seal = Seal(bytes(32))
    assert (seal.open(other, seal.close(key, value)) == value) is (key == other)


def test_what_another_secret_sealed_is_not_believed() -> None:
    assert Seal(b"a" * 32).open(b"k", Seal(b"b" * 32).close(b"k", b"v")) is None
    assert Seal(b"a" * 32).open(b"k", bytes(MAC_SIZE - 1)) is None
