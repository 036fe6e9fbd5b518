"""The ledger in SQLite under fire: F17 to F20 and F26 to F29."""

import shutil
import threading
import time
from pathlib import Path

import apsw
import grpc
import pytest

from reputable.v1 import assessment_pb2
from tests.faults.messages import assess_request, at_least, check, establish, failure_of, verdict_request
from tests.faults.running import Redis, Service, wait_until
from tests.faults.writing import Book, command, failing, verify

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE
FAILPOINTS = ("before_insert", "before_commit", "after_commit", "after_acknowledgement", "during_start")


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Where a test's ledger stands."""
    return tmp_path / "ledger.db"


def test_f17_while_another_process_holds_the_file_verdicts_are_refused_and_assessments_go_on(
    tmp_path: Path, ledger: Path
) -> None:
    with Service(tmp_path) as service:
        service.records.RecordVerdict(verdict_request(1), timeout=5)
        other = apsw.Connection(str(ledger))
        other.execute("BEGIN EXCLUSIVE")
        request = verdict_request(2)
        started = time.monotonic()
        assert failing(service, request) is UNAVAILABLE
        assert time.monotonic() - started < 5
        check(service.credibility.AssessClaim(assess_request(3), timeout=2).assessment)
        other.execute("ROLLBACK")
        other.close()
        assert not service.records.RecordVerdict(request, timeout=5).duplicate


@pytest.mark.parametrize("variant", ["", "deferred_transactions"])
def test_f17_a_transaction_that_begins_by_reading_would_lose_against_another_writer(
    tmp_path: Path, ledger: Path, variant: str
) -> None:
    """The naive variant begins without IMMEDIATE: SQLite refuses its upgrade at once, whatever the timeout."""
    stop = threading.Event()

    def disturb() -> None:
        other = apsw.Connection(str(ledger))
        other.set_busy_timeout(2_000)
        other.execute("CREATE TABLE IF NOT EXISTS elsewhere (x)")
        while not stop.is_set():
            other.execute("INSERT INTO elsewhere VALUES (1)")
            time.sleep(0.002)
        other.close()

    environ = {"REPUTABLE_TEST_VARIANT": variant} if variant else {}
    book = Book()
    with Service(tmp_path, environ=environ) as service:
        book.record(service)
        thread = threading.Thread(target=disturb)
        thread.start()
        try:
            book.write([service], count=150, until=stop.is_set)
        finally:
            stop.set()
            thread.join()
        print(f"{variant or 'ours'}: {len(book.unsure)} of {len(book.requests)} refused")
        assert (len(book.unsure) > 0) == bool(variant)
        book.settle(service)
        book.audit(service)


def test_f18_on_a_full_disk_nothing_is_acknowledged_and_assessments_go_on(tmp_path: Path) -> None:
    orders = tmp_path / "orders"
    book = Book()
    with Service(tmp_path, environ={"REPUTABLE_TEST_DISK": str(orders)}) as service:
        book.write([service], count=100, until=lambda: False)
        orders.write_text("full")
        assert failing(service, verdict_request(5_000)) is grpc.StatusCode.RESOURCE_EXHAUSTED
        acknowledged = len(book.acknowledged)
        book.write([service], count=50, until=lambda: False)
        assert len(book.acknowledged) == acknowledged
        check(service.credibility.AssessClaim(assess_request(3), timeout=2).assessment)
        orders.write_text("")
        wait_until(lambda: book.record(service), 5, "verdicts are taken again")
        book.settle(service)
        book.audit(service)
    verify(service.ledger_url)


def test_f19_a_disk_that_fails_to_synchronise_is_never_believed(tmp_path: Path) -> None:
    orders = tmp_path / "orders"
    book = Book()
    with Service(tmp_path, environ={"REPUTABLE_TEST_DISK": str(orders)}) as service:
        orders.write_text("fsync 0.2")
        book.write([service], count=300, until=lambda: False)
        assert book.codes[UNAVAILABLE] > 10
        assert set(book.codes) == {UNAVAILABLE}
        orders.write_text("")
        stood = book.settle(service)
        print(f"{len(book.requests)} sent, {book.codes[UNAVAILABLE]} refused, of which {stood} stood")
        book.audit(service)
    verify(service.ledger_url)


def killed(tmp_path: Path, book: Book, environ: dict[str, str], orders: str = "") -> None:
    """Write until the service dies of what `environ` says."""
    service = Service(tmp_path, environ=environ)
    with service:
        if orders:
            (tmp_path / "orders").write_text(orders)
        book.write([service], count=5_000, until=lambda: service.running.poll() is not None)
        assert service.running.wait(10) == -9


@pytest.mark.parametrize("point", [*FAILPOINTS, "mid_checkpoint"])
def test_f20_power_cut_at_each_point_loses_nothing_and_counts_nothing_twice(tmp_path: Path, point: str) -> None:
    book = Book()
    if point == "during_start":
        with Service(tmp_path) as first:
            book.write([first], count=200, until=lambda: False)
            first.kill()
        dying = Service(tmp_path, environ={"REPUTABLE_TEST_FAILPOINT": f"{point}:7"})
        with dying.start(wait=False):
            assert dying.running.wait(20) == -9
    elif point == "mid_checkpoint":
        killed(tmp_path, book, {"REPUTABLE_TEST_DISK": str(tmp_path / "orders")}, "kill 5")
    else:
        killed(tmp_path, book, {"REPUTABLE_TEST_FAILPOINT": f"{point}:40"})
    with Service(tmp_path) as service:
        acknowledged, unsure = len(book.acknowledged), len(book.unsure)
        stood = book.settle(service)
        print(f"{point}: {acknowledged} acknowledged, {unsure} unsure, of which {stood} stood")
        assert acknowledged > 10
        if point == "after_commit":
            assert stood > 0
        book.audit(service)
    verify(service.ledger_url)


