# Made from aio.py by `make client`; not to be edited.
"""A client of the service: `aio` for asyncio, and `blocking` for ordinary code, which `make client` makes from it."""

from collections.abc import Iterable, Iterator
from typing import Self, TypeVar

import grpc
import stamina
from google.protobuf.message import Message

from reputable.client.answers import Answers
from reputable.client.batches import BATCH_SIZE, batches, halves
from reputable.client.channels import PAGE_SIZE, Deadlines, Method, Retries, blocking_channel
from reputable.client.errors import CallError, error_of_call, error_of_item
from reputable.client.messages import (
    AssessClaimRequest,
    Assessment,
    Claim,
    CreateSourceRequest,
    CreateSourceResponse,
    GetTrackRecordRequest,
    MergeSourcesResponse,
    Model,
    RecordedVerdict,
    RecordScorecardRequest,
    RecordScorecardResponse,
    RecordVerdictRequest,
    RecordVerdictResponse,
    Resolution,
    RetractByReviewerResponse,
    RetractVerdictResponse,
    ReviewerStanding,
    Scorecard,
    SetReviewerStandingResponse,
    Source,
    TrackRecord,
    Verdict,
    assess_request,
    new_request_id,
    scorecard_request,
    source_request,
    verdict_request,
)
from reputable.v1.credibility_pb2 import BatchAssessClaimsRequest
from reputable.v1.credibility_pb2_grpc import CredibilityServiceStub
from reputable.v1.models_pb2 import ActivateModelRequest, GetModelRequest, ListModelsRequest
from reputable.v1.models_pb2_grpc import ModelServiceStub
from reputable.v1.sources_pb2 import (
    GetSourceRequest,
    ListSourcesRequest,
    MergeSourcesRequest,
    ResolveSourceRequest,
)
from reputable.v1.sources_pb2_grpc import SourceServiceStub
from reputable.v1.track_records_pb2 import (
    BatchRecordVerdictsRequest,
    ListVerdictsRequest,
    RetractByReviewerRequest,
    RetractVerdictRequest,
    SetReviewerStandingRequest,
)
from reputable.v1.track_records_pb2_grpc import TrackRecordServiceStub

Asked = TypeVar("Asked", bound=Message)
Answered = TypeVar("Answered", bound=Message)


