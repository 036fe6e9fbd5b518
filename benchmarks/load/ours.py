"""Starts our service in the states that are measured, and checks its answers with a real client."""

import json
import os
import shutil
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import grpc

from benchmarks.load import messages
from benchmarks.load.callers import Target, grpc_frame
from benchmarks.load.processes import Server, accepts, free_port
from reputable.adapters.embedded_redis import find_binary
from reputable.client import Client, Deadlines
from reputable.v1 import assessment_pb2, credibility_pb2, credibility_pb2_grpc

READY_SECONDS = 120.0
PRIMING_SECONDS = 180.0
COMMAND = (sys.executable, "-m", "reputable", "serve")
LOCAL_HIT: dict[str, str] = {"REDIS_URL": "off", "VERDICT_MEMORY": "off"}
"""Settings, without their prefix: the process's own cache alone."""
COMPUTED = {"REDIS_URL": "off", "LOCAL_CACHE_SIZE": "0", "VERDICT_MEMORY": "off"}
"""Neither cache, no verdict memory."""
COMPUTED_WITH_MEMORY = {"REDIS_URL": "off", "LOCAL_CACHE_SIZE": "0"}
"""Neither cache, so that each claim's sentence vector is computed too."""


def redis_hit(port: int) -> dict[str, str]:
    """Redis over TCP alone; the same ledger with its verdict memory."""
    return {"REDIS_URL": f"redis://127.0.0.1:{port}", "LOCAL_CACHE_SIZE": "0"}


class Ours:
    """A running service on a ledger, a copy of it where others start from it too."""

    def __init__(
        self,
        name: str,
        settings: dict[str, str],
        ledger: Path | None,
        *,
        core: int,
        work: Path,
        copied: bool = True,
    ) -> None:
        folder = work / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        if ledger is not None and copied:
            ledger = shutil.copyfile(ledger, folder / "ledger.db")
        self.port, self._metrics_port = free_port(), free_port()
        given = {
            "ADDRESS": f"127.0.0.1:{self.port}",
            "METRICS_ADDRESS": f"127.0.0.1:{self._metrics_port}",
            "LEDGER_URL": f"sqlite:///{ledger or folder / 'ledger.db'}",
            **settings,
        }
        environment = {f"REPUTABLE_{name}": value for name, value in given.items()}
        self.server = Server(COMMAND, log=folder / "log", core=core, environment=environment)
        self.ready_seconds = self.server.wait_until(self._is_ready, READY_SECONDS)

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._metrics_port}/readyz", timeout=1) as response:
                return bool(response.status == 200)
        except OSError:
            return False

    def priors_seconds(self) -> float:
        """Wait until today's priors are there, which are computed once a day, and return for how many seconds."""
        started = time.perf_counter()
        today = f" of {time.strftime('%Y-%m-%d', time.gmtime())}"
        while time.perf_counter() - started < PRIMING_SECONDS:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._metrics_port}/readyz", timeout=5) as response:
                if today in json.load(response)["prior_epoch"]:
                    return time.perf_counter() - started
            time.sleep(0.05)
        raise TimeoutError(f"no prior epoch after {PRIMING_SECONDS:g} s")

    def channel(self) -> grpc.Channel:
        """A client's channel to it."""
        return grpc.insecure_channel(f"127.0.0.1:{self.port}")

    def target(
        self,
        requests: Sequence[credibility_pb2.AssessClaimRequest],
        served_from: "assessment_pb2.ServedFrom.ValueType",
    ) -> Target:
        """Calls that assess one claim each, every one of them answered from where it should be.

        Raises RuntimeError when one is not, though today's priors have been waited for.
        """
        until = time.monotonic() + PRIMING_SECONDS
        with Client(f"127.0.0.1:{self.port}", deadlines=Deadlines(read=30.0)) as client:
            wrong = [client.assess(requests[0])]
            while wrong and time.monotonic() < until:
                answers = [client.assess(request) for request in requests]
                wrong = [answer for answer in answers if not _is_right(answer, served_from)]
        if wrong:
            raise RuntimeError(f"not the answer that is to be measured:\n{wrong[0]}")
        sizes = [credibility_pb2.AssessClaimResponse(assessment=answer).ByteSize() for answer in answers]
        return self._target(messages.METHOD, requests, min(sizes))

    def batch_target(self, batches: Sequence[credibility_pb2.BatchAssessClaimsRequest]) -> Target:
        """Calls that assess a batch each; RuntimeError when an item has no assessment."""
        sizes = []
        with self.channel() as channel:
            stub = credibility_pb2_grpc.CredibilityServiceStub(channel)
            for batch in batches:
                answer = stub.BatchAssessClaims(batch, timeout=10)
                answered = sum(result.HasField("assessment") for result in answer.results)
                answered += len(answer.packed.credibility) - len(answer.packed.errors)
                if answered != len(batch.requests):
                    raise RuntimeError(f"{len(batch.requests) - answered} items were refused")
                sizes.append(answer.ByteSize())
        return self._target(messages.BATCH_METHOD, batches, min(sizes))

    def _target(
        self,
        method: str,
        requests: Sequence[credibility_pb2.AssessClaimRequest | credibility_pb2.BatchAssessClaimsRequest],
        reply_bytes: int,
    ) -> Target:
        bodies = tuple(grpc_frame(request.SerializeToString()) for request in requests)
        return Target(f"http://127.0.0.1:{self.port}{method}", messages.HEADERS, bodies, reply_bytes)


def _is_right(assessment: assessment_pb2.Assessment, served_from: "assessment_pb2.ServedFrom.ValueType") -> bool:
    """Whether it comes from where it should, is a probability, and rests on today's priors."""
    return assessment.served_from == served_from and 0 < assessment.credibility < 1 and assessment.prior_epoch > 0


def redis_server(core: int, work: Path) -> tuple[Server, int]:
    """The Redis-protocol server that comes with the service, on a TCP port, and that port."""
    port = free_port()
    command = [str(find_binary()), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    server = Server([*command, "--dir", str(work)], log=work / "redis.log", core=core, environment=dict(os.environ))
    server.wait_until(lambda: accepts(port))
    return server, port
