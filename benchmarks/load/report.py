"""The results as a table, a chart and a file."""

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.load import targets
from benchmarks.load.rows import LABELS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HERE = Path(__file__).resolve().parents[1]
README = HERE / "README.md"
RESULTS = HERE / "results"
BEGIN, END = "<!-- load: begin -->", "<!-- load: end -->"
HEADINGS = (
    "| What | Transport | calls/s | spread | claims/s "
    "| p50, 1 caller | p50 | p99 | p99, half load | server CPU/call | RSS |"
)
TRANSPORTS = {"grpcio": "grpc.aio", "threads": "grpcio threads", "fast": "fast", "": "HTTP/1.1"}


def table(results: Mapping[str, Any]) -> str:
    """The table of all rows, in Markdown."""
    rows = results["rows"]
    lines = [HEADINGS, "|---|---|" + "---:|" * 9]
    lines += [_line(name, rows) for name in rows if _is_row(name)]
    return "\n".join(lines)


def _is_row(name: str) -> bool:
    return "@" not in name and name.partition(".")[0] in LABELS


def _line(name: str, rows: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
    samples = rows[name]

    def middle(figure: str) -> float:
        return statistics.median(sample[figure] for sample in samples)

    def latency(load: str, figure: str) -> str:
        found = rows.get(f"{name}@{load}")
        return f"{statistics.median(sample[figure] for sample in found):,.0f} us" if found else ""

    rates = [sample["calls_per_second"] for sample in samples]
    kind, _, transport = name.partition(".")
    return (
        f"| {LABELS[kind]} | {TRANSPORTS[transport]} | {middle('calls_per_second'):,.0f} "
        f"| {min(rates):,.0f}-{max(rates):,.0f} | {middle('claims_per_second'):,.0f} | {latency('1', 'p50')} "
        f"| {middle('p50'):,.0f} us | {middle('p99'):,.0f} us "
        f"| {latency('half', 'p99')} | {middle('cpu_per_call'):,.0f} us "
        f"| {middle('rss_mebibytes'):,.0f} MiB |"
    )


def section(results: Mapping[str, Any]) -> str:
    """What benchmarks/README.md says of the latest run."""
    machine = ", ".join(f"{name} {value}" for name, value in results["machine"].items())
    met = "\n".join(f"| {line} |" for line in targets.lines(results))
    return (
        f"Commit {results['commit']}, {results['date']}, `{results['command']}`; {machine}; "
        f"medians of {results['rounds']} rounds.\n\n{table(results)}\n\n"
        f"![Calls a second](results/load.png)\n\n"
        f"| target | measured | wanted | |\n|---|---|---|---|\n{met}\n\n{_as_it_grows(results)}\n"
    )


def _as_it_grows(results: Mapping[str, Any]) -> str:
    found = "; ".join(
        f"{sample['held']:,.0f} held: {sample['verdicts_per_second']:,.0f} a second"
        for sample in results["writes"]["grown"]
    )
    return f"BatchRecordVerdicts as one ledger grows from round to round: {found}."


def save(results: Mapping[str, Any], name: str) -> Path:
    """Write the results to benchmarks/results/ and return the file."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(results, indent=1) + "\n")
    return path


def publish(results: Mapping[str, Any]) -> None:
    """Put the table and the targets into benchmarks/README.md, between its marks, and draw the chart."""
    before, _, rest = README.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    README.write_text(f"{before}{BEGIN}\n{section(results)}{END}{after}")
    draw(results, RESULTS / "load.png")


def draw(results: Mapping[str, Any], path: Path) -> None:
    """The chart: calls a second of every row, and cost as the ledger grows."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(14, 6), width_ratios=(3, 2), layout="constrained")
    _draw_rates(left, results["rows"])
    _draw_growth(right, results.get("by_sources", []), results.get("by_verdicts", []))
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _draw_rates(axes: "Axes", rows: Mapping[str, Sequence[Mapping[str, float]]]) -> None:
    names = [name for name in rows if _is_row(name) and "512" not in name]
    rates = [[sample["calls_per_second"] for sample in rows[name]] for name in names]
    middles = [statistics.median(each) for each in rates]
    errors = [[m - min(r) for m, r in zip(middles, rates, strict=True)],
              [max(r) - m for m, r in zip(middles, rates, strict=True)]]  # fmt: skip
    labels = [f"{LABELS[name.partition('.')[0]]}, {TRANSPORTS[name.partition('.')[2]]}" for name in names]
    axes.barh(labels, middles, xerr=errors)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlabel("calls a second on one core, 64 callers (median, least, most)")


def _draw_growth(
    axes: "Axes", by_sources: Sequence[Mapping[str, float]], by_verdicts: Sequence[Mapping[str, float]]
) -> None:
    for points, count, label in (
        (by_sources, "sources", "sources, 10 verdicts on each"),
        (by_verdicts, "verdicts", "verdicts on one source"),
    ):
        if points:
            axes.plot([p[count] for p in points], [p["p50"] for p in points], marker="o", label=label)
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("how many")
    axes.set_ylabel("p50 of a computed assessment, 1 caller, us")
    axes.legend()
