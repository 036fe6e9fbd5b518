"""What text may hold."""

import pytest

from reputable.domain.errors import InvalidInput
from reputable.domain.text import canonical_text, check_id, check_name, check_text


def test_ten_thousand_characters_are_taken_and_one_more_is_refused_with_both_figures() -> None:
    assert len(check_text("claim.text", "x" * 10_000, 10_000)) == 10_000

    with pytest.raises(InvalidInput, match=r"claim\.text: has 10,001 characters; at most 10,000 are taken"):
        check_text("claim.text", "x" * 10_001, 10_000)


@pytest.mark.parametrize("text", ["", " \t\n ", "\u2003"])
def test_text_of_nothing_but_space_is_empty(text: str) -> None:
    with pytest.raises(InvalidInput, match="is empty"):
        check_text("claim.text", text, 10)


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x7f", "\x85", "\ud800"])
def test_control_characters_and_lone_surrogates_are_refused(character: str) -> None:
    with pytest.raises(InvalidInput, match="control character"):
        check_text("claim.text", f"a{character}b", 10)


@pytest.mark.parametrize("character", ["\u200b", "\u00ad", "\u202e", "\u2066", "\ufeff", "\U000e0041"])
def test_invisible_and_direction_changing_characters_are_refused_in_names(character: str) -> None:
    with pytest.raises(InvalidInput, match="invisible or direction-changing"):
        check_name("source_name", f"BBC{character}News")


@pytest.mark.parametrize("text", ["😀 emoji", "Минобороны России", "وزارة الدفاع", "国防部", "e\u0301te\u0301"])
def test_letters_of_every_script_are_taken(text: str) -> None:
    assert check_name("source_name", text) == canonical_text(text)


def test_sixty_four_kibibytes_of_combining_marks_are_read_in_linear_time() -> None:
    assert len(check_text("claim.text", "a" + "\u0301" * 9_000, 10_000)) <= 9_001


@pytest.mark.parametrize("identifier", ["", "-a", "A", "a b", "a/b", "a" * 129, "ä"])
def test_what_is_not_an_id_is_refused(identifier: str) -> None:
    with pytest.raises(InvalidInput, match="is not an id"):
        check_id("source_id", identifier)
