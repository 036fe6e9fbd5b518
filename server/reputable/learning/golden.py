"""A few claims whose scores are written down with each model, so that a damaged one is noticed."""

from collections.abc import Mapping
from dataclasses import replace
from math import isfinite

from reputable.application.ports import MemoryReading, ScoreInput
from reputable.domain.claims import Claim
from reputable.domain.epochs import PriorEpoch
from reputable.domain.records import Tally, TrackRecord
from reputable.domain.sources import SourceReference
from reputable.learning.predictor import Predictor

TOLERANCE = 1e-9
_EPOCH = PriorEpoch(number=0, base_rate=0.55, recent_rate=0.45, collective_rate=0.1)
_RECORD = TrackRecord(
    source_id="golden",
    day=18_000,
    verdict_count=8,
    credible_count=6,
    total=Tally(8.0, 6.0, 5.4),
    low=1.0,
    high=3.0,
    decayed=(Tally(2.5, 2.0, 1.8), Tally(5.5, 4.2, 3.9)),
    last=Tally(5.0, 4.0, 3.6),
    last_review_day=17_900,
)
_MEMORY = MemoryReading(-0.05)
_CLAIMS = {
    "jobs": ("The state added 12,000 jobs last year.", "speech", TrackRecord()),
    "cure": ("A secret cure for cancer is being hidden from the public!", "social media", TrackRecord()),
    "tax": ("Says the new budget raises taxes on 90 percent of families.", "", _RECORD),
    "foreign": ("Zażółć gęślą jaźń", "", _RECORD),
}


def golden_logits(predictor: Predictor) -> dict[str, float]:
    """The log-odds of each golden claim, in the light form and in the full form where there is one."""
    found: dict[str, float] = {}
    for name, (text, context, record) in _CLAIMS.items():
        item = ScoreInput(_claim(text, context), record, _EPOCH)
        found[name] = predictor.predict(item).parts.logit()
        if predictor.remembers:
            found[f"{name}, full form"] = predictor.predict(replace(item, memory=_MEMORY)).parts.logit()
    return found


def check_golden(predictor: Predictor, expected: Mapping[str, float]) -> None:
    """Raise ValueError unless the model scores the golden claims as it did when it was written."""
    for name, value in golden_logits(predictor).items():
        if not (isfinite(value) and abs(value - float(expected[name])) <= TOLERANCE):
            raise ValueError(f"golden claim {name!r} scores {value!r}, not {expected[name]!r}")


def _claim(text: str, context: str) -> Claim:
    return Claim(text, SourceReference(id="golden"), context=context)
