"""A call can be followed through the service, part by part, in the caller's own trace."""

import asyncio
import inspect
import json
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from reputable.adapters.redis_cache import RedisCache
from reputable.adapters.sqlite_ledger import SqliteLedger
from reputable.adapters.tracing import CLOSE_SECONDS, SPANS, Tracing, otlp
from reputable.application.assessing import Assessor
from reputable.application.record_reading import RecordReader
from reputable.application.remembering import Memories
from reputable.application.resolving import Resolver
from reputable.v1 import claim_pb2, credibility_pb2, track_records_pb2
from tests.service import Service, running

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = (("traceparent", f"00-{TRACE_ID}-00f067aa0ba902b7-01"),)
OPENMETRICS = "application/openmetrics-text; version=1.0.0"
WORDS = "Shells fell on the Wobbly Bridge."
NAME = "Ministry of Wobbly Works"


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracing(spans: InMemorySpanExporter) -> Tracing:
    return Tracing(SimpleSpanProcessor(spans))


async def assess(service: Service, text: str = WORDS) -> None:
    claim = claim_pb2.Claim(text=text, source_name=NAME)
    await service.credibility.AssessClaim(credibility_pb2.AssessClaimRequest(claim=claim), metadata=CALLER)


async def record(service: Service) -> None:
    claim = claim_pb2.Claim(text=WORDS, source_name=NAME)
    verdict = track_records_pb2.Verdict(claim=claim, reviewer="Desk", truthfulness=0.0)
    request = track_records_pb2.RecordVerdictRequest(verdict=verdict, request_id="r1")
    await service.track_records.RecordVerdict(request, metadata=CALLER)


def ours(spans: InMemorySpanExporter) -> list[ReadableSpan]:
    return [s for s in spans.get_finished_spans() if s.context is not None and f"{s.context.trace_id:032x}" == TRACE_ID]


async def test_every_part_of_a_call_is_a_span_below_the_callers(
    tmp_path: Path, spans: InMemorySpanExporter, tracing: Tracing
) -> None:
    async with running(tmp_path, tracing=tracing, redis_url="embedded") as service:
        await record(service)
        await assess(service)
    found = ours(spans)
    assert {span.name for span in found} >= {
        "reputable.v1.CredibilityService/AssessClaim",
        "reputable.v1.TrackRecordService/RecordVerdict",
        "resolve", "record", "cache", "predict", "ledger",
    }  # fmt: skip
    servers = [span for span in found if span.name.startswith("reputable.v1.")]
    assert {span.parent.span_id for span in servers if span.parent} == {0x00F067AA0BA902B7}
    inner = {span.context.span_id: span for span in found if span.context}
    assert all(span.parent is not None and span.parent.span_id in inner for span in found if span not in servers)


async def test_no_span_holds_a_claims_words_or_a_sources_name(
    tmp_path: Path, spans: InMemorySpanExporter, tracing: Tracing
) -> None:
    async with running(tmp_path, tracing=tracing) as service:
        await record(service)
        await assess(service)
        with pytest.raises(grpc.aio.AioRpcError):
            await assess(service, text="")
    told = json.dumps([json.loads(span.to_json()) for span in spans.get_finished_spans()])
    assert "Wobbly" not in told


@pytest.mark.parametrize("transport", ["grpcio", "fast"])
async def test_a_refused_call_ends_its_span_with_its_status(
    tmp_path: Path, spans: InMemorySpanExporter, tracing: Tracing, transport: str
) -> None:
    async with running(tmp_path, tracing=tracing, transport=transport) as service:
        with pytest.raises(grpc.aio.AioRpcError):
            await assess(service, text="")
    (server,) = (span for span in ours(spans) if span.name.startswith("reputable.v1."))
    assert server.attributes is not None
    assert server.attributes["rpc.grpc.status_code"] == grpc.StatusCode.INVALID_ARGUMENT.value[0]


async def test_work_that_no_call_asked_for_makes_no_trace(
    tmp_path: Path, spans: InMemorySpanExporter, tracing: Tracing
) -> None:
    async with running(tmp_path, tracing=tracing):
        await asyncio.sleep(0.05)
    assert not spans.get_finished_spans()


async def test_latency_buckets_show_the_trace_of_a_call_in_openmetrics_only(tmp_path: Path, tracing: Tracing) -> None:
    async with running(tmp_path, tracing=tracing) as service:
        await assess(service)
        as_openmetrics = (await service.fetch(accept=OPENMETRICS))[1]
        as_text = (await service.fetch())[1]
    shown = re.findall(
        r"^grpc_server_handling_seconds_bucket\{.*AssessClaim.*# \{trace_id=\"(\w+)\"", as_openmetrics, re.MULTILINE
    )
    assert shown == [TRACE_ID]
    assert TRACE_ID not in as_text


def test_without_traces_nothing_of_them_is_even_imported(tmp_path: Path) -> None:
    script = f"""
import asyncio, sys
from reputable.app import build
from reputable.settings import load

async def main():
    given = dict(address="127.0.0.1:0", metrics_address="off", redis_url="off", ledger_url="sqlite:///{tmp_path}/l.db")
    app = build(load({{}}, **given, drain_seconds=0)[0])
    try:
        await app.start()
    finally:
        await app.stop()

asyncio.run(main())
sys.exit(any(name.partition(".")[0] == "opentelemetry" for name in sys.modules))
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


class Collector:
    """Takes spans over OTLP/gRPC."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._server = grpc.server(ThreadPoolExecutor(1))
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(self, self._server)  # type: ignore[no-untyped-call]
        self.port = self._server.add_insecure_port("127.0.0.1:0")

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(None).wait()

    def Export(
        self, request: trace_service_pb2.ExportTraceServiceRequest, context: grpc.ServicerContext
    ) -> trace_service_pb2.ExportTraceServiceResponse:
        self.names += [
            span.name for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans
        ]
        return trace_service_pb2.ExportTraceServiceResponse()


async def test_spans_reach_the_collector_that_opentelemetrys_own_variable_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.port}")
        async with running(tmp_path, tracing=otlp("1.0")) as service:
            await assess(service)
        assert {"reputable.v1.CredibilityService/AssessClaim", "resolve", "predict"} <= set(collector.names)


async def test_a_collector_that_is_away_fails_no_call_and_holds_up_the_end_for_two_seconds_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    async with running(tmp_path, tracing=otlp("1.0")) as service:
        await assess(service)
        told = time.perf_counter()
    assert time.perf_counter() - told < CLOSE_SECONDS + 2.0


def test_every_method_named_for_a_span_is_there() -> None:
    from reputable.learning.predictor import Predictor

    kinds = {
        "resolver": Resolver, "reader": RecordReader, "cache": RedisCache, "memories": Memories,
        "ledger": SqliteLedger, "scorer": Predictor,
    }  # fmt: skip
    assert kinds.keys() == SPANS.keys()
    for part, spans in SPANS.items():
        assert all(inspect.isfunction(getattr(kinds[part], method)) for method in spans)


def test_the_assessor_uses_no_part_that_is_not_traced() -> None:
    assert set(inspect.signature(Assessor).parameters) == {
        "clock", "shared", "reader", "models", "local", "cache", "observer", "memories",
    }  # fmt: skip
