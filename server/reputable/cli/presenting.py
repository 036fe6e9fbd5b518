"""Assessments and records as tables and as JSON."""

from google.protobuf.timestamp_pb2 import Timestamp
from rich.table import Table
from rich.text import Text

from reputable.cli.terminal import table
from reputable.client import (
    Assessment,
    Basis,
    CallError,
    DegradedPart,
    Factor,
    Resolution,
    ResolutionMethod,
    ServedFrom,
    SourceKind,
    TrackRecord,
)

BASE_RATE = "base_rate"
"""Name of the factor that stands for all claims checked lately."""
TIERS = {
    ServedFrom.SERVED_FROM_LOCAL_CACHE: "local cache",
    ServedFrom.SERVED_FROM_REDIS: "Redis",
    ServedFrom.SERVED_FROM_COMPUTED: "computed",
}
BASES = {
    Basis.BASIS_TRACK_RECORD: "track record",
    Basis.BASIS_COLD_START: "cold start: the source has no counted verdict",
    Basis.BASIS_OUT_OF_DOMAIN: "out of domain: the words are far from what the model knows",
}


def iso(moment: Timestamp) -> str:
    """RFC 3339 of a time on the wire."""
    return moment.ToJsonString()


def kind_name(kind: SourceKind.ValueType) -> str:
    """A kind in lower case, "" when it is not known."""
    name = SourceKind.Name(kind).removeprefix("SOURCE_KIND_").lower()
    return "" if name == "unspecified" else name.replace("_", " ")


def pair(assessment: Assessment) -> str:
    """The Admiralty pair, such as B3."""
    return f"{assessment.admiralty.letter}{assessment.admiralty.digit}"


def estimate(assessment: Assessment) -> str:
    """Credibility with its interval."""
    interval = assessment.interval
    return f"{assessment.credibility:.2f} [{interval.lower:.2f}-{interval.upper:.2f}]"


def strongest_reason(assessment: Assessment) -> str:
    """The sentence of the factor that moves this claim most; "" without factors.

    The base rate is left out: it moves all claims alike.
    """
    factors = [factor for factor in assessment.factors if factor.sentence and factor.name != BASE_RATE]
    return max(factors, key=lambda f: abs(f.contribution)).sentence if factors else ""


def resolved(resolution: Resolution) -> str:
    """What a name resolved to, in words."""
    if resolution.method == ResolutionMethod.RESOLUTION_METHOD_NONE:
        nearest = ", ".join(candidate.source_id for candidate in resolution.candidates[:3])
        return f"{resolution.display_name} (unknown{f'; near: {nearest}' if nearest else ''})"
    how = ResolutionMethod.Name(resolution.method).removeprefix("RESOLUTION_METHOD_").lower()
    return f"{resolution.display_name} ({resolution.source_id}, by {how})"


def assessment_json(assessment: Assessment) -> dict[str, object]:
    """The assessment in plain JSON values, under the names of the contract."""
    reliability = assessment.reliability
    return {
        "credibility": assessment.credibility,
        "interval": [assessment.interval.lower, assessment.interval.upper],
        "evidence_count": assessment.evidence_count,
        "reliability": {
            "value": reliability.value,
            "interval": [reliability.interval.lower, reliability.interval.upper],
            "effective_verdict_count": reliability.effective_verdict_count,
        },
        "admiralty": pair(assessment),
        "basis": Basis.Name(assessment.basis).removeprefix("BASIS_").lower(),
        "factors": [_factor_json(factor) for factor in assessment.factors],
        **_counterfactual(assessment),
        "resolution": resolution_json(assessment.resolution),
        "model_version": assessment.model_version,
        "prior_epoch": assessment.prior_epoch,
        "decay_day": assessment.decay_day,
        "as_of_time": iso(assessment.as_of_time),
        "at_revision": assessment.at_revision,
        "source_revision": assessment.source_revision,
        "record_digest": assessment.record_digest.hex(),
        "expire_time": iso(assessment.expire_time),
        "served_from": ServedFrom.Name(assessment.served_from).removeprefix("SERVED_FROM_").lower(),
        "degraded": [DegradedPart.Name(part).removeprefix("DEGRADED_PART_").lower() for part in assessment.degraded],
    }


def _factor_json(factor: Factor) -> dict[str, object]:
    found: dict[str, object] = {
        "name": factor.name,
        "contribution": factor.contribution,
        "sentence": factor.sentence,
    }
    if factor.similar_verdicts:
        found["similar_verdicts"] = [
            {
                "verdict_id": similar.verdict_id,
                "claim": similar.claim_text,
                "source_id": similar.source_id,
                "truthfulness": similar.truthfulness,
                "reviewer": similar.reviewer,
                "review_time": iso(similar.review_time),
                "url": similar.url,
                "similarity": similar.similarity,
            }
            for similar in factor.similar_verdicts
        ]
    return found


