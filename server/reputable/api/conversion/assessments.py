"""Requests to assess, and assessments."""

from collections.abc import Sequence

from reputable.api.conversion.claims import (
    decode_claim,
    decode_freshness,
    decode_revision,
    decode_time,
    encode_interval,
    encode_time,
)
from reputable.api.conversion.sources import encode_resolution
from reputable.api.errors import code_of, text_of
from reputable.application.assessing import AssessQuery
from reputable.domain.assessments import (
    Assessment,
    Basis,
    DegradedPart,
    Explanation,
    Factor,
    Reliability,
    ServedFrom,
    SimilarVerdict,
)
from reputable.domain.errors import InvalidInput, ReputableError
from reputable.domain.freshness import STRONG
from reputable.domain.times import iso_day
from reputable.v1 import assessment_pb2, common_pb2, credibility_pb2

MAX_BATCH = 4_096
"""The most items that a batch takes."""
MAX_MESSAGE_BYTES = 4 * 1024 * 1024
"""The most bytes that any message takes, either way."""

_EXPLANATIONS = {
    credibility_pb2.EXPLANATION_NONE: Explanation.NONE,
    credibility_pb2.EXPLANATION_SUMMARY: Explanation.SUMMARY,
    credibility_pb2.EXPLANATION_FULL: Explanation.FULL,
}
_BASES = {
    Basis.TRACK_RECORD: assessment_pb2.BASIS_TRACK_RECORD,
    Basis.COLD_START: assessment_pb2.BASIS_COLD_START,
    Basis.OUT_OF_DOMAIN: assessment_pb2.BASIS_OUT_OF_DOMAIN,
}
_SERVED_FROM = {
    ServedFrom.LOCAL_CACHE: assessment_pb2.SERVED_FROM_LOCAL_CACHE,
    ServedFrom.REDIS: assessment_pb2.SERVED_FROM_REDIS,
    ServedFrom.COMPUTED: assessment_pb2.SERVED_FROM_COMPUTED,
}
_DEGRADED = {
    DegradedPart.REDIS: assessment_pb2.DEGRADED_PART_REDIS,
    DegradedPart.LEDGER: assessment_pb2.DEGRADED_PART_LEDGER,
    DegradedPart.MEMORY: assessment_pb2.DEGRADED_PART_MEMORY,
}


def decode_query(
    message: credibility_pb2.AssessClaimRequest, default: Explanation = Explanation.SUMMARY
) -> AssessQuery:
    """What is asked; `default` is the explanation when none is named. InvalidInput names the field."""
    if not message.HasField("claim"):
        raise InvalidInput("claim", "is missing")
    explanation = _EXPLANATIONS.get(message.explanation, default) if message.explanation else default
    if message.explanation and message.explanation not in _EXPLANATIONS:
        raise InvalidInput("explanation", f"{message.explanation} is not one; see Explanation")
    return AssessQuery(
        claim=decode_claim(message.claim),
        as_of=decode_time("as_of_time", message.as_of_time) if message.HasField("as_of_time") else None,
        at_revision=decode_revision("at_revision", message.at_revision) if message.HasField("at_revision") else None,
        freshness=decode_freshness(message.freshness) if message.HasField("freshness") else STRONG,
        explanation=explanation,
        model_version=message.model_version,
        prior_epoch=decode_revision("prior_epoch", message.prior_epoch) if message.HasField("prior_epoch") else None,
    )


def decode_queries(message: credibility_pb2.BatchAssessClaimsRequest) -> list[AssessQuery | ReputableError]:
    """One query, or what is wrong with it, for each item; InvalidInput when the batch itself is wrong."""
    check_batch_size(len(message.requests))
    return [_decode_item(item) for item in message.requests]


def check_batch_size(count: int) -> None:
    """Raise InvalidInput unless a batch has 1 to MAX_BATCH items."""
    if not 1 <= count <= MAX_BATCH:
        raise InvalidInput("requests", f"has {count:,} items; give 1 to {MAX_BATCH:,}")


def _decode_item(item: credibility_pb2.AssessClaimRequest) -> AssessQuery | ReputableError:
    try:
        return decode_query(item, Explanation.NONE)
    except ReputableError as error:
        return error


