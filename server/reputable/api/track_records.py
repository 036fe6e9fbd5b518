"""Keeps what checking found, and sums it up."""

from reputable.api.authority import PrincipalOf
from reputable.api.conversion.pages import decode_page_size, encode_page_token, fitting
from reputable.api.conversion.track_records import (
    decode_record_query,
    decode_revision_token,
    encode_record,
    encode_recorded_verdict,
)
from reputable.api.conversion.verdicts import (
    decode_scorecard_request,
    decode_standing,
    decode_verdict_request,
    decode_verdict_requests,
    encode_recorded,
    encode_recorded_results,
    encode_recorded_scorecard,
    encode_retracted,
)
from reputable.api.interceptors import Context
from reputable.application.listing import VerdictLister
from reputable.application.ports import Clock
from reputable.application.recording import Recorder, VerdictRequest
from reputable.application.track_records import TrackRecordViewer
from reputable.application.writes import Withdrawal
from reputable.v1 import track_records_pb2 as pb
from reputable.v1.track_records_pb2_grpc import TrackRecordServiceServicer


class TrackRecordServicer(TrackRecordServiceServicer):
    """Decodes, asks the recorder or the viewer, encodes."""

    def __init__(
        self,
        clock: Clock,
        recorder: Recorder,
        viewer: TrackRecordViewer,
        lister: VerdictLister,
        principal_of: PrincipalOf,
    ) -> None:
        self._principal_of = principal_of
        self._clock = clock
        self._recorder = recorder
        self._viewer = viewer
        self._lister = lister

    async def RecordVerdict(self, request: pb.RecordVerdictRequest, context: Context) -> pb.RecordVerdictResponse:
        """Record one verdict; durable when answered."""
        verdict = decode_verdict_request(request, self._clock.now())
        return encode_recorded(await self._recorder.record_verdict(self._principal_of(context), verdict))

    async def BatchRecordVerdicts(
        self, request: pb.BatchRecordVerdictsRequest, context: Context
    ) -> pb.BatchRecordVerdictsResponse:
        """Record many verdicts; what is wrong with an item is its own answer."""
        items = decode_verdict_requests(request, self._clock.now())
        valid = [item for item in items if isinstance(item, VerdictRequest)]
        outcomes = iter(await self._recorder.record_verdicts(self._principal_of(context), valid))
        return encode_recorded_results([next(outcomes) if isinstance(item, VerdictRequest) else item for item in items])

    async def RetractVerdict(self, request: pb.RetractVerdictRequest, context: Context) -> pb.RetractVerdictResponse:
        """Take a verdict or a scorecard back."""
        recorded = await self._recorder.retract(
            self._principal_of(context), request.verdict_id, request.reason, request.request_id
        )
        return encode_retracted(recorded)

    async def RetractByReviewer(
        self, request: pb.RetractByReviewerRequest, context: Context
    ) -> pb.RetractByReviewerResponse:
        """Take back everything a reviewer has recorded."""
        withdrawn = await self._recorder.retract_by_reviewer(
            Withdrawal(
                self._principal_of(context), request.request_id, request.reviewer, request.source_id, request.reason
            )
        )
        return pb.RetractByReviewerResponse(
            retracted_count=withdrawn.count,
            revision=withdrawn.recorded.revision,
            freshness_token=withdrawn.recorded.token.encode(),
            duplicate=withdrawn.recorded.duplicate,
        )

    async def RecordScorecard(self, request: pb.RecordScorecardRequest, context: Context) -> pb.RecordScorecardResponse:
        """Record a reviewer's counts for a source over a period."""
        scorecard = decode_scorecard_request(request)
        return encode_recorded_scorecard(await self._recorder.record_scorecard(self._principal_of(context), scorecard))

    async def SetReviewerStanding(
        self, request: pb.SetReviewerStandingRequest, context: Context
    ) -> pb.SetReviewerStandingResponse:
        """Set how much a reviewer's verdicts weigh."""
        standing = decode_standing(request.standing)
        recorded = await self._recorder.set_standing(
            self._principal_of(context), request.reviewer, standing, request.request_id
        )
        return pb.SetReviewerStandingResponse(
            revision=recorded.revision, freshness_token=recorded.token.encode(), duplicate=recorded.duplicate
        )

    async def GetTrackRecord(self, request: pb.GetTrackRecordRequest, context: Context) -> pb.GetTrackRecordResponse:
        """Sum a source's verdicts up."""
        view = await self._viewer.view(decode_record_query(request))
        return pb.GetTrackRecordResponse(track_record=encode_record(view))

    async def ListVerdicts(self, request: pb.ListVerdictsRequest, context: Context) -> pb.ListVerdictsResponse:
        """One page of a source's verdicts and scorecards, newest first."""
        most, before = decode_page_size(request.page_size), decode_revision_token(request.page_token)
        found = await self._lister.page(
            request.source_id, most=most + 1, before=before, include_inactive=request.include_inactive
        )
        page = fitting(map(encode_recorded_verdict, found[:most]))
        return pb.ListVerdictsResponse(
            verdicts=page, next_page_token=encode_page_token(str(page[-1].revision)) if len(found) > len(page) else ""
        )
