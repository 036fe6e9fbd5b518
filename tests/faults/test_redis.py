"""Redis fails: F1 to F16. Assessments stay right and OK; they only take a little longer at first."""

import signal
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

from reputable.v1 import assessment_pb2, credibility_pb2
from tests.faults import redis_faults as faults
from tests.faults.cached import CLAIMS, COMPUTED, FROM_REDIS, Cached, figures
from tests.faults.messages import assess_request, batch_request, check, verdict_request
from tests.faults.proxy import Fault, FaultProxy, pass_on
from tests.faults.running import Redis, Service, children, wait_until

BUDGET_SECONDS = 0.060
NOISE_SECONDS = 0.200
"""How much longer the slowest call may take by chance while other tests run."""
MAX_RSS_MIB = 300


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cached]:
    """One service and one proxy for the module."""
    folder = tmp_path_factory.mktemp("redis")
    redis = Redis(folder).start()
    with FaultProxy(redis.port) as proxy:
        service = Service(
            folder, redis_url=f"redis://127.0.0.1:{proxy.port}", environ={"REPUTABLE_LOCAL_CACHE_SIZE": "0"}
        )
        with children(service):
            yield Cached(service.start(), redis, proxy, {})
    redis.kill()


@pytest.fixture
def cached(shared: Cached) -> Iterator[Cached]:
    """All is well, and every claim's score is in Redis; what a test broke is mended at its end."""
    shared.recovers()
    yield shared
    shared.proxy.fault = pass_on
    if shared.redis.command("PING") != b"+PONG\r\n":
        shared.redis.kill()
        shared.redis.start()
    assert shared.service.rss_mib() < MAX_RSS_MIB


def meets_its_budget(cached: Cached, begin: Callable[[], object], end: Callable[[], object]) -> list[float]:
    """Break Redis, assess, mend it: OK and right all along, in the budget, back within five seconds."""
    normal = max(cached.timed())
    begin()
    first = cached.timed(iter(range(8)))
    wait_until(lambda: not cached.reachable(), 5, "the breaker opens")
    then = cached.timed()
    assert list(cached.assess(1).degraded) == [assessment_pb2.DEGRADED_PART_REDIS]
    recorded = cached.service.records.RecordVerdict(verdict_request(1, "Nobody Asked"), timeout=2)
    assert recorded.revision > 0
    end()
    seconds = cached.recovers()
    print(
        f"normal {normal * 1e3:.1f} ms, until the breaker opens {max(first) * 1e3:.1f} ms, "
        f"then {max(then) * 1e3:.1f} ms (median {statistics.median(then) * 1e3:.1f} ms), back after {seconds:.1f} s"
    )
    assert sorted(first)[-2] < normal + BUDGET_SECONDS + NOISE_SECONDS, "the slowest but one: others share the machine"
    assert statistics.median(then) < normal + 0.005
    assert sorted(then)[-2] < normal + NOISE_SECONDS
    return first


def stays_right(cached: Cached, fault: Fault, *, seconds: float = 0.0) -> None:
    """Spoil look-ups: every score is right, none comes from Redis, and all is well afterwards."""
    cached.proxy.fault = fault
    for number in (*CLAIMS, *CLAIMS):
        assert cached.assess(number).served_from == COMPUTED
    cached.proxy.fault = pass_on
    cached.recovers()


def test_f01_without_redis_the_service_starts_and_is_ready(tmp_path: Path) -> None:
    with Service(tmp_path, redis_url="redis://127.0.0.1:1") as service:
        answer = check(service.credibility.AssessClaim(assess_request(1), timeout=2).assessment)
        assert list(answer.degraded) == [assessment_pb2.DEGRADED_PART_REDIS]
        assert service.metrics()["reputable_redis_up"] == 0


def test_f02_a_redis_killed_under_way_costs_a_miss(cached: Cached) -> None:
    meets_its_budget(cached, cached.redis.kill, cached.redis.start)


def test_f03_a_stopped_redis_costs_50_ms_until_the_breaker_opens(cached: Cached) -> None:
    redis = cached.redis
    meets_its_budget(cached, lambda: redis.signal(signal.SIGSTOP), lambda: redis.signal(signal.SIGCONT))


