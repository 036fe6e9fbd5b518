"""Assessments as messages of the generated classes: the plain way, which the bytes are held equal to."""

from reputable.api.conversion.assessments import encode_reliability
from reputable.api.conversion.claims import encode_interval, encode_time
from reputable.api.conversion.sources import encode_resolution
from reputable.domain.assessments import Assessment, Basis, DegradedPart, Factor, ServedFrom, SimilarVerdict
from reputable.domain.times import iso_day
from reputable.v1 import assessment_pb2

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


def plain_assessment(assessment: Assessment) -> assessment_pb2.Assessment:
    """The message of an assessment."""
    score = assessment.score
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
