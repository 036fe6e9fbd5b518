"""Redis may fail in any way: assessments stay right, and hardly slower, and recover on their own.

Each test bears the number of its fault. "Right" is checked in every one: an answer is what the
scorer says, wherever it came from.
"""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from reputable.adapters.breaker import FAILURES_TO_OPEN
from reputable.adapters.embedded_redis import EmbeddedRedis
from reputable.adapters.redis_cache import PREFIX
from reputable.v1 import assessment_pb2
from tests import fault_proxy
from tests.fault_proxy import Fault, FaultProxy
from tests.service import Service, running
from tests.waiting import eventually

CLAIMS = 12
EXPECTED = 0.5
"""What the scorer says of a source without verdicts."""
ALLOWED_SECONDS = 0.060
"""How much longer than usual an assessment may take until the breaker opens."""
NOISE_SECONDS = 0.100
"""What a busy machine may add to any one call; the median must stay within ALLOWED_SECONDS."""
REDIS = assessment_pb2.SERVED_FROM_REDIS
COMPUTED = assessment_pb2.SERVED_FROM_COMPUTED


class Desk:
    """A service whose only cache is a Redis behind a fault proxy."""

    def __init__(self, service: Service, proxy: FaultProxy, redis: EmbeddedRedis) -> None:
        self.service = service
        self.proxy = proxy
        self.redis = redis

    async def assess_all(self, count: int = CLAIMS) -> tuple[list[int], list[float]]:
        """Assess claims one after another: where each answer came from, and its seconds."""
        tiers, seconds = [], []
        for number in range(count):
            started = time.perf_counter()
            assessment = (await self.service.assess(f"Claim number {number % CLAIMS}.")).assessment
            seconds.append(time.perf_counter() - started)
            assert assessment.credibility == EXPECTED
            assert set(assessment.degraded) <= {assessment_pb2.DEGRADED_PART_REDIS}
            tiers.append(int(assessment.served_from))
        return tiers, seconds

    async def fill(self) -> None:
        """Have every claim's score stored."""
        await self.assess_all()

        async with asyncio.timeout(5):
            while len(await keys(self)) < CLAIMS:  # noqa: ASYNC110 - Redis signals nothing.
                await asyncio.sleep(0.01)
        tiers, _ = await self.assess_all()
        assert set(tiers) == {REDIS}

    @property
    def reachable(self) -> bool:
        return self.service.app.ready()[1]["redis"] == "up"

    def problems(self, kind: str) -> int:
        return self.service.app.metrics.redis_problems[kind]

    async def recovers(self) -> None:
        """Within five seconds answers come from Redis again."""
        started = time.perf_counter()
        await eventually(lambda: self.reachable, seconds=5)
        await self.assess_all()
        tiers, _ = await self.assess_all()
        assert set(tiers) == {REDIS}
        assert time.perf_counter() - started < 5