class Client:
    """Calls a Reputable service. AsyncClient belongs to one event loop; Client may be shared between threads.

    Writes that carry no request id get one, so every call may be sent again: UNAVAILABLE and
    CANCELLED are, as `retries` says. Every method raises CallError when the call fails for good.

    Args:
        target: `host:port`, `unix:path`, or `dns:///name:port` to use every address of a name.
        credentials: For TLS; plaintext without.
        deadlines: Seconds one attempt may take.
        retries: How often a call is sent at most, and for how long in all.
        cache_size: Assessments to keep until their `expire_time`; verdicts that others record in
            the meantime are not seen in these. 0 keeps none.
    """

    def __init__(
        self,
        target: str = "127.0.0.1:50051",
        *,
        credentials: grpc.ChannelCredentials | None = None,
        deadlines: Deadlines | None = None,
        retries: Retries | None = None,
        cache_size: int = 0,
    ) -> None:
        self._channel = blocking_channel(target, credentials)
        self._deadlines = deadlines or Deadlines()
        self._retries = retries or Retries()
        self._answers = Answers(cache_size)
        self._credibility = CredibilityServiceStub(self._channel)
        self._records = TrackRecordServiceStub(self._channel)
        self._sources = SourceServiceStub(self._channel)
        self._models = ModelServiceStub(self._channel)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._channel.close()

    def assess(self, claim: Claim | AssessClaimRequest) -> Assessment:
        """How credible the claim is, coming from its source."""
        request = assess_request(claim)
        kept = self._answers.get(request)
        if kept is not None:
            return kept
        method, deadline = self._credibility.AssessClaim, self._deadlines.read
        assessment = (self._call(method, request, deadline)).assessment
        self._answers.put(request, assessment)
        return assessment

    def assess_many(
        self, claims: Iterable[Claim | AssessClaimRequest], batch_size: int = BATCH_SIZE
    ) -> Iterator[Assessment | CallError]:
        """The assessments, or errors, of many claims, in their order; sent in batches."""
        for batch in batches(map(assess_request, claims), batch_size):
            yield from self._assess_batch(batch)

    def record_verdict(self, verdict: Verdict | RecordVerdictRequest) -> RecordVerdictResponse:
        """Record what checking a claim found; it is durable once this returns."""
        request = verdict_request(verdict)
        return self._write(self._records.RecordVerdict, request, self._deadlines.write)

    def record_verdicts(
        self, verdicts: Iterable[Verdict | RecordVerdictRequest], batch_size: int = BATCH_SIZE
    ) -> Iterator[RecordVerdictResponse | CallError]:
        """The acknowledgements, or errors, of many verdicts, in their order; sent in batches."""
        for batch in batches(map(verdict_request, verdicts), batch_size):
            request = BatchRecordVerdictsRequest(requests=batch)
            method, deadline = self._records.BatchRecordVerdicts, self._deadlines.batch
            for result in (self._write(method, request, deadline)).results:
                yield error_of_item(result.error) if result.HasField("error") else result.response

    def record_scorecard(self, scorecard: Scorecard | RecordScorecardRequest) -> RecordScorecardResponse:
        """Record a reviewer's counts for a source over a period."""
        request = scorecard_request(scorecard)
        return self._write(self._records.RecordScorecard, request, self._deadlines.write)

    def retract_verdict(self, verdict_id: str, reason: str, request_id: str = "") -> RetractVerdictResponse:
        """Take a verdict or a scorecard back."""
        request = RetractVerdictRequest(verdict_id=verdict_id, reason=reason, request_id=request_id or new_request_id())
        return self._write(self._records.RetractVerdict, request, self._deadlines.write)

    def retract_by_reviewer(
        self, reviewer: str, reason: str, source_id: str = "", request_id: str = ""
    ) -> RetractByReviewerResponse:
        """Take back everything a reviewer recorded, on one source or on all."""
        request = RetractByReviewerRequest(
            reviewer=reviewer,
            reason=reason,
            source_id=source_id,
            request_id=request_id or new_request_id(),
        )
        return self._write(self._records.RetractByReviewer, request, self._deadlines.write)

    def set_reviewer_standing(
        self, reviewer: str, standing: ReviewerStanding.ValueType, request_id: str = ""
    ) -> SetReviewerStandingResponse:
        """Set how much a reviewer's verdicts weigh."""
        request = SetReviewerStandingRequest(
            reviewer=reviewer, standing=standing, request_id=request_id or new_request_id()
        )
        return self._write(self._records.SetReviewerStanding, request, self._deadlines.write)

    def get_track_record(self, request: GetTrackRecordRequest) -> TrackRecord:
        """A source's verdicts summed up."""
        method, deadline = self._records.GetTrackRecord, self._deadlines.read
        return (self._call(method, request, deadline)).track_record

    def list_verdicts(self, source_id: str, *, include_inactive: bool = False) -> Iterator[RecordedVerdict]:
        """A source's verdicts and scorecards, newest first, page after page."""
        request = ListVerdictsRequest(source_id=source_id, page_size=PAGE_SIZE, include_inactive=include_inactive)
        while True:
            method, deadline = self._records.ListVerdicts, self._deadlines.read
            page = self._call(method, request, deadline)
            yield from page.verdicts
            request.page_token = page.next_page_token
            if not request.page_token:
                return

    def create_source(self, source: Source | CreateSourceRequest) -> CreateSourceResponse:
        """Register a source, or add aliases to one."""
        request = source_request(source)
        return self._write(self._sources.CreateSource, request, self._deadlines.write)

    def get_source(self, source_id: str) -> Source:
        """One source."""
        request = GetSourceRequest(source_id=source_id)
        return (self._call(self._sources.GetSource, request, self._deadlines.read)).source

    def list_sources(self) -> Iterator[Source]:
        """All sources by id, page after page."""
        request = ListSourcesRequest(page_size=PAGE_SIZE)
        while True:
            page = self._call(self._sources.ListSources, request, self._deadlines.read)
            yield from page.sources
            request.page_token = page.next_page_token
            if not request.page_token:
                return

    def resolve_source(self, name: str) -> Resolution:
        """What a name as written resolves to."""
        request, deadline = ResolveSourceRequest(name=name), self._deadlines.read
        return (self._call(self._sources.ResolveSource, request, deadline)).resolution

    def merge_sources(self, from_source_id: str, into_source_id: str, request_id: str = "") -> MergeSourcesResponse:
        """Declare that two ids are one source."""
        request = MergeSourcesRequest(
            from_source_id=from_source_id,
            into_source_id=into_source_id,
            request_id=request_id or new_request_id(),
        )
        return self._write(self._sources.MergeSources, request, self._deadlines.write)

    def get_model(self, version: str = "") -> Model:
        """One model; the active one without a version."""
        request = GetModelRequest(version=version)
        return (self._call(self._models.GetModel, request, self._deadlines.read)).model

    def list_models(self) -> Iterator[Model]:
        """The models that can be activated, newest first."""
        request = ListModelsRequest(page_size=PAGE_SIZE)
        while True:
            page = self._call(self._models.ListModels, request, self._deadlines.read)
            yield from page.models
            request.page_token = page.next_page_token
            if not request.page_token:
                return

    def activate_model(self, version: str) -> Model:
        """Make a model the one that scores."""
        request = ActivateModelRequest(version=version)
        method, deadline = self._models.ActivateModel, self._deadlines.write
        return (self._write(method, request, deadline)).model

    def _assess_batch(self, batch: list[AssessClaimRequest]) -> Iterator[Assessment | CallError]:
        request, deadline = BatchAssessClaimsRequest(requests=batch), self._deadlines.batch
        try:
            answer = self._call(self._credibility.BatchAssessClaims, request, deadline)
        except CallError as error:
            parts = halves(batch, error)
            if not parts:
                raise
            for part in parts:
                yield from self._assess_batch(part)
            return
        for item in answer.results:
            yield error_of_item(item.error) if item.HasField("error") else item.assessment

    def _write(
        self,
        method: Method[Asked, Answered],
        request: Asked,
        deadline: float,
    ) -> Answered:
        self._answers.clear()
        try:
            return self._call(method, request, deadline)
        finally:
            self._answers.clear()

    def _call(
        self,
        method: Method[Asked, Answered],
        request: Asked,
        deadline: float,
    ) -> Answered:
        for attempt in stamina.retry_context(
            on=_is_retryable,
            attempts=self._retries.attempts,
            timeout=self._retries.timeout,
            wait_initial=self._retries.first_wait,
        ):
            with attempt:
                try:
                    return method(request, timeout=deadline)
                except grpc.RpcError as error:
                    raise error_of_call(error) from error
        raise AssertionError  # stamina raises the last error.


def _is_retryable(error: Exception) -> bool:
    return isinstance(error, CallError) and error.retryable
