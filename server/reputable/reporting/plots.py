"""The plots, drawn by matplotlib as SVG; small enough to be read on a phone."""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reputable.learning.scoring_rules import calibration_error
from reputable.reporting.calibration import calibration_limit, equal_mass_bins
from reputable.reporting.scored import Scored

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

BLUE, ORANGE, GREEN, GREY = "#0072b2", "#d55e00", "#009e73", "#8a8a8a"
"""Told apart by the colour-blind too (Okabe and Ito 2008)."""
_WIDTH, _HEIGHT = 4.3, 3.2
_STYLE: Any = {
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 9.0,
    "grid.alpha": 0.3,
    "legend.frameon": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "reputable",
}


def drawn(draw: Callable[["Figure"], None], height: float = _HEIGHT) -> str:
    """The SVG of a figure that `draw` fills; `height` in inches."""
    import matplotlib as mpl  # noqa: PLC0415 - an extra, slow to import.
    from matplotlib.figure import Figure  # noqa: PLC0415

    out = io.StringIO()
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(_WIDTH, height), layout="constrained")
        draw(figure)
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()


def reliability_diagram(claims: Scored) -> str:
    """Share found credible against credibility, in bins of equal mass."""
    bins = equal_mass_bins(claims.credibility, claims.credible)

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label="perfect")
        axes.fill_between(bins.predicted, bins.low, bins.high, color=GREY, alpha=0.25, label="chance alone, 90 %")
        axes.plot(bins.predicted, bins.found, "o-", color=BLUE, markersize=4, label="Reputable")
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="credibility given", ylabel="share found credible")
        axes.legend(loc="upper left")

    return drawn(draw, 3.8)


def score_distributions(claims: Scored) -> str:
    """Credibility of the claims found credible, and of the others."""

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        edges = np.linspace(0, 1, 26).tolist()
        for chosen, colour, label in (
            (claims.credible, BLUE, "found credible"),
            (~claims.credible, ORANGE, "found not credible"),
        ):
            axes.hist(claims.credibility[chosen], edges, color=colour, alpha=0.55, label=label)
        axes.set(xlim=(0, 1), ylim=(0, 1.25 * axes.get_ylim()[1]), xlabel="credibility given", ylabel="claims")
        axes.legend(loc="upper right")

    return drawn(draw)


def drift_by_year(claims: Scored) -> str:
    """Mean credibility and share found credible by year, above the calibration error with what chance allows."""
    years = np.unique(claims.years)
    parts = [claims.chosen(claims.years == year) for year in years]

    def draw(figure: "Figure") -> None:
        above, below = figure.subplots(2, sharex=True)
        above.plot(years, [part.credible.mean() for part in parts], "o-", color=ORANGE, label="found credible")
        above.plot(years, [part.credibility.mean() for part in parts], "s--", color=BLUE, label="mean credibility")
        above.set(ylim=(0, 1), ylabel="share")
        above.legend(loc="upper right")
        errors = [calibration_error(part.credibility, part.credible) for part in parts]
        limits = [calibration_limit(part.credibility) for part in parts]
        below.bar(years, errors, 0.6, color=BLUE)
        below.plot(years, limits, "_", color=ORANGE, markersize=18, markeredgewidth=2, label="chance alone, 95 %")
        below.set(ylabel="calibration error", ylim=(0, 1.35 * max(errors + limits)))
        below.set_xticks(years, [f"{year}" for year in years])
        below.legend(loc="upper right")

    return drawn(draw, 4.4)


def timeline(claims: Scored) -> str:
    """One source over time: its reliability with the 90 % interval, each claim's score and what was found."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter  # noqa: PLC0415

    ordered = claims.chosen(np.argsort(claims.claimed_at, kind="stable"))
    days = ordered.claimed_at.astype("datetime64[us]")

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        value, lower, upper = ordered.reliability.T
        axes.fill_between(days, lower, upper, color=BLUE, alpha=0.15, step="post", label="reliability, 90 %")
        axes.step(days, value, where="post", color=BLUE, linewidth=1)
        for chosen, colour, label in (
            (ordered.credible, GREEN, "found credible"),
            (~ordered.credible, ORANGE, "found not credible"),
        ):
            axes.plot(days[chosen], ordered.credibility[chosen], ".", color=colour, markersize=4, label=label)
        axes.set(ylim=(0, 1), ylabel="credibility")
        locator = AutoDateLocator(minticks=3, maxticks=7)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
        figure.legend(loc="outside upper center", ncols=3, fontsize=7, columnspacing=0.8, handletextpad=0.3)

    return drawn(draw)


def bars(values: Mapping[str, float], label: str) -> str:
    """Named values, from above to below in their order; less than nothing in another colour."""

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        colours = [BLUE if value >= 0 else ORANGE for value in values.values()]
        axes.barh(list(values), list(values.values()), color=colours)
        axes.invert_yaxis()
        axes.axvline(0, color="black", linewidth=0.8)
        axes.set_xlabel(label)

    return drawn(draw, 0.9 + 0.27 * len(values))


def lines(x: Sequence[float], series: Mapping[str, Sequence[float]], x_label: str, y_label: str) -> str:
    """Named series over the same x."""

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        styles = (("o-", BLUE), ("s--", ORANGE), ("^:", GREEN), ("d-.", GREY))
        for (name, values), (style, colour) in zip(series.items(), styles, strict=False):
            axes.plot(x, values, style, color=colour, label=name, markersize=4)
        axes.set(xlabel=x_label, ylabel=y_label)
        axes.legend(loc="best")

    return drawn(draw)
