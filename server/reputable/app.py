"""The composition root: the only place that knows concrete classes. Builds, starts and stops the service."""

import asyncio
import contextlib
import platform
import sys
import time
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import grpc
import structlog

from reputable import __version__
from reputable.adapters.clock import SystemClock
from reputable.adapters.local_cache import LruCache
from reputable.adapters.names import LetterLore
from reputable.adapters.observing import MetricsObserver
from reputable.api import server as grpc_server
from reputable.api.call_log import CallLog
from reputable.api.credibility import CredibilityServicer
from reputable.api.interceptors import Boundary, Deadlines
from reputable.api.models import ModelServicer
from reputable.api.sources import SourceServicer
from reputable.api.track_records import TrackRecordServicer
from reputable.application.assessing import Assessor
from reputable.application.epochs import EpochKeeper
from reputable.application.finding_sources import SourceFinder
from reputable.application.foreseeing import Foresight
from reputable.application.listing import VerdictLister
from reputable.application.ports import Ledger, LedgerReader, ModelShelf, PriorComputer
from reputable.application.record_reading import RecordReader
from reputable.application.recording import Recorder
from reputable.application.shared_rows import SharedRows
from reputable.application.track_records import TrackRecordViewer
from reputable.domain.errors import LedgerUnavailable
from reputable.domain.times import SECOND
from reputable.metrics import Metrics
from reputable.settings import Settings, SettingsError
from reputable.v1 import credibility_pb2, models_pb2, sources_pb2, track_records_pb2

ALIVE_SECONDS = 10.0
"""An event loop that has not ticked for longer than this is not alive."""
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


@dataclass(frozen=True, slots=True)
class Learning:
    """What learning provides: the models that there are and what computes priors."""

    models: ModelShelf
    priors: PriorComputer


class App:
    """The service in one process. `start` it in an event loop, and `stop` it in the same."""

    def __init__(self, settings: Settings, learning: Learning) -> None:
        self._settings = settings
        self._learning = learning
        self._clock = SystemClock()
        self._cleanup = contextlib.AsyncExitStack()
        self._state = "starting"
        self._built_at = time.perf_counter()
        self._health: grpc_server.Health | None = None
        self._server: grpc.aio.Server | None = None
        self._redis: Any = None
        self._deadlines: Deadlines | None = None
        self.metrics = Metrics()
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
        embedded = await self._start_embedded_redis()  # Before gRPC: a process that runs it must not fork.
        ledger = await self._open_ledger()
        observer = MetricsObserver(metrics)
        ledger.on_commit(observer.committed)
        local = LruCache(settings.local_cache_size)
        self._redis = await self._connect_redis(embedded, ledger)

        names, models = LetterLore(), self._learning.models
        shared = SharedRows(ledger, names, self._learning.priors.genesis(models.active))
        reader = RecordReader(ledger, shared, self._clock)
        await reader.start()
        metrics.ledger_revision = reader.revision
        keeper = EpochKeeper(
            clock=self._clock, ledger=ledger, shared=shared, models=models, computer=self._learning.priors
        )
        await self._keep_epochs(keeper)
        assessor = Assessor(
            clock=self._clock, shared=shared, reader=reader, models=models,
            local=local, cache=self._redis, observer=observer,
        )  # fmt: skip
        aside = Assessor(
            clock=self._clock, shared=shared, reader=reader, models=models,
            local=LruCache(0), cache=None, observer=MetricsObserver(Metrics()),
        )  # fmt: skip
        foresight = Foresight(clock=self._clock, assessor=aside, observer=observer)
        ledger.on_commit(foresight.committed)
        self._in_background(foresight.run())
        recorder = Recorder(clock=self._clock, ledger=ledger, shared=shared, names=names)
        viewer = TrackRecordViewer(clock=self._clock, ledger=ledger, shared=shared, reader=reader, models=models)
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
        url = embedded if self._settings.redis_url == "embedded" else self._settings.redis_url
        if url in {"", "off"}:
            return None
        from reputable.adapters.redis_cache import RedisCache

        cache = RedisCache(
            url, ledger.identity.cache_key, self.metrics, expiry_seconds=self._settings.redis_expiry_seconds
        )
        self._cleanup.push_async_callback(cache.close)
        await cache.start()
        self.metrics.gauge("reputable_redis_up", lambda: float(cache.reachable))
        return cache

    async def _open_ledger(self) -> Ledger:
        url = urlsplit(self._settings.ledger_url)
        if url.scheme != "sqlite":
            from reputable.adapters.postgres_ledger import PostgresLedger

            ledger: Ledger = await PostgresLedger.open(self._settings.ledger_url, self._clock)
        else:
            from reputable.adapters.sqlite_ledger import SqliteLedger

            ledger = SqliteLedger(sqlite_path(self._settings.ledger_url), self._clock)
        self._cleanup.push_async_callback(ledger.close)
        return ledger

    async def _keep_epochs(self, keeper: EpochKeeper) -> None:
        """Wait a little for today's epoch, then keep epochs in the background."""
        first = self._in_background(keeper.ensure_today())
        await asyncio.wait({first}, timeout=EPOCH_SECONDS)
        self._in_background(keeper.run())

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
        metrics.gauge("reputable_model_trained_until_timestamp_seconds", lambda: models.describe().window_end / SECOND)
        metrics.gauge("reputable_local_cache_scores", lambda: len(local))

    async def _serve_grpc(self, servicers: Mapping[str, object]) -> None:
        settings = self._settings
        transport = grpc_server.Transport(
            kind=settings.transport,
            tls=_read_tls(settings),
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
        boundary = Boundary(self.metrics, deadlines, CallLog(settings.log_calls))
        grpc_server.register(server, boundary, {_SERVICES[name]: servicers[name] for name in _SERVICES})
        self._health = grpc_server.Health(server, _NAMES)
        if settings.reflection:
            grpc_server.enable_reflection(server, _NAMES)
        self.port = grpc_server.listen(server, settings.address, transport.tls)
        await self._health.set_serving(serving=True)
        self._server = server
        await server.start()

    def _serve_metrics(self) -> None:
        if self._settings.metrics_address == "off":
            return
        from reputable.adapters.metrics_server import MetricsServer

        host, _, port = self._settings.metrics_address.rpartition(":")
        server = MetricsServer(host.strip("[]"), int(port), self.metrics.registry(), self.alive, self.ready)
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
            "ledger_revision": str(self.metrics.ledger_revision),
            "model": self._learning.models.active.version,
        }
        return self._state == "serving", facts


