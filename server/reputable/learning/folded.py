"""The heads folded to dictionaries: a claim is read without scikit-learn, in some 20 microseconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from math import log, sqrt

from reputable.learning.features import TextReading
from reputable.learning.text import claim_words, context_ngrams, tokens

Weights = tuple[float, float, float]
Word = tuple[float, float, float, Mapping[str, Weights] | None, int]
_NOTHING: Weights = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class FoldedText:
    """`weights` maps an n-gram, one word or two, to (idf squared, idf times each head's coefficient).

    `words` holds the same by first word: its own weights, those of the pairs that it begins by their
    second word, and 1 when the word alone is an n-gram.
    """

    weights: Mapping[str, Weights]
    intercept: float
    words: Mapping[str, Word] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Put the pairs with their first words."""
        following: dict[str, dict[str, Weights]] = {}
        for gram, weights in self.weights.items():
            first, space, second = gram.partition(" ")
            followers = following.setdefault(first, {})
            if space:
                followers[second] = weights
        words = {
            first: (*self.weights.get(first, _NOTHING), followers or None, int(first in self.weights))
            for first, followers in following.items()
        }
        object.__setattr__(self, "words", words)

    def read(self, text: str) -> TextReading:
        """What the two heads say of a claim: tf-idf with 1 + log(tf), of length 1, times the coefficients."""
        words, beside = claim_words(text)
        if not words:
            return TextReading(self.intercept, 0.0, 0.0)
        square = credible = truth = 0.0
        known = 0
        followers: Mapping[str, Weights] | None = None
        get = self.words.get
        counts: dict[str, int] = {}
        for word, found in zip(words, map(get, words), strict=True):
            counts[word] = counts.get(word, 0) + 1
            if followers is not None and (pair := followers.get(word)) is not None:
                a, b, c = pair
                square += a
                credible += b
                truth += c
            if found is None:
                followers = None
                continue
            a, b, c, followers, one = found
            square += a
            credible += b
            truth += c
            known += one
        for gram in beside:
            if (found := get(gram)) is not None:
                square += found[0]
                credible += found[1]
                truth += found[2]
        if len(counts) < len(words) or len(set(beside)) < len(beside):
            for weights, count in self._repeated(words, counts, beside):
                more, squared = _above(count)
                square += squared * weights[0]
                credible += more * weights[1]
                truth += more * weights[2]
        norm = sqrt(square) or 1.0
        return TextReading(credible / norm + self.intercept, truth / norm, known / len(words))

    def _repeated(self, words: list[str], counts: Mapping[str, int], beside: list[str]) -> list[tuple[Weights, int]]:
        """The n-grams that occur more than once, with how often: words, pairs, what stands beside them, in order."""
        again = {word: count for word, count in counts.items() if count > 1}
        found = [(self.weights[word], count) for word, count in again.items() if word in self.weights]
        rest: list[str] = []
        if len(again) > 1 or max(again.values(), default=0) > 2:
            rest = [f"{first} {second}" for first, second in pairwise(words) if first in again and second in again]
        rest += beside
        for gram in dict.fromkeys(rest):  # Not a set: sums must be the same in every process.
            count = rest.count(gram)
            if count > 1 and gram in self.weights:
                found.append((self.weights[gram], count))
        return found

    def telling(self, text: str, most: int = 3) -> list[str]:
        """The n-grams of the claim that weigh most in the first head, heaviest first; words alone only."""
        found = {word: abs(self.weights[word][1]) for word in tokens(text) if word in self.weights and word.isalpha()}
        return sorted(found, key=lambda word: (-found[word], word))[:most]


@lru_cache(maxsize=256)
def _above(count: int) -> tuple[float, float]:
    """What 1 + log(count) is above the count, and what its square is above it."""
    frequency = 1.0 + log(count)
    return frequency - count, frequency * frequency - count


@dataclass(frozen=True, slots=True)
class FoldedContext:
    """`weights` maps an n-gram to (idf squared, idf times the coefficient)."""

    weights: Mapping[str, tuple[float, float]]
    intercept: float

    def read(self, context: str) -> float | None:
        """Log-odds that the context speaks of; None for an empty one."""
        if not context:
            return None
        counts: dict[str, int] = {}
        for gram in context_ngrams(context):
            counts[gram] = counts.get(gram, 0) + 1
        square = total = 0.0
        for gram, count in counts.items():
            entry = self.weights.get(gram)
            if entry is not None:
                square += count * count * entry[0]
                total += count * entry[1]
        return total / (sqrt(square) or 1.0) + self.intercept
