"""Puts the application's verbs together over a ledger, models and caches."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, cast

import structlog

from reputable.adapters.local_cache import LruCache
from reputable.adapters.names import LetterLore
from reputable.adapters.observing import HonestyMetrics, MetricsObserver, WatchedWrites
from reputable.app.caches import SharedCaches
from reputable.app.opening import Learning
from reputable.app.resources import Resources
from reputable.application.assessing import Assessor
from reputable.application.epochs import EpochKeeper
from reputable.application.finding_sources import SourceFinder
from reputable.application.honesty import HonestyWatch
from reputable.application.listing import VerdictLister
from reputable.application.ports import Clock, Ledger
from reputable.application.record_reading import RecordReader
from reputable.application.recording import Recorder
from reputable.application.remembering import Memories
from reputable.application.shared_rows import SharedRows
from reputable.application.track_records import TrackRecordViewer
from reputable.application.vectors import MOST_HELD, Vectors
from reputable.domain.epochs import PriorEpoch
from reputable.domain.errors import ReputableError
from reputable.metrics import Metrics

if TYPE_CHECKING:
    from reputable.adapters.tracing import Tracing

T = TypeVar("T")

_LOG = structlog.get_logger("reputable")

EPOCH_SECONDS = 0.5
"""How long the start waits for today's prior epoch; on a large ledger it arrives later."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What the verbs stand on."""

    clock: Clock
    ledger: Ledger
    learning: Learning
    local: LruCache | None
    caches: SharedCaches
    metrics: Metrics
    tracing: "Tracing | None" = None

    def traced(self, part: str, target: T) -> T:
        """`target` with spans around its methods, where traces are wanted."""
        return target if self.tracing is None or target is None else self.tracing.around(part, target)


class Verbs:
    """Assessing, recording, showing; ready once `start` has returned."""

    def __init__(self, ground: Ground) -> None:
        clock, models, priors = ground.clock, ground.learning.models, ground.learning.priors
        ledger = ground.traced("ledger", ground.ledger)
        names, observer = LetterLore(), MetricsObserver(ground.metrics)
        ledger.on_commit(observer.committed)
        self._ground = ground
        self.writes = WatchedWrites(ledger)
        written = cast("Ledger", self.writes)
        shared = self._shared = SharedRows(ledger, names, priors.genesis(models.active))
        shared.resolver = ground.traced("resolver", shared.resolver)
        self._records = RecordReader(ledger, shared, clock)
        reader = ground.traced("reader", self._records)
        self._memories = self._remembering(ledger, shared)
        self.assessor = Assessor(
            clock=clock, shared=shared, reader=reader, models=ground.traced("models", models),
            local=ground.local, cache=ground.traced("cache", ground.caches.scores), observer=observer,
            memories=ground.traced("memories", self._memories),
        )  # fmt: skip
        self.recorder = Recorder(clock=clock, ledger=written, shared=shared, names=names)
        self.viewer = TrackRecordViewer(clock=clock, ledger=ledger, shared=shared, reader=reader, models=models)
        self.lister = VerdictLister(ledger, shared)
        self.finder = SourceFinder(ledger, shared)
        self._keeper = EpochKeeper(
            clock=clock, ledger=written, shared=shared, models=models, computer=priors,
            on_failure=lambda error: self._failed("prior_epoch", error), memories=self._memories,
        )  # fmt: skip
        self._honesty = HonestyMetrics(ground.metrics)
        self._watch = HonestyWatch(
            clock=clock, ledger=ledger, shared=shared, reader=self._records, models=models,
            observer=self._honesty, memories=self._memories,
        )  # fmt: skip

    @property
    def epoch(self) -> PriorEpoch:
        """The prior epoch that scores are made with now."""
        return self._shared.latest_epoch

    def _remembering(self, ledger: Ledger, shared: SharedRows) -> Memories | None:
        builder = self._ground.learning.memory
        if builder is None:
            return None
        most = MOST_HELD if self._ground.local is not None else 0
        vectors = Vectors(builder.embedder, self._ground.caches.vectors, most)
        return Memories(
            ledger=ledger, shared=shared, builder=builder, vectors=vectors,
            on_failure=lambda error: self._failed("verdict_memory", error),
        )  # fmt: skip

    async def start(self, resources: Resources) -> None:
        """Learn where the ledger stands, wait a little for today's epoch, then keep both up in the background.

        Raises LedgerUnavailable.
        """
        if self._memories is not None:
            resources.closed_by(self._memories.close)
        await self._records.start()
        self._ground.metrics.ledger_revision = self._records.revision
        first = resources.run(self._keeper.attempt())
        await asyncio.wait({first}, timeout=EPOCH_SECONDS)
        resources.run(self._keeper.run())
        self._honesty.expect(self._ground.learning.models.active.version)
        resources.run(self._watch.run())

    def _failed(self, work: str, error: BaseException) -> None:
        """Count and log a failure in the background: a refusal of ours by its message, which holds no claim's words."""
        self._ground.metrics.background_failures[work] += 1
        if isinstance(error, ReputableError):
            _LOG.warning(f"{work}_failed", message=error.message)
        else:
            _LOG.error(f"{work}_failed", exc_info=error)
