"""Rounds: every row in turn, again and again, so that what drifts on the machine drifts for all alike."""

import os
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import redis

from benchmarks.load.callers import Sample, steadily
from benchmarks.load.processes import Server
from benchmarks.load.rows import Row

REDIS_GETS = 2_000
VALUE = b"v" * 200


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured: rounds, and seconds at many callers and at one."""

    rounds: int
    seconds: float
    seconds_alone: float


Measured = dict[str, list[dict[str, float]]]
"""Samples by row and load: `hit.fast` (many callers), `hit.fast@1` (one caller)."""


def run(rows: Sequence[Row], plan: Plan, cores: tuple[int, int], redis_port: int | None) -> Measured:
    """Measure every row in every round; `cores` are the server's and the load's."""
    measured: Measured = {}
    for number in range(plan.rounds):
        print(f"Round {number + 1} of {plan.rounds}", flush=True)
        for row in rows:
            with undisturbed(row.server, rows):
                _measure(measured, row, plan, cores[1])
        if redis_port is not None:
            measured.setdefault("redis_get", []).append({"p50": redis_get_p50(redis_port, cores)})
    return measured


def _measure(measured: Measured, row: Row, plan: Plan, core: int) -> None:
    sample = steadily(row.target, row.server, callers=row.callers, seconds=plan.seconds, core=core)
    keep(measured, row.name, sample, row)
    if row.alone:
        alone = steadily(row.target, row.server, callers=1, seconds=plan.seconds_alone, core=core)
        keep(measured, f"{row.name}@1", alone, row)


@contextmanager
def undisturbed(server: Server, rows: Sequence[Row]) -> Iterator[None]:
    """The servers of the other rows are held: even idle they wake up now and then, on the core that is measured."""
    others = {row.server.pid: row.server for row in rows if row.server.pid != server.pid}.values()
    for other in others:
        other.pause()
    try:
        yield
    finally:
        for other in others:
            other.resume()


def keep(measured: Measured, name: str, sample: Sample, row: Row) -> None:
    """Add a sample, and print it."""
    figures = asdict(sample) | {"claims_per_second": sample.calls_per_second * row.claims}
    figures["rss_mebibytes"] = row.server.rss_mebibytes
    measured.setdefault(name, []).append(figures)
    print(
        f"  {name:22} {sample.calls_per_second:10,.0f} calls/s  p50 {sample.p50:9,.0f} us  p99 {sample.p99:9,.0f} us"
        f"  CPU {sample.cpu_per_call:7,.0f} us/call  busy {sample.busy:4.0%}",
        flush=True,
    )


def redis_get_p50(port: int, cores: tuple[int, int]) -> float:
    """Microseconds of a redis-py GET over TCP, the median of REDIS_GETS.

    Redis runs on the load's core, so the client takes the server's, which is idle: a call of ours
    goes from one core to the other too.
    """
    os.sched_setaffinity(0, {cores[0]})
    try:
        return _redis_get_p50(port)
    finally:
        os.sched_setaffinity(0, {cores[1]})


def _redis_get_p50(port: int) -> float:
    client = redis.Redis(host="127.0.0.1", port=port)
    client.set("benchmark", VALUE)
    took = []
    for _ in range(REDIS_GETS):
        started = time.perf_counter()
        client.get("benchmark")
        took.append(time.perf_counter() - started)
    client.close()
    return statistics.median(took) * 1e6
