"""Says how credible claims are."""

from reputable.api.batches import Batches
from reputable.api.conversion import wire
from reputable.api.conversion.assessments import check_batch_size, decode_query
from reputable.api.interceptors import Context
from reputable.api.ready import ReadyAnswers
from reputable.application.assessing import Assessor
from reputable.v1 import credibility_pb2 as pb


class CredibilityServicer:
    """Gives the answers that are ready; else decodes, asks the assessor, encodes. Answers are bytes."""

    def __init__(self, assessor: Assessor) -> None:
        self._assessor = assessor
        self._ready: ReadyAnswers[bytes] = ReadyAnswers(assessor)
        self._batches = Batches(assessor)

    async def AssessClaim(self, request: pb.AssessClaimRequest, context: Context) -> bytes:
        """Assess one claim."""
        question, moment = request.SerializeToString(), self._assessor.moment()
        fixed = self._ready.find(question, moment.now)
        if fixed is not None:
            return wire.framed(fixed + wire.encode_moment(moment.now, moment.revision, moment.now, moment.degraded))
        query = decode_query(request)
        assessment = await self._assessor.assess(query)
        fixed = wire.encode_fixed(assessment)
        self._ready.keep(question, query, assessment, fixed)
        return wire.framed(fixed + wire.encode_moment_of(assessment))

    async def BatchAssessClaims(self, request: pb.BatchAssessClaimsRequest, context: Context) -> bytes:
        """Assess many claims; what is wrong with an item is its own answer."""
        check_batch_size(len(request.requests))
        return await (self._batches.packed if request.packed else self._batches.full)(request.requests)
