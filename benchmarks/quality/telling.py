"""The results as text on the terminal, as a page, and as the figures of the model card."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.quality import targets
from benchmarks.quality.figures import NAMED, OURS
from benchmarks.quality.windows import FULL, LIGHT, Window, served
from reputable.learning.preparing import Table
from reputable.reporting import plots
from reputable.reporting.page import Section, page, table
from reputable.reporting.page import plots as shown
from reputable.reporting.scored import Scored
from reputable.reporting.sections import calibration_section, drift_section, number, timeline_section

Results = Mapping[str, Any]
BEGIN, END = "<!-- quality: begin -->", "<!-- quality: end -->"
RULES = {"auc": "AUC", "brier": "Brier", "log_loss": "Log loss"}
_WITH_ERROR = {**RULES, "calibration_error": "Calibration error"}
_GROUPS = {"evidence": "What is known of the source", "office": "Office of the source", "place": "Where it was said"}

Rows = list[list[str]]


def print_results(results: Results) -> None:
    """Every table, then one line for each target."""
    for title, header, rows in tables(results):
        print(f"\n{title}\n")
        widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
        for row in (header, *rows):
            cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
            print("  ".join([row[0].ljust(widths[0]), *cells]))
    print("\ntarget | measured | wanted | met")
    for line in targets.lines(results):
        print(line.text())


def tables(results: Results) -> Iterator[tuple[str, list[str], Rows]]:
    """Title, header and rows of every table."""
    years = list(results["by_window"][LIGHT])
    yield (
        "Mean over the headline windows with 95 % intervals (bootstrap over sources), then AUC and Brier by window",
        ["Method", *RULES.values(), *years],
        [[method, *(_with_interval(figures[rule]) for rule in RULES), *_by_year(results, method, years)]
         for method, figures in results["means"].items()],
    )  # fmt: skip
    for name, methods in results["slices"].items():
        if name != NAMED:
            yield f"Slice: {name}", ["Method", "Claims", *_WITH_ERROR.values()], _method_rows(methods)
    yield _calibration_table(results)
    yield _interval_table(results)
    for name, title in _GROUPS.items():
        yield f"Calibration by group: {title.lower()}", *_group_table(results["groups"][name])
    yield "AVeriTeC", ["Method", "Claims", *_WITH_ERROR.values()], _method_rows(results["outside"])
    yield "Ablation: the served form without", ["Without", *RULES.values()], _ablation_rows(results)
    yield (
        f"Learning curve, {results['curve']['year']}",
        ["Trained on", "Form", *RULES.values()],
        [[f"{int(count):,} verdicts", form, *(number(f[rule]) for rule in RULES)]
         for count, forms in results["curve"]["figures"].items() for form, f in forms.items()],
    )  # fmt: skip


def _by_year(results: Results, method: str, years: Sequence[str]) -> list[str]:
    found = results["by_window"][method]
    return [f"{number(found[year]['auc'])} {number(found[year]['brier'])}" for year in years]


def _with_interval(figures: Sequence[float]) -> str:
    value, lower, upper = figures
    return f"{number(value)} [{number(lower)}-{number(upper)}]"


def _method_rows(methods: Mapping[str, Mapping[str, float]]) -> Rows:
    return [[m, f"{f['count']:,.0f}", *(number(f[rule]) for rule in _WITH_ERROR)] for m, f in methods.items()]


def _calibration_table(results: Results) -> tuple[str, list[str], Rows]:
    years = list(results["by_window"][LIGHT])
    rows = [
        [form, number(found["pooled"]), *(f"{number(e)} ({number(limit)})" for e, limit in found["windows"].values())]
        for form, found in results["calibration"].items()
    ]
    return "Calibration error (what chance alone passes once in twenty)", ["Form", "Pooled", *years], rows


def _interval_table(results: Results) -> tuple[str, list[str], Rows]:
    rows = [
        [name, f"{f['sources']:,}", f"{f['covered']:.1%}", number(f["width"]), number(f["width_of_share"])]
        for name, f in results["intervals"].items()
    ]
    header = ["90 % intervals", "Sources", "Covered", "Mean width", "Before widening"]
    return "Reliability intervals fixed at each window's start, against the share then seen", header, rows


def _group_table(groups: Mapping[str, Mapping[str, float]]) -> tuple[list[str], Rows]:
    header = ["Group", "Claims", "Mean credibility", "Found credible", "Calibration error", "By chance", "Brier"]
    names = ("mean_prediction", "share_credible", "calibration_error", "limit", "brier")
    return header, [[g, f"{f['count']:,}", *(number(f[name]) for name in names)] for g, f in groups.items()]


def _ablation_rows(results: Results) -> Rows:
    return [[name, *(number(f[rule]) for rule in RULES)] for name, f in results["ablation"].items()]


def scored_claims(data: Table, windows: Sequence[Window]) -> Scored:
    """The named sources' claims of all windows in the form that is served."""
    reliability, names = [], []
    for window in windows:
        for row, item in zip(window.rows.tolist(), window.items, strict=True):
            found = window.predictor.reliability(item.record, item.epoch)
            reliability.append((found.value, found.interval.lower, found.interval.upper))
            names.append(data.history.proven[row].verdict.claim.source.name)
    rows = np.concatenate([window.rows for window in windows])
    claims = Scored(
        credibility=np.concatenate([window.probabilities[served(window)] for window in windows]),
        credible=data.credible[rows],
        claimed_at=data.claimed_at[rows],
        sources=np.array(names, dtype=np.str_),
        reliability=np.array(reliability, dtype=float),
    )
    return claims.chosen(data.named[rows])


