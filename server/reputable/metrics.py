"""What is counted and timed, and how a scrape sees it.

Counting happens on the request path, so it is plain integers and one bisection: under 1 us a call.
Turning the numbers into Prometheus' families happens in the scrape. Every label set is closed and
there from the start; no label ever holds a source, a claim or a caller.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

SECONDS = (
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip
"""Upper bounds of the latency histograms, in seconds."""
SHARES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
"""Upper bounds of the credibility histogram."""

CODES = (
    "OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound", "AlreadyExists",
    "PermissionDenied", "ResourceExhausted", "FailedPrecondition", "Aborted", "OutOfRange", "Unimplemented",
    "Internal", "Unavailable", "DataLoss", "Unauthenticated",
)  # fmt: skip
"""Status codes as Go prints them, by their number; stock dashboards select by these."""

TIERS = ("local", "redis")
RESULTS = ("hit", "miss")
SERVED_FROM = ("local", "redis", "computed")
STAGES = ("record", "cache", "predict")
REDIS_PROBLEMS = ("timeout", "error", "refused", "skipped", "dropped")
"""`refused`: the MAC did not vouch for a value; `skipped`: a look-up while the breaker was open;
`dropped`: a score that was not stored."""
FOUND = ("credible", "not_credible")
FINDINGS = ("credible", "not_credible", "unproven", "scorecard")

GAUGES = {
    "reputable_calls_in_progress": "Calls under way.",
    "reputable_local_cache_scores": "Scores that the process holds.",
    "reputable_model_trained_until_timestamp_seconds": "When the verdicts end that the active model learnt from.",
    "reputable_redis_up": "Whether Redis answers, 1 or 0; absent where none is configured.",
}
"""What is asked for in a scrape rather than counted."""


class Histogram:
    """Counts of values at or below each bound, and their sum."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def buckets(self) -> list[tuple[str, float]]:
        """Cumulative counts by upper bound, as Prometheus wants them."""
        counts, running = list(self.counts), 0
        found = []
        for bound, count in zip((*map(str, self.bounds), "+Inf"), counts, strict=True):
            running += count
            found.append((bound, float(running)))
        return found


class CallMeter:
    """The figures of one RPC method."""

    __slots__ = ("handled", "method", "seconds", "service", "started")

    def __init__(self, service: str, method: str) -> None:
        self.service = service
        self.method = method
        self.started = 0
        self.handled = dict.fromkeys(CODES, 0)
        self.seconds = Histogram(SECONDS)

    def finish(self, code: str, seconds: float) -> None:
        """Count a call that ended with `code` after `seconds`."""
        self.handled[code] += 1
        self.seconds.observe(seconds)


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
    refusals: dict[str, int] = field(default_factory=dict)
    foreseen: dict[str, Histogram] = field(default_factory=lambda: {found: Histogram(SHARES) for found in FOUND})
    foreseen_squared_error: float = 0.0
    ledger_revision: int = 0
    loop_lag_seconds: float = 0.0
    gauges: dict[str, Callable[[], float]] = field(default_factory=dict)
    models: Callable[[], Mapping[str, str]] = dict

    def meter(self, service: str, method: str) -> CallMeter:
        """The figures of a method, made once."""
        meter = CallMeter(service, method)
        self.calls.append(meter)
        return meter

    def gauge(self, name: str, read: Callable[[], float]) -> None:
        """Have `read` asked for a gauge of GAUGES in every scrape, in the scrape's own thread."""
        if name not in GAUGES:
            raise KeyError(name)
        self.gauges[name] = read

    def registry(self) -> CollectorRegistry:
        """A registry of its own that shows all of this, the process and its garbage collector."""
        registry = CollectorRegistry()
        registry.register(_Families(self))
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        return registry


