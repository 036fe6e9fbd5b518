"""What a score must beat: each baseline knows only what was reviewed before the claim, or the window."""

from collections import defaultdict
from math import exp, log

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from reputable.domain.times import Micros, day_of
from reputable.learning.preparing import Table

Floats = NDArray[np.float64]
_STRENGTH = 4.0
_ELO_STEP = 0.35
PLAIN = "plain logistic"


class Baselines:
    """Probabilities (n,) for all rows of a table, by method; those that learn do so before a window."""

    def __init__(self, table: Table) -> None:
        self._table = table
        history = table.history
        days = [day_of(moment) for moment in table.claimed_at.tolist()]
        rates = {day: history.rates(day) for day in set(days)}
        records = [history.record(e.source_id, e.kind, e.claimed_at) for e in history.proven]
        self.base = np.array(
            [rates[d].recent if e.named else rates[d].collective for d, e in zip(days, history.proven, strict=True)]
        )
        self._all_time = np.array([rates[d].base for d in days])
        total = np.array([(r.total.weight, r.total.credible) for r in records])
        decayed = np.array([(r.decayed[0].weight, r.decayed[0].credible) for r in records])
        self.counts = total[:, 0]
        self.fixed: dict[str, Floats] = {
            "running base rate": self.base,
            "smoothed source mean": _smoothed(total, self._all_time),
            "source mean with decay": _smoothed(decayed, self.base),
            "Wilson lower bound": _wilson(total, self.base),
            "Elo": self._elo(),
        }

    def learned(self, start: Micros, rows: NDArray[np.intp]) -> dict[str, Floats]:
        """Fitted on what was reviewed before `start`; probabilities for `rows`."""
        table = self._table
        past = np.flatnonzero(table.reviewed_at < start)
        y = table.credible[past]
        texts, contexts = self._vectors("text", past, rows), self._vectors("context", past, rows)
        record = np.column_stack([self.fixed["smoothed source mean"], self._all_time, np.log1p(self.counts)])
        plain = [hstack([texts[k], contexts[k], csr_matrix(record[i])]).tocsr() for k, i in ((0, past), (1, rows))]
        seen = past[~np.isnan(table.X[past, :11]).any(axis=1)]
        boosted = HistGradientBoostingClassifier(max_iter=150, learning_rate=0.05, max_leaf_nodes=8, random_state=0)
        boosted.fit(table.X[seen, :11], table.credible[seen])
        return {
            "constant": np.full(len(rows), y.mean()),
            "text only": _logistic(texts[0], y, texts[1]),
            "context only": _logistic(contexts[0], y, contexts[1]),
            PLAIN: _logistic(plain[0], y, plain[1]),
            "gradient boosting": boosted.predict_proba(table.X[rows, :11])[:, 1],
        }

    def text_only(self, start: Micros) -> tuple[TfidfVectorizer, LogisticRegression]:
        """The text-only baseline fitted on what was reviewed before `start`, for claims of other files."""
        past = np.flatnonzero(self._table.reviewed_at < start)
        vectorizer = TfidfVectorizer(ngram_range=(1, 2))
        texts = vectorizer.fit_transform([self._table.history.proven[i].verdict.claim.text for i in past])
        return vectorizer, LogisticRegression(max_iter=500, solver="liblinear").fit(texts, self._table.credible[past])

    def _vectors(self, field: str, past: NDArray[np.intp], rows: NDArray[np.intp]) -> tuple[csr_matrix, csr_matrix]:
        values = [getattr(example.verdict.claim, field) for example in self._table.history.proven]
        vectorizer = TfidfVectorizer(ngram_range=(1, 2))
        return vectorizer.fit_transform([values[i] for i in past]), vectorizer.transform([values[i] for i in rows])

    def _elo(self) -> Floats:
        """A source's rating goes up with a credible verdict, down with another, by the surprise it was."""
        table = self._table
        reviewed: dict[str, list[tuple[int, int]]] = defaultdict(list)
        claimed: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for index, example in enumerate(table.history.proven):
            reviewed[example.source_id].append((int(table.reviewed_at[index]), index))
            claimed[example.source_id].append((int(table.claimed_at[index]), index))
        found = np.zeros(len(table.credible))
        for source, claims in claimed.items():
            rating, verdicts, done = 0.0, reviewed[source], 0
            for moment, index in sorted(claims):
                while done < len(verdicts) and verdicts[done][0] < moment:
                    at = verdicts[done][1]
                    rating += _ELO_STEP * (float(table.credible[at]) - _shifted(self.base[at], rating))
                    done += 1
                found[index] = _shifted(self.base[index], rating)
        return found


def _shifted(base: float, rating: float) -> float:
    return 1.0 / (1.0 + exp(-(log(base / (1.0 - base)) + rating)))


def _smoothed(tally: Floats, prior: Floats) -> Floats:
    return np.asarray((tally[:, 1] + _STRENGTH * prior) / (tally[:, 0] + _STRENGTH))


def _wilson(tally: Floats, prior: Floats, z: float = 1.96) -> Floats:
    """Lower bound of the share's score interval (Wilson 1927); the prior without a verdict."""
    n = np.maximum(tally[:, 0], 1.0)
    p = tally[:, 1] / n
    bound = (p + z * z / (2 * n) - z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))) / (1 + z * z / n)
    return np.asarray(np.where(tally[:, 0] > 0, np.clip(bound, 1e-3, 1.0 - 1e-3), prior))


def _logistic(past: csr_matrix, y: NDArray[np.bool_], rows: csr_matrix) -> Floats:
    model = LogisticRegression(max_iter=500, solver="liblinear").fit(past, y)
    return np.asarray(model.predict_proba(rows)[:, 1])
