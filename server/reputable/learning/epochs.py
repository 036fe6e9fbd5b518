"""Computes prior epochs: base rates, the contexts' mean, and the recalibration on the latest verdicts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from reputable.application.ports import HistoricalVerdict, MemoryReading, ScoreInput, Scorer
from reputable.domain.epochs import PriorEpoch, Recalibration
from reputable.domain.sources import SourceKind
from reputable.domain.times import DAY, Day, Micros, day_of
from reputable.domain.verdicts import CREDIBLE_FROM, Standing
from reputable.learning.history import Example, History
from reputable.learning.memory import USUAL, archive_of, in_order, proven
from reputable.learning.model import FULL, LIGHT
from reputable.learning.predictor import Predictor, context_centre_key
from reputable.learning.recalibration import LATEST, recalibrate
from reputable.learning.recollection import Recollection


class EpochSeries:
    """The epochs of a history under one model, and the claims as they would have been scored.

    With a `recollection` there is a verdict memory too. What was scored once is kept.
    """

    def __init__(self, history: History, predictor: Predictor, recollection: Recollection | None = None) -> None:
        self._history = history
        self._predictor = predictor
        self._recollection = recollection if predictor.remembers else None
        contexts = (predictor.model.context.read(example.verdict.claim.context) for example in history.proven)
        self._contexts = np.array([np.nan if value is None else value for value in contexts], dtype=float)
        self._raw: dict[str, dict[int, float | None]] = {LIGHT: {}, FULL: {}}
        self._plain: dict[Day, PriorEpoch] = {}
        self._whole: dict[Day, PriorEpoch] = {}

    def at(self, day: Day) -> PriorEpoch:
        """The epoch that starts with the day, of the verdicts reviewed before it."""
        if day not in self._whole:
            found = {LIGHT: self._recalibration(day, LIGHT)}
            if self._recollection is not None:
                found[FULL] = self._recalibration(day, FULL)
            self._whole[day] = replace(
                self._without_recalibration(day), recalibrations={self._predictor.version: found}
            )
        return self._whole[day]

    def item(self, example: Example) -> ScoreInput:
        """What the claim is scored from on the day it was made."""
        return self._item(example, self.at(day_of(example.claimed_at)), self._memory_value(example))

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
                extra={context_centre_key(model.version): centre, USUAL: rates.truthfulness},
            )
        return self._plain[day]

    def _recalibration(self, day: Day, form: str) -> Recalibration:
        """Fitted on the latest named verdicts that the model was not trained on."""
        first = self._history.before(self._predictor.model.window_end)
        last = self._history.before(day * DAY)
        proven = self._history.proven
        latest = [index for index in range(last - 1, first - 1, -1) if proven[index].named][:LATEST]
        latest.sort(key=lambda index: (proven[index].claimed_at, index))
        logits = [(index, self._raw_logit(index, form)) for index in latest]
        known = [(index, logit) for index, logit in logits if logit is not None]
        return recalibrate(
            [logit for _, logit in known],
            [(proven[index].verdict.truthfulness or 0.0) >= CREDIBLE_FROM for index, _ in known],
            [float(self._history.weights[index]) for index, _ in known],
        )

    def _raw_logit(self, index: int, form: str) -> float | None:
        """What the form said of the claim when it was made, before recalibration; None without a memory."""
        kept = self._raw[form]
        if index not in kept:
            example = self._history.proven[index]
            value = self._memory_value(example) if form == FULL else None
            item = self._item(example, self._without_recalibration(day_of(example.claimed_at)), value)
            missing = form == FULL and value is None
            kept[index] = None if missing else self._predictor.predict(item).parts.logit()
        return kept[index]

    def _memory_value(self, example: Example) -> float | None:
        return None if self._recollection is None else self._recollection.value(example)

    def _item(self, example: Example, epoch: PriorEpoch, value: float | None) -> ScoreInput:
        record = self._history.record(example.source_id, example.kind, example.claimed_at)
        memory = None if value is None else MemoryReading(value)
        return ScoreInput(example.verdict.claim, record, epoch, memory)


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
                USUAL: start.truthfulness,
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
        scorer = Predictor(scorer.model, scorer.digest)  # One of its own: the other remembers what calls ask it.
        rows = in_order(history)
        kind = SourceKind.UNSPECIFIED
        examples = [
            Example(str(row.revision), row.source_id, kinds.get(row.source_id, kind), row.verdict) for row in rows
        ]
        known = History(examples, scorer.model.start, standings)
        recollection = Recollection(known, archive_of(proven(rows), vectors, standings), vectors) if vectors else None
        series = EpochSeries(known, scorer, recollection)
        memory = None if recollection is None else recollection.memory(day_of(start))
        return replace(
            series.at(day_of(start)),
            number=number,
            revision=revision,
            memory_digest=b"" if memory is None else memory.digest,
        )
