"""Minutes of load: rolling restarts, overload, and a long mixed run."""

import asyncio
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from reputable.client import channels
from reputable.v1 import track_records_pb2
from tests.faults import calling
from tests.faults.conftest import Targets
from tests.faults.database import Database, databases
from tests.faults.messages import assess_request, batch_request, establish, verdict_request
from tests.faults.running import OWN_CONNECTION, ROOT, Service, children
from tests.faults.test_process import overloaded, restart_each

pytestmark = pytest.mark.soak

RESTARTS = 20
CALLS = 50_000
RATE = 1_050.0
EXHAUSTED = "RESOURCE_EXHAUSTED"
SOAK_SECONDS = float(os.environ.get("REPUTABLE_TEST_SOAK_SECONDS", "600"))
SEEDED = 60_000
RECORD = "/reputable.v1.TrackRecordService/RecordVerdict"


@pytest.fixture
def database() -> Iterator[Database]:
    """A server of the test's own."""
    with databases() as one:
        yield one


def test_f01_to_f16_every_fault_of_redis_is_stood(targets: Targets) -> None:
    command = [sys.executable, "-m", "pytest", "tests/faults/test_redis.py", "-v", "-p", "no:cacheprovider", "-n", "0"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    results = re.findall(r"::test_((?:f\d\d_)+)\S* (PASSED|FAILED|ERROR)", done.stdout)
    bad = {number for names, result in results for number in names.split("_") if number and result != "PASSED"}
    tested = {number for names, _ in results for number in names.split("_") if number}
    targets.reached("faults of Redis stood", f"{len(tested - bad)} of 16", "16 of 16", met=len(tested - bad) == 16)


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("through", "variant"), [("health", ""), ("tcp", ""), ("tcp", "stop_at_once")], ids=["health", "tcp", "naive"]
)
def test_f31_twenty_restarts_fail_no_call(
    tmp_path: Path, database: Database, targets: Targets, through: str, variant: str
) -> None:
    environ = {"REPUTABLE_TEST_VARIANT": variant} if variant else {}
    if through == "tcp":
        environ |= {"REPUTABLE_CONNECTION_AGE_SECONDS": "1", "REPUTABLE_DRAIN_SECONDS": "2"}
    replicas = [Service(tmp_path, database.url, environ=dict(environ)) for _ in range(2)]
    cycles, least = (4, 0) if variant else (RESTARTS, CALLS)
    with children(*replicas):
        for replica in replicas:
            replica.start()
        outcomes = asyncio.run(restart_each(replicas, through, cycles, RATE, least, abrupt=bool(variant)))
    rate = outcomes.count / outcomes.elapsed
    clients = {"health": "health-aware clients", "tcp": "a plain TCP balancer"}[through]
    measured = f"{outcomes.failed} of {outcomes.count:,} failed at {rate:.0f} a second{outcomes.failures}"
    if variant:
        targets.reached(f"naive (stop at once): {cycles} SIGTERMs, {clients}", measured, "more than 0 failed",
                        met=outcomes.failed > 0)  # fmt: skip
    else:
        met = outcomes.failed == 0 and outcomes.count >= CALLS and rate >= 1_000
        targets.reached(f"{cycles} SIGTERMs, {clients}", measured, f"0 of {CALLS:,} at 1,000 a second", met=met)


