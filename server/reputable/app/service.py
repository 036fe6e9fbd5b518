"""The service in one process, put together from its parts."""

import asyncio
import contextlib
import functools
import platform
import time
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

import grpc
import structlog

from reputable import __version__
from reputable.adapters.clock import SystemClock
from reputable.adapters.local_cache import LruCache
from reputable.adapters.names import LetterLore
from reputable.adapters.observing import HonestyMetrics, MetricsObserver, WatchedWrites
from reputable.api import server as grpc_server
from reputable.api.call_log import CallLog
from reputable.api.credibility import CredibilityServicer
from reputable.api.interceptors import Boundary, Deadlines
from reputable.api.models import ModelServicer
from reputable.api.sources import SourceServicer
from reputable.api.track_records import TrackRecordServicer
from reputable.app.ledgers import open_ledger
from reputable.app.opening import Learning, read_tls
from reputable.application.assessing import Assessor
from reputable.application.epochs import EpochKeeper
from reputable.application.finding_sources import SourceFinder
from reputable.application.honesty import HonestyWatch
from reputable.application.listing import VerdictLister
from reputable.application.ports import Ledger
from reputable.application.record_reading import RecordReader
from reputable.application.recording import Recorder
from reputable.application.shared_rows import SharedRows
from reputable.application.track_records import TrackRecordViewer
from reputable.domain.errors import ReputableError
from reputable.domain.times import SECOND
from reputable.metrics import Metrics
from reputable.settings import Settings, SettingsError
from reputable.v1 import credibility_pb2, models_pb2, sources_pb2, track_records_pb2

if TYPE_CHECKING:
    from reputable.adapters.tracing import Tracing

T = TypeVar("T")

ALIVE_SECONDS = 10.0
"""An event loop that has not ticked for longer than this is not alive."""
FOLLOW_SECONDS = 2.0
"""Between looks at which model is chosen."""
EPOCH_SECONDS = 0.5
"""How long the start waits for today's prior epoch; on a large ledger it arrives later."""

_LOG = structlog.get_logger("reputable")
_SERVICES = {
    "credibility": credibility_pb2.DESCRIPTOR.services_by_name["CredibilityService"],
    "track_records": track_records_pb2.DESCRIPTOR.services_by_name["TrackRecordService"],
    "sources": sources_pb2.DESCRIPTOR.services_by_name["SourceService"],
    "models": models_pb2.DESCRIPTOR.services_by_name["ModelService"],
}
_NAMES = [service.full_name for service in _SERVICES.values()]


