"""Make the PrometheusRule of k8s/components/servicemonitor from the rules in k8s/alerts.

Usage: python scripts/generate_prometheus_rule.py [--check]

With --check nothing is written; exits 1 when the file is not what the rules say.
"""

import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
RULES = ROOT / "k8s" / "alerts"
TARGET = ROOT / "k8s" / "components" / "servicemonitor" / "prometheus-rule.yaml"
HEADING = "# Made by scripts/generate_prometheus_rule.py from k8s/alerts/*.rules.yaml; do not edit.\n"


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as such."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def prometheus_rule() -> str:
    """The object, as YAML, with the groups of all files in the order of their names."""
    groups: list[dict[str, Any]] = []
    for path in sorted(RULES.glob("*.rules.yaml")):
        groups += yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    rule = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "reputable", "labels": {"app.kubernetes.io/name": "reputable"}},
        "spec": {"groups": groups},
    }
    return HEADING + yaml.dump(rule, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)


def main(arguments: list[str]) -> int:
    """Write or check the file; the exit code."""
    made = prometheus_rule()
    if "--check" not in arguments:
        TARGET.write_text(made, encoding="utf-8")
        return 0
    if TARGET.exists() and TARGET.read_text(encoding="utf-8") == made:
        return 0
    print(f"{TARGET.relative_to(ROOT)} is stale: run scripts/generate_prometheus_rule.py", file=sys.stderr)  # noqa: T201
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
