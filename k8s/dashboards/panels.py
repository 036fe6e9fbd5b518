"""What the dashboard shows: rows of panels, each with its queries.

In a query `$ours` stands for the service's labels, `$calls` for those of its calls, `$of_namespace` for the namespace
chosen; `$__rate_interval` and `$namespace` are Grafana's.
"""

from dataclasses import dataclass

FAILED = "Unknown|DeadlineExceeded|Internal|Unavailable|DataLoss"
ABBREVIATIONS = {
    "$calls": '$ours,grpc_service=~"reputable[.].*"',
    "$failed": f'$calls,grpc_code=~"{FAILED}"',
    "$ours": 'job="reputable",namespace=~"$namespace"',
    "$of_namespace": 'namespace=~"$namespace"',
}


@dataclass(frozen=True, slots=True)
class Panel:
    """Lines over time: `unit` is Grafana's name, `queries` are PromQL with the legend of its series."""

    title: str
    unit: str
    description: str
    queries: tuple[tuple[str, str], ...]
    least: float | None = 0.0


def full(query: str) -> str:
    """The query with its abbreviations written out."""
    for _ in ABBREVIATIONS:
        for short, long in ABBREVIATIONS.items():
            query = query.replace(short, long)
    return query


def _quantiles(metric: str, labels: str, *shares: float) -> tuple[tuple[str, str], ...]:
    rate = f"sum by (le) (rate({metric}_bucket{{{labels}}}[$__rate_interval]))"
    return tuple((f"histogram_quantile({share}, {rate})", f"p{share * 100:g}") for share in shares)


def _p99(metric: str, labels: str, by: str) -> tuple[tuple[str, str], ...]:
    rate = f"sum by (le, {by}) (rate({metric}_bucket{{{labels}}}[$__rate_interval]))"
    return ((f"histogram_quantile(0.99, {rate})", f"{{{{{by}}}}}"),)


def _means(metric: str, labels: str, by: str) -> tuple[tuple[str, str], ...]:
    total, count = (f"sum by ({by}) (rate({metric}_{part}{{{labels}}}[$__rate_interval]))" for part in ("sum", "count"))
    return ((f"{total} / {count}", f"{{{{{by}}}}}"),)


def _rates(metric: str, labels: str, by: str) -> tuple[tuple[str, str], ...]:
    return ((f"sum by ({by}) (rate({metric}{{{labels}}}[$__rate_interval]))", f"{{{{{by}}}}}"),)


def _each(query: str) -> tuple[tuple[str, str], ...]:
    return ((query, "{{instance}}"),)


TRAFFIC = (
    Panel(
        "Calls", "reqps", "Calls that ended, by method.", _rates("grpc_server_handled_total", "$calls", "grpc_method")
    ),
    Panel(
        "Calls not answered",
        "reqps",
        "Calls that ended with another status than OK.",
        _rates("grpc_server_handled_total", '$calls,grpc_code!="OK"', "grpc_code"),
    ),
    Panel(
        "Calls begun", "reqps", "Whether they ended or not.", _rates("grpc_server_started_total", "$calls", "grpc_type")
    ),
    Panel(
        "Failing share",
        "percentunit",
        "The service's own failures; the objective is 0.1 % over 30 days.",
        (
            (
                (
                    "sum(rate(grpc_server_handled_total{$failed}[$__rate_interval]))"
                    " / sum(rate(grpc_server_handled_total{$calls}[$__rate_interval]))"
                ),
                "now",
            ),
            ("reputable:calls_failed:ratio_rate1h{$of_namespace}", "1 h"),
            ("reputable:calls_failed:ratio_rate3d{$of_namespace}", "3 d"),
        ),
    ),
    Panel(
        "Time to answer AssessClaim",
        "s",
        "From the request's message to its status.",
        _quantiles("grpc_server_handling_seconds", '$ours,grpc_method="AssessClaim"', 0.5, 0.9, 0.99),
    ),
    Panel(
        "Slow share of AssessClaim",
        "percentunit",
        "Longer than 25 ms; the objective is 1 % over 30 days.",
        (
            ("reputable:assessments_slow:ratio_rate5m{$of_namespace}", "5 min"),
            ("reputable:assessments_slow:ratio_rate1h{$of_namespace}", "1 h"),
            ("reputable:assessments_slow:ratio_rate3d{$of_namespace}", "3 d"),
        ),
    ),
)

LATENCY = (
    Panel(
        "p99 by stage",
        "s",
        "Reading the record, asking Redis, predicting.",
        _p99("reputable_assessment_seconds", "$ours", "stage"),
    ),
    Panel(
        "Mean by stage",
        "s",
        "The same, on average.",
        _means("reputable_assessment_seconds", "$ours", "stage"),
    ),
    Panel(
        "p99 by method",
        "s",
        "All methods, batches too.",
        _p99("grpc_server_handling_seconds", "$calls", "grpc_method"),
    ),
)

CACHES = (
    Panel(
        "Assessments by where they came from",
        "reqps",
        "Local cache, Redis, or computed.",
        _rates("reputable_assessments_total", "$ours", "served_from"),
    ),
    Panel(
        "Hit share by tier",
        "percentunit",
        "Of the look-ups in that tier.",
        (
            (
                (
                    'sum by (tier) (rate(reputable_cache_lookups_total{$ours,result="hit"}[$__rate_interval]))'
                    " / sum by (tier) (rate(reputable_cache_lookups_total{$ours}[$__rate_interval]))"
                ),
                "{{tier}}",
            ),
            ("reputable:cache_hits:ratio_rate30m{$of_namespace}", "both, 30 min"),
        ),
    ),
    Panel(
        "Scores held locally",
        "short",
        "In each process, up to REPUTABLE_LOCAL_CACHE_SIZE.",
        _each("reputable_local_cache_scores{$ours}"),
    ),
)

