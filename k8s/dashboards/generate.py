"""Make reputable.json, the Grafana dashboard, from panels.py.

Usage: python -m k8s.dashboards.generate [--check]

With --check nothing is written; exits 1 when the file is not what panels.py says.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from grafana_foundation_sdk.builders import common, dashboard, prometheus, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import LegendDisplayMode, LegendPlacement
from grafana_foundation_sdk.models.dashboard import DataSourceRef

from k8s.dashboards.panels import ROWS, Panel, full

TARGET = Path(__file__).with_name("reputable.json")
SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")


def panel(told: Panel) -> timeseries.Panel:
    """A panel of lines, a third of the width."""
    legend = common.VizLegendOptions().display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM)
    made = (
        timeseries.Panel()
        .title(told.title)
        .description(told.description)
        .unit(told.unit)
        .datasource(SOURCE)
        .span(8)
        .height(8)
        .fill_opacity(8)
        .legend(legend.show_legend(show_legend=True))
    )
    if told.least is not None:
        made = made.min(told.least)
    for number, (query, legend_format) in enumerate(told.queries):
        target = prometheus.Dataquery().expr(full(query)).legend_format(legend_format).datasource(SOURCE)
        made = made.with_target(target.ref_id(chr(ord("A") + number)))
    return made


def build() -> str:
    """The dashboard as JSON."""
    source = dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus")
    namespace = (
        dashboard.QueryVariable("namespace")
        .label("Namespace")
        .datasource(SOURCE)
        .query('label_values(reputable_build_info{job="reputable"}, namespace)')
        .include_all(include_all=True)
        .all_value(".*")
    )
    made = dashboard.Dashboard("Reputable").uid("reputable").tags(["grpc", "reputable"]).refresh("30s")
    made = made.time("now-6h", "now").with_variable(source).with_variable(namespace)
    for title, panels in ROWS.items():
        made = made.with_row(dashboard.Row(title))
        for told in panels:
            made = made.with_panel(panel(told))
    return JSONEncoder(sort_keys=True, indent=1).encode(made.build()) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Write or check the file; the exit code."""
    made = build()
    if "--check" not in arguments:
        TARGET.write_text(made, encoding="utf-8")
        return 0
    if TARGET.exists() and TARGET.read_text(encoding="utf-8") == made:
        return 0
    print(f"{TARGET.name} is stale: run python -m k8s.dashboards.generate", file=sys.stderr)  # noqa: T201
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
