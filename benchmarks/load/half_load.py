"""Latencies at half of a row's peak, with no other server on the machine.

Kernels that look through memory now and then (Linux's DAMON, where it is on) hold a core the longer,
the more processes are resident. With the servers of all rows there, although held, that was 3.5 ms
twice a second: the slowest hundredth of all calls showed it and nothing else.
"""

import statistics
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.load.callers import steadily
from benchmarks.load.rounds import Measured, Plan, keep
from benchmarks.load.rows import Field, Row

STEADY = ("echo.grpcio", "echo.fast", "hit.grpcio", "hit.fast")
"""The rows that are measured so."""


def run(wanted: Sequence[str], plan: Plan, work: Path, cores: tuple[int, int]) -> Measured:
    """Measure each row in every round, on a server of its own, by the load: `hit.fast@peak`, `@lone`, `@half`.

    Rows whose names begin with one of `wanted`; with none wanted, all. Cores are the server's and the load's.
    """
    measured: Measured = {}
    for number in range(plan.rounds):
        print(f"Half load, round {number + 1} of {plan.rounds}", flush=True)
        for name in STEADY:
            if not wanted or name.startswith(tuple(wanted)):
                with ExitStack() as stack:
                    row = next(Field(stack, work, *cores).rows([name]))
                    _measure(measured, row, plan, cores[1])
    return measured


def _measure(measured: Measured, row: Row, plan: Plan, core: int) -> None:
    peak = steadily(row.target, row.server, callers=row.callers, seconds=plan.seconds, core=core)
    keep(measured, f"{row.name}@peak", peak, row)
    lone = steadily(row.target, row.server, callers=1, seconds=plan.seconds_alone, core=core)
    keep(measured, f"{row.name}@lone", lone, row)
    rate = statistics.median(sample["calls_per_second"] for sample in measured[f"{row.name}@peak"]) / 2
    half = steadily(row.target, row.server, callers=row.callers, seconds=plan.seconds, core=core, rate=rate)
    keep(measured, f"{row.name}@half", half, row)
