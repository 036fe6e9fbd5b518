"""LIAR (Wang 2017): its own splits, six classes, for comparison with what was published.

The published features hold each speaker's counts of earlier verdicts by class, which include the
very row to be classified, and its future. Records here hold only verdicts of earlier days.
"""

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from reputable.learning.heads import MIN_CLAIMS
from reputable.learning.text import claim_ngrams, context_ngrams

LABELS = ("pants-fire", "false", "barely-true", "half-true", "mostly-true", "true")
PUBLISHED = {"Wang 2017": 0.274, "Kirilin and Strube 2018": 0.457, "Xu and Kechadi 2023": 0.465}
_COUNTS = slice(8, 13)
_STRENGTH = 4.0
_C = 0.5

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of LIAR; `counts` as published, `day` as ISO 8601, "" when it is not known."""

    text: str
    speaker: str
    context: str
    label: int
    counts: tuple[float, ...]
    day: str


def read(folder: Path) -> dict[str, list[Row]]:
    """The splits train, valid and test."""
    with (folder / "liar_id_dates.csv").open(encoding="utf-8", newline="") as file:
        days = {row[0]: row[1] for row in csv.reader(file)}
    return {name: _rows(folder / f"{name}.tsv", days) for name in ("train", "valid", "test")}


def _rows(path: Path, days: dict[str, str]) -> list[Row]:
    found = []
    with path.open(encoding="utf-8", newline="") as file:
        for cells in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            counts = tuple(float(cell or 0) for cell in cells[_COUNTS])
            label = LABELS.index(cells[1])
            found.append(Row(cells[2], cells[4], cells[13], label, counts, days.get(cells[0], "")))
    return found


def accuracies(splits: dict[str, list[Row]]) -> dict[str, float]:
    """Accuracy on the test split, six classes: with records of earlier days, and with the published counts."""
    train, test = splits["train"] + splits["valid"], splits["test"]
    texts = TfidfVectorizer(analyzer=claim_ngrams, sublinear_tf=True, min_df=MIN_CLAIMS)
    contexts = TfidfVectorizer(analyzer=context_ngrams, min_df=MIN_CLAIMS)
    known = hstack([texts.fit_transform([r.text for r in train]), contexts.fit_transform([r.context for r in train])])
    new = hstack([texts.transform([r.text for r in test]), contexts.transform([r.context for r in test])])
    words = (known, new)
    y, wanted = [row.label for row in train], [row.label for row in test]
    earlier = earlier_shares(train + test)
    published = np.array([_shares(np.array(row.counts)) for row in train + test])
    return {
        "words and context": _accuracy(words, None, y, wanted),
        "default features": _accuracy(words, earlier, y, wanted),
        "with the published counts": _accuracy(words, published, y, wanted),
    }


def earlier_shares(rows: Sequence[Row]) -> Floats:
    """Each speaker's smoothed share of each class, and log1p of the count, in verdicts of earlier days; (n, 7)."""
    by_speaker: dict[str, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        by_speaker[row.speaker].append(index)
    found = np.zeros((len(rows), len(LABELS) + 1))
    for indices in by_speaker.values():
        for index in indices:
            earlier = [rows[i].label for i in indices if rows[i].day and rows[i].day < rows[index].day]
            found[index] = _shares(np.bincount(earlier, minlength=len(LABELS)).astype(float))
    return found


def _shares(counts: Floats) -> Floats:
    total = counts.sum()
    shares = (counts + _STRENGTH / len(counts)) / (total + _STRENGTH)
    return np.append(shares, np.log1p(total))


def _accuracy(words: Sequence[csr_matrix], record: Floats | None, y: Sequence[int], wanted: Sequence[int]) -> float:
    known, new = words
    if record is not None:
        scaled = make_pipeline(StandardScaler()).fit(record[: len(y)]).transform(record)
        known, new = hstack([known, csr_matrix(scaled[: len(y)])]), hstack([new, csr_matrix(scaled[len(y) :])])
    model = LogisticRegression(C=_C, max_iter=300).fit(known.tocsr(), y)
    return float(np.mean(model.predict(new.tocsr()) == np.array(wanted)))
