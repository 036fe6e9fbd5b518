"""Says how credible claims are."""

from reputable.api.conversion.assessments import decode_queries, decode_query, encode_assessment, encode_results
from reputable.api.interceptors import Context
from reputable.application.assessing import Assessor, AssessQuery
from reputable.v1 import credibility_pb2 as pb
from reputable.v1.credibility_pb2_grpc import CredibilityServiceServicer


class CredibilityServicer(CredibilityServiceServicer):
    """Decodes, asks the assessor, encodes."""

    def __init__(self, assessor: Assessor) -> None:
        self._assessor = assessor

    async def AssessClaim(self, request: pb.AssessClaimRequest, context: Context) -> pb.AssessClaimResponse:
        """Assess one claim."""
        assessment = await self._assessor.assess(decode_query(request))
        return pb.AssessClaimResponse(assessment=encode_assessment(assessment))

    async def BatchAssessClaims(
        self, request: pb.BatchAssessClaimsRequest, context: Context
    ) -> pb.BatchAssessClaimsResponse:
        """Assess many claims; what is wrong with an item is its own answer."""
        items = decode_queries(request)
        answers = iter(await self._assessor.assess_many([item for item in items if isinstance(item, AssessQuery)]))
        return encode_results([next(answers) if isinstance(item, AssessQuery) else item for item in items])