def sqlite_path(url: str) -> Path:
    """The file of `sqlite:///relative` or `sqlite:////absolute`."""
    return Path(url.removeprefix("sqlite:///"))


def open_ledger_reader(url: str) -> LedgerReader:
    """A reader of the ledger at `url` that sees one snapshot and takes no lock, beside a service or without one.

    Raises LedgerUnavailable when it is not there or cannot be read.
    """
    from reputable.adapters.sqlite_ledger import SqliteReader

    path = sqlite_path(url)
    if not url.startswith("sqlite:///") or not path.is_file():
        raise LedgerUnavailable(f"{url}: there is no such ledger; give sqlite:///file.")
    return SqliteReader(path, pinned=True)


def _read_tls(settings: Settings) -> grpc_server.Tls | None:
    if settings.tls_certificate is None or settings.tls_key is None:
        return None
    authority = settings.tls_client_ca
    return grpc_server.Tls(
        settings.tls_certificate.read_bytes(),
        settings.tls_key.read_bytes(),
        authority.read_bytes() if authority is not None else None,
    )


def _log_failure(task: "asyncio.Task[object]") -> None:
    if not task.cancelled() and task.exception() is not None:
        _LOG.error("background_work_failed", exc_info=task.exception())


def build(settings: Settings, learning: Learning | None = None) -> App:
    """The service that `settings` describe, not started yet; with the models on disk unless others are given.

    Raises ArtifactRefused or ModelNotFound when the model to start with cannot be used.
    """
    return App(settings, learning or _load_learning(settings))


def _load_learning(settings: Settings) -> Learning:
    from reputable.adapters.model_shelf import FolderShelf
    from reputable.learning import artifact
    from reputable.learning.epochs import EpochComputer

    folders = [artifact.MODELS_FOLDER, *([settings.models_dir] if settings.models_dir is not None else [])]
    default = settings.model or artifact.DEFAULT_VERSION
    models = FolderShelf(folders, load=artifact.load, describe=artifact.describe, default=default)
    return Learning(models, EpochComputer())


def serve(settings: Settings) -> None:
    """Run the service until SIGTERM or SIGINT; what `App.start` raises is raised."""
    from reputable.adapters import logs, process

    as_json = settings.log_format == "json" or (settings.log_format == "auto" and not sys.stdout.isatty())
    logs.configure(settings.log_level, as_json=as_json)
    app = build(settings)
    asyncio.run(process.run(app, settings.drain_seconds))
