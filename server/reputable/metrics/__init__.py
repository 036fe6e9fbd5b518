"""What is counted and timed, and how a scrape sees it.

Counting happens on the request path, so it is plain integers and one bisection: under 1 us a call.
Turning the numbers into Prometheus' families happens in the scrape. Every label set is closed and
there from the start; no label ever holds a source, a claim or a caller.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector

from reputable.metrics.families import Families
from reputable.metrics.figures import CODES, SECONDS, SHARES, CallMeter, ForeseenMeter, Histogram, TracedCallMeter
from reputable.metrics.names import (
    BACKGROUND_WORK,
    FINDINGS,
    GAUGES,
    MOST_MODELS,
    REDIS_PROBLEMS,
    RESULTS,
    ROLLING,
    SERVED_FROM,
    STAGES,
    TIERS,
)  # fmt: skip

__all__ = ["CODES", "GAUGES", "ROLLING", "CallMeter", "ForeseenMeter", "Histogram", "Metrics"]


def _zeros(names: Iterable[str]) -> dict[str, int]:
    return dict.fromkeys(names, 0)


@dataclass
class Metrics:
    """Every figure of one process; what cannot be counted is asked for in the scrape."""

    build: Mapping[str, str] = field(default_factory=dict)
    calls: list[CallMeter] = field(default_factory=list)
    lookups: dict[str, dict[str, int]] = field(default_factory=lambda: {tier: _zeros(RESULTS) for tier in TIERS})
    redis_problems: dict[str, int] = field(default_factory=lambda: _zeros(REDIS_PROBLEMS))
    stages: dict[str, Histogram] = field(default_factory=lambda: {stage: Histogram(SECONDS) for stage in STAGES})
    assessments: dict[str, int] = field(default_factory=lambda: _zeros(SERVED_FROM))
    credibility: Histogram = field(default_factory=lambda: Histogram(SHARES))
    verdicts: dict[str, int] = field(default_factory=lambda: _zeros(FINDINGS))
    retractions: int = 0
    background_failures: dict[str, int] = field(default_factory=lambda: _zeros(BACKGROUND_WORK))
    log_lines_dropped: Callable[[], int] = int
    ledger_revision: int = 0
    loop_lag_seconds: float = 0.0
    gauges: dict[str, Callable[[], float]] = field(default_factory=dict)
    foreseen: dict[str, ForeseenMeter] = field(default_factory=dict)
    unforeseen: int = 0
    models: Callable[[], Mapping[str, str]] = dict
    trace_id: Callable[[], str] | None = None

    def meter(self, service: str, method: str) -> CallMeter:
        """The figures of a method, made once; with exemplars where there are traces."""
        traced = self.trace_id
        meter = CallMeter(service, method) if traced is None else TracedCallMeter(service, method, traced)
        self.calls.append(meter)
        return meter

    def foresee(self, model_version: str, rolling: Callable[[], Mapping[str, float]]) -> ForeseenMeter:
        """The figures of what a model foresaw, made anew."""
        while len(self.foreseen) >= MOST_MODELS:
            self.foreseen.pop(next(iter(self.foreseen)))
        meter = self.foreseen[model_version] = ForeseenMeter(rolling)
        return meter

    def gauge(self, name: str, read: Callable[[], float]) -> None:
        """Have `read` asked for a gauge of GAUGES in every scrape, in the scrape's own thread."""
        if name not in GAUGES:
            raise KeyError(name)
        self.gauges[name] = read

    def registry(self) -> CollectorRegistry:
        """A registry of its own that shows all of this, the process and its garbage collector."""
        registry = CollectorRegistry()
        registry.register(Families(self))
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        return registry
