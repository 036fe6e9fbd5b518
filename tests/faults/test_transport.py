"""Abuse of the transport: A1 to A11."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest

from reputable.v1 import credibility_pb2
from tests.faults import http2
from tests.faults.messages import assess_request, check, failure_of, verdict_request
from tests.faults.running import CHANNEL_OPTIONS, OWN_CONNECTION, Service, wait_until

ASSESS = "/reputable.v1.CredibilityService/AssessClaim"
RECORD = "/reputable.v1.TrackRecordService/RecordVerdict"
BATCH = "/reputable.v1.CredibilityService/BatchAssessClaims"
MAX_RSS_MIB = 300
EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED


def raw_call(
    service: Service, path: str, body: bytes, *, metadata: tuple[tuple[str, str], ...] = (), gzip: bool = False
) -> bytes:
    """Call a method with bytes of the test's own; RpcError as the call fails."""
    options = [*CHANNEL_OPTIONS, ("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(service.address, options=options) as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(path)
        compression = grpc.Compression.Gzip if gzip else None
        return call(body, timeout=20, metadata=metadata, compression=compression)


def refused(service: Service, path: str, body: bytes, **how: object) -> grpc.StatusCode:
    """The status with which such a call is refused."""
    with pytest.raises(grpc.RpcError) as caught:
        raw_call(service, path, body, **how)  # type: ignore[arg-type]
    return failure_of(caught.value).code


class GoodClient:
    """Calls on, one call after another, and counts what fails."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.done = 0
        self.failed: list[str] = []
        self.slowest = 0.0
        self._stop = threading.Event()

    def run(self) -> None:
        """Call until told to stop."""
        while not self._stop.is_set():
            started = time.monotonic()
            try:
                self._service.credibility.AssessClaim(assess_request(self.done % 50), timeout=5)
            except grpc.RpcError as error:
                self.failed.append(failure_of(error).message)
            self.done += 1
            self.slowest = max(self.slowest, time.monotonic() - started)

    @contextmanager
    def calling(self) -> Iterator["GoodClient"]:
        """Call in the background while the block runs."""
        thread = threading.Thread(target=self.run)
        thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            thread.join()


def good_calls_during(service: Service, abuse: Callable[[], None], *, settling: float = 0.0) -> GoodClient:
    """Run the abuse while a good client calls; it must have got through before, meanwhile and after.

    Resident memory must be in bounds then, or after so many seconds of `settling`.
    """
    client = GoodClient(service)
    with client.calling():
        wait_until(lambda: client.done > 5, 10, "the good client calls")
        abuse()
        done = client.done
        wait_until(lambda: client.done > done + 5, 10, "the good client goes on")
    wait_until(lambda: service.rss_mib() < MAX_RSS_MIB, settling, f"less than {MAX_RSS_MIB} MiB again")
    return client


def test_a01_a_message_over_the_limit_is_refused_as_resource_exhausted(service: Service) -> None:
    padding = credibility_pb2.AssessClaimRequest(model_version="x" * 65_536).SerializeToString()
    assert refused(service, ASSESS, padding) is EXHAUSTED
    assert refused(service, BATCH, bytes(5 << 20)) is EXHAUSTED


def test_a02_a_gzip_bomb_of_100_mb_is_refused_and_takes_no_memory(service: Service) -> None:
    before = service.rss_mib()
    assert refused(service, BATCH, bytes(100_000_000), gzip=True) is EXHAUSTED
    assert service.rss_mib() < before + 50


@pytest.mark.parametrize(
    "fields", [(("x-long", "v" * 20_000),), tuple((f"x-{i}", "v") for i in range(2_000))], ids=["long", "many"]
)
def test_a03_metadata_beyond_8_kib_is_refused(service: Service, fields: tuple[tuple[str, str], ...]) -> None:
    assert refused(service, ASSESS, assess_request(1).SerializeToString(), metadata=fields) is EXHAUSTED


def test_a04_rapid_reset_fails_no_call_of_another_client(service: Service) -> None:
    def abuse() -> None:
        block = http2.call_headers(ASSESS)
        with http2.Connection(service.port) as connection:
            for stream in range(1, 40_001, 2):
                opened = http2.frame(http2.HEADERS, http2.END_HEADERS, stream, block)
                reset = http2.frame(http2.RST_STREAM, 0, stream, http2.CANCEL.to_bytes(4, "big"))
                if not connection.send(opened + reset):
                    break

    assert good_calls_during(service, abuse).failed == []


def test_a04_a_client_that_keeps_to_the_limit_of_streams_is_refused_nothing(service: Service) -> None:
    async def call_all() -> list[int]:
        async with grpc.aio.insecure_channel(service.address, options=[OWN_CONNECTION]) as channel:
            record: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(RECORD)
            until = time.monotonic() + 2

            async def caller(number: int) -> int:
                done = 0
                while time.monotonic() < until:
                    await record(verdict_request(number * 100_000 + done).SerializeToString(), timeout=10)
                    done += 1
                return done

            return await asyncio.gather(*(caller(number) for number in range(95)))

    assert all(asyncio.run(call_all()))


def test_a05_a_continuation_flood_fails_no_call_of_another_client(service: Service) -> None:
    """It burns a core while it lasts and is not cut off: that is for a proxy at the edge (docs/operations.md).

    Now and then the transport's own buffers stand above the bound for a fraction of a second.
    """

    def abuse() -> None:
        until = time.monotonic() + 1.5
        with http2.Connection(service.port) as connection:
            connection.send(http2.frame(http2.HEADERS, 0, 1, http2.call_headers(ASSESS)))
            more = http2.frame(http2.CONTINUATION, 0, 1, http2.header("x-more", "v" * 100) * 100)
            while time.monotonic() < until and connection.send(more):
                pass

    assert good_calls_during(service, abuse, settling=1.0).failed == []


def test_a06_a_ping_flood_is_answered_with_goaway(service: Service) -> None:
    def abuse() -> None:
        with http2.Connection(service.port) as connection:
            for _ in range(2_000):
                if not connection.send(http2.frame(http2.PING, 0, 0, bytes(8))):
                    break
            assert connection.closed_within(5)

    assert good_calls_during(service, abuse).failed == []


def test_a07_a_settings_flood_is_harmless(service: Service) -> None:
    def abuse() -> None:
        with http2.Connection(service.port) as connection:
            for _ in range(500):
                if not connection.send(http2.frame(http2.SETTINGS, 0, 0) * 100):
                    break

    assert good_calls_during(service, abuse).failed == []


def test_a08_800_idle_connections_are_closed_within_8_seconds(service: Service) -> None:
    before = service.descriptors()
    idle = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(800)]
    try:
        check(service.credibility.AssessClaim(assess_request(2), timeout=5).assessment)
        wait_until(lambda: service.descriptors() < before + 20, 8, "idle connections are closed")
    finally:
        for connection in idle:
            connection.close()


def without_bodies(service: Service, streams: int) -> None:
    """Hold that many calls open whose message never comes, for two seconds."""
    block = http2.call_headers(ASSESS)
    connections = []
    for _ in range(streams // 100):
        connection = http2.Connection(service.port)
        for stream in range(1, 201, 2):
            connection.send(http2.frame(http2.HEADERS, http2.END_HEADERS, stream, block))
        connections.append(connection)
    time.sleep(2)
    for connection in connections:
        connection.socket.close()


def test_a09_2000_calls_without_a_body_fail_no_call_of_another_client(service: Service) -> None:
    assert good_calls_during(service, lambda: without_bodies(service, 2_000)).failed == []


def test_a09_a_limit_on_concurrent_calls_in_grpc_would_fail_them(tmp_path: Path) -> None:
    """The naive variant: maximum_concurrent_rpcs=100 is a lever for whoever opens calls and sends nothing."""
    with Service(tmp_path, environ={"REPUTABLE_TEST_VARIANT": "maximum_concurrent_rpcs"}) as naive:
        client = good_calls_during(naive, lambda: without_bodies(naive, 2_000))
    print(f"with maximum_concurrent_rpcs {len(client.failed)} of {client.done} good calls failed")
    assert len(client.failed) > 20


def test_a10_a_call_without_a_deadline_gets_the_services_own(tmp_path: Path) -> None:
    with Service(tmp_path, environ={"REPUTABLE_TEST_VARIANT": "endless_calls"}) as slow:
        for call, most in (
            (lambda: slow.credibility.AssessClaim(assess_request(1)), 2.0),
            (lambda: slow.records.RecordVerdict(verdict_request(1)), 5.0),
        ):
            started = time.monotonic()
            with pytest.raises(grpc.RpcError) as caught:
                call()
            assert failure_of(caught.value).code is grpc.StatusCode.DEADLINE_EXCEEDED
            assert most - 0.1 < time.monotonic() - started < most + 0.5


def test_a11_an_unknown_method_is_unimplemented_and_gets_no_label(service: Service) -> None:
    labels = set(service.metrics())
    for path in ("/reputable.v1.CredibilityService/Guess", "/nobody.v1.Service/Method"):
        assert refused(service, path, b"") is grpc.StatusCode.UNIMPLEMENTED
    assert set(service.metrics()) == labels
