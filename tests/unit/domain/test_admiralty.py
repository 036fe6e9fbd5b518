"""The Admiralty pair's boundaries."""

from math import nextafter

import pytest

from reputable.domain.admiralty import digit_of, letter_of


@pytest.mark.parametrize(
    ("boundary", "at", "below"), [(0.90, "A", "B"), (0.75, "B", "C"), (0.50, "C", "D"), (0.25, "D", "E")]
)
def test_a_letter_begins_exactly_at_its_boundary(boundary: float, at: str, below: str) -> None:
    assert letter_of(boundary, 0.2, 10) == at
    assert letter_of(nextafter(boundary, 0), 0.2, 10) == below


@pytest.mark.parametrize(("boundary", "at", "below"), [(0.75, 2, 3), (0.50, 3, 4), (0.25, 4, 5)])
def test_a_digit_begins_exactly_at_its_boundary(boundary: float, at: int, below: int) -> None:
    assert digit_of(boundary, 0.2) == at
    assert digit_of(nextafter(boundary, 0), 0.2) == below


def test_fewer_than_three_effective_verdicts_or_a_wide_interval_give_f() -> None:
    assert letter_of(0.95, 0.2, nextafter(3.0, 0)) == "F"
    assert letter_of(0.95, 0.2, 3.0) == "A"
    assert letter_of(0.95, nextafter(0.5, 1), 10) == "F"
    assert letter_of(0.95, 0.5, 10) == "A"


def test_an_interval_wider_than_point_six_gives_six() -> None:
    assert digit_of(0.9, nextafter(0.6, 1)) == 6
    assert digit_of(0.9, 0.6) == 2


def test_one_is_never_given_by_a_score_alone() -> None:
    digits = {digit_of(step / 1000, width / 100) for step in range(1001) for width in range(101)}

    assert digits == {2, 3, 4, 5, 6}
