"""Says how credible claims are."""

from collections.abc import Sequence

from reputable.api.conversion import wire
from reputable.api.conversion.assessments import check_batch_size, decode_item, decode_query, encode_refusal, joined
from reputable.api.interceptors import Context
from reputable.api.ready import ReadyAnswers
from reputable.application.assessing import Assessor
from reputable.application.queries import AssessQuery
from reputable.domain.assessments import Assessment
from reputable.domain.errors import ReputableError
from reputable.v1 import credibility_pb2 as pb


class CredibilityServicer:
    """Gives the answers that are ready; else decodes, asks the assessor, encodes. Answers are bytes."""

    def __init__(self, assessor: Assessor) -> None:
        self._assessor = assessor
        self._ready = ReadyAnswers(assessor)
        self._ready_items = ReadyAnswers(assessor)  # Their own: in a batch another explanation is the default.

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
        moment = self._assessor.moment()
        told = wire.encode_moment(moment.now, moment.revision, moment.now, moment.degraded)
        questions = [item.SerializeToString() for item in request.requests]
        results: list[bytes] = []
        missing: list[int] = []
        for index, question in enumerate(questions):
            fixed = self._ready_items.find(question, moment.now)
            if fixed is None:
                missing.append(index)
            results.append(b"" if fixed is None else wire.framed(wire.framed(fixed + told)))
        if missing:
            answers = await self._assess_items([request.requests[index] for index in missing])
            for index, (item, outcome) in zip(missing, answers, strict=True):
                results[index] = self._encode_item(questions[index], item, outcome)
        return joined(results)

    async def _assess_items(
        self, requests: Sequence[pb.AssessClaimRequest]
    ) -> list[tuple[AssessQuery | ReputableError, Assessment | ReputableError]]:
        """What each item asks, or what is wrong with it, with its outcome."""
        items = [decode_item(request) for request in requests]
        answers = iter(await self._assessor.assess_many([item for item in items if isinstance(item, AssessQuery)]))
        return [(item, next(answers) if isinstance(item, AssessQuery) else item) for item in items]

    def _encode_item(
        self, question: bytes, item: AssessQuery | ReputableError, outcome: Assessment | ReputableError
    ) -> bytes:
        if isinstance(outcome, ReputableError):
            return encode_refusal(outcome)
        fixed = wire.encode_fixed(outcome)
        if isinstance(item, AssessQuery):
            self._ready_items.keep(question, item, outcome, fixed)
        return wire.framed(wire.framed(fixed + wire.encode_moment_of(outcome)))