def _counterfactual(assessment: Assessment) -> dict[str, object]:
    if not assessment.HasField("counterfactual"):
        return {}
    found = assessment.counterfactual
    values = {"without_record": found.without_record, "record_only": found.record_only}
    return {"counterfactual": values}


def resolution_json(resolution: Resolution) -> dict[str, object]:
    """What a name resolved to, in plain JSON values."""
    method = ResolutionMethod.Name(resolution.method).removeprefix("RESOLUTION_METHOD_").lower()
    return {
        "source_id": resolution.source_id,
        "display_name": resolution.display_name,
        "method": method,
        "candidates": [{"source_id": c.source_id, "similarity": c.similarity} for c in resolution.candidates],
        "confusable_with": resolution.confusable_with,
    }


def error_json(error: CallError) -> dict[str, object]:
    """An item's error in plain JSON values."""
    return {
        "status": error.status.name,
        "reason": error.reason,
        "field": error.field,
        "message": error.message,
    }


def assessment_table(assessment: Assessment) -> Table:
    """One assessment, a line for each fact."""
    reliability = assessment.reliability
    facts = table("", "")
    facts.show_header = False
    rows = {
        "Credibility": f"{estimate(assessment)}   (90 % interval)",
        "Source": resolved(assessment.resolution),
        "Reliability": f"{reliability.value:.2f} "
        f"[{reliability.interval.lower:.2f}-{reliability.interval.upper:.2f}]   from "
        f"{assessment.evidence_count:,} verdicts",
        "Admiralty pair": pair(assessment),
        "Basis": BASES.get(assessment.basis, ""),
        "Model": f"{assessment.model_version}, prior epoch {assessment.prior_epoch}",
        "As of": f"{iso(assessment.as_of_time)}, revision {assessment.at_revision:,}",
        "Served from": TIERS.get(assessment.served_from, ""),
    }
    if assessment.resolution.confusable_with:
        rows["Looks like"] = f"{assessment.resolution.confusable_with}, in other letters; not taken for it"
    if assessment.degraded:
        parts = (DegradedPart.Name(part).removeprefix("DEGRADED_PART_") for part in assessment.degraded)
        rows["Out of reach"] = ", ".join(parts).lower()
    for name, value in rows.items():
        facts.add_row(Text(name, style="bold"), value)
    return facts


def factor_table(assessment: Assessment) -> Table:
    """What moved the credibility, in log-odds, the strongest first as the service sends them."""
    factors = table("Log-odds", "Factor", "Reason", right=["Log-odds"], flexible=["Reason"])
    for factor in assessment.factors:
        factors.add_row(f"{factor.contribution:+.2f}", factor.name, factor.sentence)
    return factors


def similar_table(assessment: Assessment) -> Table | None:
    """The earlier verdicts on similar claims that the factors name; None without any."""
    similar = [verdict for factor in assessment.factors for verdict in factor.similar_verdicts]
    if not similar:
        return None
    shown = table(
        "Similarity", "Found", "Reviewed", "Source", "Claim", right=["Similarity", "Found"], flexible=["Claim"]
    )
    for verdict in similar:
        shown.add_row(
            f"{verdict.similarity:.2f}",
            f"{verdict.truthfulness:.1f}",
            iso(verdict.review_time)[:10],
            verdict.source_id,
            verdict.claim_text,
        )
    return shown


def record_table(record: TrackRecord) -> Table:
    """A track record, a line for each fact."""
    reliability = record.reliability
    facts = table("", "")
    facts.show_header = False
    facts.add_row("Verdicts counted", f"{record.verdict_count:,} ({record.unproven_count:,} unproven besides)")
    facts.add_row("Found credible", f"{record.credible_count:,}")
    facts.add_row("Mean truthfulness", f"{record.mean_truthfulness:.2f}")
    facts.add_row(
        "Reliability",
        f"{reliability.value:.2f} [{reliability.interval.lower:.2f}-{reliability.interval.upper:.2f}]",
    )
    if record.verdict_count:
        first, last = iso(record.first_review_time)[:10], iso(record.last_review_time)[:10]
        facts.add_row("Reviewed", f"{first} to {last}")
    facts.add_row("As of", f"{iso(record.as_of_time)}, revision {record.at_revision:,}")
    return facts
