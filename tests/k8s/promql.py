"""What a PromQL expression asks for."""

import promql_parser

from reputable.metrics import GAUGES, ROLLING, Metrics

PROCESS = {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds", "process_max_fds"}
"""What the Prometheus client library tells of the process."""


def metrics_of(expression: str) -> set[str]:
    """Names of the metrics that the expression selects; ValueError when it is not PromQL."""
    names: set[str] = set()
    waiting = [promql_parser.parse(expression)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, promql_parser.VectorSelector):
            names.add(str(node.name))
        elif isinstance(node, promql_parser.MatrixSelector):
            waiting.append(node.vector_selector)
        elif isinstance(node, promql_parser.Call):
            waiting += node.args
        elif isinstance(node, promql_parser.BinaryExpr):
            waiting += [node.lhs, node.rhs]
        elif isinstance(
            node,
            promql_parser.AggregateExpr
            | promql_parser.ParenExpr
            | promql_parser.UnaryExpr
            | promql_parser.SubqueryExpr,
        ):
            waiting.append(node.expr)
        elif not isinstance(node, promql_parser.NumberLiteral | promql_parser.StringLiteral):
            raise TypeError(f"{type(node).__name__} is not known here")
    return names


def known_metrics() -> set[str]:
    """Names of all samples that the service shows, and those of PROCESS."""
    metrics = Metrics(build={"version": ""})
    metrics.models = lambda: {"version": ""}
    metrics.meter("service", "method")
    metrics.foresee("model", lambda: dict.fromkeys(ROLLING, 0.0))
    for name in GAUGES:
        metrics.gauge(name, lambda: 0.0)
    return PROCESS | {sample.name for family in metrics.registry().collect() for sample in family.samples}
