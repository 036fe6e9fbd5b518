"""Puts the parts of a claim's log-odds into words."""

from collections.abc import Sequence

from reputable.application.ports import ScoreInput
from reputable.domain.assessments import Factor, SimilarVerdict
from reputable.domain.records import TrackRecord
from reputable.domain.verdicts import CREDIBLE_FROM
from reputable.learning.features import prior_rates
from reputable.learning.folded import FoldedText
from reputable.learning.parts import Parts

_FEW_DAYS = 60


def explain(item: ScoreInput, parts: Parts, text: FoldedText) -> tuple[Factor, ...]:
    """At most eight factors that sum to the logit, in the order they are added; those of 0 are left out."""
    record = item.record
    _, recent = prior_rates(record.kind, item.epoch)
    nearest = item.memory.nearest if item.memory is not None else ()
    told = (
        ("base_rate", parts.base_rate, f"Of claims checked lately, {recent:.0%} were found credible."),
        ("track_record", parts.track_record, _record_sentence(record)),
        ("recent_record", parts.recent_record, _recent_sentence(record)),
        ("checking_history", parts.checking_history, _checking_sentence(record)),
        ("wording", parts.wording, _wording_sentence(item.claim.text, parts.wording, text)),
        ("context", parts.context, _context_sentence(item.claim.context, parts.context)),
        ("similar_verdicts", parts.similar_verdicts, _similar_sentence(parts.similar_verdicts, nearest)),
        ("recalibration", parts.recalibration, _recalibration_sentence(parts.recalibration)),
    )
    return tuple(
        Factor(name, value, sentence, nearest if name == "similar_verdicts" else ())
        for name, value, sentence in told
        if value != 0.0
    )


def _record_sentence(record: TrackRecord) -> str:
    if not record.verdict_count:
        return "No claim by this source has been checked."
    return f"{record.credible_count} of {_claims(record.verdict_count)} by this source {_were(record)} found credible."


def _claims(count: int) -> str:
    return "1 checked claim" if count == 1 else f"{count} checked claims"


def _were(record: TrackRecord) -> str:
    return "was" if record.verdict_count == 1 else "were"


def _recent_sentence(record: TrackRecord) -> str:
    last = record.last
    if last.weight == 0:
        return "The source's verdicts of the last years."
    return f"Of its last {last.weight:.0f} single verdicts, {last.credible:.0f} were credible."


def _checking_sentence(record: TrackRecord) -> str:
    if record.last_review_day is None:
        return "How often, and how lately, the source is checked."
    days = max(0, record.day - record.last_review_day)
    ago = f"{days} days" if days <= _FEW_DAYS else f"{days / 30.4:.0f} months"
    return f"Checked {record.verdict_count} times, last {ago} ago."


def _wording_sentence(claim: str, part: float, text: FoldedText) -> str:
    words = ", ".join(f'"{word}"' for word in text.telling(claim))
    often = "more" if part > 0 else "less"
    told = f"; its most telling words: {words}" if words else ""
    return f"Claims worded like this one are found credible {often} often{told}."


def _context_sentence(context: str, part: float) -> str:
    return f"Claims from this context ({context}) are found credible {'more' if part > 0 else 'less'} often."


def _similar_sentence(part: float, nearest: Sequence[SimilarVerdict]) -> str:
    found = f"Similar claims were found {'more' if part > 0 else 'less'} truthful than others"
    if not nearest:
        return f"{found}."
    credible = sum(verdict.truthfulness >= CREDIBLE_FROM for verdict in nearest)
    return (
        f"{found}; of the {len(nearest)} nearest, {credible or 'none'} {'was' if credible == 1 else 'were'} credible."
    )


def _recalibration_sentence(part: float) -> str:
    return f"The latest verdicts came out {'more' if part > 0 else 'less'} credible than expected."
