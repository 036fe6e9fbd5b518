"""Scores past claims as the service would have, then compares with what checking found.

The model stays; records and prior epochs move on as verdicts are reviewed. Records, epochs, features
and the predictor are those of serving.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from reputable.application.ports import Embedder, ScoreInput
from reputable.domain.assessments import Explanation, Score
from reputable.domain.times import Micros, day_of
from reputable.domain.verdicts import CREDIBLE_FROM
from reputable.learning.epochs import EpochSeries
from reputable.learning.features import prior_rates
from reputable.learning.history import Example, History
from reputable.learning.predictor import Predictor
from reputable.learning.recollection import recollect
from reputable.learning.scoring_rules import summary

SOURCE_STRENGTH = 4.0
"""Verdicts that the base rate weighs in the smoothed source mean."""
PREDICTION_COLUMNS = ("id", "credibility", "lower", "upper", "evidence_count", "basis")
KNOWN_SOURCE = 5
"""Verdicts from which on a source counts as well known in the report."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """One claim's score as it would have been given, with the simple baselines' probabilities."""

    example: Example
    score: Score
    base_rate: float
    source_mean: float

    def row(self) -> tuple[str, str, str, str, int, str]:
        """PREDICTION_COLUMNS; probabilities exact."""
        score = self.score
        return (
            self.example.id, repr(score.credibility), repr(score.interval.lower), repr(score.interval.upper),
            score.evidence_count, score.basis.value,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Evaluation:
    """`figures` maps a group of claims to a method to its figures (see scoring_rules.summary)."""

    predictions: list[Prediction]
    figures: dict[str, dict[str, dict[str, float]]]


def evaluate(
    examples: Sequence[Example],
    start: Micros,
    predictor: Predictor,
    report: Callable[[int, int], None] | None = None,
    embedder: Embedder | None = None,
    explanation: Explanation = Explanation.NONE,
) -> Evaluation:
    """Score every claim made at or after `start`; the others only fill the records, and the verdict memory.

    With an embedder the full form scores, where the model has one; without, the light form. `report`
    is told how many of how many are done.
    """
    history = History(examples, predictor.model.start)
    recollection = None if embedder is None or not predictor.remembers else recollect(history, embedder, start)
    series = EpochSeries(history, predictor, recollection)
    chosen = [example for example in examples if example.claimed_at >= start]
    scores: dict[int, Prediction] = {}
    for number, index in enumerate(sorted(range(len(chosen)), key=lambda index: chosen[index].claimed_at), start=1):
        scores[index] = _predict(series.item(chosen[index]), chosen[index], predictor, explanation)
        if report is not None and (number % 100 == 0 or number == len(chosen)):
            report(number, len(chosen))
    predictions = [scores[index] for index in range(len(chosen))]
    constant = history.rates(day_of(start)).base
    return Evaluation(predictions, _figures(predictions, constant))


def _predict(item: ScoreInput, example: Example, predictor: Predictor, explanation: Explanation) -> Prediction:
    record = item.record
    score = predictor.score(item, explanation)
    prior, recent = prior_rates(record.kind, item.epoch)
    mean = (record.total.credible + SOURCE_STRENGTH * prior) / (record.total.weight + SOURCE_STRENGTH)
    return Prediction(example, score, recent, mean)


def _figures(predictions: Sequence[Prediction], constant: float) -> dict[str, dict[str, dict[str, float]]]:
    proven = [p for p in predictions if p.example.verdict.truthfulness is not None]
    groups: dict[str, Callable[[Prediction], bool]] = {
        "named sources": lambda p: p.example.named,
        f"named, {KNOWN_SOURCE} verdicts or more": lambda p: p.example.named and p.score.evidence_count >= KNOWN_SOURCE,
        "named, never seen": lambda p: p.example.named and p.score.evidence_count == 0,
        "crowd sources": lambda p: not p.example.named,
        "all": lambda _: True,
    }
    methods: dict[str, Callable[[Prediction], float]] = {
        "reputable": lambda p: p.score.credibility,
        "constant": lambda _: constant,
        "running base rate": lambda p: p.base_rate,
        "smoothed source mean": lambda p: p.source_mean,
    }
    figures: dict[str, dict[str, dict[str, float]]] = {}
    for group, belongs in groups.items():
        members = [p for p in proven if belongs(p)]
        y = np.array([(p.example.verdict.truthfulness or 0.0) >= CREDIBLE_FROM for p in members], dtype=bool)
        figures[group] = {
            method: summary(np.array([value(p) for p in members], dtype=float), y) for method, value in methods.items()
        }
    return figures
