"""The heads folded to dictionaries: a claim is read without scikit-learn, in some 20 microseconds."""

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
        """What the two heads say of a claim."""
        words = tokens(text)
        get = self.weights.get
        found = [entry for entry in map(get, words) if entry is not None]
        known = len(found)
        grams = words + pairs(words)
        if len(set(grams)) == len(grams):
            found += [entry for entry in map(get, grams[len(words) :]) if entry is not None]
            square = credible = truth = 0.0
            for idf_square, first, second in found:
                square += idf_square
                credible += first
                truth += second
        else:
            square, credible, truth = self._repeated(grams)
        norm = sqrt(square) or 1.0
        share = known / len(words) if words else 0.0
        return TextReading(credible / norm + self.intercept, truth / norm, share)

    def _repeated(self, grams: list[str]) -> tuple[float, float, float]:
        counts: dict[str, int] = {}
        for gram in grams:
            counts[gram] = counts.get(gram, 0) + 1
        square = credible = truth = 0.0
        for gram, count in counts.items():
            entry = self.weights.get(gram)
            if entry is not None:
                times = 1.0 + log(count)
                square += times * times * entry[0]
                credible += times * entry[1]
                truth += times * entry[2]
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
