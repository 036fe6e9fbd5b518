"""All figures of a run, as plain numbers by name: what is saved, printed and drawn."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.quality.baselines import PLAIN
from benchmarks.quality.resampling import RULES, Group, estimate, mean, mean_draws, source_draws
from benchmarks.quality.windows import FULL, HEADLINE, LIGHT, Booleans, Floats, Window
from reputable.learning.scoring_rules import calibration_error
from reputable.reporting.calibration import calibration_limit

Figures = dict[str, Any]
OURS = (LIGHT, FULL)
KNOWN = 5
"""Verdicts from which on a source counts as well known."""

SLICES: dict[str, Callable[[Window], Booleans]] = {
    "named sources": lambda w: w.named,
    f"named, {KNOWN} verdicts or more": lambda w: np.asarray(w.named & (w.evidence >= KNOWN)),
    "named, never seen": lambda w: np.asarray(w.named & (w.evidence == 0)),
    "crowd sources": lambda w: np.asarray(~w.named),
}
NAMED, NEVER_SEEN = "named sources", "named, never seen"


def methods(windows: Sequence[Window]) -> list[str]:
    """Baselines, then our forms."""
    return list(windows[0].probabilities)


def baselines(windows: Sequence[Window]) -> list[str]:
    """The methods that are not ours."""
    return [method for method in methods(windows) if method not in OURS]


def headline(windows: Sequence[Window]) -> list[Window]:
    """Those that the targets average over; all, when none of them was asked for."""
    return [window for window in windows if window.year in HEADLINE] or list(windows)


def groups(windows: Sequence[Window], method: str, chosen: Callable[[Window], Booleans]) -> list[Group]:
    """The chosen claims of each window with the method's probabilities."""
    return [
        Group(w.probabilities[method][mask], w.credible[mask], w.sources[mask])
        for w, mask in ((w, chosen(w)) for w in windows)
    ]


def by_window(windows: Sequence[Window]) -> Figures:
    """Each rule by method and year, named sources."""
    return {
        method: {
            str(window.year): rules(group)
            for window, group in zip(windows, groups(windows, method, SLICES[NAMED]), strict=True)
        }
        for method in methods(windows)
    }


def means(windows: Sequence[Window]) -> tuple[Figures, Figures]:
    """Each rule's mean over the headline windows by method, and our forms' differences from the plain logistic.

    Value and both ends of the 95 % interval of a bootstrap over sources, named sources.
    """
    chosen = headline(windows)
    named = {method: groups(chosen, method, SLICES[NAMED]) for method in methods(windows)}
    weights = source_draws(named[PLAIN])
    values: Figures = {}
    differences: Figures = {}
    for rule in RULES:
        draws = {method: mean_draws(found, weights, rule) for method, found in named.items()}
        value = {method: mean(found, rule) for method, found in named.items()}
        for method in named:
            values.setdefault(method, {})[rule] = list(estimate(value[method], draws[method]))
            if method in OURS:
                difference = estimate(value[method] - value[PLAIN], draws[method] - draws[PLAIN])
                differences.setdefault(method, {})[rule] = list(difference)
    return values, differences


def slices(windows: Sequence[Window]) -> Figures:
    """Each rule's mean over the headline windows by slice and method, with the count of claims."""
    chosen = headline(windows)
    found: Figures = {}
    for name, of in SLICES.items():
        found[name] = {}
        for method in methods(windows):
            members = groups(chosen, method, of)
            figures = {rule: mean(members, rule) for rule in RULES}
            p = np.concatenate([group.p for group in members])
            y = np.concatenate([group.y for group in members])
            found[name][method] = {"count": len(p), **figures, "calibration_error": calibration_error(p, y)}
    return found


def calibration(windows: Sequence[Window]) -> Figures:
    """By form: the pooled calibration error, and each window's with what chance allows; named sources."""
    found: Figures = {}
    for form in (form for form in OURS if form in windows[0].probabilities):
        members = groups(windows, form, SLICES[NAMED])
        p = np.concatenate([group.p for group in members])
        y = np.concatenate([group.y for group in members])
        found[form] = {
            "pooled": calibration_error(p, y),
            "windows": {
                str(window.year): [calibration_error(group.p, group.y), calibration_limit(group.p)]
                for window, group in zip(windows, members, strict=True)
            },
        }
    return found


def by_group(windows: Sequence[Window], form: str, group_of: Callable[[Window], Sequence[str]]) -> Figures:
    """Calibration by group of claims, all windows pooled: count, means, error and what chance allows."""
    p = np.concatenate([w.probabilities[form] for w in windows])
    y = np.concatenate([w.credible for w in windows])
    labels = np.concatenate([np.asarray(group_of(w), dtype=np.str_) for w in windows])
    found: Figures = {}
    for label in sorted(set(labels.tolist()) - {""}):
        mask = labels == label
        found[label] = {
            "count": int(mask.sum()),
            "mean_prediction": float(p[mask].mean()),
            "share_credible": float(y[mask].mean()),
            "calibration_error": calibration_error(p[mask], y[mask]),
            "limit": calibration_limit(p[mask]),
            "brier": RULES["brier"](p[mask], y[mask]),
        }
    return found


def headline_rules(windows: Sequence[Window], probabilities: Sequence[Floats]) -> dict[str, float]:
    """Each rule's mean over windows for given probabilities, named sources."""
    members = [
        Group(p[w.named], w.credible[w.named], w.sources[w.named]) for w, p in zip(windows, probabilities, strict=True)
    ]
    return {rule: mean(members, rule) for rule in RULES}


def rules(group: Group) -> dict[str, float]:
    """Each rule and the calibration error of one group of claims."""
    found = {name: rule(group.p, group.y) for name, rule in RULES.items()}
    return {"count": float(len(group.p)), **found, "calibration_error": calibration_error(group.p, group.y)}


def plain(value: object) -> object:
    """With numpy's numbers, and NaN, as JSON takes them."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value
