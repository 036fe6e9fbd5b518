"""The words of claims and of contexts, the same in training and in serving."""

import re
from itertools import pairwise
from operator import itemgetter

_TOKEN = re.compile(r"\w+|[\"'?!$%]")
_DIGIT = re.compile(r"\d")
_WORD = re.compile(r"[^\W_]+")
_FIRST = itemgetter(0)
_DOUBLE = "\u201c\u201d\u201e"
_STRAIGHT = str.maketrans(dict.fromkeys(_DOUBLE, '"') | dict.fromkeys("\u2018\u2019`", "'"))
_BARE = _STRAIGHT | str.maketrans("", "", f'"{_DOUBLE}()[]')
_CONTEXT_STOP_WORDS = frozenset(
    "a an the his her their its in on at during from of to and for with by".split()  # noqa: SIM905 - reads better
)


def tokens(text: str) -> list[str]:
    """Lower-case words and the marks " ' ? ! $ %, quotes straightened, in order."""
    lower = text.lower()
    return _TOKEN.findall(lower if lower.isascii() and "`" not in lower else lower.translate(_STRAIGHT))


def bare(text: str) -> str:
    """The text without what only says how it was written down: double quotes, round and square brackets; ' straight."""
    return text.translate(_BARE).strip() or text


def pairs(words: list[str]) -> list[str]:
    """Neighbouring words joined by a space."""
    return [f"{first} {second}" for first, second in pairwise(words)]


def claim_words(text: str) -> tuple[list[str], list[str]]:
    """The tokens of a claim, those with a digit as "#"; and beside them the numbers, and how it uses capitals.

    The last is "^" and the share, in tenths up to 6, of the words that begin with a capital letter.
    """
    words = tokens(text)
    if not words:
        return [], []
    parts = text.split()
    capitals = sum(map(str.isupper, map(_FIRST, parts)))
    beside = [f"^{min(10 * capitals // len(parts), 6)}"]
    if _DIGIT.search(text):
        numbers = [word for word in words if not word.isalpha() and _DIGIT.search(word)]
        beside += numbers
        words = ["#" if word in numbers else word for word in words]
    return words, beside


def claim_ngrams(text: str) -> list[str]:
    """The words of a claim, its pairs of neighbouring words, and what stands beside them."""
    words, beside = claim_words(text)
    return words + pairs(words) + beside


def context_ngrams(context: str) -> list[str]:
    """The words of a context without articles and prepositions, then their pairs."""
    words = [word for word in _WORD.findall(context.lower()) if word not in _CONTEXT_STOP_WORDS]
    return words + pairs(words)
