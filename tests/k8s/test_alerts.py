"""Every alert fires when it should and not beside it, is explained, and asks only for metrics that there are."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts import generate_prometheus_rule
from tests.k8s.promql import known_metrics, metrics_of

ROOT = generate_prometheus_rule.ROOT
RULES = sorted(generate_prometheus_rule.RULES.glob("*.rules.yaml"))
TESTS = sorted(generate_prometheus_rule.RULES.glob("*.test.yaml"))
HEADINGS = ["What it means", "How to check", "What to do"]

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool (Debian: prometheus) is not here"
)


def rules() -> list[dict[str, Any]]:
    groups = [group for path in RULES for group in yaml.safe_load(path.read_text("utf-8"))["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def alerts() -> list[dict[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]


def promtool(*arguments: str) -> str:
    """What promtool says; its exit code must be 0."""
    result = subprocess.run(["promtool", *arguments], cwd=RULES[0].parent, capture_output=True, text=True, check=False)
    said = result.stdout + result.stderr
    assert result.returncode == 0, said
    return said


@needs_promtool
def test_promtool_finds_nothing_wrong_with_the_rules() -> None:
    promtool("check", "rules", *(path.name for path in RULES))


@needs_promtool
@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_every_alert_fires_when_it_should_and_not_beside_it(path: Path) -> None:
    promtool("test", "rules", path.name)


def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not() -> None:
    firing: set[str] = set()
    silent: set[str] = set()
    for path in TESTS:
        for case in yaml.safe_load(path.read_text("utf-8"))["tests"]:
            for check in case.get("alert_rule_test", []):
                (firing if check["exp_alerts"] else silent).add(check["alertname"])
            for check in case.get("promql_expr_test", []):
                silent |= set(re.findall(r'alertname="(\w+)"', check["expr"])) if not check["exp_samples"] else set()
    names = {alert["alert"] for alert in alerts()}

    assert names
    assert (firing, silent) == (names, names)


def test_the_prometheus_rule_is_what_the_rules_say() -> None:
    assert generate_prometheus_rule.main(["--check"]) == 0


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: f"{alert['alert']}-{alert['labels']['severity']}")
def test_every_alert_has_a_severity_a_duration_and_a_page_that_says_what_to_do(alert: dict[str, Any]) -> None:
    page = ROOT / alert["annotations"]["runbook"]
    lines = page.read_text(encoding="utf-8").splitlines()

    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert alert["for"]
    assert page.stem == alert["alert"]
    assert lines[0] == f"# {alert['alert']}"
    assert [line.removeprefix("## ") for line in lines if line.startswith("## ")] == HEADINGS


def test_every_runbook_page_belongs_to_an_alert() -> None:
    pages = {page.stem for page in (ROOT / "docs" / "runbooks").glob("*.md")}

    assert pages == {alert["alert"] for alert in alerts()}


def test_the_rules_ask_for_metrics_that_there_are() -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    asked = {name for rule in rules() for name in metrics_of(rule["expr"])}

    assert asked - recorded - known_metrics() == {"up"}


def test_every_recorded_series_is_used() -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    used = {name for rule in rules() for name in metrics_of(rule["expr"])}
    dashboards = "".join(path.read_text("utf-8") for path in (ROOT / "k8s" / "dashboards").glob("*.json"))

    assert {name for name in recorded - used if name not in dashboards} == set()
