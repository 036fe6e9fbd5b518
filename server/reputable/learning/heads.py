"""The fitted scikit-learn heads: what a claim's words, and a context's, say by themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge

from reputable.domain.verdicts import CREDIBLE_FROM
from reputable.learning.history import Example
from reputable.learning.text import claim_ngrams, context_ngrams

MIN_CLAIMS = 5
"""An n-gram is learned only when so many claims hold it."""
_TEXT_C, _TEXT_ALPHA, _CONTEXT_C = 0.25, 10.0, 0.5

Floats = NDArray[np.float64]
_Head = TypeVar("_Head", LogisticRegression, Ridge)


@dataclass(frozen=True, slots=True)
class Heads:
    """Two linear heads over the same words, one over the context's; None where contexts say nothing.

    The first two are fitted beside the prior that a claim was made under, so that no word is credited
    with the drift of the rates, or with a crowd's; they keep the words' coefficients, at the mean prior.
    """

    words: TfidfVectorizer
    credible: LogisticRegression
    truth: Ridge
    context_words: TfidfVectorizer | None
    context: LogisticRegression | None

    def read(self, texts: Sequence[str]) -> Floats:
        """Log-odds of credible, and truthfulness less its mean, for each text; shape (n, 2)."""
        X = self.words.transform(texts)
        return np.column_stack([self.credible.decision_function(X), self.truth.predict(X) - self.truth.intercept_])

    def read_contexts(self, contexts: Sequence[str]) -> Floats:
        """Log-odds of credible for each context, NaN for an empty one; shape (n,)."""
        scores = np.full(len(contexts), np.nan)
        given = [index for index, context in enumerate(contexts) if context]
        if given and self.context_words is not None and self.context is not None:
            found = self.context.decision_function(self.context_words.transform([contexts[i] for i in given]))
            scores[given] = found
        return scores


def fit_heads(examples: Sequence[Example], priors: Floats) -> Heads:
    """Fit the heads on proven examples; ValueError when there are too few, or all of one kind.

    `priors` (n,) are the log-odds that a claim of the source's kind was credible on the day it was made.
    """
    truth = np.array([example.verdict.truthfulness for example in examples], dtype=float)
    credible = truth >= CREDIBLE_FROM
    words = TfidfVectorizer(analyzer=claim_ngrams, sublinear_tf=True, min_df=MIN_CLAIMS)
    X = words.fit_transform([example.verdict.claim.text for example in examples])
    beside = hstack([X, csr_matrix((priors - priors.mean())[:, None])]).tocsr()
    context_words, context = _fit_context([example.verdict.claim.context for example in examples], credible)
    return Heads(
        words=words,
        credible=_of_words(_logistic(_TEXT_C).fit(beside, credible)),
        truth=_of_words(Ridge(alpha=_TEXT_ALPHA, solver="sparse_cg", tol=1e-6).fit(beside, truth)),
        context_words=context_words,
        context=context,
    )


def _of_words(head: _Head) -> _Head:
    """The fitted head without the coefficient of its last column, the prior."""
    head.coef_ = head.coef_[..., :-1]
    head.n_features_in_ -= 1
    return head


def _fit_context(
    contexts: Sequence[str], credible: NDArray[np.bool_]
) -> tuple[TfidfVectorizer, LogisticRegression] | tuple[None, None]:
    """Nothing where too few claims have a context, or no words of one come MIN_CLAIMS times."""
    given = np.array([bool(context) for context in contexts])
    if not given.any() or len(set(credible[given].tolist())) < 2:
        return None, None
    words = TfidfVectorizer(analyzer=context_ngrams, min_df=MIN_CLAIMS)
    try:
        Z = words.fit_transform([context for context in contexts if context])
    except ValueError:  # No term is left.
        return None, None
    return words, _logistic(_CONTEXT_C).fit(Z, credible[given])


def _logistic(C: float) -> LogisticRegression:
    return LogisticRegression(C=C, solver="liblinear", max_iter=300)
