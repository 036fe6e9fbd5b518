"""What was wanted, beside what was measured."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from benchmarks.quality.baselines import PLAIN
from benchmarks.quality.costs import BATCH
from benchmarks.quality.figures import NAMED, NEVER_SEEN, OURS
from benchmarks.quality.outside import CONSTANT, TEXT_ONLY
from benchmarks.quality.windows import FULL, LIGHT

Results = Mapping[str, Any]
TARGETS: Mapping[str, Mapping[str, tuple[float, float | None]]] = {
    FULL: {"auc": (0.045, 0.07), "brier": (-0.018, -0.03)},
    LIGHT: {"auc": (0.022, None), "brier": (-0.010, None)},
}
"""What each form must reach beside the plain logistic of the same run, and what it aims at."""
COSTS = (
    ("one claim, NONE", 60, "us"),
    ("one claim, SUMMARY", 100, "us"),
    (f"batch of {BATCH}, NONE", 40, "us a claim"),
    ("new claim", 3_000, "us"),
    ("known vector", 300, "us"),
    ("artifact", 10, "MiB"),
    ("training", 600, "s of processor time"),
    ("training memory", 4_096, "MiB"),
    ("memory of 100,000 verdicts", 150, "MiB"),
)


class Line(NamedTuple):
    """One target, in words; `met` is None for what is only aimed at."""

    target: str
    measured: str
    wanted: str
    met: bool | None

    def text(self) -> str:
        """`target | measured | wanted | met`, or `short`, or `aim`."""
        return f"{self.target} | {self.measured} | {self.wanted} | {self.verdict()}"

    def verdict(self) -> str:
        """The last column."""
        return "information" if self.met is None else "met" if self.met else "short"


def lines(results: Results) -> list[Line]:
    """A line for each target that the run has figures for."""
    forms = [form for form in (FULL, LIGHT) if form in results["means"]]
    found: list[Line] = []
    for form in forms:
        found += _discrimination(results, form)
    for form in forms:
        found += _calibration(results, form)
    served = forms[0]
    found += [*_intervals(results), *_absence(results), _cold_start(results, served), *_outside(results, served)]
    return [*found, *_liar(results), *_costs(results)]


def _discrimination(results: Results, form: str) -> Iterator[Line]:
    for rule, (wanted, aim) in TARGETS[form].items():
        value, lower, upper = results["differences"][form][rule]
        measured = f"{value:+.4f} [{lower:+.4f}, {upper:+.4f}]"
        better = value >= wanted if wanted > 0 else value <= wanted
        word = "at least" if wanted > 0 else "at most"
        name = f"{form}: {'AUC' if rule == 'auc' else 'Brier'} beside the plain logistic"
        yield Line(name, measured, f"{word} {wanted:+.3f}", better)
        if aim is not None:
            reached = value >= aim if aim > 0 else value <= aim
            yield Line(f"{name}, aim", measured, f"{word} {aim:+.3f}{', reached' if reached else ''}", None)
    ours = results["means"][form]["log_loss"][0]
    best, theirs = min(
        ((m, f["log_loss"][0]) for m, f in results["means"].items() if m not in OURS), key=lambda pair: pair[1]
    )
    yield Line(f"{form}: log loss", f"{ours:.4f}", f"below {theirs:.4f} ({best})", ours < theirs)
    gap, year = _worst_gap(results, form)
    yield Line(f"{form}: AUC beside the best baseline of its worst window ({year})", f"{gap:+.4f}", "at least -0.010",
               gap >= -0.01)  # fmt: skip


def _worst_gap(results: Results, form: str) -> tuple[float, str]:
    found = results["by_window"]
    return min(
        (ours["auc"] - max(figures[year]["auc"] for method, figures in found.items() if method not in OURS), year)
        for year, ours in found[form].items()
    )


def _calibration(results: Results, form: str) -> Iterator[Line]:
    found = results["calibration"][form]
    yield Line(f"{form}: calibration error, windows pooled", f"{found['pooled']:.4f}", "at most 0.030",
               found["pooled"] <= 0.03)  # fmt: skip
    over = [f"{year} {error:.3f} > {limit:.3f}" for year, (error, limit) in found["windows"].items() if error > limit]
    told = f"{len(over)} of {len(found['windows'])}{': ' + ', '.join(over) if over else ''}"
    yield Line(f"{form}: windows with a calibration error beyond chance", told, "0", not over)


def _intervals(results: Results) -> Iterator[Line]:
    ours, smoothed = results["intervals"]["ours"], results["intervals"]["smoothed mean"]
    yield Line("reliability intervals: shares covered", f"{ours['covered']:.1%}", "86 to 94 %",
               0.86 <= ours["covered"] <= 0.94)  # fmt: skip
    yield Line("reliability intervals: mean width", f"{ours['width']:.4f}",
               f"below {smoothed['width']:.4f} (smoothed mean, covers {smoothed['covered']:.1%})",
               ours["width"] < smoothed["width"])  # fmt: skip


def _absence(results: Results) -> Iterator[Line]:
    for field, windows in results["absence"].items():
        moved = max(abs(log_odds) for log_odds, _ in windows.values())
        lost = max(brier for _, brier in windows.values())
        yield Line(f"left out: {field}: log-odds, worst window", f"{moved:.4f}", "at most 0.050", moved <= 0.05)
        yield Line(f"left out: {field}: Brier lost, worst window", f"{lost:+.4f}", "at most 0.008", lost <= 0.008)


def _cold_start(results: Results, form: str) -> Line:
    found = results["slices"][NEVER_SEEN]
    best, theirs = min(((m, f["brier"]) for m, f in found.items() if m not in OURS), key=lambda pair: pair[1])
    ours = found[form]["brier"]
    return Line(f"{form}: Brier, sources never seen", f"{ours:.4f}", f"at most {theirs:.4f} ({best})", ours <= theirs)


def _outside(results: Results, form: str) -> Iterator[Line]:
    found = results["outside"]
    for rule, name in (("auc", "AUC"), ("brier", "Brier"), ("log_loss", "log loss")):
        ours, others = found[form][rule], {method: found[method][rule] for method in (CONSTANT, TEXT_ONLY)}
        met = ours > max(others.values()) if rule == "auc" else ours < min(others.values())
        told = ", ".join(f"{method} {value:.4f}" for method, value in others.items())
        yield Line(f"{form}: AVeriTeC {name}", f"{ours:.4f}", f"better than {told}", met)


def _liar(results: Results) -> Iterator[Line]:
    told = "; ".join(f"{name} {value:.3f}" for name, value in results["liar"]["accuracy"].items())
    published = ", ".join(f"{name} {value:.3f}" for name, value in results["liar"]["published"].items())
    yield Line("LIAR, six classes, accuracy", told, f"beside {published}", None)


def _costs(results: Results) -> Iterator[Line]:
    for name, limit, unit in COSTS:
        if name in results["costs"]:
            value = results["costs"][name]
            yield Line(f"cost: {name}", f"{value:,.1f} {unit}", f"at most {limit:,} {unit}", value <= limit)


def better_than_plain(results: Results, form: str) -> str:
    """One line on a form, for people."""
    auc, brier = (results["means"][form][rule][0] for rule in ("auc", "brier"))
    plain_auc, plain_brier = (results["means"][PLAIN][rule][0] for rule in ("auc", "brier"))
    return f"{form}: AUC {auc:.3f}, Brier {brier:.3f}, against {plain_auc:.3f} and {plain_brier:.3f} ({NAMED})"
