"""The contract's messages that callers hold, and what the client adds to requests."""

import uuid
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from reputable.v1.assessment_pb2 import Assessment, Basis, DegradedPart, Factor, ServedFrom
from reputable.v1.claim_pb2 import Claim
from reputable.v1.common_pb2 import Freshness, FreshnessMode
from reputable.v1.credibility_pb2 import AssessClaimRequest, Explanation
from reputable.v1.models_pb2 import Model
from reputable.v1.sources_pb2 import (
    CreateSourceRequest,
    CreateSourceResponse,
    MergeSourcesResponse,
    Resolution,
    ResolutionMethod,
    Source,
    SourceKind,
)
from reputable.v1.track_records_pb2 import (
    GetTrackRecordRequest,
    LevelCount,
    RecordedVerdict,
    RecordScorecardRequest,
    RecordScorecardResponse,
    RecordVerdictRequest,
    RecordVerdictResponse,
    RetractByReviewerResponse,
    RetractVerdictResponse,
    ReviewerStanding,
    Scorecard,
    SetReviewerStandingResponse,
    TrackRecord,
    Verdict,
    VerdictState,
)


def timestamp(moment: datetime) -> Timestamp:
    """The message of a datetime; a naive one is taken as UTC."""
    message = Timestamp()
    message.FromDatetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    return message


def new_request_id() -> str:
    """An idempotency key that nobody else has."""
    return uuid.uuid4().hex


def assess_request(claim: Claim | AssessClaimRequest) -> AssessClaimRequest:
    """The request for a bare claim; a request as it is."""
    return claim if isinstance(claim, AssessClaimRequest) else AssessClaimRequest(claim=claim)


def verdict_request(verdict: Verdict | RecordVerdictRequest) -> RecordVerdictRequest:
    """The request for a bare verdict, with a new idempotency key; a request as it is."""
    if isinstance(verdict, RecordVerdictRequest):
        return verdict
    return RecordVerdictRequest(verdict=verdict, request_id=new_request_id())


def scorecard_request(scorecard: Scorecard | RecordScorecardRequest) -> RecordScorecardRequest:
    """The request for a bare scorecard, with a new idempotency key; a request as it is."""
    if isinstance(scorecard, RecordScorecardRequest):
        return scorecard
    return RecordScorecardRequest(scorecard=scorecard, request_id=new_request_id())


def source_request(source: Source | CreateSourceRequest) -> CreateSourceRequest:
    """The request for a bare source, with a new idempotency key; a request as it is."""
    if isinstance(source, CreateSourceRequest):
        return source
    return CreateSourceRequest(source=source, request_id=new_request_id())


__all__ = [
    "AssessClaimRequest", "Assessment", "Basis", "Claim", "CreateSourceRequest",
    "CreateSourceResponse", "DegradedPart", "Explanation", "Factor", "Freshness", "FreshnessMode",
    "GetTrackRecordRequest", "LevelCount", "MergeSourcesResponse", "Model", "RecordScorecardRequest",
    "RecordScorecardResponse", "RecordVerdictRequest", "RecordVerdictResponse", "RecordedVerdict",
    "Resolution", "ResolutionMethod", "RetractByReviewerResponse", "RetractVerdictResponse",
    "ReviewerStanding", "Scorecard", "ServedFrom", "SetReviewerStandingResponse", "Source",
    "SourceKind", "TrackRecord", "Verdict", "VerdictState", "assess_request", "new_request_id",
    "scorecard_request", "source_request", "timestamp", "verdict_request",
]  # fmt: skip
