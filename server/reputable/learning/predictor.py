"""Scores claims with a folded model: no scikit-learn, no state, the same bits for the same input."""

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

from reputable.application.ports import ScoreInput
from reputable.domain.admiralty import AdmiraltyPair, digit_of, letter_of
from reputable.domain.assessments import Basis, Counterfactual, Explanation, Interval, Reliability, Score
from reputable.domain.epochs import PriorEpoch, Recalibration
from reputable.domain.records import TrackRecord
from reputable.learning.explaining import explain
from reputable.learning.features import TextReading, record_features
from reputable.learning.model import FULL, LIGHT, FoldedModel
from reputable.learning.parts import Parts
from reputable.learning.reliability import Z90, Belief
from reputable.learning.special import sigmoid
from reputable.learning.stage import Stage

OUT_OF_DOMAIN_VARIANCE = 1.0
"""Added to the variance of the log-odds where the words are not those of the training text."""
_IDENTITY = Recalibration()


class Prediction(NamedTuple):
    """Everything about one claim before it is put into words."""

    x: list[float]
    reading: TextReading
    form: str
    recalibration: Recalibration
    parts: Parts


class Standpoint(NamedTuple):
    """What a record and an epoch say of every claim of the source alike."""

    features: list[float]
    belief: Belief
    reliability: Reliability
    letter: str


class Predictor:
    """The Scorer port on a folded model; `digest` is the SHA-256 of its manifest."""

    def __init__(self, model: FoldedModel, digest: bytes = bytes(32)) -> None:
        self.model = model
        self._digest = digest
        self._centre_key = context_centre_key(model.version)

    @property
    def version(self) -> str:
        """The model's version."""
        return self.model.version

    @property
    def digest(self) -> bytes:
        """SHA-256 of the manifest."""
        return self._digest

    @property
    def remembers(self) -> bool:
        """Whether it has a full form, which reads the verdict memory."""
        return FULL in self.model.stages

    def score_many(self, items: Sequence[ScoreInput], explanation: Explanation) -> list[Score]:
        """Score claims one after another; what a record says is worked out once."""
        known: dict[tuple[int, int], Standpoint] = {}
        scores = []
        for item in items:
            key = id(item.record), id(item.epoch)
            standpoint = known.get(key)
            if standpoint is None:
                standpoint = known[key] = self._standpoint(item.record, item.epoch)
            scores.append(self._score(item, explanation, standpoint))
        return scores

    def reliability(self, record: TrackRecord, epoch: PriorEpoch) -> Reliability:
        """The source's long-run share of credible claims."""
        return self.model.reliability.of(record, epoch)

    def score(self, item: ScoreInput, explanation: Explanation) -> Score:
        """Score one claim; in the full form where there is a reading of the verdict memory."""
        return self._score(item, explanation, self._standpoint(item.record, item.epoch))

    def _standpoint(self, record: TrackRecord, epoch: PriorEpoch) -> Standpoint:
        belief = self.model.reliability.belief(record, epoch)
        reliability = self.model.reliability.told(record, belief)
        letter = letter_of(reliability.value, reliability.interval.width, reliability.effective_count)
        return Standpoint(record_features(record, epoch), belief, reliability, letter)

    def _score(self, item: ScoreInput, explanation: Explanation, standpoint: Standpoint) -> Score:
        prediction = self._predict(item, standpoint.features)
        record = item.record
        value = prediction.parts.logit()
        credibility = sigmoid(value)
        half = Z90 * sqrt(self._variance(prediction, standpoint.belief.slope_variance))
        interval = Interval(sigmoid(value - half), sigmoid(value + half))
        told = explanation is not Explanation.NONE
        return Score(
            credibility=credibility,
            interval=interval,
            reliability=standpoint.reliability,
            admiralty=AdmiraltyPair(standpoint.letter, digit_of(credibility, interval.width)),
            evidence_count=record.verdict_count,
            basis=self._basis(prediction, record),
            factors=explain(item, prediction.parts, self.model.text) if told else (),
            counterfactual=self._counterfactual(prediction.parts) if explanation is Explanation.FULL else None,
        )

    def predict(self, item: ScoreInput) -> Prediction:
        """The features and the parts of a claim's log-odds."""
        return self._predict(item, record_features(item.record, item.epoch))

    def _predict(self, item: ScoreInput, features: list[float]) -> Prediction:
        memory, epoch = item.memory, item.epoch
        form = LIGHT if memory is None or FULL not in self.model.stages else FULL
        stage = self.model.stages[form]
        reading = self.model.text.read(item.claim.text)
        x = [*features, reading.credible, reading.truth, self._context(item.claim.context, epoch)]
        if form is FULL and memory is not None:
            x.append(memory.value)
        recalibration = epoch.recalibrations.get(self.version, {}).get(form, _IDENTITY)
        return Prediction(x, reading, form, recalibration, _parts(stage, x, recalibration))

    def _context(self, context: str, epoch: PriorEpoch) -> float:
        found = self.model.context.read(context)
        if found is None:
            return 0.0
        return found - epoch.extra.get(self._centre_key, self.model.context_centre)

    def _variance(self, prediction: Prediction, share: float) -> float:
        """Variance of the log-odds, from the coefficients', the log-odds of the source's share, and unknown words."""
        stage = self.model.stages[prediction.form]
        variance = stage.coefficient_variance(prediction.x) + stage.record_gain**2 * share
        if prediction.reading.known_share < self.model.known_limit:
            variance += OUT_OF_DOMAIN_VARIANCE
        return variance * prediction.recalibration.slope**2

    def _basis(self, prediction: Prediction, record: TrackRecord) -> Basis:
        if prediction.reading.known_share < self.model.known_limit:
            return Basis.OUT_OF_DOMAIN
        return Basis.TRACK_RECORD if record.verdict_count else Basis.COLD_START

    def _counterfactual(self, parts: Parts) -> Counterfactual:
        own = parts.track_record + parts.recent_record + parts.checking_history
        said = parts.wording + parts.context + parts.similar_verdicts
        return Counterfactual(sigmoid(parts.logit() - own), sigmoid(parts.logit() - said))


def context_centre_key(version: str) -> str:
    """The name under which an epoch keeps the context head's mean of a model."""
    return f"{version}.context_centre"


def _parts(stage: Stage, x: list[float], recalibration: Recalibration) -> Parts:
    w = stage.weights
    credible, truth = stage.neutral
    base = stage.intercept + w[0] * x[0] + w[8] * credible + w[9] * truth
    record = w[2] * x[2] + w[3] * x[3] + w[4] * x[4]
    recent = w[5] * x[5] + w[6] * x[6]
    checking = w[1] * x[1] + w[7] * x[7]
    wording = w[8] * (x[8] - credible) + w[9] * (x[9] - truth)
    context = w[10] * x[10]
    similar = w[11] * x[11] if len(x) > 11 else 0.0
    raw = base + record + recent + checking + wording + context + similar
    shift = recalibration.intercept + (recalibration.slope - 1.0) * raw
    return Parts(base, record, recent, checking, wording, context, similar, shift)
