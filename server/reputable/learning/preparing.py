"""Turns verdicts into rows to learn from: each as it stood when its claim was made.

A claim's record holds only verdicts reviewed before it, its priors too, and its text is read by
heads fitted on verdicts reviewed before the first of January of its year. So nothing in a row knows
its future, and the second stage learns how far the heads can be believed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reputable.application.ports import Embedder
from reputable.domain.epochs import PriorEpoch
from reputable.domain.times import DAY, Day, Micros, day_of, from_datetime, to_datetime
from reputable.domain.verdicts import CREDIBLE_FROM
from reputable.learning.features import FULL_FEATURES, record_features
from reputable.learning.heads import Heads, fit_heads
from reputable.learning.history import Example, History, Rates
from reputable.learning.recollection import Recollection, recollect

Floats = NDArray[np.float64]
Report = Callable[[str], None]

MIN_HEAD_EXAMPLES = 150
"""Verdicts that heads are fitted on at the least."""


@dataclass(frozen=True, slots=True)
class Table:
    """One row for each proven example of `history`, in its order.

    X (n, 12) has FULL_FEATURES, NaN where a head was not there yet (and in the memory's column
    without vectors); `contexts` (n,) the context head's log-odds uncentred, NaN for none; `credible`,
    `named` (n,) booleans; `reviewed_at`, `claimed_at` (n,) microseconds; `heads` by year; `recollection` where
    there are vectors.
    """

    history: History
    X: Floats
    contexts: Floats
    credible: NDArray[np.bool_]
    named: NDArray[np.bool_]
    reviewed_at: NDArray[np.int64]
    claimed_at: NDArray[np.int64]
    heads: dict[int, Heads]
    recollection: Recollection | None = None


def january(year: int) -> Micros:
    """The first moment of a year, UTC."""
    return from_datetime(to_datetime(0).replace(year=year))


def year_of(moment: Micros) -> int:
    """The UTC year of a moment."""
    return to_datetime(moment).year


def prepare(examples: Sequence[Example], report: Report = lambda _: None, embedder: Embedder | None = None) -> Table:
    """Prepare the proven examples, with a verdict memory when there is an embedder; `report` is told of each step."""
    history = History(examples)
    proven = history.proven
    claimed = np.array([example.claimed_at for example in proven], dtype=np.int64)
    truth = np.array([example.verdict.truthfulness for example in proven], dtype=float)
    X = np.full((len(proven), len(FULL_FEATURES)), np.nan)
    report("rebuilding the sources' records as of each claim")
    for index, example in enumerate(proven):
        record = history.record(example.source_id, example.kind, example.claimed_at)
        X[index, :8] = record_features(record, epoch_of(history.rates(day_of(example.claimed_at))))
    heads, readings, contexts = _read_out_of_time(history, claimed, X[:, 0], report)
    X[:, 8:10] = readings
    X[:, 10] = _centred(history, contexts, claimed)
    recollection = None
    if embedder is not None:
        report(f"making vectors of {len(proven):,} claims")
        recollection = recollect(history, embedder)
        report("reading the verdict memory as of each claim")
        for index in np.argsort(claimed, kind="stable").tolist():
            value = recollection.value(proven[index])
            X[index, 11] = np.nan if value is None else value
    return Table(
        history=history,
        X=X,
        contexts=contexts,
        credible=truth >= CREDIBLE_FROM,
        named=np.array([example.named for example in proven], dtype=bool),
        reviewed_at=np.array([example.verdict.reviewed_at for example in proven], dtype=np.int64),
        claimed_at=claimed,
        heads=heads,
        recollection=recollection,
    )


def epoch_of(rates: Rates) -> PriorEpoch:
    """An epoch with nothing but rates."""
    return PriorEpoch(
        number=0, base_rate=rates.base, recent_rate=rates.recent, collective_rate=rates.collective
    )  # fmt: skip


def _read_out_of_time(
    history: History, claimed: NDArray[np.int64], priors: Floats, report: Report
) -> tuple[dict[int, Heads], Floats, Floats]:
    proven = history.proven
    readings, contexts = np.full((len(proven), 2), np.nan), np.full(len(proven), np.nan)
    heads: dict[int, Heads] = {}
    years = np.array([year_of(moment) for moment in claimed.tolist()])
    for year in range(int(years.min()), int(years.max()) + 1):
        past = proven[: history.before(january(year))]
        if len(past) < MIN_HEAD_EXAMPLES:
            continue
        report(f"reading the claims of {year} with heads fitted on {len(past):,} verdicts before it")
        heads[year] = fit_heads(past, priors[: len(past)])
        chosen = np.flatnonzero(years == year)
        if len(chosen):
            readings[chosen] = heads[year].read([proven[i].verdict.claim.text for i in chosen])
            contexts[chosen] = heads[year].read_contexts([proven[i].verdict.claim.context for i in chosen])
    return heads, readings, contexts


def _centred(history: History, contexts: Floats, claimed: NDArray[np.int64]) -> Floats:
    """Less the trailing year's mean as of each claim; 0 where there is no context."""
    means: dict[Day, float] = {}
    centred = np.zeros(len(contexts))
    for index, moment in enumerate(claimed.tolist()):
        day = moment // DAY
        if day not in means:
            means[day] = history.recent_mean(contexts, day, 0.0)
        if not np.isnan(contexts[index]):
            centred[index] = contexts[index] - means[day]
    return centred
