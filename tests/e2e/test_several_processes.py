"""Several processes on one PostgreSQL ledger answer as one."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2

from reputable.adapters.embedded_redis import find_binary
from reputable.v1 import assessment_pb2, claim_pb2, credibility_pb2, track_records_pb2
from reputable.v1.credibility_pb2_grpc import CredibilityServiceStub
from reputable.v1.track_records_pb2_grpc import TrackRecordServiceStub
from tests.postgres_server import new_database
from tests.process import children, free_port, gone, process_in, serving_in

pytestmark = pytest.mark.postgres
CLAIM = claim_pb2.Claim(text="Unemployment fell by two percent last year.", source_name="Ann Example")


@pytest.fixture
def ledger(postgres_url: str) -> Iterator[str]:
    """The URL of an empty database."""
    with new_database(postgres_url) as url:
        yield url


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[str]:
    """The URL of a Redis that the processes share."""
    path = tmp_path / "redis.sock"
    server = subprocess.Popen(
        [find_binary(), "--port", "0", "--unixsocket", path, "--save", ""], cwd=tmp_path, stdout=subprocess.DEVNULL
    )
    while not path.exists():
        time.sleep(0.01)
    yield f"unix://{path}"
    server.terminate()
    server.wait()


def assess(target: str) -> assessment_pb2.Assessment:
    with grpc.insecure_channel(target) as channel:
        request = credibility_pb2.AssessClaimRequest(claim=CLAIM)
        return CredibilityServiceStub(channel).AssessClaim(request, timeout=5).assessment


def record(target: str, request_id: str, text: str = "Rain fell.") -> track_records_pb2.RecordVerdictResponse:
    claim = claim_pb2.Claim(text=text, source_name="Ann Example")
    verdict = track_records_pb2.Verdict(claim=claim, truthfulness=1.0, reviewer="Desk")
    with grpc.insecure_channel(target) as channel:
        request = track_records_pb2.RecordVerdictRequest(verdict=verdict, request_id=request_id)
        return TrackRecordServiceStub(channel).RecordVerdict(request, timeout=5)


def test_a_verdict_that_one_acknowledged_is_in_the_others_next_answer(tmp_path: Path, ledger: str, redis: str) -> None:
    settings = {"LEDGER_URL": ledger, "REDIS_URL": redis}
    with serving_in(tmp_path, **settings) as (_, first), serving_in(tmp_path, **settings) as (_, second):
        for number in range(5):
            for writer, other in ((first, second), (second, first)):
                receipt = record(writer, f"{writer}-{number}", f"Claim {number} by {writer}.")
                assert assess(other).record_digest == receipt.record_digest
        assert assess(first).credibility == assess(second).credibility
        again = record(second, f"{first}-0", f"Claim 0 by {first}.")
        assert again.duplicate


def test_what_one_computed_the_other_finds_in_redis(tmp_path: Path, ledger: str, redis: str) -> None:
    settings = {"LEDGER_URL": ledger, "REDIS_URL": redis}
    with serving_in(tmp_path, **settings) as (_, first), serving_in(tmp_path, **settings) as (_, second):
        computed = assess(first)
        assert computed.served_from == assessment_pb2.SERVED_FROM_COMPUTED
        time.sleep(0.2)
        found = assess(second)
        assert found.served_from == assessment_pb2.SERVED_FROM_REDIS
        assert (found.credibility, found.interval) == (computed.credibility, computed.interval)


def wait_until_serving(target: str) -> None:
    with grpc.insecure_channel(target) as channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        answer = check(health_pb2.HealthCheckRequest(), timeout=30, wait_for_ready=True)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_processes_on_one_port_share_the_ledger_and_end_together(tmp_path: Path, ledger: str) -> None:
    target = f"127.0.0.1:{free_port()}"
    settings = {"LEDGER_URL": ledger, "ADDRESS": target, "METRICS_ADDRESS": "off", "PROCESSES": "2"}
    with process_in(tmp_path, **settings, DRAIN_SECONDS="0.1") as process:
        for _ in range(2):
            process.wait_for("serving")
        wait_until_serving(target)
        receipts = [record(target, f"r{number}", f"Claim {number}.") for number in range(20)]
        assert len({receipt.revision for receipt in receipts}) == 20
        assert assess(target).record_digest == receipts[-1].record_digest
        below = children(process.process.pid)
        assert process.end(signal.SIGTERM) == 0
        assert all(gone(pid) for pid in below)


def test_when_one_of_the_processes_dies_all_end_and_the_exit_code_says_so(tmp_path: Path, ledger: str) -> None:
    settings = {"LEDGER_URL": ledger, "ADDRESS": f"127.0.0.1:{free_port()}", "METRICS_ADDRESS": "off"}
    with process_in(tmp_path, **settings, REDIS_URL="off", PROCESSES="2", DRAIN_SECONDS="0") as process:
        for _ in range(2):
            process.wait_for("serving")
        below = children(process.process.pid)
        os.kill(min(below), signal.SIGKILL)
        assert process.process.wait(15) == 1
        assert all(gone(pid) for pid in below)


def test_when_the_starter_is_killed_the_processes_end(tmp_path: Path, ledger: str) -> None:
    settings = {"LEDGER_URL": ledger, "ADDRESS": f"127.0.0.1:{free_port()}", "METRICS_ADDRESS": "off"}
    with process_in(tmp_path, **settings, PROCESSES="2", DRAIN_SECONDS="0.1") as process:
        for _ in range(2):
            process.wait_for("serving")
        below = children(process.process.pid)
        process.process.kill()
        assert len(below) > 2
        assert all(gone(pid, 15) for pid in below)


def test_several_processes_on_sqlite_are_refused_with_a_sentence(tmp_path: Path) -> None:
    with process_in(tmp_path, PROCESSES="2", ADDRESS="127.0.0.1:50999") as process:
        assert process.process.wait(30) == 1
        assert "SQLite means one process" in process.errors()
