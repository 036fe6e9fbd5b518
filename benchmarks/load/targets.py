"""What was wanted, beside what was measured."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Results = Mapping[str, Any]
"""What `__main__` puts together and saves."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One target: how it is read from the results, and what it must reach (or stay under)."""

    name: str
    measure: Callable[[Results], float]
    limit: float
    at_most: bool = False
    unit: str = ""

    def line(self, results: Results) -> str:
        """`target | measured | wanted | met`, or `short`, or `not measured`."""
        wanted = f"{'at most' if self.at_most else 'at least'} {_number(self.limit)}{self.unit}"
        try:
            value = self.measure(results)
        except (KeyError, IndexError):
            return f"{self.name} | not measured | {wanted} | short"
        met = value <= self.limit if self.at_most else value >= self.limit
        return f"{self.name} | {_number(value)}{self.unit} | {wanted} | {'met' if met else 'short'}"


def median(results: Results, row: str, figure: str = "calls_per_second") -> float:
    """The median of a figure over the rounds."""
    return float(statistics.median(sample[figure] for sample in results["rows"][row]))


def ratio(results: Results, above: str, below: str, figure: str = "calls_per_second") -> float:
    """The median over the rounds of one row's figure over another's in the same round."""
    pairs = zip(results["rows"][above], results["rows"][below], strict=True)
    return float(statistics.median(a[figure] / b[figure] for a, b in pairs))


def _rate(above: str, below: str) -> Callable[[Results], float]:
    return lambda results: ratio(results, above, below)


def _latency(above: str, below: str) -> Callable[[Results], float]:
    return lambda results: ratio(results, above, below, "p50")


def _tail(row: str) -> Callable[[Results], float]:
    def measure(results: Results) -> float:
        pairs = zip(results["rows"][f"{row}@half"], results["rows"][f"{row}@lone"], strict=True)
        return float(statistics.median(half["p99"] / lone["p50"] for half, lone in pairs))

    return measure


def _claims(row: str) -> Callable[[Results], float]:
    return lambda results: median(results, row, "claims_per_second")


def _writes(results: Results) -> float:
    pairs = zip(results["writes"]["single"], results["writes"]["echo"], strict=True)
    return float(statistics.median(write["calls_per_second"] / echo["calls_per_second"] for write, echo in pairs))


def _figure(*path: str) -> Callable[[Results], float]:
    def measure(results: Results) -> float:
        value: Any = results
        for name in path:
            value = value[name]
        return float(value)

    return measure


WANTED: Sequence[Wanted] = (
    Wanted("local hit / echo, grpc.aio, 64 callers", _rate("hit.grpcio", "echo.grpcio"), 0.90),
    Wanted("local hit / echo, fast, 64 callers", _rate("hit.fast", "echo.fast"), 0.75),
    Wanted("computed, memory empty / echo, grpc.aio, 64 callers", _rate("computed.grpcio", "echo.grpcio"), 0.70),
    Wanted("computed, memory empty / echo, fast, 64 callers", _rate("computed.fast", "echo.fast"), 0.25),
    Wanted("Redis hit / computed with verdict memory, grpc.aio", _rate("redis.grpcio", "memory.grpcio"), 8),
    Wanted("Redis hit / computed with verdict memory, fast", _rate("redis.fast", "memory.fast"), 20),
    Wanted("Redis hit / computed, memory empty, grpc.aio", _rate("redis.grpcio", "computed.grpcio"), 0.70),
    Wanted("Redis hit / computed, memory empty, fast", _rate("redis.fast", "computed.fast"), 0.70),
    Wanted("local hit, fast / grpc.aio no-op echo", _rate("hit.fast", "echo.grpcio"), 6),
    Wanted("local hit, fast / MLServer gRPC", _rate("hit.fast", "mlserver.grpcio"), 20),
    Wanted("computed, memory empty, fast / FastAPI + Redis, both computing", _rate("computed.fast", "fastapi_new"), 4),
    Wanted("computed, memory empty, fast / FastAPI finding all in Redis", _rate("computed.fast", "fastapi"), 4),
    Wanted("batch of 512, local hits, grpc.aio, claims/s", _claims("hit512.grpcio"), 100_000),
    Wanted("batch of 512, computed, memory empty, grpc.aio, claims/s", _claims("computed512.grpcio"), 15_000),
    Wanted(
        "p50 local hit at 1 caller / redis-py GET, grpc.aio", _latency("hit.grpcio@1", "redis_get"), 3.5, at_most=True
    ),
    Wanted("p50 local hit at 1 caller / redis-py GET, fast", _latency("hit.fast@1", "redis_get"), 2.6, at_most=True),
    Wanted("p99 at half of peak / p50 at 1 caller, grpc.aio", _tail("hit.grpcio"), 5, at_most=True),
    Wanted("p99 at half of peak / p50 at 1 caller, fast", _tail("hit.fast"), 5, at_most=True),
    Wanted("RecordVerdict, 64 callers / echo, grpc.aio", _writes, 0.5),
    Wanted(
        "BatchRecordVerdicts of 512, verdicts/s",
        lambda results: statistics.median(s["verdicts_per_second"] for s in results["writes"]["batch"]),
        20_000,
    ),
    Wanted("bulk scoring of a Parquet file, 2 cores, claims/s", _figure("bulk", "claims_per_second"), 20_000),
    Wanted("ready to serve after start", _figure("start_up", "seconds"), 1.5, at_most=True, unit=" s"),
    Wanted("RSS at rest", _figure("start_up", "rss_mebibytes"), 120, at_most=True, unit=" MiB"),
    Wanted(
        "RSS, 100,000 sources, 1,000,000 verdicts", _figure("large", "rss_mebibytes"), 400, at_most=True, unit=" MiB"
    ),
)


def lines(results: Results) -> list[str]:
    """One plain line for each target."""
    return [wanted.line(results) for wanted in WANTED]


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