def test_f20_an_acknowledgement_before_the_commit_would_lose_verdicts(tmp_path: Path) -> None:
    """The naive variant answers once the rows are queued."""
    book = Book()
    environ = {"REPUTABLE_TEST_VARIANT": "early_acknowledgement", "REPUTABLE_TEST_FAILPOINT": "before_insert:30"}
    killed(tmp_path, book, environ)
    with Service(tmp_path) as service:
        book.settle(service)
        with pytest.raises(AssertionError, match="lost"):
            book.audit(service)


def test_f26_a_restored_backup_meets_no_stale_score_and_refuses_newer_tokens(
    tmp_path: Path, ledger: Path, redis: Redis
) -> None:
    environ = {"REPUTABLE_LOCAL_CACHE_SIZE": "0"}
    service = Service(tmp_path, redis_url=redis.url, environ=environ)
    with service:
        establish(service)
        for number in range(3):
            service.records.RecordVerdict(verdict_request(number, truthfulness=1.0), timeout=5)
        service.stop()
        shutil.copy(ledger, tmp_path / "backup.db")
        service.start()
        for number in range(10, 30):
            token = service.records.RecordVerdict(verdict_request(number, truthfulness=0.0), timeout=5).freshness_token
        low = service.credibility.AssessClaim(assess_request(99), timeout=2).assessment
        wait_until(
            lambda: (
                service.credibility.AssessClaim(assess_request(99), timeout=2).assessment.served_from
                == assessment_pb2.SERVED_FROM_REDIS
            ),
            5,
            "Redis holds the score",
        )
        service.stop()
        shutil.copy(tmp_path / "backup.db", ledger)
        service.start()
        restored = service.credibility.AssessClaim(assess_request(99), timeout=2).assessment
        with pytest.raises(grpc.RpcError) as caught:
            service.credibility.AssessClaim(assess_request(99, freshness=at_least(token)), timeout=2)
        for number in range(40, 60):  # As many revisions as before, with another content.
            service.records.RecordVerdict(verdict_request(number, truthfulness=1.0), timeout=5)
        other = service.credibility.AssessClaim(assess_request(99), timeout=2).assessment
    assert failure_of(caught.value).code is grpc.StatusCode.FAILED_PRECONDITION
    assert restored.served_from == assessment_pb2.SERVED_FROM_COMPUTED
    assert restored.evidence_count == 3
    assert other.source_revision == low.source_revision
    assert other.credibility > low.credibility


def test_f27_a_record_that_differs_from_the_ledger_is_named_and_not_repaired(tmp_path: Path, ledger: Path) -> None:
    with Service(tmp_path) as service:
        Book().write([service], count=30, until=lambda: False)
        service.stop()
    verify(service.ledger_url)
    database = apsw.Connection(str(ledger))
    database.execute("UPDATE source_head SET record_digest = zeroblob(32) WHERE source_id = 'source-7'")
    before = database.execute("SELECT record_digest FROM source_head WHERE source_id = 'source-7'").get
    result = command("ledger", "verify", "--ledger", service.ledger_url)
    after = database.execute("SELECT record_digest FROM source_head WHERE source_id = 'source-7'").get
    database.close()
    assert result.returncode == 1
    assert "source-7" in result.stderr + result.stdout
    assert before == after


def test_f28_an_interrupted_migration_starts_anew_and_a_newer_schema_is_refused(tmp_path: Path, ledger: Path) -> None:
    dying = Service(tmp_path, environ={"REPUTABLE_TEST_FAILPOINT": "during_migration:1"})
    with dying.start(wait=False):
        assert dying.running.wait(20) == -9
    with Service(tmp_path) as service:
        service.records.RecordVerdict(verdict_request(1), timeout=5)
        service.stop()
    database = apsw.Connection(str(ledger))
    database.pragma("user_version", 99)
    database.close()
    newer = Service(tmp_path)
    with newer.start(wait=False):
        assert newer.running.wait(20) == 1
    assert "newer release" in newer.log()


def test_f29_a_second_process_on_the_same_file_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with Service(tmp_path) as first:
        second = Service(tmp_path)
        with second.start(wait=False):
            assert second.running.wait(20) == 1
        assert "is in use by another process" in second.log()
        assert f"process id {first.pid}" in second.log()
        assert first.records.RecordVerdict(verdict_request(1), timeout=5).revision > 0


@pytest.mark.parametrize("variable", ["REPUTABLE_PROCESSES=2", "REPUTABLE_SHARE_PORT=true"])
def test_f29_several_processes_on_sqlite_are_refused_at_start(tmp_path: Path, variable: str) -> None:
    name, _, value = variable.partition("=")
    service = Service(tmp_path, environ={name: value})
    with service.start(wait=False):
        assert service.running.wait(20) != 0
    assert "SQLite means one process" in service.log()
    assert "Traceback" not in service.log()
