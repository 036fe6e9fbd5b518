"""What the service answers over the wire, from the first claim to the last scrape."""

from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest

from reputable.v1 import (
    assessment_pb2,
    claim_pb2,
    common_pb2,
    credibility_pb2,
    models_pb2,
    sources_pb2,
    track_records_pb2,
)
from tests.service import Service, running

RAIN = claim_pb2.Claim(text="Rain fell.", source_name="Ann Example")


@pytest.fixture(params=["grpcio", "fast"])
async def service(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Service]:
    if request.param == "fast":
        pytest.importorskip("pygrpc_native")
    async with running(tmp_path, transport=request.param, redis_url="embedded", reflection=True) as found:
        yield found


def ask(claim: claim_pb2.Claim = RAIN, **fields: object) -> credibility_pb2.AssessClaimRequest:
    """A request to assess."""
    return credibility_pb2.AssessClaimRequest(claim=claim, **fields)  # type: ignore[arg-type]


async def test_an_unknown_source_gets_a_cold_start_and_no_error(service: Service) -> None:
    assessment = (await service.assess()).assessment
    assert assessment.basis == assessment_pb2.BASIS_COLD_START
    assert assessment.resolution.method == sources_pb2.RESOLUTION_METHOD_NONE
    assert assessment.resolution.display_name == "Ann Example"
    assert assessment.credibility == 0.5


async def test_an_acknowledged_verdict_is_in_the_next_assessment(service: Service) -> None:
    before = (await service.assess()).assessment
    receipt = await service.record(truthfulness=1.0)
    after = (await service.assess()).assessment
    assert (receipt.source_id, receipt.source_created) == ("ann-example", True)
    assert after.credibility > before.credibility
    assert after.evidence_count == 1
    assert after.at_revision >= receipt.revision
    assert after.record_digest == receipt.record_digest


async def test_a_retraction_restores_the_record(service: Service) -> None:
    await service.record("Hail fell.", reviewer="Other")
    first = (await service.assess()).assessment
    receipt = await service.record()
    assert (await service.assess()).assessment.record_digest != first.record_digest
    await service.track_records.RetractVerdict(
        track_records_pb2.RetractVerdictRequest(verdict_id=receipt.verdict_id, reason="A mistake.", request_id="r")
    )
    last = (await service.assess()).assessment
    assert (last.record_digest, last.credibility) == (first.record_digest, first.credibility)


async def test_giving_back_what_an_assessment_returned_reproduces_it(service: Service) -> None:
    await service.record()
    first = (await service.assess()).assessment
    await service.record("Snow fell.", truthfulness=0.0)
    request = ask(
        as_of_time=first.as_of_time,
        at_revision=first.at_revision,
        model_version=first.model_version,
        prior_epoch=first.prior_epoch,
    )
    again = (await service.credibility.AssessClaim(request)).assessment
    for field in ("assess_time", "served_from"):
        first.ClearField(field)
        again.ClearField(field)
    assert again == first


async def test_the_second_answer_comes_from_the_local_cache(service: Service) -> None:
    assert (await service.assess()).assessment.served_from == assessment_pb2.SERVED_FROM_COMPUTED
    assert (await service.assess()).assessment.served_from == assessment_pb2.SERVED_FROM_LOCAL_CACHE


async def test_a_token_of_a_write_is_honoured_and_a_foreign_one_refused(service: Service) -> None:
    receipt = await service.record()
    at_least = common_pb2.Freshness(mode=common_pb2.FRESHNESS_MODE_AT_LEAST, token=receipt.freshness_token)
    answer = await service.credibility.AssessClaim(ask(freshness=at_least))
    assert answer.assessment.evidence_count == 1
    at_least.token = "r1.elsewhere.1"
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await service.credibility.AssessClaim(ask(freshness=at_least))
    assert refusal.value.code() is grpc.StatusCode.FAILED_PRECONDITION


async def test_a_batch_answers_in_order_with_an_outcome_for_each(service: Service) -> None:
    await service.record(source="Bob Example")
    claims = [
        RAIN,
        claim_pb2.Claim(text="", source_name="A"),
        claim_pb2.Claim(text="Rain fell.", source_name="Bob Example"),
        claim_pb2.Claim(text="x", source_id="nobody"),
    ]
    response = await service.credibility.BatchAssessClaims(
        credibility_pb2.BatchAssessClaimsRequest(requests=[ask(claim) for claim in claims])
    )
    kinds = [result.WhichOneof("outcome") for result in response.results]
    assert kinds == ["assessment", "error", "assessment", "error"]
    assert [result.assessment.evidence_count for result in response.results] == [0, 0, 1, 0]
    assert (response.results[1].error.code, response.results[1].error.field) == (3, "claim.text")
    assert response.results[3].error.reason == "SOURCE_NOT_FOUND"


async def test_a_batch_of_verdicts_is_acknowledged_item_by_item(service: Service) -> None:
    verdict = track_records_pb2.Verdict(claim=RAIN, truthfulness=1.0, reviewer="Desk")
    bad = track_records_pb2.Verdict(claim=RAIN, truthfulness=1.5, reviewer="Desk")
    requests = [
        track_records_pb2.RecordVerdictRequest(verdict=v, request_id=r)
        for v, r in ((verdict, "a"), (bad, "b"), (verdict, "a"), (verdict, ""))
    ]
    response = await service.track_records.BatchRecordVerdicts(
        track_records_pb2.BatchRecordVerdictsRequest(requests=requests)
    )
    kinds = [result.WhichOneof("outcome") for result in response.results]
    assert kinds == ["response", "error", "response", "error"]
    assert [result.response.duplicate for result in response.results] == [False, False, True, False]
    assert response.results[1].error.field == "verdict.truthfulness"
    assert response.results[3].error.field == "request_id"


