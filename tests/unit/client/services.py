"""Services on a free port that answer as a test tells them to; the client's own wire is real."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NoReturn

import grpc
from google.protobuf.any_pb2 import Any
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from reputable.client import Assessment
from reputable.v1.common_pb2 import ItemError
from reputable.v1.credibility_pb2 import (
    AssessClaimRequest,
    AssessClaimResponse,
    BatchAssessClaimsRequest,
    BatchAssessClaimsResponse,
    BatchAssessClaimsResult,
)
from reputable.v1.credibility_pb2_grpc import (
    CredibilityServiceServicer,
    add_CredibilityServiceServicer_to_server,
)
from reputable.v1.sources_pb2 import ListSourcesRequest, ListSourcesResponse, Source
from reputable.v1.sources_pb2_grpc import SourceServiceServicer, add_SourceServiceServicer_to_server
from reputable.v1.track_records_pb2 import (
    BatchRecordVerdictsRequest,
    BatchRecordVerdictsResponse,
    BatchRecordVerdictsResult,
    RecordVerdictRequest,
    RecordVerdictResponse,
)
from reputable.v1.track_records_pb2_grpc import (
    TrackRecordServiceServicer,
    add_TrackRecordServiceServicer_to_server,
)

Context = grpc.ServicerContext
REFUSED_TEXT = "refuse me"


def refuse(context: Context, code: grpc.StatusCode, reason: str, field_path: str) -> NoReturn:
    """End the call as the service does: a status with its reason and field."""
    status = Status(code=code.value[0], message=f"{field_path}: is wrong")
    for detail in (
        ErrorInfo(reason=reason, domain="reputable"),
        BadRequest(field_violations=[BadRequest.FieldViolation(field=field_path)]),
    ):
        packed = Any()
        packed.Pack(detail)
        status.details.append(packed)
    context.abort_with_status(rpc_status.to_status(status))
    raise AssertionError


@dataclass
class Script:
    """What the services do, and what they were asked."""

    before: list[Callable[[Context], None]] = field(default_factory=list)
    """Run one by one at the start of the next calls."""
    most_answers: int = 4096
    expire_seconds: int = 60
    healthy: bool = True
    asked: list[object] = field(default_factory=list)
    request_ids: list[str] = field(default_factory=list)

    def called(self, request: object, context: Context) -> None:
        """Note the call, and do what the test put before it."""
        self.asked.append(request)
        if self.before:
            self.before.pop(0)(context)

    def assessment(self, request: AssessClaimRequest) -> Assessment:
        """An answer that names what was asked."""
        made = Assessment(credibility=0.5, model_version=request.claim.text)
        made.assess_time.FromSeconds(1_000)
        made.expire_time.FromSeconds(1_000 + self.expire_seconds)
        return made


class Credibility(CredibilityServiceServicer):
    def __init__(self, script: Script) -> None:
        self._script = script

    def AssessClaim(self, request: AssessClaimRequest, context: Context) -> AssessClaimResponse:
        self._script.called(request, context)
        return AssessClaimResponse(assessment=self._script.assessment(request))

    def BatchAssessClaims(self, request: BatchAssessClaimsRequest, context: Context) -> BatchAssessClaimsResponse:
        self._script.called(request, context)
        if len(request.requests) > self._script.most_answers:
            refuse(context, grpc.StatusCode.INVALID_ARGUMENT, "INVALID_INPUT", "requests")
        return BatchAssessClaimsResponse(results=map(self._result, request.requests))

    def _result(self, request: AssessClaimRequest) -> BatchAssessClaimsResult:
        if request.claim.text == REFUSED_TEXT:
            error = ItemError(code=3, message="no", reason="INVALID_INPUT", field="claim.text")
            return BatchAssessClaimsResult(error=error)
        return BatchAssessClaimsResult(assessment=self._script.assessment(request))


class Records(TrackRecordServiceServicer):
    def __init__(self, script: Script) -> None:
        self._script = script

    def RecordVerdict(self, request: RecordVerdictRequest, context: Context) -> RecordVerdictResponse:
        self._script.request_ids.append(request.request_id)
        self._script.called(request, context)
        return RecordVerdictResponse(verdict_id=request.request_id)

    def BatchRecordVerdicts(self, request: BatchRecordVerdictsRequest, context: Context) -> BatchRecordVerdictsResponse:
        self._script.called(request, context)
        return BatchRecordVerdictsResponse(
            results=(
                BatchRecordVerdictsResult(response=RecordVerdictResponse(verdict_id=r.request_id))
                for r in request.requests
            )
        )


class Sources(SourceServiceServicer):
    """Three pages of one source each."""

    def __init__(self, script: Script) -> None:
        self._script = script

    def ListSources(self, request: ListSourcesRequest, context: Context) -> ListSourcesResponse:
        self._script.called(request, context)
        page = int(request.page_token or 0)
        following = str(page + 1) if page < 2 else ""
        return ListSourcesResponse(sources=[Source(source_id=f"source-{page}")], next_page_token=following)


@contextmanager
def serving(script: Script) -> Iterator[str]:
    """Serve on a free port of 127.0.0.1; yields `host:port`."""
    # The generated bases answer UNIMPLEMENTED for methods that are not overridden.
    server = grpc.server(ThreadPoolExecutor(8))
    add_CredibilityServiceServicer_to_server(Credibility(script), server)
    add_TrackRecordServiceServicer_to_server(Records(script), server)  # type: ignore[abstract]
    add_SourceServiceServicer_to_server(Sources(script), server)  # type: ignore[abstract]
    states = health.HealthServicer()
    state = "SERVING" if script.healthy else "NOT_SERVING"
    states.set("", health_pb2.HealthCheckResponse.ServingStatus.Value(state))
    health_pb2_grpc.add_HealthServicer_to_server(states, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        states.set("", health_pb2.HealthCheckResponse.NOT_SERVING)
        server.stop(None).wait()
