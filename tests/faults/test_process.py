"""Starts, stops, rollouts and load: F30 to F34, F37 to F39 and F41."""

import ast
import asyncio
import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2

from reputable.v1 import sources_pb2
from tests.faults import calling
from tests.faults.database import Database, databases
from tests.faults.messages import assess_request, batch_request, check, failure_of, verdict_request
from tests.faults.running import OWN_CONNECTION, ROOT, Service, children, wait_until
from tests.faults.writing import Book

COME_BACK_SECONDS = 2.5
"""How long a rollout waits for clients to come back: longer than the client's longest wait to reconnect, 2 s."""
CLIENTS = 16
"""With a connection each: one takes at most a hundred calls at a time, and refuses more."""
WATCH = "/grpc.health.v1.Health/Watch"


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    """A server for the module."""
    with databases() as one:
        yield one


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("through", "variant"),
    [
        ("health", ""),
        pytest.param("tcp", "", marks=pytest.mark.soak),  # These two judge seconds of load: they want a quiet machine.
        pytest.param("tcp", "stop_at_once", marks=pytest.mark.soak),
    ],
)
def test_f30_f31_a_rolling_restart_fails_no_call(
    tmp_path: Path, database: Database, through: str, variant: str
) -> None:
    """Behind a TCP balancer connections are closed by age, and the drain is longer; the naive variant stops at once."""
    environ = {"REPUTABLE_TEST_VARIANT": variant} if variant else {}
    if through == "tcp":
        environ |= {"REPUTABLE_CONNECTION_AGE_SECONDS": "1", "REPUTABLE_DRAIN_SECONDS": "2"}
    replicas = [Service(tmp_path, database.url, environ=dict(environ)) for _ in range(2)]
    with children(*replicas):
        for replica in replicas:
            replica.start()
        outcomes = asyncio.run(restart_each(replicas, through, cycles=2, rate=300.0, abrupt=bool(variant)))
    print(f"{through} {variant or 'ours'}: {outcomes.failed} of {outcomes.count} failed; {dict(outcomes.messages)}")
    assert outcomes.count > 500
    assert (outcomes.failed == 0) == (variant == "")


async def restart_each(
    replicas: list[Service], through: str, cycles: int, rate: float, least: int = 0, *, abrupt: bool = False
) -> calling.Outcomes:
    """Restart one replica after the other while calls go on, at least that many in all."""

    def restart() -> None:
        for cycle in range(cycles):
            replica = replicas[cycle % len(replicas)]
            assert replica.stop() == 0
            replica.start()
            time.sleep(COME_BACK_SECONDS)

    replicas[0].records.RecordVerdict(verdict_request(1), timeout=5)  # A source that is known has a record to hold.
    bodies = calling.cheap_bodies(50)
    async with calling.callers(replicas, through, CLIENTS, abrupt=abrupt) as calls:
        for call in calls:
            await call(bodies[0])
        work = asyncio.ensure_future(asyncio.to_thread(restart))
        outcomes = await calling.open_loop(calls, bodies, rate, lambda n: n < least or not work.done())
        await work
    return outcomes


@pytest.mark.parametrize("signals", [[signal.SIGTERM], [signal.SIGINT], [signal.SIGTERM, signal.SIGTERM]])
@pytest.mark.parametrize("after", [0.0, 0.3, 0.6, None])
def test_f32_a_signal_at_any_time_ends_it_with_exit_code_0(
    tmp_path: Path, signals: list[signal.Signals], after: float | None
) -> None:
    """From the moment on at which it catches signals; before, there is only an interpreter that starts."""
    service = Service(tmp_path, environ={"REPUTABLE_DRAIN_SECONDS": "0.3"})
    with service.start(wait=after is None):
        wait_until(lambda: catches(service.pid, signal.SIGTERM), 10, "signals are caught")
        time.sleep(after or 0.0)
        started = time.monotonic()
        for number in signals:
            if service.running.poll() is None:
                service.signal(number)
            time.sleep(0.05)
        assert service.running.wait(10) == 0, service.log()[-2_000:]
        assert time.monotonic() - started < 6
        assert "Traceback" not in service.log()


