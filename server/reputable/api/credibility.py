"""Says how credible claims are."""

from typing import NamedTuple

from reputable.api.batches import Batches
from reputable.api.conversion import wire
from reputable.api.conversion.assessments import check_batch_size, decode_query
from reputable.api.interceptors import Context, Shortcuts
from reputable.api.ready import ReadyAnswers
from reputable.application.assessing import Assessor
from reputable.v1 import credibility_pb2 as pb


class Question(NamedTuple):
    """A request with the bytes that it came as: what its answer is kept by."""

    raw: bytes
    request: pb.AssessClaimRequest

    @classmethod
    def parse(cls, raw: bytes) -> "Question":
        """The question of a message's bytes."""
        return cls(raw, pb.AssessClaimRequest.FromString(raw))


class CredibilityServicer:
    """Gives the answers that are ready; else decodes, asks the assessor, encodes. Answers are bytes."""

    def __init__(self, assessor: Assessor) -> None:
        self._assessor = assessor
        self._ready: ReadyAnswers[bytes] = ReadyAnswers(assessor)
        self._batches = Batches(assessor)
        self.shortcuts = {"AssessClaim": Shortcuts(Question.parse, self.ready)}

    def ready(self, raw: bytes) -> bytes | None:
        """The answer to a message of AssessClaim, if there is one that still stands."""
        if raw not in self._ready:
            return None
        moment = self._assessor.moment()
        fixed = self._ready.find(raw, moment.now)
        if fixed is None:
            return None
        return wire.framed(fixed + wire.encode_moment(moment.now, moment.revision, moment.now, moment.degraded))

    async def AssessClaim(self, question: Question, context: Context) -> bytes:
        """Assess one claim."""
        query = decode_query(question.request)
        assessment = await self._assessor.assess(query)
        fixed = wire.encode_fixed(assessment)
        self._ready.keep(question.raw, query, assessment, fixed)
        return wire.framed(fixed + wire.encode_moment_of(assessment))

    async def BatchAssessClaims(self, request: pb.BatchAssessClaimsRequest, context: Context) -> bytes:
        """Assess many claims; what is wrong with an item is its own answer."""
        check_batch_size(len(request.requests))
        return await (self._batches.packed if request.packed else self._batches.full)(request.requests)
