"""Answers batches, in full or packed: what is ready at once, the rest assessed together."""

from collections.abc import Sequence
from typing import NamedTuple

from reputable.api.conversion import wire
from reputable.api.conversion.assessments import decode_item, encode_item_error, encode_refusal, joined
from reputable.api.ready import ReadyAnswers
from reputable.application.assessing import Assessor
from reputable.application.queries import AssessQuery
from reputable.application.turns import take_turns
from reputable.domain.assessments import Assessment, DegradedPart, Explanation
from reputable.domain.errors import ReputableError
from reputable.v1 import credibility_pb2 as pb

DEGRADED = 16
"""The bit of PackedAssessments.flags that says that a part was degraded."""

Requests = Sequence[pb.AssessClaimRequest]
Answered = tuple[int, AssessQuery | ReputableError, Assessment | ReputableError]


class Figures(NamedTuple):
    """An item of a packed answer; see PackedAssessments."""

    credibility: float
    lower: float
    upper: float
    flags: int


_NO_FIGURES = Figures(float("nan"), float("nan"), float("nan"), 0)


class Batches:
    """Assesses the items of batches; what is wrong with an item is its own answer."""

    def __init__(self, assessor: Assessor) -> None:
        self._assessor = assessor
        self._ready: ReadyAnswers[bytes] = ReadyAnswers(assessor)
        self._ready_figures: ReadyAnswers[Figures] = ReadyAnswers(assessor)

    async def full(self, requests: Requests) -> bytes:
        """The bytes of a BatchAssessClaimsResponse with a result for each request."""
        moment = self._assessor.moment()
        told = wire.encode_moment(moment.now, moment.revision, moment.now, moment.degraded)
        questions = [request.SerializeToString() for request in requests]
        found = [self._ready.find(question, moment.now) for question in questions]
        results = [b"" if fixed is None else wire.framed(wire.framed(fixed + told)) for fixed in found]
        missing = [index for index, fixed in enumerate(found) if fixed is None]
        moments: dict[object, bytes] = {}
        for count, (index, item, outcome) in enumerate(await self._assess(requests, missing)):
            await take_turns(count)
            if isinstance(outcome, ReputableError):
                results[index] = encode_refusal(outcome)
                continue
            fixed = wire.encode_fixed(outcome)
            moment_of = (outcome.as_of, outcome.at_revision, outcome.assessed_at, outcome.degraded)
            if moment_of not in moments:
                moments[moment_of] = wire.encode_moment(*moment_of)
            results[index] = wire.framed(wire.framed(fixed + moments[moment_of]))
            if isinstance(item, AssessQuery):
                self._ready.keep(questions[index], item, outcome, fixed)
        return joined(results)

    async def packed(self, requests: Requests) -> bytes:
        """The bytes of a BatchAssessClaimsResponse with figures alone."""
        moment = self._assessor.moment()
        questions = [request.SerializeToString() for request in requests]
        found = [self._ready_figures.find(question, moment.now) for question in questions]
        figures = [_NO_FIGURES if one is None else _marked(one, moment.degraded) for one in found]
        errors = []
        missing = [index for index, one in enumerate(found) if one is None]
        for index, item, outcome in await self._assess(requests, missing, Explanation.NONE):
            if isinstance(outcome, ReputableError):
                errors.append(pb.PackedError(index=index, error=encode_item_error(outcome)))
                continue
            one = _figures_of(outcome)
            figures[index] = _marked(one, outcome.degraded)
            if isinstance(item, AssessQuery):
                self._ready_figures.keep(questions[index], item, outcome, one)
        return _pack(figures, errors)

    async def _assess(
        self, requests: Requests, missing: Sequence[int], explanation: Explanation | None = None
    ) -> list[Answered]:
        """What each missing item asks, or what is wrong with it, with its outcome."""
        items = []
        for count, index in enumerate(missing):
            await take_turns(count)
            items.append(decode_item(requests[index]))
        if explanation is not None:
            items = [i._replace(explanation=explanation) if isinstance(i, AssessQuery) else i for i in items]
        queries = [item for item in items if isinstance(item, AssessQuery)]
        outcomes = iter(await self._assessor.assess_many(queries) if queries else ())
        return [
            (index, item, next(outcomes) if isinstance(item, AssessQuery) else item)
            for index, item in zip(missing, items, strict=True)
        ]


def _figures_of(assessment: Assessment) -> Figures:
    score = assessment.score
    flags = wire.BASES[score.basis] | wire.SERVED_FROM[assessment.served_from] << 2
    return Figures(score.credibility, score.interval.lower, score.interval.upper, flags)


def _marked(figures: Figures, degraded: Sequence[DegradedPart]) -> Figures:
    return figures._replace(flags=figures.flags | DEGRADED) if degraded else figures


def _pack(figures: Sequence[Figures], errors: Sequence[pb.PackedError]) -> bytes:
    credibility, lower, upper, flags = zip(*figures, strict=True)
    packed = pb.PackedAssessments(credibility=credibility, lower=lower, upper=upper, flags=flags, errors=errors)
    return pb.BatchAssessClaimsResponse(packed=packed).SerializeToString()
