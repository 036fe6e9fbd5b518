"""Canonical forms are idempotent, and distinct inputs have distinct digests."""

from hypothesis import given
from hypothesis import strategies as st

from reputable.adapters.names import LetterLore
from reputable.domain.digests import digest, encode_parts
from reputable.domain.sources import derive_id, name_key
from reputable.domain.text import canonical_text, check_id

LORE = LetterLore()
TEXT = st.text(max_size=60)
PARTS = st.lists(
    st.one_of(st.none(), st.text(max_size=8), st.binary(max_size=8), st.integers(), st.floats(allow_nan=False))
)


@given(TEXT)
def test_canonical_text_is_idempotent(text: str) -> None:
    once = canonical_text(text)

    assert canonical_text(once) == once


@given(TEXT)
def test_a_names_key_is_idempotent(text: str) -> None:
    once = name_key(text)

    assert name_key(once) == once


def test_a_names_key_is_idempotent_for_every_code_point() -> None:
    changed = [
        code
        for code in range(0x110000)
        if not 0xD800 <= code < 0xE000 and name_key(name_key(chr(code))) != name_key(chr(code))
    ]

    assert changed == []


@given(TEXT)
def test_the_canonical_name_is_idempotent(text: str) -> None:
    once = LORE.canonical(text)

    assert LORE.canonical(once) == once


@given(st.text(min_size=1, max_size=200).filter(lambda name: name.strip()))
def test_an_id_derived_from_a_name_is_an_id(name: str) -> None:
    assert check_id("source_id", derive_id(name))


@given(PARTS, PARTS)
def test_distinct_parts_are_encoded_distinctly(left: list[object], right: list[object]) -> None:
    def typed(parts: list[object]) -> list[tuple[type, object]]:
        return [(type(part), repr(part)) for part in parts]

    assert (encode_parts(left) == encode_parts(right)) == (typed(left) == typed(right))  # type: ignore[arg-type]


def test_moving_a_separator_between_parts_changes_the_digest() -> None:
    assert digest("a:b", "c") != digest("a", "b:c")
    assert digest("ab", "c") != digest("a", "bc")
    assert digest("", "a") != digest("a", "")