def catches(pid: int, number: signal.Signals) -> bool:
    """Whether the process has a handler of its own for the signal."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    caught = next(int(line.split()[1], 16) for line in lines if line.startswith("SigCgt:"))
    return bool(caught >> (number - 1) & 1)


def test_f33_what_is_acknowledged_before_a_stop_is_there_after_it(tmp_path: Path) -> None:
    service = Service(tmp_path, environ={"REPUTABLE_DRAIN_SECONDS": "0.2"})
    book = Book()
    with service.start():
        stopper = threading.Timer(0.5, service.signal, [signal.SIGTERM])
        stopper.start()
        book.write([service], threads=16, until=lambda: service.running.poll() is not None)
        assert service.running.wait(10) == 0
        service.start()
        acknowledged, unsure = len(book.acknowledged), len(book.unsure)
        stood = book.settle(service)
        print(f"{acknowledged} acknowledged, {unsure} unsure, of which {stood} stood")
        assert acknowledged > 50
        book.audit(service)


def test_f34_an_open_stream_ends_with_the_grace_and_holds_nobody_up(tmp_path: Path) -> None:
    service = Service(tmp_path, environ={"REPUTABLE_DRAIN_SECONDS": "0.3", "REPUTABLE_GRACE_SECONDS": "1"})
    with service.start():
        watching: grpc.UnaryStreamMultiCallable[bytes, bytes] = service.channel.unary_stream(
            "/grpc.health.v1.Health/Watch"
        )
        watch = watching(b"")
        seen = [status(next(watch))]
        started = time.monotonic()
        service.signal(signal.SIGTERM)
        with pytest.raises(grpc.RpcError) as caught:
            seen += [status(answer) for answer in watch]
        assert service.running.wait(5) == 0
        assert time.monotonic() - started < 3
    assert failure_of(caught.value).code in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
    assert seen[0] == health_pb2.HealthCheckResponse.SERVING


def status(answer: bytes) -> int:
    """What health says."""
    return int(health_pb2.HealthCheckResponse.FromString(answer).status)


def test_f37_health_answers_within_a_second_while_the_largest_batches_are_computed(tmp_path: Path) -> None:
    with Service(tmp_path, environ={"REPUTABLE_LOCAL_CACHE_SIZE": "0"}) as service:
        slowest = 0.0

        def batch(start: int) -> None:
            for step in range(3):
                request = batch_request(4_096, 4_096 * (3 * start + step))
                with contextlib.suppress(grpc.RpcError):  # Refused, or too much for a machine that others use.
                    service.credibility.BatchAssessClaims(request, timeout=10)

        with ThreadPoolExecutor(3) as threads:
            batches = [threads.submit(batch, start) for start in range(3)]
            while not all(one.done() for one in batches):
                started = time.monotonic()
                assert service.serving(2.0)
                service.metrics()
                slowest = max(slowest, time.monotonic() - started)
            for one in batches:
                one.result()
    print(f"health and a scrape took {slowest * 1e3:.0f} ms at most")
    assert slowest < 1.0


def test_f38_no_process_is_forked_once_grpc_runs() -> None:
    """Forking a process that runs gRPC may hang the child; what starts processes at all spawns them."""
    found = []
    for path in (ROOT / "server" / "reputable").rglob("*.py"):
        text = path.read_text("utf-8")
        names = {node.attr for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Attribute)}
        if "fork" in names:
            found.append(f"{path.name} forks")
        spawns = text.count("ProcessPoolExecutor(processes, context)") and 'get_context("spawn")' in text
        if ("ProcessPoolExecutor(" in text or "multiprocessing.Process(" in text) and not spawns:
            found.append(f"{path.name} may fork")
    assert found == []


def test_f39_thousands_of_calls_leave_no_descriptor_and_no_thread_behind(tmp_path: Path) -> None:
    """Ten minutes of it, and memory, are measured by `make soak`."""
    with Service(tmp_path) as service:
        for number in range(200):
            service.credibility.AssessClaim(assess_request(number), timeout=5)
        before = service.descriptors(), service.threads()
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda n: service.credibility.AssessClaim(assess_request(n), timeout=5), range(2_000)))
        for _ in range(30):
            with pytest.raises(grpc.RpcError):
                service.sources.GetSource(sources_pb2.GetSourceRequest(source_id="nobody"), timeout=5)
        wait_until(lambda: service.descriptors() <= before[0] + 2, 5, "descriptors are released")
        assert service.threads() <= before[1] + 2


@pytest.mark.parametrize("variant", ["", "no_limiter"])
def test_f41_three_times_the_peak_rate_of_batches_leaves_most_of_the_goodput(tmp_path: Path, variant: str) -> None:
    """The naive variant lets every batch in; measured for 30 s by `make soak`."""
    environ = {"REPUTABLE_LOCAL_CACHE_SIZE": "0"} | ({"REPUTABLE_TEST_VARIANT": variant} if variant else {})
    with Service(tmp_path, environ=environ) as service:
        peak, overload = asyncio.run(overloaded(service, 4.0, 2.0))
        check(service.credibility.AssessClaim(assess_request(1), timeout=5).assessment)
    goodput = overload.rate / peak
    print(
        f"{variant or 'ours'}: goodput {goodput:.0%} of the peak of {peak:.0f} a second, "
        f"{ {code: len(found) for code, found in overload.seconds.items()} }, "
        f"refused within {overload.quantile(0.5, 'RESOURCE_EXHAUSTED') * 1e3:.0f} ms (median)"
    )
    if variant:
        assert goodput < 0.5
    else:
        assert goodput > 0.6
        assert overload.quantile(0.5, "RESOURCE_EXHAUSTED") < 0.05


async def overloaded(service: Service, seconds: float, probe_seconds: float) -> tuple[float, calling.Outcomes]:
    """Find the peak rate of batches of 512 in a closed loop, then offer three times as many."""
    bodies = [batch_request(512, 512 * number).SerializeToString() for number in range(200)]
    options = [OWN_CONNECTION, ("grpc.enable_retries", 0)]
    channels = [grpc.aio.insecure_channel(service.address, options) for _ in range(4)]
    calls = [calling.method(channel, calling.BATCH, 5.0) for channel in channels]
    peak = 0.0
    for callers in (1, 2, 3):
        peak = max(peak, (await calling.closed_loop(calls, bodies, callers, probe_seconds)).rate)
    calls = [calling.method(channel, calling.BATCH, 1.0) for channel in channels]
    overload = await calling.open_loop(calls, bodies, 3 * peak, lambda n: n < 3 * peak * seconds)
    for channel in channels:
        await channel.close()
    return peak, overload
