"""The real process: what it keeps, how it starts, how it ends, what it refuses."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from math import log
from pathlib import Path

import grpc
import pytest
from google.protobuf.json_format import MessageToDict

import reputable
from reputable.v1 import claim_pb2, credibility_pb2, track_records_pb2
from reputable.v1.credibility_pb2_grpc import CredibilityServiceStub
from reputable.v1.track_records_pb2_grpc import TrackRecordServiceStub
from tests.process import ServiceProcess, children, free_port, gone, process_in, serving_in

CLAIM = claim_pb2.Claim(text="Unemployment fell by two percent last year.", source_name="Ann Example")
MODELS = Path(reputable.__file__).parent / "models"


def assess(target: str, **fields: object) -> credibility_pb2.AssessClaimResponse:
    """Assess the claim over a channel of its own."""
    with grpc.insecure_channel(target) as channel:
        request = credibility_pb2.AssessClaimRequest(claim=CLAIM, **fields)  # type: ignore[arg-type]
        return CredibilityServiceStub(channel).AssessClaim(request, timeout=5)


def record(target: str, request_id: str = "r1") -> track_records_pb2.RecordVerdictResponse:
    """Record a verdict on the claim's source."""
    verdict = track_records_pb2.Verdict(claim=CLAIM, truthfulness=1.0, reviewer="Desk")
    with grpc.insecure_channel(target) as channel:
        request = track_records_pb2.RecordVerdictRequest(verdict=verdict, request_id=request_id)
        return TrackRecordServiceStub(channel).RecordVerdict(request, timeout=5)


def test_factors_sum_to_the_logit_of_the_credibility(tmp_path: Path) -> None:
    with serving_in(tmp_path) as (_, target):
        assessment = assess(target, explanation=credibility_pb2.EXPLANATION_FULL).assessment
        total = sum(factor.contribution for factor in assessment.factors)
        assert total == pytest.approx(log(assessment.credibility / (1 - assessment.credibility)), abs=1e-9)
        assert 0 < assessment.interval.lower < assessment.credibility < assessment.interval.upper < 1


def test_what_was_acknowledged_is_there_after_a_restart_and_a_retry_is_a_duplicate(tmp_path: Path) -> None:
    with serving_in(tmp_path) as (process, target):
        receipt = record(target)
        first = assess(target).assessment
        process.process.kill()
        process.process.wait()
    with serving_in(tmp_path) as (_, target):
        again = record(target)
        assert again.duplicate
        assert (again.verdict_id, again.revision) == (receipt.verdict_id, receipt.revision)
        replayed = assess(
            target,
            as_of_time=first.as_of_time,
            at_revision=first.at_revision,
            prior_epoch=first.prior_epoch,
            model_version=first.model_version,
        ).assessment
        for told in (first, replayed):
            told.ClearField("assess_time")
            told.ClearField("served_from")
        assert MessageToDict(replayed) == MessageToDict(first)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_exit_code_0_and_its_redis_too(tmp_path: Path, number: signal.Signals) -> None:
    with serving_in(tmp_path, DRAIN_SECONDS="0.1") as (process, _):
        below = children(process.process.pid)
        assert below
        assert process.end(number) == 0
        assert all(gone(pid) for pid in below)


def test_redis_ends_with_a_service_that_is_killed(tmp_path: Path) -> None:
    with serving_in(tmp_path) as (process, _):
        below = children(process.process.pid)
        process.process.kill()
        process.process.wait()
        assert all(gone(pid) for pid in below)


def test_a_signal_while_it_starts_ends_it_with_exit_code_0(tmp_path: Path) -> None:
    for delay in (0.9, 1.1, 1.3):
        with process_in(tmp_path) as process:
            time.sleep(delay)
            below = children(process.process.pid)
            code = process.end()
            assert code in {0, -signal.SIGTERM}  # Before Python has taken the signal over it is the kernel's.
            assert all(gone(pid) for pid in below)


def test_a_second_signal_cuts_the_drain_short(tmp_path: Path) -> None:
    with serving_in(tmp_path, DRAIN_SECONDS="60") as (process, _):
        process.process.send_signal(signal.SIGTERM)
        process.wait_for("draining")
        started = time.monotonic()
        assert process.end() == 0
        assert time.monotonic() - started < 10


