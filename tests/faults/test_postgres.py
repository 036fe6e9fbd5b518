"""The ledger in PostgreSQL and two replicas under fire: F20, F21, F24, F25 and what is never stale."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

from tests.faults.database import Database, databases
from tests.faults.messages import assess_request, at_least, bounded, check, failure_of, verdict_request
from tests.faults.proxy import pass_on
from tests.faults.redis_faults import blackhole
from tests.faults.running import Redis, Service, children, wait_until
from tests.faults.staleness import Hunt
from tests.faults.writing import Book, verify

pytestmark = pytest.mark.postgres
UNAVAILABLE = grpc.StatusCode.UNAVAILABLE


@pytest.fixture(scope="module")
def shared_database() -> Iterator[Database]:
    """One server for the module."""
    with databases() as one:
        yield one


@pytest.fixture
def database(shared_database: Database) -> Database:
    """The server with an empty database, and all well."""
    shared_database.proxy.fault = pass_on
    shared_database.execute("DROP SCHEMA IF EXISTS reputable CASCADE")
    return shared_database


@pytest.fixture
def replicas(tmp_path: Path, database: Database) -> Iterator[list[Service]]:
    """Two services on the same ledger."""
    both = [Service(tmp_path, database.url) for _ in range(2)]
    with children(*both):
        yield [service.start() for service in both]


def failure(service: Service, **how: object) -> grpc.StatusCode:
    """The status with which an assessment fails."""
    with pytest.raises(grpc.RpcError) as caught:
        service.credibility.AssessClaim(assess_request(1, **how), timeout=5)  # type: ignore[arg-type]
    return failure_of(caught.value).code


def test_f21_a_request_at_two_replicas_at_once_is_one_verdict(replicas: list[Service]) -> None:
    request = verdict_request(1)
    with ThreadPoolExecutor(64) as threads:
        calls = [threads.submit(replicas[i % 2].records.RecordVerdict, request, timeout=6) for i in range(64)]
        answers = [call.result() for call in calls]
    assert sum(not answer.duplicate for answer in answers) == 1
    assert len({answer.verdict_id for answer in answers}) == 1


def test_f24_without_its_database_a_service_says_so_and_does_not_start(tmp_path: Path) -> None:
    service = Service(tmp_path, "postgresql://postgres@127.0.0.1:1/nowhere")
    with service.start(wait=False):
        assert service.running.wait(30) == 1
    assert "database cannot be used" in service.log()
    assert "Traceback" not in service.log()


def test_f24_while_the_database_is_gone_only_bounded_answers_while_its_bound_holds(
    database: Database, replicas: list[Service]
) -> None:
    service = replicas[0]
    token = service.records.RecordVerdict(verdict_request(1), timeout=5).freshness_token
    check(service.credibility.AssessClaim(assess_request(1), timeout=2).assessment)
    database.kill()
    try:
        check(service.credibility.AssessClaim(assess_request(1, freshness=bounded(60_000)), timeout=2).assessment)
        assert failure(service) is UNAVAILABLE
        assert failure(service, freshness=at_least(token.rpartition(".")[0] + ".999999")) is UNAVAILABLE
        time.sleep(0.3)
        assert failure(service, freshness=bounded(200)) is UNAVAILABLE
        with pytest.raises(grpc.RpcError) as caught:
            service.records.RecordVerdict(verdict_request(2), timeout=6)
        assert failure_of(caught.value).code is UNAVAILABLE
        assert failure_of(caught.value).retry_after
    finally:
        database.restart()
    wait_until(lambda: Book().record(service), 5, "verdicts are taken again")
    check(service.credibility.AssessClaim(assess_request(1), timeout=2).assessment)


def test_f24_connections_cut_under_way_lose_nothing_and_count_nothing_twice(
    database: Database, replicas: list[Service]
) -> None:
    stop, book = threading.Event(), Book()

    def cut() -> None:
        while not stop.wait(0.1):
            database.proxy.drop()

    thread = threading.Thread(target=cut)
    thread.start()
    try:
        book.write(replicas, count=400, until=stop.is_set)
    finally:
        stop.set()
        thread.join()
    unsure = len(book.unsure)
    stood = book.settle(replicas[0])
    print(f"{len(book.requests)} sent, {unsure} unsure, of which {stood} stood; {dict(book.codes)}")
    assert set(book.codes) <= {UNAVAILABLE}
    for replica in replicas:
        book.audit(replica)
    verify(database.direct)


def test_f24_a_database_that_falls_silent_is_unavailable_within_the_deadline(
    database: Database, replicas: list[Service]
) -> None:
    service = replicas[0]
    check(service.credibility.AssessClaim(assess_request(1), timeout=2).assessment)
    database.proxy.fault = blackhole
    started = time.monotonic()
    with pytest.raises(grpc.RpcError) as caught:
        service.records.RecordVerdict(verdict_request(3), timeout=10)
    assert failure_of(caught.value).code in {UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}
    assert time.monotonic() - started < 5.5
    assert failure(service) in {UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}
    database.proxy.fault = pass_on
    database.proxy.drop()
    wait_until(lambda: Book().record(service), 5, "verdicts are taken again")


@pytest.mark.parametrize("who", ["service", "database"])
def test_f20_a_kill_under_way_loses_nothing_and_counts_nothing_twice(
    database: Database, replicas: list[Service], who: str
) -> None:
    book = Book()

    def kill() -> None:
        time.sleep(0.8)
        if who == "service":
            replicas[0].kill()
        else:
            database.kill()

    thread = threading.Thread(target=kill)
    thread.start()
    book.write(replicas, count=1_500, until=lambda: not thread.is_alive() and book.codes[UNAVAILABLE] > 8)
    thread.join()
    if who == "service":
        replicas[0].start()
    else:
        database.restart()
    acknowledged, unsure = len(book.acknowledged), len(book.unsure)
    stood = book.settle(replicas[1])
    print(f"{acknowledged} acknowledged, {unsure} unsure, of which {stood} stood")
    for replica in replicas:
        book.audit(replica)
    verify(database.direct)


def test_f25_a_read_only_server_is_never_asked(tmp_path: Path, database: Database) -> None:
    """A replica may lag behind; the service connects to a primary or to nothing."""
    with Service(tmp_path, database.url) as first:
        first.stop()
    database.set_read_only(on=True)
    try:
        service = Service(tmp_path, database.url)
        with service.start(wait=False):
            assert service.running.wait(30) == 1
        assert "database cannot be used" in service.log()
    finally:
        database.set_read_only(on=False)


class Trouble:
    """Redis is flushed, killed and started again, in turn."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def __call__(self, ended: threading.Event) -> None:
        """Go on until ended."""
        while not ended.wait(0.4):
            self._redis.command("FLUSHALL")
            if ended.wait(0.4):
                break
            self._redis.kill()
            ended.wait(0.3)
            self._redis.start()


