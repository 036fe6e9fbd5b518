"""What a caller leaves out must not move the score: each optional field is left out of a whole window."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from benchmarks.quality.windows import Window, credibilities, items_of, logits, served
from reputable.domain.claims import Claim
from reputable.learning.epochs import EpochSeries
from reputable.learning.history import Example, History
from reputable.learning.preparing import Table
from reputable.learning.scoring_rules import brier

FIELDS: dict[str, tuple[Callable[[Claim], Claim], Callable[[Claim], Claim]]] = {
    "topics": (lambda c: replace(c, topics=("economy",)), lambda c: replace(c, topics=())),
    "via": (lambda c: replace(c, via=("A newspaper",)), lambda c: replace(c, via=())),
    "language": (lambda c: replace(c, language="en"), lambda c: replace(c, language="")),
    "time said": (lambda c: c, lambda c: replace(c, claimed_at=None)),
}
"""How a field is given (where the file lacks it, the same on every claim) and how it is left out."""


class Moved(NamedTuple):
    """What leaving the field out does on average: to the log-odds (either way), and to the Brier score."""

    log_odds: float
    brier: float


def absence(table: Table, windows: Sequence[Window]) -> dict[str, dict[int, Moved]]:
    """By field and window, named sources, in the form that is served."""
    found: dict[str, dict[int, Moved]] = {field: {} for field in ("context", *FIELDS)}
    for window in windows:
        found["context"][window.year] = _context(table, window)
        for field, (given, left_out) in FIELDS.items():
            with_it = [replace(item, claim=given(item.claim)) for item in window.items]
            without = [replace(item, claim=left_out(item.claim)) for item in window.items]
            found[field][window.year] = _moved(
                window, credibilities(window.predictor, with_it), credibilities(window.predictor, without)
            )
    return found


def worst(moved: dict[str, dict[int, Moved]]) -> Moved:
    """The largest of each over fields and windows."""
    every = [each for windows in moved.values() for each in windows.values()]
    return Moved(max(abs(each.log_odds) for each in every), max(each.brier for each in every))


def _context(table: Table, window: Window) -> Moved:
    """Without a context on any claim of the window, nor on its verdicts when they enter the records and epochs."""
    blank = set(window.rows.tolist())
    examples = [_blank(example) if i in blank else example for i, example in enumerate(table.history.proven)]
    series = EpochSeries(History(examples), window.predictor, table.recollection)
    items = items_of(series, [examples[i] for i in window.rows.tolist()])
    return _moved(window, window.probabilities[served(window)], credibilities(window.predictor, items))


def _blank(example: Example) -> Example:
    claim = replace(example.verdict.claim, context="")
    return replace(example, verdict=replace(example.verdict, claim=claim))


def _moved(window: Window, before: np.ndarray, after: np.ndarray) -> Moved:
    p, q, y = before[window.named], after[window.named], window.credible[window.named]
    return Moved(float((logits(q) - logits(p)).mean()), brier(q, y) - brier(p, y))