class App:
    """The service in one process. `start` it in an event loop, and `stop` it in the same."""

    def __init__(self, settings: Settings, learning: Learning, tracing: "Tracing | None" = None) -> None:
        self._settings = settings
        self._learning = learning
        self._tracing = tracing
        self._clock = SystemClock()
        self._cleanup = contextlib.AsyncExitStack()
        self._state = "starting"
        self._built_at = time.perf_counter()
        self._health: grpc_server.Health | None = None
        self._server: grpc.aio.Server | None = None
        self._redis: Any = None
        self._writes: WatchedWrites | None = None
        self._refused = ""
        self._deadlines: Deadlines | None = None
        self.metrics = Metrics(trace_id=tracing.current_trace_id if tracing is not None else None)
        self.port = 0
        self.metrics_port = 0

    async def start(self) -> None:
        """Open everything and serve. What was opened is released by `stop`, also when this raises.

        Raises:
            ReputableError: The ledger or a model cannot be used.
            OSError: An address cannot be listened on, or a file cannot be read.
            SettingsError: What is set needs something that is not installed.
        """
        settings, metrics = self._settings, self.metrics
        if self._tracing is not None:
            self._cleanup.push_async_callback(asyncio.to_thread, self._tracing.close)
        embedded = await self._start_embedded_redis()  # Before gRPC: a process that runs it must not fork.
        ledger = self._traced("ledger", await open_ledger(settings.ledger_url, self._clock))
        self._cleanup.push_async_callback(ledger.close)
        observer = MetricsObserver(metrics)
        ledger.on_commit(observer.committed)
        local = LruCache(settings.local_cache_size)
        self._redis = await self._connect_redis(embedded, ledger)

        names, models = LetterLore(), self._learning.models
        shared = SharedRows(ledger, names, self._learning.priors.genesis(models.active))
        shared.resolver = self._traced("resolver", shared.resolver)
        records = RecordReader(ledger, shared, self._clock)
        await records.start()
        reader = self._traced("reader", records)
        metrics.ledger_revision = records.revision
        self._writes = WatchedWrites(ledger)
        written = cast("Ledger", self._writes)
        keeper = EpochKeeper(
            clock=self._clock, ledger=written, shared=shared, models=models, computer=self._learning.priors
        )
        await self._keep_epochs(keeper)
        assessor = Assessor(
            clock=self._clock, shared=shared, reader=reader, models=self._traced("models", models),
            local=local, cache=self._traced("cache", self._redis), observer=observer,
        )  # fmt: skip
        recorder = Recorder(clock=self._clock, ledger=written, shared=shared, names=names)
        viewer = TrackRecordViewer(clock=self._clock, ledger=ledger, shared=shared, reader=reader, models=models)
        honesty = HonestyMetrics(metrics)
        honesty.expect(models.active.version)
        self._in_background(
            HonestyWatch(
                clock=self._clock, ledger=ledger, shared=shared, reader=records, models=models, observer=honesty
            ).run()
        )
        self._in_background(self._follow_models())
        self._describe(local)
        await self._serve_grpc(
            {
                "credibility": CredibilityServicer(assessor),
                "track_records": TrackRecordServicer(self._clock, recorder, viewer, VerdictLister(ledger, shared)),
                "sources": SourceServicer(SourceFinder(ledger, shared), recorder),
                "models": ModelServicer(models),
            }
        )
        self._serve_metrics()
        self._state = "serving"
        seconds = round(time.perf_counter() - self._built_at, 3)
        _LOG.info("serving", port=self.port, metrics_port=self.metrics_port, seconds=seconds, **self.ready()[1])

    async def drain(self) -> None:
        """Say NOT_SERVING, so that callers go elsewhere; calls are still taken."""
        self._state = "draining"
        if self._health is not None:
            await self._health.set_serving(serving=False)

    async def stop(self) -> None:
        """Take no more calls, let those under way end within the grace, release everything."""
        await self.drain()
        if self._server is not None:
            await self._server.stop(self._settings.grace_seconds)
        await self._cleanup.aclose()
        self._state = "stopped"

    def _traced(self, part: str, target: T) -> T:
        return target if self._tracing is None or target is None else self._tracing.around(part, target)

    async def _start_embedded_redis(self) -> str:
        """The URL of the embedded server; empty where none is wanted or to be had."""
        if self._settings.redis_url != "embedded":
            return ""
        from reputable.adapters.embedded_redis import EmbeddedRedis, EmbeddedRedisError

        try:
            embedded = EmbeddedRedis(self._settings.redis_memory_mb)
            self._cleanup.push_async_callback(embedded.stop)
            await embedded.start()
        except (EmbeddedRedisError, OSError) as error:
            _LOG.warning("no_embedded_redis", message=str(error))
            return ""
        return embedded.url

    async def _connect_redis(self, embedded: str, ledger: Ledger) -> Any:  # noqa: ANN401 - imported late.
        settings = self._settings
        if (url := embedded if settings.redis_url == "embedded" else settings.redis_url) in {"", "off"}:
            return None
        from reputable.adapters.redis_cache import RedisCache

        secret, expiry = ledger.identity.cache_key, settings.redis_expiry_seconds
        cache = RedisCache(url, secret, self.metrics, expiry_seconds=expiry)
        self._cleanup.push_async_callback(cache.close)
        await cache.start()
        self.metrics.gauge("reputable_redis_up", lambda: float(cache.reachable))
        return cache

    async def _keep_epochs(self, keeper: EpochKeeper) -> None:
        """Wait a little for today's epoch, then keep epochs in the background."""
        first = self._in_background(keeper.ensure_today())
        await asyncio.wait({first}, timeout=EPOCH_SECONDS)
        self._in_background(keeper.run())

    async def _follow_models(self) -> None:
        """Activate what another process, or a person, wrote into the folder of models."""
        while True:
            await asyncio.sleep(FOLLOW_SECONDS)
            try:
                await asyncio.to_thread(self._learning.follow)
                self._refused = ""
            except ReputableError as error:
                if error.message != self._refused:
                    _LOG.error("model_refused", message=error.message, stays=self._learning.models.active.version)
                self._refused = error.message

    def _in_background(self, work: Coroutine[Any, Any, object]) -> "asyncio.Task[object]":
        """Run until it ends or the service does."""
        task = asyncio.get_running_loop().create_task(work)

        async def end() -> None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

        task.add_done_callback(_log_failure)
        self._cleanup.push_async_callback(end)
        return task

    def _describe(self, local: LruCache) -> None:
        metrics, models = self.metrics, self._learning.models
        metrics.build = {
            "version": __version__,
            "python": platform.python_version(),
            "grpc": grpc.__version__,
            "transport": self._settings.transport,
        }
        metrics.models = lambda: {"version": models.active.version, "digest": models.active.digest.hex()[:16]}
        trained_until = functools.lru_cache(lambda version: models.describe(version).window_end / SECOND)
        metrics.gauge("reputable_model_trained_until_seconds", lambda: trained_until(models.active.version))
        metrics.gauge("reputable_model_refused", lambda: float(bool(self._refused)))
        metrics.gauge("reputable_ledger_writable", lambda: float(self._writes is not None and self._writes.well))
        metrics.gauge("reputable_local_cache_scores", lambda: len(local))

    async def _serve_grpc(self, servicers: Mapping[str, object]) -> None:
        settings = self._settings
        transport = grpc_server.Transport(
            kind=settings.transport,
            tls=read_tls(settings),
            idle_seconds=settings.connection_idle_seconds,
            max_age_seconds=settings.connection_age_seconds,
            share_port=settings.share_port,
        )
        try:
            server = grpc_server.make_server(transport)
        except ImportError as error:
            raise SettingsError("transport fast is not installed: pip install 'reputable[fast]'") from error
        deadlines = self._deadlines = Deadlines(self.metrics)
        self.metrics.gauge("reputable_calls_in_progress", lambda: len(deadlines))
        self._in_background(deadlines.run())
        boundary = Boundary(
            self.metrics,
            deadlines,
            CallLog(settings.log_calls, self.metrics.trace_id),
            self._tracing.server_span if self._tracing is not None else None,
        )
        grpc_server.register(server, boundary, {_SERVICES[name]: servicers[name] for name in _SERVICES})
        self._health = grpc_server.Health(server, _NAMES)
        if settings.reflection:
            grpc_server.enable_reflection(server, _NAMES)
        self.port = grpc_server.listen(server, settings.address, transport.tls)
        await self._health.set_serving(serving=True)
        self._server = server
        await server.start()

    def _serve_metrics(self) -> None:
        address = self._settings.metrics_address
        if address == "off":
            return
        from reputable.adapters.metrics_server import MetricsServer

        try:
            server = MetricsServer(address, self.metrics.registry(), self.alive, self.ready)
        except OSError as error:
            raise grpc_server.cannot_listen(address) from error
        self._cleanup.push_async_callback(asyncio.to_thread, server.close)
        self.metrics_port = server.port

    def alive(self) -> tuple[bool, Mapping[str, str]]:
        """Whether the event loop turns; asked from another thread."""
        silent = time.perf_counter() - (0.0 if self._deadlines is None else self._deadlines.ticked_at)
        return silent < ALIVE_SECONDS, {"event_loop": f"last tick {silent:.1f} s ago"}

    def ready(self) -> tuple[bool, Mapping[str, str]]:
        """Whether calls are wanted, and how the parts are; Redis being away is no reason not to be."""
        redis = "off" if self._redis is None else "up" if self._redis.reachable else "unreachable"
        facts = {
            "state": self._state,
            "redis": redis,
            "ledger": "not open" if self._writes is None else self._writes.problem or "writable",
            "ledger_revision": str(self.metrics.ledger_revision),
            "model": self._learning.models.active.version + (f"; refused: {self._refused}" if self._refused else ""),
        }
        return self._state == "serving", facts


def _log_failure(task: "asyncio.Task[object]") -> None:
    if not task.cancelled() and task.exception() is not None:
        _LOG.error("background_work_failed", exc_info=task.exception())
