"""Every panel shows something true of a real service under load, asked through a real Prometheus."""

import json
import math
import re
import shutil
import time
from collections.abc import Iterator
from typing import Any

import pytest

from k8s.dashboards import generate, panels
from reputable.client import CallError, Claim, Client, Verdict
from scripts.generate_prometheus_rule import RULES
from tests.k8s.monitored import Monitored, monitored
from tests.k8s.promql import known_metrics, metrics_of

ASSESSMENTS = 400
DISTINCT = 80
VERDICTS = 240
REFUSED = 5
STOCK = (
    'sum by (grpc_service) (rate(grpc_server_started_total{grpc_type="unary"}[1m]))',
    'sum by (grpc_method) (rate(grpc_server_handled_total{grpc_type="unary",grpc_code!="OK"}[1m]))',
    "histogram_quantile(0.99, sum by (grpc_service, le) (rate(grpc_server_handling_seconds_bucket[1m])))",
    "sum by (grpc_service) (rate(grpc_server_msg_received_total[1m]))",
    "sum by (grpc_service) (rate(grpc_server_msg_sent_total[1m]))",
    'sum(rate(grpc_server_handled_total{grpc_code=~"Unknown|Unavailable|Internal|DataLoss|DeadlineExceeded"}[1m]))',
)
"""What dashboards for go-grpc-prometheus ask for."""
needs_prometheus = pytest.mark.skipif(shutil.which("prometheus") is None, reason="Debian's prometheus is not here")


def shown() -> list[dict[str, Any]]:
    """The panels of the JSON that Grafana reads."""
    dashboard = json.loads(generate.TARGET.read_text(encoding="utf-8"))
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def queries() -> list[tuple[str, str]]:
    return [(panel["title"], target["expr"]) for panel in shown() for target in panel["targets"]]


def as_asked(query: str) -> str:
    """The query as Grafana sends it for all namespaces."""
    return query.replace("$__rate_interval", "30s").replace("$namespace", ".*")


def load(target: str) -> None:
    """Claims assessed, some again and again; verdicts recorded and one retracted; some calls refused."""
    with Client(target) as client:
        recorded = []
        for number in range(VERDICTS):
            claim = Claim(text=f"The bridge has {number} spans.", source_name=f"Office {number % 6}")
            verdict = Verdict(claim=claim, truthfulness=float(number % 3 > 0), reviewer=f"Desk {number % 4}")
            recorded.append(client.record_verdict(verdict))
            if number % 60 == 59:
                time.sleep(1.0)
        client.retract_verdict(recorded[0].verdict_id, "It was another bridge.")
        for number in range(ASSESSMENTS):
            client.assess(Claim(text=f"The road has {number % DISTINCT} lanes.", source_name=f"Office {number % 6}"))
        for _ in range(REFUSED):
            with pytest.raises(CallError):
                client.assess(Claim(text="", source_name="Office 1"))


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitored]:
    with monitored(tmp_path_factory.mktemp("monitored")) as found:
        until = time.monotonic() + 30
        while found.scrapes() < 2:
            assert time.monotonic() < until, "Prometheus does not scrape"
            time.sleep(0.2)
        load(found.target)
        enough = found.scrapes() + 4
        while found.scrapes() < enough:
            time.sleep(0.2)
        yield found


def test_the_dashboard_is_what_the_panels_say() -> None:
    assert generate.main(["--check"]) == 0


def test_every_row_and_every_panel_is_shown_once() -> None:
    titles = [panel["title"] for panel in shown()]

    assert titles == [panel.title for row in panels.ROWS.values() for panel in row]
    assert len(set(titles)) == len(titles)


def test_the_panels_ask_for_metrics_that_there_are() -> None:
    rules = "".join(path.read_text("utf-8") for path in RULES.glob("*.rules.yaml"))
    recorded = set(re.findall(r"record: (\S+)", rules))
    asked = {name for _, query in queries() for name in metrics_of(as_asked(query))}

    assert len(asked) > 20
    assert asked - recorded - known_metrics() == set()


@needs_prometheus
@pytest.mark.timeout(180)
def test_no_panel_is_empty_under_load(watched: Monitored) -> None:
    empty = []
    for title, query in queries():
        values = [float(sample["value"][1]) for sample in watched.query(as_asked(query))]
        if not values or all(math.isnan(value) for value in values):
            empty.append((title, query))

    assert empty == []


@needs_prometheus
@pytest.mark.timeout(180)
def test_stock_grpc_dashboards_work_unchanged(watched: Monitored) -> None:
    assert [query for query in STOCK if not watched.query(query)] == []


@needs_prometheus
@pytest.mark.timeout(180)
def test_what_is_counted_is_what_was_done(watched: Monitored) -> None:
    def total(expression: str) -> float:
        (sample,) = watched.query(f"sum({expression})")
        return float(sample["value"][1])

    handled = "grpc_server_handled_total"
    hits = total('reputable_assessments_total{served_from=~"local|redis"}')

    assert total(f'{handled}{{grpc_method="AssessClaim",grpc_code="OK"}}') == ASSESSMENTS
    assert total(f'{handled}{{grpc_method="AssessClaim",grpc_code="InvalidArgument"}}') == REFUSED
    assert total("reputable_verdicts_recorded_total") == VERDICTS
    assert total("reputable_verdicts_retracted_total") == 1
    assert total("reputable_foreseen_credibility_count") + total("reputable_unforeseen_verdicts_total") == VERDICTS
    assert hits >= ASSESSMENTS - 6 * DISTINCT


@needs_prometheus
@pytest.mark.timeout(180)
def test_no_alert_fires_on_a_service_that_is_well(watched: Monitored) -> None:
    assert watched.query('ALERTS{alertstate="firing"}') == []
