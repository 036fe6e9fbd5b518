"""The requests that are sent, and an answer like the service's for servers that only echo."""

from datetime import UTC, datetime

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from benchmarks.load import claims
from reputable.v1 import assessment_pb2, common_pb2, credibility_pb2, credibility_pb2_grpc, sources_pb2

METHOD = "/reputable.v1.CredibilityService/AssessClaim"
BATCH_METHOD = "/reputable.v1.CredibilityService/BatchAssessClaims"
HEADERS = ("content-type: application/grpc", "te: trailers")


def request(text: str, number: int, sources: int) -> credibility_pb2.AssessClaimRequest:
    """A claim with everything that a careful caller sends, about 150 bytes, figures only in return."""
    message = credibility_pb2.AssessClaimRequest(explanation=credibility_pb2.EXPLANATION_NONE)
    message.claim.text = text
    message.claim.source_id = claims.source_id(number % sources)
    message.claim.claim_time.FromDatetime(datetime(2026, 3, 1, tzinfo=UTC))
    message.claim.context = claims.CONTEXTS[number % len(claims.CONTEXTS)]
    message.claim.topics.append("economy")
    message.claim.language = "en"
    return message


def requests(count: int, sources: int, seed: int = claims.SEED) -> list[credibility_pb2.AssessClaimRequest]:
    """`count` different requests."""
    return [request(text, number, sources) for number, text in enumerate(claims.texts(count, seed))]


def batch(count: int, sources: int, seed: int, *, packed: bool = False) -> credibility_pb2.BatchAssessClaimsRequest:
    """A batch of different requests."""
    return credibility_pb2.BatchAssessClaimsRequest(requests=requests(count, sources, seed), packed=packed)


def answer() -> credibility_pb2.AssessClaimResponse:
    """An answer with the fields that the service fills when only figures are asked for."""
    assessment = assessment_pb2.Assessment(
        credibility=0.4375,
        interval=common_pb2.Interval(lower=0.25, upper=0.625, level=0.9),
        evidence_count=30,
        reliability=assessment_pb2.Reliability(
            value=0.5,
            interval=common_pb2.Interval(lower=0.375, upper=0.625, level=0.9),
            effective_verdict_count=24.5,
        ),
        admiralty=assessment_pb2.AdmiraltyPair(letter="C", digit=4),
        resolution=sources_pb2.Resolution(
            source_id=claims.source_id(1),
            display_name="Source 000001",
            method=sources_pb2.RESOLUTION_METHOD_ID,
        ),
        basis=assessment_pb2.BASIS_TRACK_RECORD,
        model_version="2021.12-light",
        prior_epoch=1,
        decay_day="2026-03-01",
        as_of_time=Timestamp(seconds=1_772_323_200, nanos=123_456_000),
        at_revision=6_200,
        source_revision=31,
        record_digest=bytes(range(32)),
        assess_time=Timestamp(seconds=1_772_323_200, nanos=123_456_000),
        expire_time=Timestamp(seconds=1_772_409_600),
        served_from=assessment_pb2.SERVED_FROM_LOCAL_CACHE,
    )
    return credibility_pb2.AssessClaimResponse(assessment=assessment)


def check_echo(port: int) -> int:
    """Call AssessClaim with a real client; the answer's length in bytes, or RuntimeError when it is none."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = credibility_pb2_grpc.CredibilityServiceStub(channel)
        reply = stub.AssessClaim(requests(1, 1)[0], timeout=10)
    if not 0 < reply.assessment.credibility < 1:
        raise RuntimeError(f"no credibility in\n{reply}")
    return reply.ByteSize()
