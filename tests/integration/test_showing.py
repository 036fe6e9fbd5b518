"""What the service shows of itself: health, reflection, figures, readiness."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2
from prometheus_client.parser import text_string_to_metric_families

from reputable.v1 import claim_pb2, credibility_pb2
from tests.service import Service, running
from tests.waiting import eventually

SERVICES = ("CredibilityService", "TrackRecordService", "SourceService", "ModelService")


@pytest.fixture(params=["grpcio", "fast"])
async def service(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Service]:
    if request.param == "fast":
        pytest.importorskip("pygrpc_native")
    async with running(tmp_path, transport=request.param, redis_url="embedded", reflection=True) as found:
        yield found


async def get(service: Service, path: str) -> tuple[int, str]:
    """Status and body of a page on the metrics port."""

    def fetch() -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{service.app.metrics_port}{path}", timeout=5) as page:
                return page.status, page.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    return await asyncio.to_thread(fetch)


async def test_health_is_told_overall_and_for_each_service(service: Service) -> None:
    for name in ("", *(f"reputable.v1.{service}" for service in SERVICES)):
        assert await service.health(name) == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await service.health("nobody")
    assert refusal.value.code() is grpc.StatusCode.NOT_FOUND


async def test_reflection_lists_the_services_when_switched_on(service: Service) -> None:
    assert {f"reputable.v1.{name}" for name in SERVICES} <= await service.reflected()


async def test_reflection_is_off_by_default(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await service.raw("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", b"")
        assert refusal.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_a_scrape_shows_what_happened(service: Service) -> None:
    await service.assess()
    await service.assess()
    await service.record()
    with pytest.raises(grpc.aio.AioRpcError):
        await service.assess("")
    status, body = await get(service, "/metrics")
    assert status == 200
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(body)
        for sample in family.samples
    }
    method = ("AssessClaim", "reputable.v1.CredibilityService", "unary")
    assert samples["grpc_server_started_total", *sorted(method)] == 3
    assert samples["grpc_server_handled_total", *sorted((*method, "OK"))] == 2
    assert samples["grpc_server_handled_total", *sorted((*method, "InvalidArgument"))] == 1
    assert samples["grpc_server_handling_seconds_count", *sorted(method)] == 3
    assert samples["reputable_cache_lookups_total", "hit", "local"] == 1
    assert samples["reputable_cache_lookups_total", "miss", "redis"] == 1
    assert samples["reputable_assessments_total", "computed"] == 1
    assert samples["reputable_credibility_count",] == 2
    assert samples["reputable_verdicts_recorded_total", "credible"] == 1
    assert samples["reputable_redis_up",] == 1
    assert samples["reputable_ledger_revision",] >= 2


async def test_ten_thousand_sources_add_no_series(service: Service) -> None:
    await service.assess()
    _, before = await get(service, "/metrics")
    requests = [
        credibility_pb2.AssessClaimRequest(claim=claim_pb2.Claim(text="Rain fell.", source_name=f"Source {n}"))
        for n in range(10_000)
    ]
    for start in range(0, len(requests), 2_500):
        await service.credibility.BatchAssessClaims(
            credibility_pb2.BatchAssessClaimsRequest(requests=requests[start : start + 2_500])
        )
    for path in ("Nope", "A" * 50):
        with pytest.raises(grpc.aio.AioRpcError):
            await service.raw(f"/reputable.v1.CredibilityService/{path}", b"")
    _, after = await get(service, "/metrics")
    assert len(after.splitlines()) == len(before.splitlines())


async def test_readiness_and_liveness_are_told_with_reasons(service: Service) -> None:
    await eventually(lambda: service.app.ready()[1]["redis"] == "up")
    status, body = await get(service, "/readyz")
    assert (status, json.loads(body)["state"], json.loads(body)["redis"]) == (200, "serving", "up")
    status, body = await get(service, "/healthz")
    assert (status, json.loads(body)["ok"]) == (200, True)
    assert (await get(service, "/elsewhere"))[0] == 404
    await service.app.drain()
    status, body = await get(service, "/readyz")
    assert (status, json.loads(body)["state"]) == (503, "draining")
    assert (await get(service, "/healthz"))[0] == 200


async def test_a_scrape_can_ask_for_openmetrics(service: Service) -> None:
    def fetch() -> tuple[str, str]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{service.app.metrics_port}/metrics",
            headers={"Accept": "application/openmetrics-text; version=1.0.0"},
        )
        with urllib.request.urlopen(request, timeout=5) as page:  # noqa: S310 - the address is ours.
            return page.headers["Content-Type"], page.read().decode()

    content_type, body = await asyncio.to_thread(fetch)
    assert content_type.startswith("application/openmetrics-text")
    assert body.endswith("# EOF\n")
