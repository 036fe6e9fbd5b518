"""Records verdicts under fire and keeps a book of what was acknowledged."""

import itertools
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import grpc
import pytest

from reputable.v1 import track_records_pb2
from tests.faults.messages import failure_of, verdict_request
from tests.faults.running import ROOT, Service, wait_until

SOURCES = 20
REST_SECONDS = 0.05
"""After a call that failed: callers of a dead service leave fewer verdicts unsure than a failpoint waits for."""
Request = track_records_pb2.RecordVerdictRequest
Response = track_records_pb2.RecordVerdictResponse


@dataclass
class Book:
    """What was sent, and what came back. Every verdict is on a claim of its own."""

    acknowledged: dict[str, Response] = field(default_factory=dict)
    requests: dict[str, Request] = field(default_factory=dict)
    codes: Counter[grpc.StatusCode] = field(default_factory=Counter)
    duplicates: int = 0

    def __post_init__(self) -> None:
        """Claims are numbered over the book's whole life."""
        self._numbers = itertools.count()
        self._lock = threading.Lock()

    @property
    def unsure(self) -> list[str]:
        """Request ids that nobody acknowledged."""
        return [request_id for request_id in self.requests if request_id not in self.acknowledged]

    def record(self, service: Service) -> bool:
        """Record the next verdict; whether it was acknowledged."""
        with self._lock:
            number = next(self._numbers)
        request = verdict_request(number, f"Source {number % SOURCES}")
        self.requests[request.request_id] = request
        return self.send(service, request)

    def send(self, service: Service, request: Request) -> bool:
        """Send a request, for the first time or again; whether it was acknowledged."""
        try:
            response = service.records.RecordVerdict(request, timeout=6)
        except grpc.RpcError as error:
            self.codes[failure_of(error).code] += 1
            return False
        self.duplicates += response.duplicate
        before = self.acknowledged.setdefault(request.request_id, response)
        assert before.verdict_id == response.verdict_id, "one request, two verdicts"
        return True

    def write(
        self, services: Sequence[Service], *, count: int = 1 << 30, threads: int = 8, until: Callable[[], bool]
    ) -> None:
        """Record from several threads until that many were tried or it is so."""
        left = itertools.count()

        def work(service: Service) -> None:
            while next(left) < count and not until():
                if not self.record(service):
                    time.sleep(REST_SECONDS)

        workers = [threading.Thread(target=work, args=(services[i % len(services)],)) for i in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    def settle(self, service: Service, seconds: float = 20.0) -> int:
        """Send again what nobody acknowledged until all is; how many the ledger had already."""
        before = self.duplicates
        for request_id in self.unsure:
            request = self.requests[request_id]
            wait_until(lambda request=request: self.send(service, request), seconds, "the retry is acknowledged")  # type: ignore[misc]
        return self.duplicates - before

    def audit(self, service: Service) -> None:
        """Assert that the ledger holds what was acknowledged, each once, and nothing else, in its records too."""
        assert not self.unsure
        expected: dict[str, set[str]] = {}
        for request_id, response in self.acknowledged.items():
            text = self.requests[request_id].verdict.claim.text
            expected.setdefault(response.source_id, set()).add(f"{response.verdict_id} {text}")
        for source_id, verdicts in expected.items():
            listed = list_verdicts(service, source_id)
            assert len(listed) == len(set(listed)), f"{source_id}: counted twice"
            assert set(listed) == verdicts, f"{source_id}: {len(verdicts - set(listed))} lost"
            record = service.records.GetTrackRecord(
                track_records_pb2.GetTrackRecordRequest(source_id=source_id), timeout=10
            ).track_record
            assert record.verdict_count == len(verdicts), f"{source_id}: the record differs from the ledger"


def list_verdicts(service: Service, source_id: str) -> list[str]:
    """Each active verdict on the source as `id text`."""
    listed: list[str] = []
    token = ""
    while True:
        request = track_records_pb2.ListVerdictsRequest(source_id=source_id, page_size=1_000, page_token=token)
        page = service.records.ListVerdicts(request, timeout=10)
        listed += [f"{item.verdict_id} {item.verdict.claim.text}" for item in page.verdicts]
        token = page.next_page_token
        if not token:
            return listed


def command(*words: str, seconds: float = 60.0) -> "subprocess.CompletedProcess[str]":
    """Run `reputable` with these words."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("REPUTABLE_")}
    environ["PYTHONPATH"] = str(ROOT / "server")
    return subprocess.run(
        [sys.executable, "-m", "reputable", *words],
        env=environ, capture_output=True, text=True, timeout=seconds, check=False,
    )  # fmt: skip


def verify(ledger_url: str) -> None:
    """Assert that nothing in the ledger differs from what is recomputed."""
    result = command("ledger", "verify", "--ledger", ledger_url)
    assert result.returncode == 0, result.stdout + result.stderr


def failing(service: Service, request: Request, seconds: float = 6.0) -> grpc.StatusCode:
    """The status with which recording fails."""
    with pytest.raises(grpc.RpcError) as caught:
        service.records.RecordVerdict(request, timeout=seconds)
    return failure_of(caught.value).code
