"""Writes that come twice, out of order, from callers that vanish or by a clock that steps: F21 to F23 and F40."""

import datetime as dt
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from reputable.v1 import track_records_pb2
from tests.faults.messages import assess_request, at_least, check, establish, failure_of, verdict_request
from tests.faults.running import Service
from tests.faults.writing import Book, failing, verify

INVALID = grpc.StatusCode.INVALID_ARGUMENT


def test_f21_the_same_request_again_is_the_same_verdict(tmp_path: Path) -> None:
    request = verdict_request(1)
    with Service(tmp_path) as service:
        with ThreadPoolExecutor(64) as threads:
            calls = [threads.submit(service.records.RecordVerdict, request, timeout=5) for _ in range(64)]
            answers = [call.result() for call in calls]
        again = service.records.RecordVerdict(request, timeout=5)
        service.stop()
        service.start()
        after_restart = service.records.RecordVerdict(request, timeout=5)
    assert sum(not answer.duplicate for answer in answers) == 1
    assert again.duplicate
    assert after_restart.duplicate
    assert len({(a.verdict_id, a.revision, a.freshness_token) for a in (*answers, again, after_restart)}) == 1


def test_f21_without_idempotency_keys_a_retry_would_count_twice(tmp_path: Path) -> None:
    """The naive variant forgets the request id; the later verdict then supersedes instead of being known."""
    request = verdict_request(1)
    with Service(tmp_path, environ={"REPUTABLE_TEST_VARIANT": "no_idempotency"}) as naive:
        first, second = (naive.records.RecordVerdict(request, timeout=5) for _ in range(2))
    assert first.verdict_id != second.verdict_id


def test_f22_the_same_request_id_with_another_request_is_refused_and_changes_nothing(service: Service) -> None:
    first = service.records.RecordVerdict(verdict_request(1, "Source F22", request_id="f22"), timeout=5)
    other = verdict_request(1, "Source F22", request_id="f22", truthfulness=0.0)
    assert failing(service, other) is grpc.StatusCode.ALREADY_EXISTS
    record = service.records.GetTrackRecord(
        track_records_pb2.GetTrackRecordRequest(source_id=first.source_id), timeout=5
    ).track_record
    assert (record.verdict_count, record.record_digest) == (1, first.record_digest)


def moment(**ago: float) -> Timestamp:
    """Now plus that."""
    stamp = Timestamp()
    stamp.FromDatetime(dt.datetime.now(dt.UTC) + dt.timedelta(**ago))
    return stamp


def test_f23_verdicts_out_of_order_give_the_record_that_order_would_have_given(service: Service) -> None:
    def digest_of(source: str, numbers: list[int]) -> tuple[int, int]:
        for number in numbers:
            request = verdict_request(number, source, truthfulness=float(number % 2))
            request.verdict.review_time.FromSeconds(1_600_000_000 + number)
            last = service.records.RecordVerdict(request, timeout=5)
        wanted = track_records_pb2.GetTrackRecordRequest(source_id=last.source_id)
        record = service.records.GetTrackRecord(wanted, timeout=5).track_record
        return record.credible_count, record.last_review_time.seconds

    assert digest_of("Source F23 a", [1, 2, 3, 4, 5]) == digest_of("Source F23 b", [4, 1, 5, 3, 2])


def test_f23_review_times_far_ahead_are_refused_and_1970_is_a_time(service: Service) -> None:
    early = verdict_request(1, "Source 1970")
    early.verdict.review_time.FromSeconds(0)
    assert service.records.RecordVerdict(early, timeout=5).revision > 0
    soon = verdict_request(2, "Source 1970")
    soon.verdict.review_time.CopyFrom(moment(minutes=4))
    assert service.records.RecordVerdict(soon, timeout=5).revision > 0
    late = verdict_request(3, "Source 1970")
    late.verdict.review_time.CopyFrom(moment(minutes=10))
    assert failing(service, late) is INVALID


@pytest.mark.parametrize("step", [-86_400, 86_400])
def test_f23_a_clock_that_steps_a_day_breaks_no_call_and_no_order(tmp_path: Path, step: int) -> None:
    clock = tmp_path / "clock"
    book = Book()
    environ = {"REPUTABLE_TEST_VARIANT": "stepping_clock", "REPUTABLE_TEST_CLOCK": str(clock)}
    with Service(tmp_path, environ=environ) as service:
        establish(service)
        book.write([service], count=50, until=lambda: False)
        before = service.records.RecordVerdict(verdict_request(9_000), timeout=5)
        clock.write_text(str(step))
        book.write([service], count=50, until=lambda: False)
        after = service.records.RecordVerdict(verdict_request(9_001), timeout=5)
        request = assess_request(1, freshness=at_least(after.freshness_token))
        answer = check(service.credibility.AssessClaim(request, timeout=2).assessment)
        assert after.revision > before.revision
        assert answer.source_revision == after.source_revision
        assert answer.record_digest == after.record_digest or step < 0
        assert not book.codes
        book.audit(service)
    verify(service.ledger_url)


def test_f40_a_verdict_whose_client_vanishes_is_stored_whole_or_not_at_all(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        book, vanished = vanish_often(service, 150)
        unsure = len(book.unsure)
        stood = book.settle(service)
        print(f"{vanished} clients vanished; {len(book.requests)} sent, {unsure} unsure, of which {stood} stood")
        assert unsure > 10
        book.audit(service)
    verify(service.ledger_url)


def test_f40_a_commit_that_ends_with_its_client_would_poison_the_ledger(tmp_path: Path) -> None:
    """The naive variant writes and commits within the call, which grpc cancels when the client goes."""
    with Service(tmp_path, environ={"REPUTABLE_TEST_VARIANT": "unshielded_commit"}) as naive:
        book, vanished = vanish_often(naive, 60)
        stuck = not book.record(naive)
        print(f"{vanished} clients vanished; {len(book.acknowledged)} acknowledged; the ledger is stuck: {stuck}")
        assert stuck


def vanish_often(service: Service, times: int) -> tuple[Book, int]:
    """Record verdicts whose clients mostly give up within 4 ms."""
    book = Book()
    vanished = 0
    for number in range(times):
        request = verdict_request(number, f"Source {number % 20}")
        book.requests[request.request_id] = request
        call = service.records.RecordVerdict.future(request, timeout=3)
        if number % 5:
            time.sleep(0.0005 * (number % 8))
            vanished += call.cancel()
        else:
            try:
                book.acknowledged[request.request_id] = call.result()
            except grpc.RpcError as error:
                book.codes[failure_of(error).code] += 1
    return book, vanished
