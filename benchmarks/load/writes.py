"""RecordVerdict and BatchRecordVerdicts under load: every request is new, so each is a durable commit.

h2load repeats one body, which a ledger would answer as a duplicate; so the callers are grpc.aio
clients in a process of their own on the load's core, sending messages that were encoded before.

Usage: python -m benchmarks.load.writes PORT CALLERS ITEMS SECONDS  (prints JSON: calls and seconds)
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import grpc

from benchmarks.load import claims
from benchmarks.load.processes import Server
from reputable.v1 import track_records_pb2 as pb

ROOT = Path(__file__).resolve().parents[2]
SINGLE = "/reputable.v1.TrackRecordService/RecordVerdict"
BATCH = "/reputable.v1.TrackRecordService/BatchRecordVerdicts"
SOURCES = 200
READY = 20_000
"""Single requests encoded before the clock starts."""
READY_BATCHES = 400


def measure(server: Server, port: int, *, callers: int, items: int, seconds: float, core: int) -> dict[str, float]:
    """Verdicts, verdicts a second, calls a second and server CPU (microseconds) for each call."""
    command = ["taskset", "-c", str(core), sys.executable, "-m", "benchmarks.load.writes"]
    command += [str(port), str(callers), str(items), str(seconds)]
    before = server.cpu_seconds
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    cpu = server.cpu_seconds - before
    answer = json.loads(done.stdout)
    return {
        "verdicts": answer["calls"] * items,
        "calls_per_second": answer["calls"] / answer["seconds"],
        "verdicts_per_second": answer["calls"] * items / answer["seconds"],
        "cpu_per_call": cpu / answer["calls"] * 1e6,
    }


def _requests() -> Iterator[pb.RecordVerdictRequest]:
    run = time.time_ns()
    for number, text in zip(count(), claims.texts(sys.maxsize, run), strict=False):
        request = pb.RecordVerdictRequest(request_id=f"{run}-{number}")
        verdict = request.verdict
        verdict.claim.text = text
        verdict.claim.source_id = claims.source_id(number % SOURCES)
        verdict.claim.context = claims.CONTEXTS[number % len(claims.CONTEXTS)]
        verdict.truthfulness = (number % 5) / 4
        verdict.reviewer = f"Desk {number % 7}"
        yield request


def _messages(items: int) -> Iterator[bytes]:
    requests = _requests()
    if items == 1:
        for _ in range(READY):
            yield next(requests).SerializeToString()
    else:
        for _ in range(READY_BATCHES):
            batch = pb.BatchRecordVerdictsRequest(requests=[next(requests) for _ in range(items)])
            yield batch.SerializeToString()


async def _call(port: int, callers: int, items: int, seconds: float) -> tuple[int, float]:
    ready = iter(list(_messages(items)))
    calls = 0
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        method: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(SINGLE if items == 1 else BATCH)
        _check(await method(next(ready), timeout=30), items)
        started = time.perf_counter()

        async def caller() -> None:
            nonlocal calls
            while time.perf_counter() - started < seconds and (message := next(ready, None)) is not None:
                answer = await method(message, timeout=30)
                calls += 1
                if items > 1:
                    _check(answer, items)

        await asyncio.gather(*(caller() for _ in range(callers)))
        return calls, time.perf_counter() - started


def _check(answer: bytes, items: int) -> None:
    """Raise SystemExit unless the answer says of each verdict that it was recorded now."""
    if items == 1:
        responses = [pb.RecordVerdictResponse.FromString(answer)]
    else:
        responses = [result.response for result in pb.BatchRecordVerdictsResponse.FromString(answer).results]
    if len(responses) != items or not all(response.revision and not response.duplicate for response in responses):
        raise SystemExit(f"not every verdict was recorded: {responses}")


if __name__ == "__main__":
    made, took = asyncio.run(_call(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
    json.dump({"calls": made, "seconds": took}, sys.stdout)
