"""Computes prior epochs: base rates, the contexts' mean, and the recalibration on the latest verdicts."""

from collections.abc import Mapping, Sequence

import numpy as np

from reputable.application.ports import HistoricalVerdict, ScoreInput, Scorer
from reputable.domain.epochs import PriorEpoch, Recalibration
from reputable.domain.sources import SourceKind
from reputable.domain.times import DAY, Day, Micros, day_of
from reputable.domain.verdicts import CREDIBLE_FROM, Standing
from reputable.learning.history import Example, History
from reputable.learning.model import LIGHT
from reputable.learning.predictor import Predictor, context_centre_key
from reputable.learning.recalibration import LATEST, recalibrate


class EpochSeries:
    """The epochs of a history under one model; what was scored once is kept."""

    def __init__(self, history: History, predictor: Predictor) -> None:
        self._history = history
        self._predictor = predictor
        contexts = (predictor.model.context.read(example.verdict.claim.context) for example in history.proven)
        self._contexts = np.array([np.nan if value is None else value for value in contexts], dtype=float)
        self._raw: dict[int, float] = {}
        self._plain: dict[Day, PriorEpoch] = {}

    def at(self, day: Day, *, number: int = 1, revision: int = 0) -> PriorEpoch:
        """The epoch that starts with the day, of the verdicts reviewed before it."""
        plain = self._without_recalibration(day)
        found = self._recalibration(day)
        return PriorEpoch(
            number=number,
            start=day * DAY,
            revision=revision,
            base_rate=plain.base_rate,
            recent_rate=plain.recent_rate,
            collective_rate=plain.collective_rate,
            recalibrations={self._predictor.version: {LIGHT: found}},
            extra=plain.extra,
        )

    def _without_recalibration(self, day: Day) -> PriorEpoch:
        if day not in self._plain:
            rates, model = self._history.rates(day), self._predictor.model
            centre = self._history.recent_mean(self._contexts, day, model.context_centre)
            self._plain[day] = PriorEpoch(
                number=1,
                start=day * DAY,
                base_rate=rates.base,
                recent_rate=rates.recent,
                collective_rate=rates.collective,
                extra={context_centre_key(model.version): centre, "recent_truthfulness": rates.truthfulness},
            )
        return self._plain[day]

    def _recalibration(self, day: Day) -> Recalibration:
        """Fitted on the latest named verdicts that the model was not trained on."""
        first = self._history.before(self._predictor.model.window_end)
        last = self._history.before(day * DAY)
        latest: list[int] = []
        for index in range(last - 1, first - 1, -1):
            if self._history.proven[index].named:
                latest.append(index)
            if len(latest) == LATEST:
                break
        outcomes = [self._credible(index) for index in latest]
        return recalibrate([self._raw_logit(index) for index in latest], outcomes)

    def _credible(self, index: int) -> bool:
        return (self._history.proven[index].verdict.truthfulness or 0.0) >= CREDIBLE_FROM

    def _raw_logit(self, index: int) -> float:
        """What the model said of the claim when it was made, before recalibration."""
        if index not in self._raw:
            example = self._history.proven[index]
            item = self._item(example)
            self._raw[index] = self._predictor.predict(item).parts.logit()
        return self._raw[index]

    def _item(self, example: Example) -> ScoreInput:
        record = self._history.record(example.source_id, example.kind, example.claimed_at)
        return ScoreInput(example.verdict.claim, record, self._without_recalibration(day_of(example.claimed_at)))


class EpochComputer:
    """The PriorComputer port."""

    def genesis(self, scorer: Scorer) -> PriorEpoch:
        """Epoch 0: the rates at the end of the model's training."""
        if not isinstance(scorer, Predictor):
            return PriorEpoch(number=0)
        start = scorer.model.start
        return PriorEpoch(
            number=0,
            base_rate=start.base,
            recent_rate=start.recent,
            collective_rate=start.collective,
            extra={
                context_centre_key(scorer.version): scorer.model.context_centre,
                "recent_truthfulness": start.truthfulness,
            },
        )

    def compute(
        self,
        *,
        number: int,
        start: Micros,
        revision: int,
        history: Sequence[HistoricalVerdict],
        kinds: Mapping[str, SourceKind],
        scorer: Scorer,
        standings: Mapping[str, Standing] | None = None,
        vectors: Mapping[str, bytes] | None = None,
    ) -> PriorEpoch:
        """The epoch that starts at `start`, of the verdicts reviewed before it."""
        if not isinstance(scorer, Predictor):
            return PriorEpoch(number=number, start=start, revision=revision)
        examples = [
            Example(str(row.revision), row.source_id, kinds.get(row.source_id, SourceKind.UNSPECIFIED), row.verdict)
            for row in history
        ]
        series = EpochSeries(History(examples, scorer.model.start), scorer)
        return series.at(day_of(start), number=number, revision=revision)