def test_f03_a_client_with_its_own_patience_would_hang(tmp_path: Path, redis: Redis) -> None:
    """The naive variant: redis-py's usual timeouts, and no breaker."""
    environ = {"REPUTABLE_TEST_VARIANT": "patient_redis", "REPUTABLE_LOCAL_CACHE_SIZE": "0"}
    with Service(tmp_path, redis_url=redis.url, environ=environ) as naive:
        naive.credibility.AssessClaim(assess_request(1), timeout=2)
        redis.signal(signal.SIGSTOP)
        started = time.monotonic()
        with pytest.raises(Exception, match="DEADLINE_EXCEEDED"):
            naive.credibility.AssessClaim(assess_request(1), timeout=2)
        redis.signal(signal.SIGCONT)
    print(f"the naive variant had not answered after {time.monotonic() - started:.1f} s")


@pytest.mark.parametrize(
    "fault", [faults.slow(0.2), faults.trickle(0.002), faults.blackhole], ids=["slow", "trickling", "silent"]
)
def test_f04_f05_a_slow_trickling_or_silent_redis_costs_50_ms_until_the_breaker_opens(
    cached: Cached, fault: Fault
) -> None:
    def begin() -> None:
        cached.proxy.fault = fault

    def end() -> None:
        cached.proxy.fault = pass_on

    meets_its_budget(cached, begin, end)


def test_f06_a_flushed_or_restarted_redis_costs_misses_only(cached: Cached) -> None:
    cached.redis.command("FLUSHALL")
    assert cached.assess(1).served_from == COMPUTED
    cached.fill()
    cached.redis.kill()
    cached.redis.start()
    cached.recovers()


def test_f06_equal_claims_asked_at_once_are_computed_once(cached: Cached) -> None:
    cached.proxy.fault = faults.slow(0.02)
    before = cached.service.metrics()['reputable_assessment_seconds_count{stage="predict"}']
    request = assess_request(9_999)
    with ThreadPoolExecutor(32) as threads:
        calls = [threads.submit(cached.service.credibility.AssessClaim, request, timeout=2) for _ in range(32)]
        assert len({call.result().assessment.credibility for call in calls}) == 1
    assert cached.service.metrics()['reputable_assessment_seconds_count{stage="predict"}'] - before <= 2


def test_f07_a_full_redis_that_evicts_nothing_still_answers_look_ups(cached: Cached) -> None:
    cached.redis.command("CONFIG", "SET", "maxmemory-policy", "noeviction")
    cached.redis.command("CONFIG", "SET", "maxmemory", "1")
    try:
        dropped = cached.problems("dropped")
        assert cached.assess(1).served_from == FROM_REDIS
        assert cached.assess(50_001).served_from == COMPUTED
        wait_until(lambda: cached.problems("dropped") > dropped, 2, "the refused write is counted")
        assert cached.reachable()
    finally:
        cached.redis.command("CONFIG", "SET", "maxmemory", "0")


def test_f08_a_read_only_replica_answers_look_ups_and_its_refusals_are_counted(cached: Cached) -> None:
    cached.redis.command("REPLICAOF", "127.0.0.1", "1")
    try:
        dropped = cached.problems("dropped")
        cached.assess(50_002)
        wait_until(lambda: cached.problems("dropped") > dropped, 2, "the refused write is counted")
        assert cached.assess(1).served_from == FROM_REDIS
    finally:
        cached.redis.command("REPLICAOF", "NO", "ONE")


@pytest.mark.parametrize(
    "error",
    [
        "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
        "LOADING Redis is loading the dataset in memory",
        "BUSY Redis is busy running a script.",
        "MOVED 3999 127.0.0.1:6381",
        "NOAUTH Authentication required.",
    ],
    ids=lambda error: error.partition(" ")[0],
)
def test_f09_an_error_of_redis_is_a_miss(cached: Cached, error: str) -> None:
    stays_right(cached, faults.says(error))


def test_f10_a_value_of_another_type_is_a_miss_and_is_overwritten(cached: Cached) -> None:
    cached.redis.command(
        "EVAL",
        "for _, k in ipairs(redis.call('KEYS', '*')) do redis.call('DEL', k) redis.call('LPUSH', k, 'x') end",
        "0",
    )
    assert cached.assess(1).served_from == COMPUTED
    cached.fill()