@pytest.mark.postgres
def test_f31_the_client_stands_servers_that_stop_at_once(
    tmp_path: Path, database: Database, targets: Targets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With gRPC's own retries no call failed either, but in every second run memory grew by some hundred MiB."""
    monkeypatch.setattr(channels, "OPTIONS", [*channels.OPTIONS, OWN_CONNECTION])
    replicas = [Service(tmp_path, database.url, environ={"REPUTABLE_TEST_VARIANT": "stop_at_once"}) for _ in range(2)]
    with children(*replicas):
        for replica in replicas:
            replica.start()
        Path("/proc/self/clear_refs").write_text("5")  # The peak is that of now.
        before = peak_mib()
        outcomes = asyncio.run(restart_each(replicas, "client", 6, RATE / 2, abrupt=True))
    longest, grown = max(map(max, outcomes.seconds.values())), peak_mib() - before
    targets.reached("the client, 6 servers that stop at once behind a TCP balancer",
                    f"{outcomes.failed} of {outcomes.count:,} failed, the longest {longest:.1f} s{outcomes.failures}",
                    "0 failed, none longer than 5 s", met=outcomes.failed == 0 and longest <= 5)  # fmt: skip
    targets.reached("memory that the client took meanwhile", f"{grown:.0f} MiB", "50 MiB", met=grown <= 50)


def peak_mib() -> float:
    """The most memory that this process has held since its peak was last set back."""
    status = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in status if line.startswith("VmHWM:"))) / 1024


@pytest.mark.parametrize("variant", ["", "no_limiter"], ids=["ours", "naive"])
def test_f41_overload_by_batches(tmp_path: Path, targets: Targets, variant: str) -> None:
    environ = {"REPUTABLE_LOCAL_CACHE_SIZE": "0"} | ({"REPUTABLE_TEST_VARIANT": variant} if variant else {})
    with Service(tmp_path, environ=environ) as service:
        peak, overload = asyncio.run(overloaded(service, 30.0 if not variant else 10.0, 5.0))
        recovery = recovers(service)
    goodput = overload.rate / peak
    refused = overload.quantile(0.99, EXHAUSTED)
    codes = {code: len(found) for code, found in overload.seconds.items()}
    if variant:
        measured = f"{goodput:.0%} of the peak, {codes}"
        targets.reached("naive (no limiter): goodput at three times the peak", measured, "below 50%", met=goodput < 0.5)
        return
    targets.reached("batches at three times the peak rate: goodput", f"{goodput:.0%} of {peak:.1f} a second, {codes}",
                    "80% of the peak", met=goodput >= 0.8)  # fmt: skip
    measured = f"median {overload.quantile(0.5, EXHAUSTED) * 1e3:.0f} ms, p99 {refused * 1e3:.0f} ms"
    targets.reached("the rest is refused within", measured, "50 ms", met=refused <= 0.05)
    targets.reached("recovery after overload", f"{recovery:.1f} s", "5 s", met=recovery <= 5)


def recovers(service: Service) -> float:
    """Seconds until a batch is answered in under half a second again."""
    started = time.monotonic()
    while time.monotonic() - started < 30:
        try:
            service.credibility.BatchAssessClaims(batch_request(512, 10_000), timeout=0.5)
        except grpc.RpcError:
            time.sleep(0.05)
            continue
        return time.monotonic() - started
    return 30.0


def test_f41_overload_by_cheap_calls(tmp_path: Path, targets: Targets) -> None:
    async def run(service: Service) -> tuple[float, int, calling.Outcomes]:
        connections = [grpc.aio.insecure_channel(service.address, [OWN_CONNECTION]) for _ in range(4)]
        calls = [calling.method(connection, calling.ASSESS, 2.0) for connection in connections]
        bodies = calling.cheap_bodies(200)
        peak, best = 0.0, 1
        for callers in (8, 16, 32):
            rate = (await calling.closed_loop(calls, bodies, callers, 5.0)).rate
            if rate > peak:
                peak, best = rate, callers
        overload = await calling.closed_loop(calls, bodies, 3 * best, 20.0)
        for connection in connections:
            await connection.close()
        return peak, best, overload

    with Service(tmp_path) as service:
        peak, best, overload = asyncio.run(run(service))
    goodput, longest = overload.rate / peak, overload.quantile(1.0)
    measured = f"{goodput:.0%} of {peak:.0f} a second, {overload.failed} failed"
    targets.reached(f"cheap calls by {3 * best} callers instead of {best}: goodput", measured, "80% of the peak",
                    met=goodput >= 0.8)  # fmt: skip
    targets.reached("longest of them", f"{longest * 1e3:.0f} ms", "the deadline, 2 s",
                    met=longest <= 2.0 and "DEADLINE_EXCEEDED" not in overload.seconds)  # fmt: skip


