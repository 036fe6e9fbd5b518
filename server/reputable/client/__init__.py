"""The client that other services import: typed, with deadlines, retries and batches.

>>> from reputable.client import Claim, Client
>>> with Client("127.0.0.1:50051") as client:
...     assessment = client.assess(Claim(text="Exports doubled.", source_name="Ministry of Trade"))
...     print(assessment.credibility, assessment.interval.lower, assessment.interval.upper)
"""

from reputable.client.aio import AsyncClient
from reputable.client.blocking import Client
from reputable.client.channels import Deadlines, Retries
from reputable.client.errors import CallError
from reputable.client.messages import (
    AssessClaimRequest,
    Assessment,
    Basis,
    Claim,
    CreateSourceRequest,
    CreateSourceResponse,
    DegradedPart,
    Explanation,
    Freshness,
    FreshnessMode,
    GetTrackRecordRequest,
    LevelCount,
    MergeSourcesResponse,
    Model,
    RecordedVerdict,
    RecordScorecardRequest,
    RecordScorecardResponse,
    RecordVerdictRequest,
    RecordVerdictResponse,
    Resolution,
    ResolutionMethod,
    RetractByReviewerResponse,
    RetractVerdictResponse,
    ReviewerStanding,
    Scorecard,
    ServedFrom,
    SetReviewerStandingResponse,
    Source,
    SourceKind,
    TrackRecord,
    Verdict,
    VerdictState,
    timestamp,
)

__all__ = [
    "AssessClaimRequest",
    "Assessment",
    "AsyncClient",
    "Basis",
    "CallError",
    "Claim",
    "Client",
    "CreateSourceRequest",
    "CreateSourceResponse",
    "Deadlines",
    "DegradedPart",
    "Explanation",
    "Freshness",
    "FreshnessMode",
    "GetTrackRecordRequest",
    "LevelCount",
    "MergeSourcesResponse",
    "Model",
    "RecordScorecardRequest",
    "RecordScorecardResponse",
    "RecordVerdictRequest",
    "RecordVerdictResponse",
    "RecordedVerdict",
    "Resolution",
    "ResolutionMethod",
    "RetractByReviewerResponse",
    "RetractVerdictResponse",
    "Retries",
    "ReviewerStanding",
    "Scorecard",
    "ServedFrom",
    "SetReviewerStandingResponse",
    "Source",
    "SourceKind",
    "TrackRecord",
    "Verdict",
    "VerdictState",
    "timestamp",
]
