"""The Admiralty pair, derived from figures (NATO STANAG 2511 letters and digits)."""

from typing import NamedTuple

MIN_EFFECTIVE_VERDICTS = 3.0
MAX_RELIABILITY_WIDTH = 0.50
MAX_CREDIBILITY_WIDTH = 0.60
_LETTERS = ((0.90, "A"), (0.75, "B"), (0.50, "C"), (0.25, "D"))
_DIGITS = ((0.75, 2), (0.50, 3), (0.25, 4))


class AdmiraltyPair(NamedTuple):
    """Letter A to F for the source, digit 2 to 6 for the claim; 1 is never derived."""

    letter: str
    digit: int


def letter_of(reliability: float, width: float, effective_count: float) -> str:
    """Letter of a reliability in [0, 1] with the width of its 90 % interval."""
    if effective_count < MIN_EFFECTIVE_VERDICTS or width > MAX_RELIABILITY_WIDTH:
        return "F"
    return next((letter for least, letter in _LETTERS if reliability >= least), "E")


def digit_of(credibility: float, width: float) -> int:
    """Digit of a credibility in [0, 1] with the width of its 90 % interval."""
    if width > MAX_CREDIBILITY_WIDTH:
        return 6
    return next((digit for least, digit in _DIGITS if credibility >= least), 5)