class _Families(Collector):
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        """Every family of ours."""
        yield from self._calls()
        yield from self._assessing()
        yield from self._recording()
        yield from self._about()

    def _calls(self) -> Iterator[Metric]:
        labels = ["grpc_type", "grpc_service", "grpc_method"]
        started = CounterMetricFamily("grpc_server_started", "Calls that reached the service.", labels=labels)
        handled = CounterMetricFamily(
            "grpc_server_handled", "Calls that ended, by status.", labels=[*labels, "grpc_code"]
        )
        received = CounterMetricFamily("grpc_server_msg_received", "Messages received.", labels=labels)
        sent = CounterMetricFamily("grpc_server_msg_sent", "Messages sent.", labels=labels)
        seconds = HistogramMetricFamily(
            "grpc_server_handling_seconds", "Time from a call's message to its status.", labels=labels
        )
        for meter in self._metrics.calls:
            values = ["unary", meter.service, meter.method]
            started.add_metric(values, meter.started)
            received.add_metric(values, meter.started)
            sent.add_metric(values, meter.handled["OK"])
            for code, count in meter.handled.items():
                handled.add_metric([*values, code], count)
            seconds.add_metric(values, meter.seconds.buckets(), meter.seconds.total)
        yield from (started, handled, received, sent, seconds)
        yield _counter("reputable_refusals", "Calls refused, by reason.", "reason", self._metrics.refusals)

    def _assessing(self) -> Iterator[Metric]:
        metrics = self._metrics
        lookups = CounterMetricFamily(
            "reputable_cache_lookups", "Look-ups of scores, by tier and result.", labels=["tier", "result"]
        )
        for tier, results in metrics.lookups.items():
            for result, count in results.items():
                lookups.add_metric([tier, result], count)
        stages = HistogramMetricFamily(
            "reputable_assessment_seconds", "Time an assessment spends in a stage.", labels=["stage"]
        )
        for stage, histogram in metrics.stages.items():
            stages.add_metric([stage], histogram.buckets(), histogram.total)
        credibility = HistogramMetricFamily("reputable_credibility", "Credibilities answered.")
        credibility.add_metric([], metrics.credibility.buckets(), metrics.credibility.total)
        yield from (lookups, stages, credibility)
        yield _counter("reputable_redis_problems", "What went wrong with Redis.", "kind", metrics.redis_problems)
        yield _counter(
            "reputable_assessments",
            "Assessments answered, by where they came from.",
            "served_from",
            metrics.assessments,
        )

    def _recording(self) -> Iterator[Metric]:
        metrics = self._metrics
        yield _counter(
            "reputable_verdicts_recorded", "Verdicts and scorecards made durable.", "finding", metrics.verdicts
        )
        yield CounterMetricFamily(
            "reputable_verdicts_retracted", "Verdicts and scorecards taken back.", value=metrics.retractions
        )
        foreseen = HistogramMetricFamily(
            "reputable_foreseen_credibility",
            "Credibilities that verdicts would have got the moment before they were recorded, by what was found.",
            labels=["found"],
        )
        for found, histogram in metrics.foreseen.items():
            foreseen.add_metric([found], histogram.buckets(), histogram.total)
        yield foreseen
        yield CounterMetricFamily(
            "reputable_foreseen_squared_error",
            "Sum of the squared errors of these credibilities; over their count it is the Brier score.",
            value=metrics.foreseen_squared_error,
        )
        yield GaugeMetricFamily(
            "reputable_ledger_revision", "The ledger's last revision that this process saw.", metrics.ledger_revision
        )

    def _about(self) -> Iterator[Metric]:
        metrics = self._metrics
        yield GaugeMetricFamily(
            "reputable_event_loop_lag_seconds", "How late the event loop's last tick was.", metrics.loop_lag_seconds
        )
        for name, read in metrics.gauges.items():
            yield GaugeMetricFamily(name, GAUGES[name], read())
        yield _info("reputable_build_info", "What runs.", metrics.build)
        yield _info("reputable_model_info", "The model that scores.", metrics.models())


def _counter(name: str, documentation: str, label: str, counts: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, documentation, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family


def _info(name: str, documentation: str, labels: Mapping[str, str]) -> Metric:
    family = GaugeMetricFamily(name, documentation, labels=list(labels))
    if labels:
        family.add_metric(list(labels.values()), 1)
    return family
