"""The service in one process, put together from its parts."""

import asyncio
import functools
import platform
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import grpc
import structlog

from reputable import __version__
from reputable.adapters.clock import SystemClock
from reputable.adapters.local_cache import LruCache
from reputable.api import server as grpc_server
from reputable.api.authority import LOCAL_AUTHORITY, Authority, names
from reputable.api.call_log import CallLog
from reputable.api.credibility import CredibilityServicer
from reputable.api.gathering import GatheringLoop
from reputable.api.interceptors import Boundary, Deadlines
from reputable.api.models import ModelServicer
from reputable.api.scheduling import yielding_threads
from reputable.api.sources import SourceServicer
from reputable.api.track_records import TrackRecordServicer
from reputable.app.caches import open_redis
from reputable.app.ledgers import open_ledger
from reputable.app.opening import Learning, read_tls
from reputable.app.resources import Resources
from reputable.app.verbs import Ground, Verbs
from reputable.application.ports import AssessmentCache
from reputable.domain.epochs import PriorEpoch
from reputable.domain.errors import ReputableError
from reputable.domain.times import SECOND, format_time
from reputable.metrics import Metrics
from reputable.settings import Settings, SettingsError
from reputable.v1 import credibility_pb2, models_pb2, sources_pb2, track_records_pb2

if TYPE_CHECKING:
    from reputable.adapters.tracing import Tracing

ALIVE_SECONDS = 10.0
"""An event loop that has not ticked for longer than this is not alive."""
FOLLOW_SECONDS = 2.0
"""Between looks at which model is chosen."""

_LOG = structlog.get_logger("reputable")
_CREDIBILITY = credibility_pb2.DESCRIPTOR.services_by_name["CredibilityService"]
_TRACK_RECORDS = track_records_pb2.DESCRIPTOR.services_by_name["TrackRecordService"]
_SOURCES = sources_pb2.DESCRIPTOR.services_by_name["SourceService"]
_MODELS = models_pb2.DESCRIPTOR.services_by_name["ModelService"]
_NAMES = [service.full_name for service in (_CREDIBILITY, _TRACK_RECORDS, _SOURCES, _MODELS)]


