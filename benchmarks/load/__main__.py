"""Measures speed: `make bench`, or `python -m benchmarks.load [--quick] [--rows PREFIX ...]`."""

import argparse
import os
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.load import bulk, growth, half_load, machine, ours, report, rounds, targets, writes
from benchmarks.load.callers import require_h2load, steadily
from benchmarks.load.rows import BATCH, BATCH_CALLERS, CALLERS, SOURCES, VERDICTS, Field

FULL = rounds.Plan(rounds=5, seconds=2.0, seconds_alone=1.0)
QUICK = rounds.Plan(rounds=2, seconds=0.7, seconds_alone=0.5)
WORK = Path(__file__).resolve().parents[1] / "results" / "work"


def main() -> None:
    """Measure, save, print the table and one line for each target."""
    arguments = _arguments()
    require_h2load()
    cores = machine.cores()
    os.sched_setaffinity(0, {cores[1]})
    WORK.mkdir(parents=True, exist_ok=True)
    plan = QUICK if arguments.quick else FULL
    results: dict[str, Any] = {
        "commit": machine.commit(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": " ".join(["python -m benchmarks.load", *sys.argv[1:]]),
        "machine": machine.describe(),
        "rounds": plan.rounds,
        "seconds": plan.seconds,
    }
    at_half_load = half_load.run(arguments.rows, plan, WORK, cores)
    with ExitStack() as stack:
        field = Field(stack, WORK, *cores)
        rows = list(field.rows(arguments.rows))
        results["rows"] = rounds.run(rows, plan, cores, field.redis_port) | at_half_load
    if not arguments.rows:
        with ExitStack() as stack:
            results["writes"] = _writes(Field(stack, WORK, *cores), plan, cores[1])
        print("Bulk scoring", flush=True)
        results["bulk"] = bulk.score(WORK, cores, (5_000, 20_000) if arguments.quick else (50_000, 200_000))
    if not arguments.rows and not arguments.without_growth:
        _grow(results, cores, quick=arguments.quick)
    _tell(results, arguments)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds, smaller ledgers; not published")
    parser.add_argument(
        "--rows", nargs="*", default=[], help="only rows whose names begin so, such as echo or hit.fast"
    )
    parser.add_argument("--without-growth", action="store_true", help="no start-up, memory and growth; minutes less")
    return parser.parse_args()


def _writes(field: Field, plan: rounds.Plan, core: int) -> dict[str, list[dict[str, float]]]:
    """Single and batched writes, the echo in between; then batches while one ledger grows, `held` before each.

    Each round's service is a new one: after a burst a service compares for minutes what it would have answered
    with what was found, on the core that the others are measured on. Only the echo's server is there beside it.
    """
    print("Writes", flush=True)
    echo = next(field.rows(["echo.grpcio"]))
    found: dict[str, list[dict[str, float]]] = {"single": [], "batch": [], "grown": [], "echo": []}

    def measure(service: ours.Ours, callers: int, items: int) -> dict[str, float]:
        with rounds.undisturbed(service.server, [echo]):
            return writes.measure(
                service.server, service.port, callers=callers, items=items, seconds=plan.seconds, core=core
            )

    for _ in range(plan.rounds):
        for name, callers, items in (("single", CALLERS, 1), ("batch", BATCH_CALLERS, BATCH)):
            with field.writer() as service:
                found[name].append(measure(service, callers, items))
        sample = steadily(echo.target, echo.server, callers=CALLERS, seconds=plan.seconds, core=core)
        found["echo"].append({"calls_per_second": sample.calls_per_second})
    held = SOURCES * VERDICTS
    with field.writer() as service:
        for _ in range(plan.rounds):
            found["grown"].append({"held": held, **measure(service, BATCH_CALLERS, BATCH)})
            held += round(found["grown"][-1]["verdicts"])
    return found


def _grow(results: dict[str, Any], cores: tuple[int, int], *, quick: bool) -> None:
    print("Start-up, memory and growth", flush=True)
    scale = 100 if quick else 1
    results["start_up"] = growth.start_up(WORK, cores[0])
    results["by_sources"] = growth.by_sources(WORK, cores, (100, 1_000) if quick else (1_000, 10_000, 100_000))
    results["by_verdicts"] = growth.by_verdicts(WORK, cores, (10, 100, 10_000))
    results["large"] = growth.large(WORK, cores[0], scale)


def _tell(results: dict[str, Any], arguments: argparse.Namespace) -> None:
    partial = bool(arguments.quick or arguments.rows)
    name = "quick" if partial else f"load-{results['date'][:10]}-{results['commit']}"
    path = report.save(results, name)
    print(f"\n{report.table(results)}\n")
    if not partial:
        report.publish(results)
    for line in targets.lines(results):
        print(line)
    print(f"\nAll figures: {path}")


if __name__ == "__main__":
    main()