async def test_a_scorecard_counts_and_is_listed(service: Service) -> None:
    card = track_records_pb2.Scorecard(source_name="Ann Example", reviewer="Desk", unproven_count=2)
    card.period_start_time.FromJsonString("2020-01-01T00:00:00Z")
    card.period_end_time.FromJsonString("2021-01-01T00:00:00Z")
    card.level_counts.add(truthfulness=1.0, claim_count=6)
    card.level_counts.add(truthfulness=0.0, claim_count=4)
    await service.track_records.RecordScorecard(
        track_records_pb2.RecordScorecardRequest(scorecard=card, request_id="c")
    )
    record = (
        await service.track_records.GetTrackRecord(
            track_records_pb2.GetTrackRecordRequest(source_name="Ann Example", timeline_month_count=3)
        )
    ).track_record
    assert (record.verdict_count, record.credible_count, record.unproven_count) == (10, 6, 2)
    assert len(record.timeline) == 3
    listed = await service.track_records.ListVerdicts(track_records_pb2.ListVerdictsRequest(source_id="ann-example"))
    assert listed.verdicts[0].scorecard.level_counts[1].claim_count == 6
    assert listed.verdicts[0].principal == "local"


async def test_verdicts_are_listed_page_by_page_newest_first(service: Service) -> None:
    revisions = [(await service.record(f"Claim {n}.")).revision for n in range(5)]
    seen, token = [], ""
    while True:
        page = await service.track_records.ListVerdicts(
            track_records_pb2.ListVerdictsRequest(source_id="ann-example", page_size=2, page_token=token)
        )
        seen += [verdict.revision for verdict in page.verdicts]
        token = page.next_page_token
        if not token:
            break
    assert seen == revisions[::-1]


async def test_sources_are_created_found_resolved_listed_and_merged(service: Service) -> None:
    for name, aliases in (("Ministry of Works", ["MoW"]), ("Works Ministry", []), ("Zoo", [])):
        source = sources_pb2.Source(display_name=name, kind=sources_pb2.SOURCE_KIND_GOVERNMENT_BODY, aliases=aliases)
        created = await service.sources.CreateSource(sources_pb2.CreateSourceRequest(source=source))
        assert not created.duplicate
    got = await service.sources.GetSource(sources_pb2.GetSourceRequest(source_id="ministry-of-works"))
    assert (got.source.display_name, list(got.source.aliases)) == ("Ministry of Works", ["MoW"])
    resolved = await service.sources.ResolveSource(sources_pb2.ResolveSourceRequest(name="mow"))
    assert resolved.resolution.source_id == "ministry-of-works"
    first = await service.sources.ListSources(sources_pb2.ListSourcesRequest(page_size=2))
    second = await service.sources.ListSources(
        sources_pb2.ListSourcesRequest(page_size=2, page_token=first.next_page_token)
    )
    ids = [source.source_id for source in (*first.sources, *second.sources)]
    assert ids == ["ministry-of-works", "works-ministry", "zoo"]
    assert second.next_page_token == ""
    merged = await service.sources.MergeSources(
        sources_pb2.MergeSourcesRequest(from_source_id="works-ministry", into_source_id="ministry-of-works")
    )
    assert merged.source.source_id == "ministry-of-works"
    resolved = await service.sources.ResolveSource(sources_pb2.ResolveSourceRequest(name="Works Ministry"))
    assert resolved.resolution.source_id == "ministry-of-works"


async def test_all_that_a_reviewer_recorded_can_be_taken_back_at_once(service: Service) -> None:
    empty = (await service.assess()).assessment.record_digest
    for number in range(3):
        await service.record(f"Claim {number}.", reviewer="Brigade")
    answer = await service.track_records.RetractByReviewer(
        track_records_pb2.RetractByReviewerRequest(reviewer="Brigade", reason="Hostile.", request_id="r")
    )
    assert answer.retracted_count == 3
    assert (await service.assess()).assessment.record_digest == empty


async def test_an_established_reviewers_verdict_weighs_more(service: Service) -> None:
    await service.record()
    new = (await service.assess()).assessment.credibility
    await service.track_records.SetReviewerStanding(
        track_records_pb2.SetReviewerStandingRequest(
            reviewer="Desk", standing=track_records_pb2.REVIEWER_STANDING_ESTABLISHED, request_id="s"
        )
    )
    assert (await service.assess()).assessment.credibility > new


async def test_the_model_that_scores_is_told(service: Service) -> None:
    got = (await service.models.GetModel(models_pb2.GetModelRequest())).model
    assert (got.version, got.active) == ("share-1", True)
    listed = await service.models.ListModels(models_pb2.ListModelsRequest())
    assert [model.version for model in listed.models] == ["share-1"]
    activated = await service.models.ActivateModel(models_pb2.ActivateModelRequest(version="share-1"))
    assert activated.previous_version == "share-1"
