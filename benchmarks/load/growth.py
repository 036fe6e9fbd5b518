"""What starting costs, what memory is used, and what an assessment costs as the ledger grows."""

import statistics
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.load import ledgers, messages, ours
from benchmarks.load.callers import steadily
from reputable.v1 import assessment_pb2 as pb

STARTS = 5
SECONDS = 1.0
LARGE_SOURCES = 100_000
LARGE_VERDICTS = 10
"""On each of the sources: a million."""

Figures = dict[str, float]


def start_up(work: Path, core: int) -> Figures:
    """Seconds until ready and MiB at rest, with default settings: an empty ledger, the embedded Redis."""
    seconds, memory = [], []
    for number in range(STARTS):
        with ExitStack() as stack:
            service = ours.Ours(f"start-{number}", {}, None, core=core, work=work)
            stack.enter_context(service.server)
            seconds.append(service.ready_seconds)
            memory.append(service.server.rss_mebibytes)
    return {"seconds": statistics.median(seconds), "rss_mebibytes": statistics.median(memory)}


def large(work: Path, core: int, scale: int) -> Figures:
    """The same with 100,000 sources and a million verdicts, both divided by `scale`."""
    sources = LARGE_SOURCES // scale
    ledger = ledgers.make(work / f"sources-{sources}.db", [LARGE_VERDICTS] * sources)
    service = ours.Ours("large", ours.LOCAL_HIT, ledger, core=core, work=work, copied=False)
    with service.server:
        service.target(messages.requests(1_000, sources), pb.SERVED_FROM_LOCAL_CACHE)
        return {
            "sources": sources,
            "verdicts": sources * LARGE_VERDICTS,
            "seconds": service.ready_seconds,
            "rss_mebibytes": service.server.rss_mebibytes,
        }


def by_sources(work: Path, cores: tuple[int, int], counts: Sequence[int]) -> list[Figures]:
    """Cost of a computed assessment with that many sources, ten verdicts on each."""
    found = []
    for count in counts:
        ledger = ledgers.make(work / f"sources-{count}.db", [LARGE_VERDICTS] * count)
        found.append({"sources": count, **_cost(f"sources-{count}", ledger, count, work, cores)})
    return found


def by_verdicts(work: Path, cores: tuple[int, int], counts: Sequence[int]) -> list[Figures]:
    """Cost of a computed assessment of claims by one source with that many verdicts."""
    found = []
    for count in counts:
        ledger = ledgers.make(work / f"verdicts-{count}.db", [count])
        found.append({"verdicts": count, **_cost(f"verdicts-{count}", ledger, 1, work, cores)})
    return found


def _cost(name: str, ledger: Path, sources: int, work: Path, cores: tuple[int, int]) -> Figures:
    """Median latency at one caller, calls a second at 64, CPU a call, memory; caches off, the day's priors there."""
    server_core, load_core = cores
    service = ours.Ours(name, ours.COMPUTED, ledger, core=server_core, work=work, copied=False)
    with service.server as server:
        priors_seconds = service.priors_seconds()
        target = service.target(messages.requests(64, sources), pb.SERVED_FROM_COMPUTED)
        many = steadily(target, server, callers=64, seconds=SECONDS, core=load_core)
        one = steadily(target, server, callers=1, seconds=SECONDS, core=load_core)
        return {
            "p50": one.p50,
            "calls_per_second": many.calls_per_second,
            "cpu_per_call": many.cpu_per_call,
            "rss_mebibytes": server.rss_mebibytes,
            "seconds": service.ready_seconds,
            "priors_seconds": priors_seconds,
        }
