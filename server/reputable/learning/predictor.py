"""Scores claims with a folded model: no scikit-learn, the same bits for the same input."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
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
from reputable.learning.reliability import Z90
from reputable.learning.special import sigmoid
from reputable.learning.stage import Anchor, Stage

OUT_OF_DOMAIN_VARIANCE = 1.0
"""Added to the variance of the log-odds where the words are not those of the training text."""
MOST_SIDES = 4_096
"""Records whose side of a score is kept, the first to come being the first to go."""
MOST_CONTEXTS = 1_024
"""Contexts whose reading is kept: claims share most of them."""
_IDENTITY = Recalibration()


class Prediction(NamedTuple):
    """Everything about one claim before it is put into words."""

    x: list[float]
    reading: TextReading
    form: str
    recalibration: Recalibration
    parts: Parts


@dataclass(frozen=True, slots=True)
class Side:
    """What a source's record says under an epoch, whatever is claimed; `anchors` by form."""

    record: TrackRecord
    epoch: PriorEpoch
    features: list[float]
    reliability: Reliability
    letter: str
    share_variance: float
    anchors: Mapping[str, Anchor]


class Predictor:
    """The Scorer port on a folded model; `digest` is the SHA-256 of its manifest."""

    def __init__(self, model: FoldedModel, digest: bytes = bytes(32)) -> None:
        self.model = model
        self._digest = digest
        self._centre_key = context_centre_key(model.version)
        self._sides: dict[int, Side] = {}
        self._contexts = lru_cache(maxsize=MOST_CONTEXTS)(model.context.read)

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
        """Score claims one after another."""
        return [self.score(item, explanation) for item in items]

    def reliability(self, record: TrackRecord, epoch: PriorEpoch) -> Reliability:
        """The source's long-run share of credible claims."""
        return self.model.reliability.of(record, epoch)

    def score(self, item: ScoreInput, explanation: Explanation) -> Score:
        """Score one claim; in the full form where there is a reading of the verdict memory."""
        prediction = self.predict(item)
        record = item.record
        value = prediction.parts.logit()
        credibility = sigmoid(value)
        side = self._side(record, item.epoch)
        half = Z90 * sqrt(self._variance(prediction, side))
        interval = Interval(sigmoid(value - half), sigmoid(value + half))
        told = explanation is not Explanation.NONE
        return Score(
            credibility=credibility,
            interval=interval,
            reliability=side.reliability,
            admiralty=AdmiraltyPair(side.letter, digit_of(credibility, interval.width)),
            evidence_count=record.verdict_count,
            basis=self._basis(prediction, record),
            factors=explain(item, prediction.parts, self.model.text) if told else (),
            counterfactual=self._counterfactual(prediction.parts) if explanation is Explanation.FULL else None,
        )

    def predict(self, item: ScoreInput) -> Prediction:
        """The features and the parts of a claim's log-odds."""
        memory, epoch = item.memory, item.epoch
        form = LIGHT if memory is None or FULL not in self.model.stages else FULL
        stage = self.model.stages[form]
        reading = self.model.text.read(item.claim.text)
        x = [
            *self._side(item.record, epoch).features,
            reading.credible,
            reading.truth,
            self._context(item.claim.context, epoch),
        ]
        if form is FULL and memory is not None:
            x.append(memory.value)
        recalibration = epoch.recalibrations.get(self.version, {}).get(form, _IDENTITY)
        return Prediction(x, reading, form, recalibration, _parts(stage, x, recalibration))

    def _context(self, context: str, epoch: PriorEpoch) -> float:
        found = self._contexts(context)
        if found is None:
            return 0.0
        return found - epoch.extra.get(self._centre_key, self.model.context_centre)

    def _side(self, record: TrackRecord, epoch: PriorEpoch) -> Side:
        """Made once for each record that is scored again and again."""
        side = self._sides.get(id(record))
        if side is not None and side.record is record and side.epoch is epoch:
            return side
        features = record_features(record, epoch)
        belief = self.model.reliability.belief(record, epoch)
        reliability = self.model.reliability.told(record, belief)
        side = Side(
            record=record,
            epoch=epoch,
            features=features,
            reliability=reliability,
            letter=letter_of(reliability.value, reliability.interval.width, reliability.effective_count),
            share_variance=belief.slope_variance,
            anchors={form: stage.anchor(features) for form, stage in self.model.stages.items()},
        )
        self._sides[id(record)] = side
        if len(self._sides) > MOST_SIDES:
            self._sides.pop(next(iter(self._sides)), None)
        return side

    def _variance(self, prediction: Prediction, side: Side) -> float:
        """Variance of the log-odds, from the coefficients', the log-odds of the source's share, and unknown words."""
        form = prediction.form
        stage = self.model.stages[form]
        variance = stage.coefficient_variance(side.anchors[form], prediction.x[len(side.features) :])
        variance += stage.record_gain**2 * side.share_variance
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
