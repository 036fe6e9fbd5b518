"""Turns the figures into Prometheus' families, in a scrape's own thread."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from reputable.metrics.names import GAUGES, ROLLING

if TYPE_CHECKING:
    from reputable.metrics import Metrics


class Families(Collector):
    """Every family of ours."""

    def __init__(self, metrics: "Metrics") -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        """Every family of ours."""
        yield from self._calls()
        yield from self._assessing()
        yield from self._recording()
        yield from self._honesty()
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
        yield GaugeMetricFamily(
            "reputable_ledger_revision", "The ledger's last revision that this process saw.", metrics.ledger_revision
        )

    def _honesty(self) -> Iterator[Metric]:
        labels, meters = ["model_version"], dict(self._metrics.foreseen)
        credibility = HistogramMetricFamily(
            "reputable_foreseen_credibility", "Credibilities that would have been given just before.", labels=labels
        )
        credible = CounterMetricFamily("reputable_foreseen_credible", "Those found credible then.", labels=labels)
        error = CounterMetricFamily("reputable_foreseen_squared_error", "Sum of their squared errors.", labels=labels)
        loss = CounterMetricFamily("reputable_foreseen_log_loss", "Sum of their log losses, nats.", labels=labels)
        rolling = {
            name: GaugeMetricFamily(name, documentation, labels=labels) for name, documentation in ROLLING.items()
        }
        for version, meter in meters.items():
            credibility.add_metric([version], meter.credibility.buckets(), meter.credibility.total)
            credible.add_metric([version], meter.credible)
            error.add_metric([version], meter.squared_error)
            loss.add_metric([version], meter.log_loss)
            for name, value in meter.rolling().items():
                rolling[name].add_metric([version], value)
        yield from (credibility, credible, error, loss, *rolling.values())
        yield CounterMetricFamily(
            "reputable_unforeseen_verdicts", "Verdicts that no credibility was foreseen for.", self._metrics.unforeseen
        )

    def _about(self) -> Iterator[Metric]:
        metrics = self._metrics
        yield GaugeMetricFamily(
            "reputable_event_loop_lag_seconds", "How late the event loop's last tick was.", metrics.loop_lag_seconds
        )
        for name, read in metrics.gauges.items():
            yield GaugeMetricFamily(name, GAUGES[name], read())
        yield _counter(
            "reputable_background_failures",
            "Failures of what is done apart from any call.",
            "work",
            metrics.background_failures,
        )
        yield CounterMetricFamily(
            "reputable_log_lines_dropped", "Lines of the log that nobody read in time.", metrics.log_lines_dropped()
        )
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