def encode_results(outcomes: Sequence[Assessment | ReputableError]) -> credibility_pb2.BatchAssessClaimsResponse:
    """The outcomes in order; InvalidInput naming the largest batch that fits when they pass 4 MiB."""
    response = credibility_pb2.BatchAssessClaimsResponse(results=map(_encode_result, outcomes))
    size = response.ByteSize()
    if size > MAX_MESSAGE_BYTES:
        fitting = largest_fitting([_framed_size(result.ByteSize()) for result in response.results])
        raise InvalidInput(
            "requests",
            f"the answer to {len(outcomes):,} items takes {size:,} bytes and at most {MAX_MESSAGE_BYTES:,} are sent; "
            f"ask for at most {fitting:,} items at once",
        )
    return response


def largest_fitting(sizes: Sequence[int], limit: int = MAX_MESSAGE_BYTES) -> int:
    """The largest n for which every consecutive batch of n of the items fits `limit` bytes; at least 1."""
    for count in range(len(sizes), 1, -1):
        batches = (sum(sizes[start : start + count]) for start in range(0, len(sizes), count))
        if all(batch <= limit for batch in batches):
            return count
    return 1


def _framed_size(size: int) -> int:
    """Bytes of a repeated message field's element: its tag, its length, itself."""
    return 1 + max(1, (size.bit_length() + 6) // 7) + size


def _encode_result(outcome: Assessment | ReputableError) -> credibility_pb2.BatchAssessClaimsResult:
    if isinstance(outcome, ReputableError):
        return credibility_pb2.BatchAssessClaimsResult(error=encode_item_error(outcome))
    return credibility_pb2.BatchAssessClaimsResult(assessment=encode_assessment(outcome))


def encode_item_error(error: ReputableError) -> common_pb2.ItemError:
    """The same facts that a single call's error carries."""
    field = error.field if isinstance(error, InvalidInput) else ""
    return common_pb2.ItemError(code=code_of(error).value[0], message=text_of(error), reason=error.reason, field=field)


def encode_assessment(assessment: Assessment) -> assessment_pb2.Assessment:
    """The message of an assessment. Raises ValueError for figures that no caller should ever see."""
    score = assessment.score
    if not 0.0 <= score.interval.lower <= score.interval.upper <= 1.0 or not 0.0 < score.credibility < 1.0:
        raise ValueError(f"credibility {score.credibility} with {score.interval} is not one")
    message = assessment_pb2.Assessment(
        credibility=score.credibility,
        interval=encode_interval(score.interval),
        evidence_count=score.evidence_count,
        reliability=encode_reliability(score.reliability),
        admiralty=assessment_pb2.AdmiraltyPair(letter=score.admiralty.letter, digit=score.admiralty.digit),
        factors=map(_encode_factor, score.factors),
        resolution=encode_resolution(assessment.resolution),
        basis=_BASES[score.basis],
        degraded=[_DEGRADED[part] for part in assessment.degraded],
        model_version=assessment.model_version,
        prior_epoch=assessment.prior_epoch,
        decay_day=iso_day(assessment.decay_day),
        as_of_time=encode_time(assessment.as_of),
        at_revision=assessment.at_revision,
        source_revision=assessment.source_revision,
        record_digest=assessment.record_digest,
        assess_time=encode_time(assessment.assessed_at),
        expire_time=encode_time(assessment.expires_at),
        served_from=_SERVED_FROM[assessment.served_from],
    )
    if score.counterfactual is not None:
        message.counterfactual.without_record = score.counterfactual.without_record
        message.counterfactual.record_only = score.counterfactual.record_only
    return message


def encode_reliability(reliability: Reliability) -> assessment_pb2.Reliability:
    """The message of a reliability."""
    return assessment_pb2.Reliability(
        value=reliability.value,
        interval=encode_interval(reliability.interval),
        effective_verdict_count=reliability.effective_count,
    )


def _encode_factor(factor: Factor) -> assessment_pb2.Factor:
    return assessment_pb2.Factor(
        name=factor.name,
        contribution=factor.contribution,
        sentence=factor.sentence,
        similar_verdicts=map(_encode_similar, factor.similar_verdicts),
    )


def _encode_similar(similar: SimilarVerdict) -> assessment_pb2.SimilarVerdict:
    return assessment_pb2.SimilarVerdict(
        verdict_id=similar.verdict_id,
        claim_text=similar.claim_text,
        source_id=similar.source_id,
        truthfulness=similar.truthfulness,
        review_time=encode_time(similar.reviewed_at),
        reviewer=similar.reviewer,
        url=similar.url,
        similarity=similar.similarity,
    )
