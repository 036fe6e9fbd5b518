"""A packed answer says of every item what the full one says, in figures."""

import math
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from reputable.v1 import assessment_pb2, claim_pb2, credibility_pb2
from tests.service import Service, running

LOCAL, COMPUTED = assessment_pb2.SERVED_FROM_LOCAL_CACHE, assessment_pb2.SERVED_FROM_COMPUTED


@pytest.fixture(params=["grpcio", "fast"])
async def service(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Service]:
    if request.param == "fast":
        pytest.importorskip("pygrpc_native")
    async with running(tmp_path, transport=request.param) as found:
        await found.record()
        yield found


async def ask(service: Service, *, packed: bool, explanation: int = 0) -> credibility_pb2.BatchAssessClaimsResponse:
    claims = [claim_pb2.Claim(text=f"Rain fell {n} times.", source_name=f"Source {n % 2}") for n in range(4)]
    claims += [claim_pb2.Claim(text="Rain fell.", source_name="Ann Example"), claim_pb2.Claim(text="No source.")]
    requests = [
        credibility_pb2.AssessClaimRequest(claim=claim, explanation=explanation)  # type: ignore[arg-type]
        for claim in claims
    ]
    batch = credibility_pb2.BatchAssessClaimsRequest(requests=requests, packed=packed)
    return await service.credibility.BatchAssessClaims(batch, timeout=5)


async def test_a_packed_answer_holds_the_figures_of_the_full_one(service: Service) -> None:
    for served_from in (COMPUTED, LOCAL, LOCAL):
        packed = (await ask(service, packed=True)).packed
        full = [result.assessment for result in (await ask(service, packed=False)).results[:-1]]
        assert list(packed.credibility[:-1]) == [assessment.credibility for assessment in full]
        assert list(packed.lower[:-1]) == [assessment.interval.lower for assessment in full]
        assert list(packed.upper[:-1]) == [assessment.interval.upper for assessment in full]
        assert [flags & 3 for flags in packed.flags[:-1]] == [assessment.basis for assessment in full]
        assert [flags >> 2 for flags in packed.flags[:-1]] == [served_from] * 5


async def test_an_item_without_an_assessment_has_an_error_and_no_figures(service: Service) -> None:
    response = await ask(service, packed=True)
    [error] = response.packed.errors
    assert (error.index, error.error.field) == (5, "claim.source_name")
    assert math.isnan(response.packed.credibility[5])
    assert (response.packed.flags[5], len(response.results)) == (0, 0)


async def test_a_packed_question_takes_no_explanation_from_a_full_one(service: Service) -> None:
    summary = int(credibility_pb2.EXPLANATION_SUMMARY)
    for _ in range(3):
        await ask(service, packed=True, explanation=summary)
        full = await ask(service, packed=False, explanation=summary)
        assert all(result.assessment.factors for result in full.results[:-1])


async def test_a_packed_answer_is_a_fraction_of_the_full_one(service: Service) -> None:
    packed, full = await ask(service, packed=True), await ask(service, packed=False)
    assert packed.ByteSize() < full.ByteSize() / 4
