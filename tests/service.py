"""A service in the test's own process, called over the wire; its model is the share of credible verdicts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.client import HTTPConnection
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from reputable.adapters.model_shelf import FolderShelf
from reputable.adapters.tracing import Tracing
from reputable.app import App, Learning
from reputable.application.ports import ModelShelf, Scorer
from reputable.domain.epochs import PriorEpoch
from reputable.domain.times import Micros
from reputable.settings import load
from reputable.v1 import claim_pb2, credibility_pb2, track_records_pb2
from reputable.v1.credibility_pb2_grpc import CredibilityServiceStub
from reputable.v1.models_pb2_grpc import ModelServiceStub
from reputable.v1.sources_pb2_grpc import SourceServiceStub
from reputable.v1.track_records_pb2_grpc import TrackRecordServiceStub
from tests.builders import OneModel, ShareScorer


class EvenPriors:
    """Priors that know nothing: one half throughout."""

    def genesis(self, scorer: Scorer) -> PriorEpoch:
        """Epoch 0."""
        return PriorEpoch(0)

    def compute(self, *, number: int, start: Micros, revision: int, **_: object) -> PriorEpoch:
        """The same, later."""
        return PriorEpoch(number, start, revision)


class Service:
    """A running service and the public stubs on one channel to it."""

    def __init__(self, app: App, scorer: ShareScorer, channel: grpc.aio.Channel) -> None:
        self.app = app
        self.scorer = scorer
        self.channel = channel
        self.credibility = CredibilityServiceStub(channel)
        self.track_records = TrackRecordServiceStub(channel)
        self.sources = SourceServiceStub(channel)
        self.models = ModelServiceStub(channel)
        self._requests = 0

    @property
    def target(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self.app.port}"

    async def raw(self, path: str, message: bytes) -> bytes:
        """Send bytes to a method as they are."""
        call = self.channel.unary_unary(path, request_serializer=bytes, response_deserializer=bytes)
        return await call(message, timeout=5)

    async def health(self, service: str = "") -> int:
        """Ask the standard health service."""
        request = health_pb2.HealthCheckRequest(service=service)
        answer = await self.raw("/grpc.health.v1.Health/Check", request.SerializeToString())
        return int(health_pb2.HealthCheckResponse.FromString(answer).status)

    async def reflected(self) -> set[str]:
        """The services that reflection lists."""
        call = self.channel.stream_stream(
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
            response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
        )(iter([reflection_pb2.ServerReflectionRequest(list_services="")]))
        answer = await anext(aiter(call))
        return {found.name for found in answer.list_services_response.service}

    async def assess(
        self, text: str = "Rain fell.", source: str = "Ann Example"
    ) -> credibility_pb2.AssessClaimResponse:
        """Assess a claim."""
        request = credibility_pb2.AssessClaimRequest(claim=claim_pb2.Claim(text=text, source_name=source))
        return await self.credibility.AssessClaim(request, timeout=5)

    async def fetch(self, path: str = "/metrics", accept: str = "") -> tuple[int, str]:
        """Status and body that the metrics port answers with."""

        def get() -> tuple[int, str]:
            connection = HTTPConnection("127.0.0.1", self.app.metrics_port, timeout=10)
            connection.request("GET", path, headers={"Accept": accept})
            response = connection.getresponse()
            body = response.read().decode()
            connection.close()
            return response.status, body

        return await asyncio.to_thread(get)

    async def record(
        self, text: str = "Rain fell.", source: str = "Ann Example", truthfulness: float = 1.0, reviewer: str = "Desk"
    ) -> track_records_pb2.RecordVerdictResponse:
        """Record a verdict under a request id of its own."""
        self._requests += 1
        verdict = track_records_pb2.Verdict(
            claim=claim_pb2.Claim(text=text, source_name=source), truthfulness=truthfulness, reviewer=reviewer
        )
        request = track_records_pb2.RecordVerdictRequest(verdict=verdict, request_id=f"test-{self._requests}")
        return await self.track_records.RecordVerdict(request, timeout=5)


@asynccontextmanager
async def running(
    folder: Path, *, models: ModelShelf | None = None, tracing: Tracing | None = None, **given: object
) -> AsyncIterator[Service]:
    """A service with a ledger in `folder`, on free ports, without Redis unless `given` says otherwise."""
    defaults: dict[str, object] = {
        "address": "127.0.0.1:0",
        "metrics_address": "127.0.0.1:0",
        "ledger_url": f"sqlite:///{folder / 'ledger.db'}",
        "redis_url": "off",
        "grace_seconds": 1.0,
        "log_calls": "none",
    }
    settings, _ = load({}, **(defaults | given))
    scorer = ShareScorer()
    follow = models.follow_choice if isinstance(models, FolderShelf) else lambda: None
    app = App(settings, Learning(models or OneModel(scorer), EvenPriors(), follow), tracing)
    try:
        await app.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{app.port}") as channel:
            yield Service(app, scorer, channel)
    finally:
        await app.stop()