def test_f11_a_flipped_bit_is_a_miss(cached: Cached) -> None:
    refused = cached.problems("refused")
    stays_right(cached, faults.flip_bit)
    assert cached.problems("refused") > refused


def test_f12_an_answer_to_another_question_is_a_miss_and_drops_the_connection(cached: Cached) -> None:
    connections = cached.proxy.connections
    cached.proxy.fault = faults.Desynchronise()
    for number in (*CLAIMS, *CLAIMS):
        cached.assess(number)
    assert cached.proxy.connections > connections
    assert cached.problems("refused") > 0


@pytest.mark.parametrize(("variant", "fault"), [("flipped", faults.flip_bit), ("another's", faults.Desynchronise())])
def test_f11_f12_without_a_mac_scores_would_be_wrong(tmp_path: Path, redis: Redis, variant: str, fault: Fault) -> None:
    """The naive variant believes whatever Redis answers."""
    environ = {"REPUTABLE_TEST_VARIANT": "no_mac", "REPUTABLE_LOCAL_CACHE_SIZE": "0"}
    with FaultProxy(redis.port) as proxy:
        naive = Service(tmp_path, redis_url=f"redis://127.0.0.1:{proxy.port}", environ=environ)
        with naive:
            cached = Cached(naive, redis, proxy, {})
            cached.fill()
            proxy.fault = fault
            wrong = 0
            for number in (*CLAIMS, *CLAIMS):
                try:
                    answer = naive.credibility.AssessClaim(assess_request(number), timeout=2).assessment
                    wrong += figures(answer) != cached.right[number]
                except grpc.RpcError:
                    wrong += 1
    print(f"without a MAC {wrong} of {2 * len(CLAIMS)} answers were wrong: {variant}")
    assert wrong >= 3


@pytest.mark.parametrize("fault", [faults.truncate, faults.garbage, faults.huge_header], ids=lambda f: f.__name__)
def test_f13_a_broken_answer_is_a_miss_and_takes_no_memory(cached: Cached, fault: Fault) -> None:
    before = cached.service.rss_mib()
    stays_right(cached, fault)
    assert cached.service.rss_mib() < before + 20


def test_f14_messages_that_nobody_asked_for_do_no_harm(cached: Cached) -> None:
    cached.proxy.fault = faults.push_frames
    for number in (*CLAIMS, *CLAIMS):
        cached.assess(number)


def test_f15_more_look_ups_than_connections_wait_50_ms_at_most(cached: Cached) -> None:
    cached.proxy.fault = faults.blackhole
    connections = cached.proxy.connections
    started = time.monotonic()
    with ThreadPoolExecutor(64) as threads:
        list(threads.map(cached.assess, range(60_000, 60_064)))
    assert time.monotonic() - started < 1.0
    assert cached.proxy.connections - connections < 64


def test_f16_a_value_that_another_tenant_planted_is_a_miss(cached: Cached) -> None:
    """Each score stands under another's key, as whoever may write to the same Redis can arrange."""
    script = """
    local keys = redis.call('KEYS', 'reputable:score:*')
    local values = redis.call('MGET', unpack(keys))
    for i, key in ipairs(keys) do redis.call('SET', key, values[i % #keys + 1]) end
    """
    cached.redis.command("FLUSHALL")
    cached.fill()
    assert cached.redis.command("EVAL", script, "0") == b"$-1\r\n"
    refused = cached.problems("refused")
    assert [cached.assess(number).served_from for number in CLAIMS] == [COMPUTED] * len(CLAIMS)
    assert cached.problems("refused") >= refused + len(CLAIMS)


def test_f06_a_batch_is_answered_whole_while_redis_comes_and_goes(cached: Cached) -> None:
    stop = threading.Event()

    def shake() -> None:
        while not stop.wait(0.05):
            cached.redis.command("FLUSHALL")
            cached.proxy.drop()

    thread = threading.Thread(target=shake)
    thread.start()
    try:
        for start in range(0, 2_000, 200):
            batch = batch_request(200, start)
            answer = cached.service.credibility.BatchAssessClaims(batch, timeout=2)
            assert [result.WhichOneof("outcome") for result in answer.results] == ["assessment"] * 200
    finally:
        stop.set()
        thread.join()
    assert isinstance(answer, credibility_pb2.BatchAssessClaimsResponse)
