"""Both transports keep the same promises about deadlines, cancellation, statuses and the end of the service."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from reputable.api import server
from reputable.application.track_records import TrackRecordViewer
from reputable.v1 import track_records_pb2
from tests.service import Service, running
from tests.waiting import eventually

METHOD = "GetTrackRecord"
SECONDS = 0.4
"""What the service gives a read in these tests."""


class Viewer:
    """Stands in for what a read waits for; `hold` keeps every call waiting until `free` is called."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.entered = 0
        self.freed = asyncio.Event()
        view = TrackRecordViewer.view

        async def held(viewer: TrackRecordViewer, query: object) -> object:
            self.entered += 1
            await self.freed.wait()
            return await view(viewer, query)  # type: ignore[arg-type]

        monkeypatch.setattr(TrackRecordViewer, "view", held)


@pytest.fixture
def viewer(monkeypatch: pytest.MonkeyPatch) -> Viewer:
    monkeypatch.setattr(server, "READ_SECONDS", SECONDS)
    return Viewer(monkeypatch)


@pytest.fixture(params=["grpcio", "fast"])
async def service(request: pytest.FixtureRequest, tmp_path: Path, viewer: Viewer) -> AsyncIterator[Service]:
    if request.param == "fast":
        pytest.importorskip("pygrpc_native")
    async with running(tmp_path, transport=request.param, grace_seconds=5.0) as found:
        await found.record()
        yield found


def read(service: Service, timeout: float | None = None) -> "asyncio.Future[track_records_pb2.GetTrackRecordResponse]":
    """A read under way."""
    request = track_records_pb2.GetTrackRecordRequest(source_name="Ann Example")
    call = service.track_records.GetTrackRecord(request, timeout=timeout)

    async def answered() -> track_records_pb2.GetTrackRecordResponse:
        return await call

    return asyncio.ensure_future(answered())


def counted(service: Service) -> dict[str, int]:
    """How reads have ended."""
    [meter] = [meter for meter in service.app.metrics.calls if meter.method == METHOD]
    return {code: count for code, count in meter.handled.items() if count}


async def test_a_call_without_a_deadline_gets_the_services_own(service: Service) -> None:
    started = time.monotonic()
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await read(service)
    assert refusal.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert "0.4 s" in (refusal.value.details() or "")
    assert SECONDS <= time.monotonic() - started < SECONDS + 1
    assert counted(service) == {"DeadlineExceeded": 1}


async def test_a_callers_shorter_deadline_frees_the_call(service: Service, viewer: Viewer) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await read(service, timeout=0.15)
    assert refusal.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    await eventually(lambda: sum(counted(service).values()) == 1)
    assert viewer.entered == 1
    assert set(counted(service)) <= {"DeadlineExceeded", "Canceled"}


async def test_a_caller_that_gives_up_frees_the_call(service: Service, viewer: Viewer) -> None:
    call = read(service)
    await eventually(lambda: viewer.entered == 1)
    call.cancel()
    await eventually(lambda: counted(service) == {"Canceled": 1})


async def test_a_call_under_way_when_the_service_stops_is_answered(service: Service, viewer: Viewer) -> None:
    call = read(service)
    await eventually(lambda: viewer.entered == 1)
    stopping = asyncio.ensure_future(service.app.stop())
    await asyncio.sleep(0.05)
    viewer.freed.set()
    assert (await call).track_record.verdict_count == 1
    await stopping


async def test_details_of_a_refusal_reach_the_caller(service: Service) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await service.assess("")
    details = dict(refusal.value.trailing_metadata())["grpc-status-details-bin"]
    assert isinstance(details, bytes)
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    packed = status_pb2.Status.FromString(details).details
    assert packed[0].Unpack(info)
    assert packed[1].Unpack(bad)
    assert (info.domain, info.reason) == ("reputable", "INVALID_INPUT")
    assert bad.field_violations[0].field == "claim.text"


async def test_a_message_over_4_mib_is_refused(service: Service) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await service.raw("/reputable.v1.CredibilityService/BatchAssessClaims", bytes(5 * 1024 * 1024))
    assert refusal.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_an_unknown_method_is_unimplemented(service: Service) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await service.raw("/reputable.v1.CredibilityService/Nope", b"")
    assert refusal.value.code() is grpc.StatusCode.UNIMPLEMENTED