class App:
    """The service in one process. `start` it in an event loop, and `stop` it in the same."""

    def __init__(self, settings: Settings, learning: Learning, tracing: "Tracing | None" = None) -> None:
        self._settings = settings
        self._learning = learning
        self._tracing = tracing
        self._clock = SystemClock()
        self._resources = Resources()
        self._state = "starting"
        self._built_at = time.perf_counter()
        self._health: grpc_server.Health | None = None
        self._server: grpc.aio.Server | None = None
        self._redis: AssessmentCache | None = None
        self._verbs: Verbs | None = None
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
        settings, metrics, resources = self._settings, self.metrics, self._resources
        if self._tracing is not None:
            close = self._tracing.close
            resources.closed_by(lambda: asyncio.to_thread(close))
        ledger = await open_ledger(settings.ledger_url, self._clock)
        resources.closed_by(ledger.close)
        # Redis comes before gRPC: a process that runs gRPC must not fork.
        caches = await open_redis(settings, ledger.identity.cache_key, metrics, resources)
        self._redis = caches.scores
        local = LruCache(settings.local_cache_size) if settings.local_cache_size else None
        ground = Ground(self._clock, ledger, self._learning, local, caches, metrics, self._tracing)
        verbs = self._verbs = Verbs(ground)
        await verbs.start(resources)
        resources.run(self._follow_models())
        self._describe(local, verbs)
        await self._serve_grpc(verbs)
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
            await grpc_server.stop(
                self._server,
                self._settings.grace_seconds,
                under_way=lambda: len(self._deadlines or ()),
                fast=self._settings.transport == "fast",
            )
        await self._resources.release()
        self._state = "stopped"

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

    def _describe(self, local: LruCache | None, verbs: Verbs) -> None:
        """Have a scrape see what runs."""
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
        metrics.gauge("reputable_ledger_writable", lambda: float(verbs.writes.well))
        metrics.gauge("reputable_prior_epoch_start_seconds", lambda: verbs.epoch.start / SECOND)
        metrics.gauge("reputable_local_cache_scores", lambda: 0.0 if local is None else len(local))

    async def _serve_grpc(self, verbs: Verbs) -> None:
        settings = self._settings
        transport = grpc_server.Transport(
            kind=settings.transport,
            tls=read_tls(settings),
            idle_seconds=settings.connection_idle_seconds,
            max_age_seconds=settings.connection_age_seconds,
            share_port=settings.share_port,
        )
        with yielding_threads():
            try:
                server = grpc_server.make_server(transport)
            except ImportError as error:
                raise SettingsError("transport fast is not installed: pip install 'reputable[fast]'") from error
            place = grpc_server.place_for_services(server, transport)
            self._register(place, verbs)
            self._health = grpc_server.Health(place, _NAMES)
            if settings.reflection:
                grpc_server.enable_reflection(place, _NAMES)
            self.port = grpc_server.listen(server, settings.address, transport.tls)
        await self._health.set_serving(serving=True)
        self._server = server
        await server.start()

    def _register(self, server: grpc.aio.Server, verbs: Verbs) -> None:
        """Put the services on the server, behind one boundary."""
        deadlines = self._deadlines = Deadlines(self.metrics)
        self.metrics.gauge("reputable_calls_in_progress", lambda: len(deadlines))
        self._resources.run(deadlines.run())
        call_log = CallLog(self._settings.log_calls, self.metrics.trace_id)
        span = self._tracing.server_span if self._tracing is not None else None
        authority = LOCAL_AUTHORITY
        if self._settings.tls_client_ca is not None:
            authority = Authority(names(self._settings.writers), names(self._settings.admins))
        principal_of = authority.principal_of
        servicers = {
            _CREDIBILITY: CredibilityServicer(verbs.assessor),
            _TRACK_RECORDS: TrackRecordServicer(self._clock, verbs.recorder, verbs.viewer, verbs.lister, principal_of),
            _SOURCES: SourceServicer(verbs.finder, verbs.recorder, principal_of),
            _MODELS: ModelServicer(self._learning.models),
        }
        loop = asyncio.get_running_loop()
        # The fast transport hands its calls over together already.
        gate = loop.gate if isinstance(loop, GatheringLoop) and self._settings.transport == "grpcio" else None
        boundary = Boundary(self.metrics, deadlines, call_log, span, gate)
        grpc_server.register(server, boundary, servicers, authority)

    def _serve_metrics(self) -> None:
        address = self._settings.metrics_address
        if address == "off":
            return
        from reputable.adapters.metrics_server import MetricsServer

        try:
            server = MetricsServer(address, self.metrics.registry(), self.alive, self.ready)
        except OSError as error:
            raise grpc_server.cannot_listen(address) from error
        self._resources.closed_by(lambda: asyncio.to_thread(server.close))
        self.metrics_port = server.port

    def alive(self) -> tuple[bool, Mapping[str, str]]:
        """Whether the event loop turns; asked from another thread."""
        silent = time.perf_counter() - (0.0 if self._deadlines is None else self._deadlines.ticked_at)
        return silent < ALIVE_SECONDS, {"event_loop": f"last tick {silent:.1f} s ago"}

    def ready(self) -> tuple[bool, Mapping[str, str]]:
        """Whether calls are wanted, and how the parts are; Redis being away is no reason not to be."""
        facts = {
            "state": self._state,
            "redis": "off" if self._redis is None else "up" if self._redis.reachable else "unreachable",
            "ledger": "not open" if self._verbs is None else self._verbs.writes.problem or "writable",
            "ledger_revision": str(self.metrics.ledger_revision),
            "prior_epoch": "none" if self._verbs is None else _told(self._verbs.epoch),
            "model": self._learning.models.active.version + (f"; refused: {self._refused}" if self._refused else ""),
        }
        return self._state == "serving", facts


def _told(epoch: PriorEpoch) -> str:
    """An epoch's number, its day, and whether it froze a verdict memory."""
    if not epoch.number:
        return "0, as the model brings it"
    memory = "with" if epoch.memory_digest else "without"
    return f"{epoch.number} of {format_time(epoch.start)[:10]}, {memory} a verdict memory"
