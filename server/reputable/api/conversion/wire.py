"""Assessments as protobuf's bytes, written directly: building messages would cost more than a cached answer does.

A test holds the bytes equal to what the generated classes write. Field numbers are those of
proto/reputable/v1/assessment.proto; a tag is `number << 3 | wire type` (0 varint, 1 double, 2 bytes).
"""

from collections.abc import Iterable
from functools import lru_cache
from struct import Struct

from reputable.api.conversion.claims import encode_time
from reputable.api.conversion.sources import encode_resolution
from reputable.domain.assessments import (
    LEVEL,
    Assessment,
    Basis,
    Counterfactual,
    DegradedPart,
    Factor,
    Score,
    ServedFrom,
    SimilarVerdict,
)
from reputable.domain.sources import Resolution
from reputable.domain.times import Day, Micros, iso_day
from reputable.v1 import assessment_pb2

BASES = {
    Basis.TRACK_RECORD: assessment_pb2.BASIS_TRACK_RECORD,
    Basis.COLD_START: assessment_pb2.BASIS_COLD_START,
    Basis.OUT_OF_DOMAIN: assessment_pb2.BASIS_OUT_OF_DOMAIN,
}
SERVED_FROM = {
    ServedFrom.LOCAL_CACHE: assessment_pb2.SERVED_FROM_LOCAL_CACHE,
    ServedFrom.REDIS: assessment_pb2.SERVED_FROM_REDIS,
    ServedFrom.COMPUTED: assessment_pb2.SERVED_FROM_COMPUTED,
}
_DEGRADED = {
    DegradedPart.REDIS: assessment_pb2.DEGRADED_PART_REDIS,
    DegradedPart.LEDGER: assessment_pb2.DEGRADED_PART_LEDGER,
    DegradedPart.MEMORY: assessment_pb2.DEGRADED_PART_MEMORY,
}

# Interval: lower 1, upper 2, level 3. Reliability: value 1, interval 2, effective_verdict_count 3.
_INTERVAL = "BdBdBd"
_INTERVAL_TAGS = (0x09, 0x11, 0x19)
_INTERVAL_SIZE = 27
_RELIABILITY_SIZE = 9 + 2 + _INTERVAL_SIZE + 9
_SINGLE_BYTES = [bytes((value,)) for value in range(0x80)]
_FIGURES = Struct(f"<Bd BB{_INTERVAL} BB Bd BB{_INTERVAL} Bd".replace(" ", ""))
_PAIR = Struct("<BBBdBd")


def encode_fixed(assessment: Assessment) -> bytes:
    """All of the assessment's fields but those of `encode_moment`.

    Raises ValueError for figures that no caller should ever see.
    """
    return _encode_score(assessment.score) + _encode_origin(
        assessment.resolution,
        assessment.model_version,
        assessment.prior_epoch,
        assessment.decay_day,
        assessment.expires_at,
        assessment.source_revision,
        assessment.record_digest,
        assessment.served_from,
    )


def encode_moment(as_of: Micros, at_revision: int, assessed_at: Micros, degraded: Iterable[DegradedPart]) -> bytes:
    """The fields that differ between two answers to the same question."""
    asked = _encode_time(as_of)
    given = asked if assessed_at == as_of else _encode_time(assessed_at)
    moment = b"\x72%c%b\x78%b\x92\x01%c%b" % (len(asked), asked, varint(at_revision), len(given), given)
    parts = bytes(map(_DEGRADED.__getitem__, degraded))
    return b"%b\x52%c%b" % (moment, len(parts), parts) if parts else moment


def encode_moment_of(assessment: Assessment) -> bytes:
    """The fields of an assessment's own moment."""
    return encode_moment(assessment.as_of, assessment.at_revision, assessment.assessed_at, assessment.degraded)


def framed(message: bytes) -> bytes:
    """A message as field 1 of another: AssessClaimResponse.assessment, a result's assessment, a batch's result."""
    return b"\x0a%b%b" % (varint(len(message)), message)


def varint(value: int) -> bytes:
    """Base-128 varint, negative numbers as their 64-bit two's complement."""
    if 0 <= value < 0x80:
        return _SINGLE_BYTES[value]
    if 0 <= value < 0x4000:
        return bytes((value & 0x7F | 0x80, value >> 7))
    value &= 0xFFFF_FFFF_FFFF_FFFF
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _encode_time(micros: Micros) -> bytes:
    seconds, rest = divmod(micros, 1_000_000)
    return b"\x08%b\x10%b" % (_encode_seconds(seconds), varint(rest * 1_000))


@lru_cache(maxsize=64)
def _encode_seconds(seconds: int) -> bytes:
    return varint(seconds)


def _encode_score(score: Score) -> bytes:
    interval, reliability, admiralty = score.interval, score.reliability, score.admiralty
    if not 0.0 <= interval.lower <= interval.upper <= 1.0 or not 0.0 < score.credibility < 1.0:
        raise ValueError(f"credibility {score.credibility} with {interval} is not one")
    lower, upper, level = _INTERVAL_TAGS
    figures = _FIGURES.pack(
        0x09, score.credibility,
        0x12, _INTERVAL_SIZE, lower, interval.lower, upper, interval.upper, level, LEVEL,
        0x22, _RELIABILITY_SIZE,
        0x09, reliability.value,
        0x12, _INTERVAL_SIZE,
        lower, reliability.interval.lower, upper, reliability.interval.upper, level, LEVEL,
        0x19, reliability.effective_count,
    )  # fmt: skip
    rest = b"\x18%b\x2a\x05\x0a\x01%c\x10%c\x48%c" % (
        varint(score.evidence_count), ord(admiralty.letter), admiralty.digit, BASES[score.basis],
    )  # fmt: skip
    if score.factors or score.counterfactual is not None:
        return b"".join((figures, rest, *map(_encode_factor, score.factors), _encode_pair(score.counterfactual)))
    return figures + rest


def _encode_pair(pair: Counterfactual | None) -> bytes:
    return b"" if pair is None else _PAIR.pack(0x3A, 18, 0x09, pair.without_record, 0x11, pair.record_only)


def _encode_factor(factor: Factor) -> bytes:
    message = assessment_pb2.Factor(
        name=factor.name,
        contribution=factor.contribution,
        sentence=factor.sentence,
        similar_verdicts=map(_encode_similar, factor.similar_verdicts),
    ).SerializeToString()
    return b"\x32%b%b" % (varint(len(message)), message)


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


@lru_cache(maxsize=4_096)
def _encode_origin(
    resolution: Resolution,
    model_version: str,
    prior_epoch: int,
    day: Day,
    expires_at: Micros,
    source_revision: int,
    record_digest: bytes,
    served_from: ServedFrom,
) -> bytes:
    return assessment_pb2.Assessment(
        resolution=encode_resolution(resolution),
        model_version=model_version,
        prior_epoch=prior_epoch,
        decay_day=iso_day(day),
        expire_time=encode_time(expires_at),
        source_revision=source_revision,
        record_digest=record_digest,
        served_from=SERVED_FROM[served_from],
    ).SerializeToString()
