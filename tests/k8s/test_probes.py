"""What the kubelet's probes are told while the service serves and while it drains."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from grpc_health.v1.health_pb2 import HealthCheckResponse as Answer

from reputable.api.server import LIVENESS
from tests.k8s.manifests import container
from tests.service import Service, running


@pytest.fixture(params=["grpcio", "fast"])
async def service(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Service]:
    if request.param == "fast":
        pytest.importorskip("pygrpc_native")
    async with running(tmp_path, transport=request.param) as found:
        yield found


async def statuses(service: Service) -> tuple[int, int]:
    """Of /readyz and /healthz."""

    def fetch(path: str) -> int:
        try:
            with urlopen(f"http://127.0.0.1:{service.app.metrics_port}{path}", timeout=5) as page:
                return int(page.status)
        except HTTPError as error:
            return error.code

    return await asyncio.to_thread(fetch, "/readyz"), await asyncio.to_thread(fetch, "/healthz")


async def test_a_service_that_drains_is_not_ready_and_still_alive(service: Service) -> None:
    assert (await service.health(), await service.health(LIVENESS)) == (Answer.SERVING, Answer.SERVING)
    assert await statuses(service) == (HTTPStatus.OK, HTTPStatus.OK)

    await service.app.drain()

    assert (await service.health(), await service.health(LIVENESS)) == (Answer.NOT_SERVING, Answer.SERVING)
    assert await statuses(service) == (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.OK)


async def test_the_liveness_probe_asks_by_the_name_that_the_service_answers() -> None:
    assert container("local")["livenessProbe"]["grpc"]["service"] == LIVENESS