def write_page(path: Path, results: Results, claims: Scored) -> None:
    """The self-contained page."""
    form = FULL if FULL in results["means"] else LIGHT
    lead = (
        f"Each year's claims were scored by a model trained on what was reviewed before that year, each with what was "
        f"known when it was made: {len(claims):,} claims by named sources. {targets.better_than_plain(results, form)}. "
        "Plots show the form that is served."
    )
    rows = [[*line[:3], line.verdict()] for line in targets.lines(results)]
    sections = [
        Section("Targets", "What was wanted, beside what was measured.",
                table(("Target", "Measured", "Wanted", "Met"), rows, wrapped=True)),
        calibration_section(claims),
        drift_section(claims),
        _ablation_section(results),
        _curve_section(results),
        *(Section(title, "", table(header, cells, ours=OURS)) for title, header, cells in tables(results)
          if not title.startswith(("Ablation", "Learning"))),
        timeline_section(claims),
    ]  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page("How right Reputable is", lead, sections), "utf-8")


def _ablation_section(results: Results) -> Section:
    found = results["ablation"]
    whole = next(iter(found.values()))
    lost = {name: figures["brier"] - whole["brier"] for name, figures in list(found.items())[1:]}
    drawing = plots.bars(lost, "Brier score lost without it")
    return Section(
        "What each kind of evidence is worth",
        "Left out one at a time, the second stage fitted again; means over the headline windows.",
        shown([("Ablation", drawing)]) + table(("Without", *RULES.values()), _ablation_rows(results)),
    )


def _curve_section(results: Results) -> Section:
    figures = results["curve"]["figures"]
    counts = [float(count) for count in figures]
    forms = list(next(iter(figures.values())))
    drawings = [
        (RULES[rule], plots.lines(counts, {form: [found[form][rule] for found in figures.values()] for form in forms},
                                  "verdicts trained on", RULES[rule]))
        for rule in ("auc", "brier")
    ]  # fmt: skip
    text = f"Claims of {results['curve']['year']} by how many verdicts the model was trained on; records are whole."
    return Section("Learning curve", text, shown(drawings))


def publish(path: Path, results: Results) -> None:
    """Put targets and tables into the model card, between its marks."""
    before, _, rest = path.read_text("utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    path.write_text(f"{before}{BEGIN}\n{_markdown(results)}\n{END}{after}", "utf-8")


def _markdown(results: Results) -> str:
    met = [[*line[:3], line.verdict()] for line in targets.lines(results)]
    parts = [f"Measured on {results['date'][:10]}.", _markdown_table(["Target", "Measured", "Wanted", ""], met)]
    for title, header, rows in tables(results):
        parts += [f"### {title}", _markdown_table(header, rows)]
    return "\n\n".join(parts)


def _markdown_table(header: Sequence[str], rows: Rows) -> str:
    align = "|---|" + "---:|" * (len(header) - 1)
    return "\n".join([f"| {' | '.join(header)} |", align, *(f"| {' | '.join(row)} |" for row in rows)])