def check_pace(seconds: list[float]) -> None:
    """At most the allowance until the breaker is open, nothing after."""
    asked, skipped = seconds[: FAILURES_TO_OPEN + 1], seconds[FAILURES_TO_OPEN + 1 :]
    assert max(asked) < ALLOWED_SECONDS + NOISE_SECONDS
    assert sorted(asked)[len(asked) // 2] < ALLOWED_SECONDS
    assert sorted(skipped)[len(skipped) // 2] < 0.02


@asynccontextmanager
async def desk_in(folder: Path) -> AsyncIterator[Desk]:
    redis = EmbeddedRedis(16)
    await redis.start()
    try:
        async with (
            FaultProxy(redis.url.removeprefix("unix://")) as proxy,
            running(folder, redis_url=proxy.url, local_cache_size=0) as service,
        ):
            yield Desk(service, proxy, redis)
    finally:
        await redis.stop()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk_in(tmp_path) as found:
        yield found


async def test_f01_redis_down_at_the_start_is_no_reason_not_to_start(tmp_path: Path) -> None:
    async with running(tmp_path, redis_url="redis://127.0.0.1:1", local_cache_size=0) as service:
        ready, facts = service.app.ready()
        assert (ready, facts["redis"]) == (True, "unreachable")
        answer = await service.assess()
        assert answer.assessment.credibility == EXPECTED
        assert list(answer.assessment.degraded) == [assessment_pb2.DEGRADED_PART_REDIS]
        await service.record()


async def test_f02_redis_killed_in_mid_run_is_a_miss(desk: Desk) -> None:
    await desk.fill()
    os.kill(desk.redis.pid, signal.SIGKILL)
    _, seconds = await desk.assess_all(30)
    check_pace(seconds)


async def test_f03_redis_stopped_costs_50_ms_until_the_breaker_opens(desk: Desk) -> None:
    await desk.fill()
    os.kill(desk.redis.pid, signal.SIGSTOP)
    try:
        tiers, seconds = await desk.assess_all(30)
        assert set(tiers) == {COMPUTED}
        check_pace(seconds)
        assert desk.problems("timeout") >= FAILURES_TO_OPEN
        assert not desk.reachable
    finally:
        os.kill(desk.redis.pid, signal.SIGCONT)
    await desk.recovers()


@pytest.mark.parametrize("fault", [fault_proxy.slow(0.2), fault_proxy.trickling(0.002)], ids=["slow", "trickling"])
async def test_f04_slow_and_trickling_replies_are_misses(desk: Desk, fault: Fault) -> None:
    await spoiled_and_mended(desk, fault)


async def test_f05_replies_that_never_come_are_misses(desk: Desk) -> None:
    await spoiled_and_mended(desk, fault_proxy.swallowed)


async def spoiled_and_mended(desk: Desk, fault: Fault) -> None:
    """The fault makes misses until the breaker opens; without it answers come from Redis again."""
    await desk.fill()
    desk.proxy.fault = fault
    tiers, seconds = await desk.assess_all(30)
    assert set(tiers) == {COMPUTED}
    check_pace(seconds)
    assert not desk.reachable
    desk.proxy.fault = fault_proxy.untouched
    await desk.recovers()


async def test_f06_a_flush_makes_misses_only_and_each_key_is_computed_once(desk: Desk) -> None:
    await desk.fill()
    await command(desk, b"FLUSHALL")
    before = desk.service.scorer.scored
    answers = await asyncio.gather(*(desk.service.assess("Claim number 0.") for _ in range(50)))
    assert {answer.assessment.credibility for answer in answers} == {EXPECTED}
    assert desk.service.scorer.scored == before + 1
    assert desk.reachable


async def test_f07_a_full_redis_still_answers_look_ups(desk: Desk) -> None:
    await desk.fill()
    await command(desk, b"CONFIG", b"SET", b"maxmemory-policy", b"noeviction")
    await command(desk, b"CONFIG", b"SET", b"maxmemory", b"1")
    tiers, _ = await desk.assess_all()
    assert set(tiers) == {REDIS}
    await desk.service.assess("A claim that is new.")
    await eventually(lambda: desk.problems("dropped") >= 1)
    tiers, _ = await desk.assess_all()
    assert set(tiers) == {REDIS}
    assert desk.reachable


async def test_f08_a_read_only_replica_still_answers_look_ups(desk: Desk) -> None:
    await desk.fill()
    await command(desk, b"REPLICAOF", b"127.0.0.1", b"1")
    await desk.service.assess("A claim that is new.")
    await eventually(lambda: desk.problems("dropped") >= 1)
    await command(desk, b"REPLICAOF", b"NO", b"ONE")
    await desk.recovers()


@pytest.mark.parametrize(
    "reply",
    [
        b"-MASTERDOWN Link with MASTER is down\r\n",
        b"-LOADING Redis is loading the dataset in memory\r\n",
        b"-BUSY Redis is busy running a script\r\n",
        b"-MOVED 1234 10.0.0.1:6379\r\n",
        b"-ERR \xff\xfe\r\n",
        b"-NOAUTH Authentication required.\r\n",
    ],
    ids=["masterdown", "loading", "busy", "moved", "not-utf-8", "noauth"],
)
async def test_f09_error_replies_are_misses(desk: Desk, reply: bytes) -> None:
    await spoiled_and_mended(desk, fault_proxy.instead(reply))


async def test_f10_a_key_of_another_type_is_a_miss_and_is_overwritten(desk: Desk) -> None:
    await desk.fill()
    for key in await keys(desk):
        await command(desk, b"DEL", key)
        await command(desk, b"LPUSH", key, b"x")
    tiers, _ = await desk.assess_all()
    assert set(tiers) == {COMPUTED}
    await desk.recovers()


@pytest.mark.parametrize("position", [5, 20, 60, 85], ids=["end", "middle", "start", "mac"])
async def test_f11_a_flipped_bit_is_never_believed(desk: Desk, position: int) -> None:
    await desk.fill()
    desk.proxy.fault = fault_proxy.flipped(position)
    tiers, _ = await desk.assess_all(30)
    assert set(tiers) == {COMPUTED}
    assert desk.problems("refused") + desk.problems("error") >= 1
    desk.proxy.fault = fault_proxy.untouched
    await desk.recovers()


async def test_f12_a_reply_that_belongs_to_another_call_is_never_believed(desk: Desk) -> None:
    await desk.fill()
    [key] = (await keys(desk))[:1]
    value = await command(desk, b"GET", key)
    assert isinstance(value, bytes)
    stray = b"*1\r\n$%d\r\n%s\r\n" % (len(value), value)
    connections = desk.proxy.connections
    desk.proxy.fault = fault_proxy.before(stray)
    for _ in range(20):
        await desk.assess_all()
    assert desk.problems("refused") >= 1
    assert desk.proxy.connections > connections, "the connection was kept"
    desk.proxy.fault = fault_proxy.untouched
    await desk.recovers()


@pytest.mark.parametrize(
    "fault",
    [
        fault_proxy.truncated,
        fault_proxy.instead(b"\x00\xff\xfe garbage\r\n"),
        fault_proxy.instead(b"$536870912\r\nx"),
        fault_proxy.instead(b"*536870912\r\n"),
        fault_proxy.instead(b"*1\r\n*1\r\n*1\r\n:1\r\n"),
        fault_proxy.instead(b":7\r\n"),
        fault_proxy.instead(b"*0\r\n"),
    ],
    ids=["truncated", "garbage", "512 MB", "512 M values", "nested", "number", "none"],
)
async def test_f13_truncated_and_senseless_replies_are_misses(desk: Desk, fault: Fault) -> None:
    before = resident_bytes()
    await spoiled_and_mended(desk, fault)
    assert resident_bytes() - before < 64 * 1024 * 1024


def resident_bytes() -> int:
    """Bytes that the process has in memory."""
    fields = Path("/proc/self/statm").read_text().split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")


async def test_f14_push_frames_between_replies_are_ignored(desk: Desk) -> None:
    await desk.fill()
    desk.proxy.fault = fault_proxy.before(b">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nx\r\n")
    tiers, _ = await desk.assess_all(100)
    assert set(tiers) == {REDIS}


async def test_f15_many_calls_at_once_never_wait_for_a_connection(desk: Desk) -> None:
    await desk.fill()
    desk.proxy.fault = fault_proxy.swallowed
    started = time.perf_counter()
    answers = await asyncio.gather(*(desk.service.assess(f"Another claim, {n}.") for n in range(60)))
    assert time.perf_counter() - started < 1.0
    assert {answer.assessment.credibility for answer in answers} == {EXPECTED}


async def test_f16_a_value_that_another_tenant_wrote_is_never_believed(desk: Desk) -> None:
    await desk.fill()
    found = await keys(desk)
    values = [await command(desk, b"GET", key) for key in found]
    for key, value in zip(found, [*values[1:], values[0]], strict=True):
        assert isinstance(value, bytes)
        await command(desk, b"SET", key, value)
    tiers, _ = await desk.assess_all()
    assert set(tiers) == {COMPUTED}
    assert desk.problems("refused") == len(found)
    await desk.recovers()


async def keys(desk: Desk) -> list[bytes]:
    """The keys of the stored scores."""
    found = await command(desk, b"KEYS", PREFIX + b"*")
    assert isinstance(found, list)
    return [key for key in found if not key.endswith(b"probe")]


async def command(desk: Desk, *parts: bytes) -> object:
    """Say something to Redis behind the proxy's back."""
    from redis.asyncio import Redis

    client = Redis.from_url(desk.redis.url)
    try:
        return await client.execute_command(*parts)  # type: ignore[no-untyped-call]
    finally:
        await client.aclose()