def hunting(tmp_path: Path, database: Database, redis_url: str, **environ: str) -> list[Service]:
    """Two replicas whose only cache is Redis."""
    settings = {"REPUTABLE_LOCAL_CACHE_SIZE": "0", **environ}
    return [Service(tmp_path, database.url, redis_url, dict(settings)) for _ in range(2)]


def test_no_assessment_is_older_than_asked_for_while_redis_comes_and_goes(
    tmp_path: Path, database: Database, redis: Redis
) -> None:
    both = hunting(tmp_path, database, redis.url)
    with children(*both):
        hunt = Hunt([service.start() for service in both])
        hunt.run(150, 1_500, trouble=Trouble(redis), pause=0.01, seconds=30)
    print(f"ours: {hunt.report()}")
    assert hunt.failed == []
    assert sum(hunt.reads.values()) >= 1_000
    assert hunt.stale == {"strong": 0, "at_least": 0, "bounded": 0}


def test_a_cache_that_is_deleted_from_after_each_commit_would_be_stale(
    tmp_path: Path, database: Database, redis: Redis
) -> None:
    """The naive variant keeps one score a claim and deletes it once a verdict on its source is durable."""
    both = hunting(tmp_path, database, redis.url, REPUTABLE_TEST_VARIANT="delete_after_commit")
    with children(*both):
        hunt = Hunt([service.start() for service in both])
        hunt.run(150, 1_500, trouble=Trouble(redis), pause=0.01, seconds=30)
    print(f"delete after commit: {hunt.report()}")
    assert hunt.stale["strong"] > 0
