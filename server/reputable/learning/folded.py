"""The heads folded to dictionaries: a claim is read without scikit-learn, in some 20 microseconds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
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
        for word in words:
            if followers is not None and (pair := followers.get(word)) is not None:
                a, b, c = pair
                square += a
                credible += b
                truth += c
            found = get(word)
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
        if len(set(words)) < len(words) or len(set(beside)) < len(beside):
            for (a, b, c), more, squared in self._repeated(words, beside):
                square += squared * a
                credible += more * b
                truth += more * c
        norm = sqrt(square) or 1.0
        return TextReading(credible / norm + self.intercept, truth / norm, known / len(words))

    def _repeated(self, words: list[str], beside: list[str]) -> Iterator[tuple[Weights, float, float]]:
        """For each n-gram that occurs n > 1 times: what 1 + log(n) is above n, and its square above n."""
        once: set[str] = set()
        again = {word for word in words if word in once or once.add(word)}  # type: ignore[func-returns-value]
        grams = [word for word in words if word in again]
        grams += [f"{first} {second}" for first, second in pairwise(words) if first in again and second in again]
        grams += beside
        for gram in dict.fromkeys(grams):  # Not a set: sums must be the same in every process.
            count = grams.count(gram)
            weights = self.weights.get(gram)
            if count > 1 and weights is not None:
                frequency = 1.0 + log(count)
                yield weights, frequency - count, frequency * frequency - count

    def telling(self, text: str, most: int = 3) -> list[str]:
        """The n-grams of the claim that weigh most in the first head, heaviest first; words alone only."""
        found = {word: abs(self.weights[word][1]) for word in tokens(text) if word in self.weights and word.isalpha()}
        return sorted(found, key=lambda word: (-found[word], word))[:most]


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
