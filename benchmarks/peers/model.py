"""The model that every peer serves: words and pairs of words into a logistic regression, as in scikit-learn's guide."""

import random
from typing import TYPE_CHECKING

from benchmarks.load import claims

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

NGRAMS = 17_571
"""As many as the service's own model knows."""
CLAIMS = 2_000
FIELDS = ("text", "source_id", "context")


def vocabulary(count: int = NGRAMS) -> list[str]:
    """The n-grams of made-up claims, filled up with words that do not occur."""
    from sklearn.feature_extraction.text import CountVectorizer

    seen = CountVectorizer(ngram_range=(1, 2)).fit(claims.texts(CLAIMS)).get_feature_names_out()
    return [*seen, *(f"filler{number}" for number in range(count))][:count]


def train() -> "Pipeline":
    """A fitted pipeline; the labels are chance, the work of scoring does not depend on them."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    chance = random.Random(claims.SEED)
    texts = list(claims.texts(CLAIMS))
    pipeline = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), vocabulary=vocabulary()), LogisticRegression())
    return pipeline.fit(texts, [chance.random() < 0.4 for _ in texts])


def features(text: str, source_id: str, context: str) -> str:
    """One text of all that is known about a claim: what a first version of such a service would score."""
    return f"{text} {context} {source_id}"
