"""Requests for the fault tests, and what may be checked of every answer."""

import math
import uuid
from dataclasses import dataclass
from typing import Any

import grpc
from google.rpc import error_details_pb2, status_pb2

from reputable.v1 import assessment_pb2, claim_pb2, common_pb2, credibility_pb2, track_records_pb2
from tests.faults.running import Service

REVIEWER = "Faults Weekly"
WORDS = (
    "taxes",
    "jobs",
    "crime",
    "energy",
    "schools",
    "border",
    "health",
    "water",
    "trade",
    "wages",
    "votes",
    "roads",
    "farms",
    "banks",
    "homes",
    "debt",
    "prices",
    "police",
    "army",
    "climate",
)


def claim(number: int, source: str = "Ann Example") -> claim_pb2.Claim:
    """The claim of that number; different numbers make different claims."""
    words = " ".join(WORDS[(number // 20**place) % 20] for place in range(5))
    return claim_pb2.Claim(text=f"The state's figures on {words} went up by {number} percent.", source_name=source)


def assess_request(
    number: int,
    source: str = "Ann Example",
    *,
    explanation: credibility_pb2.Explanation.ValueType = credibility_pb2.EXPLANATION_NONE,
    freshness: common_pb2.Freshness | None = None,
) -> credibility_pb2.AssessClaimRequest:
    """Asks how credible the claim of that number is."""
    return credibility_pb2.AssessClaimRequest(claim=claim(number, source), explanation=explanation, freshness=freshness)


def batch_request(size: int, start: int = 0, source: str = "Ann Example") -> credibility_pb2.BatchAssessClaimsRequest:
    """Asks about the claims numbered `start` and on."""
    requests = [assess_request(start + i, source) for i in range(size)]
    return credibility_pb2.BatchAssessClaimsRequest(requests=requests)


def verdict_request(
    number: int,
    source: str = "Ann Example",
    *,
    truthfulness: float = 1.0,
    request_id: str = "",
    reviewer: str = REVIEWER,
) -> track_records_pb2.RecordVerdictRequest:
    """A verdict on the claim of that number; its request id is its own unless given."""
    verdict = track_records_pb2.Verdict(claim=claim(number, source), truthfulness=truthfulness, reviewer=reviewer)
    return track_records_pb2.RecordVerdictRequest(verdict=verdict, request_id=request_id or uuid.uuid4().hex)


def at_least(token: str) -> common_pb2.Freshness:
    """Wants a record that knows of the write that gave the token."""
    return common_pb2.Freshness(mode=common_pb2.FRESHNESS_MODE_AT_LEAST, token=token)


def bounded(milliseconds: int) -> common_pb2.Freshness:
    """Wants a record read at most that long ago."""
    return common_pb2.Freshness(mode=common_pb2.FRESHNESS_MODE_BOUNDED, max_staleness_ms=milliseconds)


def check(assessment: assessment_pb2.Assessment) -> assessment_pb2.Assessment:
    """Assert what holds for every assessment, and return it."""
    assert math.isfinite(assessment.credibility)
    assert 0 < assessment.credibility < 1
    assert assessment.interval.lower <= assessment.credibility <= assessment.interval.upper
    assert assessment.model_version
    return assessment


def establish(service: Service, reviewer: str = REVIEWER) -> None:
    """Give the reviewer full weight."""
    service.records.SetReviewerStanding(
        track_records_pb2.SetReviewerStandingRequest(
            reviewer=reviewer,
            standing=track_records_pb2.REVIEWER_STANDING_ESTABLISHED,
            request_id=uuid.uuid4().hex,
        ),
        timeout=10,
    )


@dataclass(frozen=True)
class Failure:
    """How a call failed."""

    code: grpc.StatusCode
    message: str
    reason: str
    retry_after: float | None


def failure_of(error: Any) -> Failure:  # noqa: ANN401 - grpcio says no more than RpcError, which has none of this.
    """Read a failed call's status and google.rpc details."""
    reason, retry_after = "", None
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            for detail in status_pb2.Status.FromString(value).details:
                info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
                if detail.Unpack(info):
                    reason = info.reason
                elif detail.Unpack(retry):
                    retry_after = retry.retry_delay.ToTimedelta().total_seconds()
    return Failure(error.code(), error.details() or "", reason, retry_after)
