"""The heads folded to dictionaries: a claim is read without scikit-learn, in some 20 microseconds."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import log, sqrt

from reputable.learning.features import TextReading
from reputable.learning.text import context_ngrams, pairs, tokens

Weights = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class FoldedText:
    """`weights` maps an n-gram to (idf squared, idf times each head's coefficient)."""

    weights: Mapping[str, Weights]
    intercept: float

    def read(self, text: str) -> TextReading:
        """What the two heads say of a claim: tf-idf with 1 + log(tf), of length 1, times the coefficients."""
        words = tokens(text)
        grams = words + pairs(words)
        unique = dict.fromkeys(grams)
        get = self.weights.get
        square = credible = truth = 0.0
        for entry in map(get, unique):
            if entry is not None:
                square += entry[0]
                credible += entry[1]
                truth += entry[2]
        if len(unique) < len(grams):
            square, credible, truth = self._with_repeats(grams, square, credible, truth)
        norm = sqrt(square) or 1.0
        weights = self.weights
        known = sum([word in weights for word in words]) / len(words) if words else 0.0
        return TextReading(credible / norm + self.intercept, truth / norm, known)

    def _with_repeats(
        self, grams: list[str], square: float, credible: float, truth: float
    ) -> tuple[float, float, float]:
        """The sums with what each further occurrence adds."""
        for gram, count in Counter(grams).items():
            if count > 1 and (entry := self.weights.get(gram)) is not None:
                more = log(count)
                square += more * (more + 2.0) * entry[0]
                credible += more * entry[1]
                truth += more * entry[2]
        return square, credible, truth

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