DEPENDENCIES = (
    Panel(
        "Redis reached",
        "short",
        "1 when it answers, 0 while the breaker is open.",
        _each("reputable_redis_up{$ours}"),
    ),
    Panel(
        "Redis problems",
        "reqps",
        "Look-ups that timed out or failed, values refused, look-ups skipped, scores dropped.",
        _rates("reputable_redis_problems_total", "$ours", "kind"),
    ),
    Panel(
        "Ledger revision",
        "short",
        "The last row that each process saw; replicas keep together.",
        _each("reputable_ledger_revision{$ours}"),
    ),
    Panel(
        "Verdicts recorded",
        "reqps",
        "Durable rows, by what was found.",
        (
            *_rates("reputable_verdicts_recorded_total", "$ours", "finding"),
            ("sum(rate(reputable_verdicts_retracted_total{$ours}[$__rate_interval]))", "retracted"),
        ),
    ),
    Panel(
        "Time to record",
        "s",
        "p99 of the writing methods: the ledger's commit is most of it.",
        _p99("grpc_server_handling_seconds", '$ours,grpc_method=~"(BatchRecord|Record|Retract).*"', "grpc_method"),
    ),
    Panel("Ledger writable", "short", "1 when the last write went through.", _each("reputable_ledger_writable{$ours}")),
)

_FORESEEN = "sum by (model_version) (increase(reputable_foreseen_credibility_count{$ours}[7d]))"
_FORESEEN_SUM = "sum by (model_version) (increase(reputable_foreseen_credibility_sum{$ours}[7d]))"
_CREDIBLE = "sum by (model_version) (increase(reputable_foreseen_credible_total{$ours}[7d]))"

HONESTY = (
    Panel(
        "Brier score, 7 days",
        "short",
        "Mean squared error of the credibility before each verdict; 0.25 is a coin's.",
        (("reputable:brier_score:ratio7d{$of_namespace}", "{{model_version}}"),),
    ),
    Panel(
        "Foreseen and found",
        "percentunit",
        "Mean credibility before the verdicts of 7 days, and the share of them that was found credible.",
        (
            (f"{_FORESEEN_SUM} / {_FORESEEN}", "foreseen, {{model_version}}"),
            (f"{_CREDIBLE} / {_FORESEEN}", "found, {{model_version}}"),
        ),
    ),
    Panel(
        "Calibration error, 7 days",
        "short",
        "Foreseen less found: above 0 claims are believed too much.",
        (("reputable:calibration_error:ratio7d{$of_namespace}", "{{model_version}}"),),
        least=None,
    ),
    Panel(
        "The latest verdicts",
        "short",
        "Of up to 1,000 in each process: Brier score, log loss and shift of the credibilities (PSI; 0.25 is large).",
        (
            ("reputable_rolling_brier_score{$ours}", "Brier score {{instance}}"),
            ("reputable_rolling_log_loss{$ours}", "log loss {{instance}}"),
            ("reputable_rolling_stability_index{$ours}", "shift {{instance}}"),
        ),
    ),
    Panel(
        "Credibilities answered",
        "short",
        "Quartiles; a jump without a new model or epoch is a change in what is asked.",
        _quantiles("reputable_credibility", "$ours", 0.25, 0.5, 0.75),
    ),
    Panel(
        "Age of the model's knowledge",
        "s",
        "Since the last verdict that the active model learnt from.",
        (
            (
                (
                    "(time() - reputable_model_trained_until_seconds{$ours})"
                    " * on (instance) group_left (version) reputable_model_info{$ours}"
                ),
                "{{instance}} {{version}}",
            ),
        ),
    ),
)

SATURATION = (
    Panel(
        "CPU",
        "short",
        "Cores in use; one process serves from one.",
        _each("rate(process_cpu_seconds_total{$ours}[$__rate_interval])"),
    ),
    Panel("Memory", "bytes", "Resident.", _each("process_resident_memory_bytes{$ours}")),
    Panel(
        "Event loop lag",
        "s",
        "How late the loop's last tick was; above 10 ms it is short of CPU.",
        _each("reputable_event_loop_lag_seconds{$ours}"),
    ),
    Panel("Calls under way", "short", "At the moment of the scrape.", _each("reputable_calls_in_progress{$ours}")),
    Panel(
        "Open files",
        "percentunit",
        "Share of what the process may open: connections are files.",
        _each("process_open_fds{$ours} / process_max_fds{$ours}"),
    ),
    Panel(
        "Failures in the background",
        "reqps",
        "Computing the prior epoch, building the verdict memory, writing the log to whoever reads stdout.",
        (
            *_rates("reputable_background_failures_total", "$ours", "work"),
            ("sum(rate(reputable_log_lines_dropped_total{$ours}[$__rate_interval]))", "lines of the log dropped"),
        ),
    ),
    Panel(
        "Versions",
        "short",
        "Processes by version: more than one line is a rollout.",
        (("count by (version) (reputable_build_info{$ours})", "{{version}}"),),
    ),
)

ROWS = {
    "Traffic and errors": TRAFFIC,
    "Latency by stage": LATENCY,
    "Cache tiers": CACHES,
    "Redis and ledger": DEPENDENCIES,
    "Model honesty": HONESTY,
    "Saturation": SATURATION,
}