def test_calls_are_answered_while_it_drains_and_none_fails(tmp_path: Path) -> None:
    with serving_in(tmp_path, DRAIN_SECONDS="1.0") as (process, target), grpc.insecure_channel(target) as channel:
        stub = CredibilityServiceStub(channel)
        failures: list[str] = []
        answered = [0]
        told_to_end = threading.Event()

        def call() -> None:
            while not told_to_end.is_set():
                try:
                    stub.AssessClaim(credibility_pb2.AssessClaimRequest(claim=CLAIM), timeout=5)
                    answered[0] += 1
                except grpc.RpcError as error:
                    failures.append(str(error))

        callers = [threading.Thread(target=call) for _ in range(4)]
        for caller in callers:
            caller.start()
        process.process.send_signal(signal.SIGTERM)
        process.wait_for("draining")
        before = answered[0]
        time.sleep(0.5)  # A caller that watches health has gone elsewhere by now.
        told_to_end.set()
        for caller in callers:
            caller.join()
        assert process.process.wait(15) == 0
        assert failures == []
        assert answered[0] > before


def refusal(process: ServiceProcess) -> str:
    """What a process that must not start says, in one line and without a traceback."""
    assert process.process.wait(30) == 1
    said = process.errors()
    assert "Traceback" not in said
    assert len(said.strip().splitlines()) == 1, said
    return said


def test_a_second_process_on_the_same_ledger_refuses_to_start(tmp_path: Path) -> None:
    with serving_in(tmp_path) as (_, target):
        with process_in(tmp_path) as second:
            assert "another process" in refusal(second)
        assert assess(target).assessment.credibility > 0


def test_a_taken_port_is_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with process_in(tmp_path, ADDRESS=address) as process:
            assert f"cannot listen on {address}" in refusal(process)


def test_a_taken_metrics_port_is_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with process_in(tmp_path, METRICS_ADDRESS=address) as process:
            assert f"cannot listen on {address}" in refusal(process)


def test_an_unknown_setting_is_a_sentence(tmp_path: Path) -> None:
    with process_in(tmp_path, ADRESS="127.0.0.1:1") as process:
        assert "did you mean REPUTABLE_ADDRESS" in refusal(process)


def test_kubernetes_service_links_do_not_stop_the_start(tmp_path: Path) -> None:
    with serving_in(tmp_path, PORT="tcp://10.0.0.1:50051", SERVICE_HOST="10.0.0.1") as (_, target):
        assert assess(target).assessment.credibility > 0


def test_an_unknown_model_is_a_sentence(tmp_path: Path) -> None:
    with process_in(tmp_path, MODEL="no-such-model") as process:
        assert "no model has the version 'no-such-model'" in refusal(process)


def test_a_damaged_model_is_a_sentence_that_names_the_file(tmp_path: Path) -> None:
    [version] = [path.name for path in MODELS.iterdir() if path.is_dir()]
    folder = tmp_path / "models" / version
    shutil.copytree(MODELS / version, folder)
    damaged = folder / "model.json"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    with process_in(tmp_path, MODELS_DIR=str(tmp_path / "models")) as process:
        assert "model.json" in refusal(process)


def test_a_ledger_that_is_no_ledger_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"this is no database" * 100)
    with process_in(tmp_path, LEDGER_URL="sqlite:///ledger.db") as process:
        refusal(process)
    assert (tmp_path / "ledger.db").read_bytes().startswith(b"this is no database")


def test_log_lines_are_json_and_tell_nothing_of_the_claim(tmp_path: Path) -> None:
    with serving_in(tmp_path, LOG_CALLS="all", DRAIN_SECONDS="0") as (process, target):
        assess(target)
        line = process.wait_for("call")
        assert line["code"] == "OK"
        assert process.end() == 0
        text = json.dumps(process.lines)
        assert "Unemployment" not in text
        assert "Ann Example" not in text


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
def test_it_rests_in_less_than_120_mib(tmp_path: Path) -> None:
    with serving_in(tmp_path) as (process, target):
        assess(target)
        pages = int(Path(f"/proc/{process.process.pid}/statm").read_text().split()[1])
        assert pages * os.sysconf("SC_PAGE_SIZE") < 120 * 1024 * 1024


def test_a_log_that_nobody_reads_stops_no_call(tmp_path: Path) -> None:
    port = free_port()
    settings = {"ADDRESS": f"127.0.0.1:{port}", "METRICS_ADDRESS": "off", "LOG_CALLS": "all", "REDIS_URL": "off"}
    environ = {name: value for name, value in os.environ.items() if not name.startswith("REPUTABLE_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "reputable", "serve"],
        cwd=tmp_path,
        env=environ | {f"REPUTABLE_{name}": value for name, value in settings.items()},
        stdout=subprocess.PIPE,
    )
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            assess = CredibilityServiceStub(channel).AssessClaim
            claim = claim_pb2.Claim(text="Rain fell.", source_name="Ann Example")
            request = credibility_pb2.AssessClaimRequest(claim=claim)
            for _ in range(1_000):  # Some 250 KiB of lines; a pipe holds 64 KiB.
                assess(request, timeout=20, wait_for_ready=True)
        process.terminate()
        assert process.wait(15) == 0
    finally:
        process.kill()
        process.communicate()
