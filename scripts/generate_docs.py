"""Write docs/configuration.md and docs/metrics.md from the code, or check that they are fresh.

`python scripts/generate_docs.py` writes them; with `--check` it writes nothing and exits 1 when a
page differs.
"""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from pydantic.fields import FieldInfo

from reputable.metrics import GAUGES, ROLLING, Metrics
from reputable.settings import PREFIX, Settings

DOCS = Path(__file__).resolve().parent.parent / "docs"
_EXAMPLE_METHOD = ("reputable.v1.CredibilityService", "AssessClaim")

CONFIGURATION = """# Configuration

Generated from `server/reputable/settings.py` by `make docs`; not to be edited.

Everything is set by environment variables. One that starts with `REPUTABLE_` and is not listed here stops the start
with a sentence that names near matches; those of the form that Kubernetes gives service links (`REPUTABLE_PORT`,
`REPUTABLE_SERVICE_HOST`) are ignored with a warning, and an empty one counts as unset.

| Variable | Default | Meaning |
|---|---|---|
"""
METRICS = """# Metrics

Generated from `server/reputable/metrics` by `make docs`; not to be edited.

Served at `/metrics` on `REPUTABLE_METRICS_ADDRESS`, in Prometheus' text format or as OpenMetrics, by what the scraper
accepts. Every label set is closed and there from the start; no label ever holds a source, a claim or a caller. Labels
by model version show at most four models. The
`grpc_server_*` names are those that stock gRPC dashboards know. `process_*` and `python_gc_*` come from the Prometheus
client library.

| Metric | Type | Labels | Meaning |
|---|---|---|---|
"""


def configuration_page() -> str:
    """The page on settings."""
    return CONFIGURATION + "".join(_setting(name, field) for name, field in Settings.model_fields.items())


def _setting(name: str, field: FieldInfo) -> str:
    default = "unset" if field.default in {None, ""} else f"`{_shown(field.default)}`"
    meaning = " ".join((field.description or "").split()).replace("|", "\\|")
    return f"| `{PREFIX}{name.upper()}` | {default} | {meaning} |\n"


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def metrics_page() -> str:
    """The page on metrics."""
    metrics = Metrics(build=dict.fromkeys(("version", "python", "grpc", "transport"), ""))
    metrics.models = lambda: {"version": "", "digest": ""}
    metrics.meter(*_EXAMPLE_METHOD)
    metrics.foresee("", lambda: dict.fromkeys(ROLLING, 0.0))
    for name in GAUGES:
        metrics.gauge(name, lambda: 0.0)
    return METRICS + "".join(sorted(_families(metrics)))


def _families(metrics: Metrics) -> Iterable[str]:
    for family in metrics.registry().collect():
        if family.name.startswith(("process_", "python_")):
            continue
        name = family.name + ("_total" if family.type == "counter" else "")
        labels = ", ".join(f"`{label}`" for label in family.samples[0].labels if label != "le")
        yield f"| `{name}` | {family.type} | {labels} | {family.documentation} |\n"


def main() -> None:
    """Do what the command line asks; exit 1 when a check finds a difference."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; compare")
    check = parser.parse_args().check
    pages = {DOCS / "configuration.md": configuration_page(), DOCS / "metrics.md": metrics_page()}
    stale = [path.name for path, page in pages.items() if not path.exists() or path.read_text("utf-8") != page]
    if check and stale:
        sys.exit(f"Run `make docs`; not as generated from the code: {', '.join(stale)}")
    if not check:
        for path, page in pages.items():
            path.write_text(page, "utf-8")


if __name__ == "__main__":
    main()
