"""A trained model in the plain form that serving reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reputable.domain.times import Micros
from reputable.learning.folded import FoldedContext, FoldedText
from reputable.learning.history import Rates
from reputable.learning.reliability import ReliabilityModel
from reputable.learning.stage import Stage

LIGHT, FULL = "light", "full"
"""The two forms: without and with what was found about similar claims."""


@dataclass(frozen=True, slots=True)
class FoldedModel:
    """All that scoring needs; immutable.

    `stages` is keyed by form. `start` and `context_centre` are the rates, and the context head's
    mean, at the end of training. Below `known_limit` as its share of known words a claim counts as
    out of domain. Training used verdicts reviewed in [window_start, window_end).
    """

    version: str
    text: FoldedText
    context: FoldedContext
    stages: Mapping[str, Stage]
    reliability: ReliabilityModel
    start: Rates
    context_centre: float
    known_limit: float
    window_start: Micros
    window_end: Micros
    settings: Mapping[str, float] = field(default_factory=dict)
