"""The words of claims and of contexts, the same in training and in serving."""

import re
from itertools import pairwise

_TOKEN = re.compile(r"\w+|[\"'?!$%]")
_WORD = re.compile(r"[^\W_]+")
_STRAIGHT = str.maketrans(dict.fromkeys("\u201c\u201d\u201e", '"') | dict.fromkeys("\u2018\u2019`", "'"))
_CONTEXT_STOP_WORDS = frozenset(
    "a an the his her their its in on at during from of to and for with by".split()  # noqa: SIM905 - reads better
)


def tokens(text: str) -> list[str]:
    """Lower-case words and the marks " ' ? ! $ %, quotes straightened, in order."""
    lower = text.lower()
    return _TOKEN.findall(lower if lower.isascii() and "`" not in lower else lower.translate(_STRAIGHT))


def pairs(words: list[str]) -> list[str]:
    """Neighbouring words joined by a space."""
    return [f"{first} {second}" for first, second in pairwise(words)]


def claim_ngrams(text: str) -> list[str]:
    """The tokens of a claim, then its pairs of neighbouring tokens."""
    words = tokens(text)
    return words + pairs(words)


def context_ngrams(context: str) -> list[str]:
    """The words of a context without articles and prepositions, then their pairs."""
    words = [word for word in _WORD.findall(context.lower()) if word not in _CONTEXT_STOP_WORDS]
    return words + pairs(words)
