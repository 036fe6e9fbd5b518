"""The page's parts that any scored claims have, and the whole page of an evaluation."""

from collections import Counter
from collections.abc import Mapping
from math import isfinite

import numpy as np

from reputable.learning.evaluation import Evaluation
from reputable.learning.scoring_rules import auc, brier, log_loss, summary
from reputable.reporting import plots
from reputable.reporting.page import Section, page, table
from reputable.reporting.page import plots as shown
from reputable.reporting.scored import Floats, Scored, scored, without_factors

TIMELINES = 8
"""Sources that are drawn, those with the most claims."""
FIGURES = {"auc": "AUC", "brier": "Brier", "log_loss": "Log loss", "calibration_error": "Calibration error"}
OURS = "reputable"


def evaluation_page(found: Evaluation, model_version: str, start: str, caution: str = "") -> str:
    """The report of an evaluation, whose predictions have factors.

    ValueError where no claim of a named source was found credible or not.
    """
    claims = scored(found.predictions)
    if not len(claims):
        raise ValueError("no claim of a named source was found credible or not")
    figures = summary(claims.credibility, claims.credible)
    lead = (
        f"Model {model_version} scored {len(found.predictions):,} claims made from {start} on, each with what was "
        f"known when it was made. Of {len(claims):,} by named sources that checking settled, "
        f"{figures['share_credible']:.0%} were found credible. AUC {number(figures['auc'])} (1 ranks every credible "
        f"claim above every other, .5 is chance); Brier score {number(figures['brier'])} (0 is best); "
        f"calibration error {number(figures['calibration_error'])}. {caution}"
    )
    sections = [
        calibration_section(claims),
        drift_section(claims),
        baseline_section(found.figures),
        ablation_section(claims, without_factors(found.predictions)),
        timeline_section(claims),
    ]
    return page(f"How right Reputable is: claims from {start} on", lead, sections)


def calibration_section(claims: Scored) -> Section:
    """The reliability diagram and the distributions."""
    return Section(
        "Calibration",
        "Of claims given a credibility of 30 %, about 30 % should be found credible. Each point is one fifteenth of "
        "the claims; a perfectly calibrated model stays in the grey band nine times in ten.",
        shown([
            ("Reliability diagram", plots.reliability_diagram(claims)),
            ("Score distributions", plots.score_distributions(claims)),
        ]),
    )  # fmt: skip


def drift_section(claims: Scored) -> Section:
    """What the years show."""
    years = np.unique(claims.years).tolist()
    rows = [[str(year), *cells(_summary(claims.chosen(claims.years == year)))] for year in years]
    content = shown([("Drift and calibration by year", plots.drift_by_year(claims))])
    return Section(
        "By year",
        "The share of credible claims drifts; the mean credibility should follow it. A calibration error below its "
        "mark cannot be told from chance.",
        content + table(("Year", "Claims", *FIGURES.values(), "Mean credibility", "Found credible"), rows),
    )


def baseline_section(figures: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Section:
    """Every group of claims and method."""
    content = ""
    for group, methods in figures.items():
        rows = [[method, *cells(values)[:5]] for method, values in methods.items()]
        content += f"<h3>{group[:1].upper()}{group[1:]}</h3>"
        content += table(("Method", "Claims", *FIGURES.values()), rows, ours=(OURS,))
    return Section("Beside the baselines", "Higher AUC is better; lower is better for the rest.", content)


def ablation_section(claims: Scored, without: Mapping[str, Floats]) -> Section:
    """What each factor is worth."""
    y = claims.credible
    whole = brier(claims.credibility, y)
    rows = [["all factors", number(auc(claims.credibility, y)), number(whole), number(log_loss(claims.credibility, y))]]
    worth: dict[str, float] = {}
    for name, p in without.items():
        plain = name.replace("_", " ")
        rows.append([f"without {plain}", number(auc(p, y)), number(brier(p, y)), number(log_loss(p, y))])
        worth[plain] = brier(p, y) - whole
    return Section(
        "What each factor is worth",
        "The same scores with one factor's log-odds taken out, nothing fitted again. A factor with a bar to the left "
        "did harm on these claims.",
        shown([("Brier score lost without the factor", plots.bars(worth, "Brier score lost"))])
        + table(("Factors", "AUC", "Brier", "Log loss"), rows, ours=("all factors",)),
    )  # fmt: skip


def timeline_section(claims: Scored) -> Section:
    """The sources with the most claims."""
    most = sorted(Counter(claims.sources.tolist()).items(), key=lambda item: (-item[1], item[0]))[:TIMELINES]
    drawings = [
        (f"{name}, {count:,} claims", plots.timeline(claims.chosen(claims.sources == name))) for name, count in most
    ]
    return Section(
        "Sources over time",
        "The line is the source's reliability with its 90 % interval as of each claim; each dot is a claim at the "
        "credibility it was given, before it was checked.",
        shown(drawings),
    )


def cells(figures: Mapping[str, float]) -> list[str]:
    """Count, FIGURES, mean credibility and share found credible."""
    values = [figures.get(name, float("nan")) for name in (*FIGURES, "mean_prediction", "share_credible")]
    return [f"{figures.get('count', 0.0):,.0f}", *(number(value) for value in values)]


def number(value: float) -> str:
    """Three decimals without the leading zero; a hyphen for what cannot be computed."""
    if not isfinite(value):
        return "-"
    text = f"{value:.3f}"
    return text.replace("0.", ".", 1) if abs(value) < 1 else text


def _summary(claims: Scored) -> dict[str, float]:
    return summary(claims.credibility, claims.credible)