def test_f39_ten_minutes_of_mixed_load_leak_nothing(tmp_path: Path, targets: Targets) -> None:
    settings = {"REPUTABLE_LOCAL_CACHE_SIZE": "2000"}
    samples: list[tuple[float, float]] = []
    with Service(tmp_path, redis_url="embedded", environ=settings) as service:
        establish(service)
        seed(service, SEEDED)
        before: tuple[int, int] = (0, 0)

        def watch(elapsed: float) -> None:
            nonlocal before
            samples.append((elapsed / 60, service.rss_mib()))
            if elapsed >= 60 and before == (0, 0):
                before = service.descriptors(), service.threads()

        outcomes = asyncio.run(mixed(service, SOAK_SECONDS, watch))
        after = service.descriptors(), service.threads()
    settled = [(minute, mib) for minute, mib in samples if minute >= 1]
    growth = slope(settled)
    minutes = SOAK_SECONDS / 60
    calls = f"{outcomes.count:,} calls, {outcomes.failed} failed{outcomes.failures}"
    target = f"{minutes:.0f} minutes of mixed load on {SEEDED:,} verdicts ({calls})"
    measured = f"{growth:+.2f} MiB a minute, {settled[0][1]:.0f} to {settled[-1][1]:.0f} MiB"
    targets.reached(f"{target}: memory after the first", measured, "under 0.5 MiB a minute", met=growth < 0.5)
    flat = after[0] <= before[0] + 4 and after[1] <= before[1] + 2
    targets.reached("descriptors and threads meanwhile", f"{before} to {after}", "flat", met=flat)


def seed(service: Service, count: int) -> None:
    """Record that many verdicts first: a ledger of some age, whose pages SQLite's bounded caches then hold."""
    for start in range(0, count, 1_000):
        requests = [verdict_request(start + i, f"Mixed {(start + i) % 2_000}") for i in range(1_000)]
        service.records.BatchRecordVerdicts(track_records_pb2.BatchRecordVerdictsRequest(requests=requests), timeout=10)


async def mixed(service: Service, seconds: float, watch: object) -> calling.Outcomes:
    """Assessments, batches and verdicts on 2,000 sources, some 250 calls a second."""
    chooser, number = random.Random(39), 0
    outcomes, started = calling.Outcomes(), time.perf_counter()
    assert callable(watch)
    async with grpc.aio.insecure_channel(service.address) as channel:
        methods = {path: calling.method(channel, path, 6.0) for path in (calling.ASSESS, calling.BATCH, RECORD)}

        def work() -> tuple[str, bytes]:
            source = f"Mixed {chooser.randrange(2_000)}"
            kind = chooser.random()
            if kind < 0.2:
                return RECORD, verdict_request(number, source, truthfulness=float(number % 2)).SerializeToString()
            if kind < 0.22:
                return calling.BATCH, batch_request(64, chooser.randrange(5_000), source).SerializeToString()
            return calling.ASSESS, assess_request(chooser.randrange(5_000), source).SerializeToString()

        sampled = -5.0
        tasks: set[asyncio.Task[None]] = set()
        while (elapsed := time.perf_counter() - started) < seconds:
            if elapsed - sampled >= 5:
                watch(elapsed)
                sampled = elapsed
            path, body = work()
            task = asyncio.ensure_future(calling.timed(methods[path], body, outcomes))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            number += 1
            await asyncio.sleep(max(0.0, started + number / 250 - time.perf_counter()))
        await asyncio.gather(*tasks)
    outcomes.elapsed = time.perf_counter() - started
    return outcomes


def slope(points: list[tuple[float, float]]) -> float:
    """The slope of the least-squares line through the points."""
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0
