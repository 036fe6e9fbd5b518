"""The whole service in a test's own event loop, with a scorer that needs no words, and callers of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

import grpc

from reputable.adapters.tracing import Tracing
from reputable.app import App, Learning
from reputable.settings import load
from reputable.v1.credibility_pb2_grpc import CredibilityServiceStub
from reputable.v1.models_pb2_grpc import ModelServiceStub
from reputable.v1.track_records_pb2_grpc import TrackRecordServiceStub
from tests.builders import OneModel, ShareScorer
from tests.unit.cli.running import SteadyPriors

if TYPE_CHECKING:
    from reputable.v1.credibility_pb2_grpc import CredibilityServiceAsyncStub
    from reputable.v1.models_pb2_grpc import ModelServiceAsyncStub
    from reputable.v1.track_records_pb2_grpc import TrackRecordServiceAsyncStub


@dataclass(frozen=True)
class Running:
    """A service that runs, and stubs to call it with."""

    app: App
    credibility: "CredibilityServiceAsyncStub"
    track_records: "TrackRecordServiceAsyncStub"
    models: "ModelServiceAsyncStub"

    def fetch(self, path: str, accept: str = "") -> str:
        """What the metrics port answers; blocks."""
        request = Request(f"http://127.0.0.1:{self.app.metrics_port}{path}", headers={"Accept": accept})
        with urlopen(request, timeout=10) as response:  # noqa: S310 - our own address.
            return str(response.read().decode())


@asynccontextmanager
async def running(
    folder: Path, *, learning: Learning | None = None, tracing: Tracing | None = None, **given: object
) -> AsyncIterator[Running]:
    """Serve on free ports of 127.0.0.1, without Redis unless it is `given`."""
    defaults: dict[str, object] = {
        "address": "127.0.0.1:0",
        "metrics_address": "127.0.0.1:0",
        "redis_url": "off",
        "ledger_url": f"sqlite:///{folder}/ledger.db",
        "log_calls": "none",
        "drain_seconds": 0.0,
        "grace_seconds": 1.0,
    }
    settings, _ = load({}, **(defaults | given))
    app = App(settings, learning or Learning(OneModel(ShareScorer()), SteadyPriors()), tracing)
    try:
        await app.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{app.port}") as channel:
            yield Running(
                app, CredibilityServiceStub(channel), TrackRecordServiceStub(channel), ModelServiceStub(channel)
            )
    finally:
        await app.stop()
