"""Bad input over the wire: a clear refusal that names the field, and nothing of it kept."""

import math
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from reputable.v1 import claim_pb2, common_pb2, credibility_pb2, sources_pb2, track_records_pb2
from tests.service import Service, running

INVALID = grpc.StatusCode.INVALID_ARGUMENT
RAIN = claim_pb2.Claim(text="Rain fell.", source_name="Ann Example")
ASSESS = "/reputable.v1.CredibilityService/AssessClaim"
RECORD = "/reputable.v1.TrackRecordService/RecordVerdict"


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with running(tmp_path) as found:
        yield found


def ask(**claim: object) -> credibility_pb2.AssessClaimRequest:
    """A request to assess a claim that differs from a good one."""
    changed = claim_pb2.Claim()
    changed.CopyFrom(RAIN)
    changed.MergeFrom(claim_pb2.Claim(**claim))  # type: ignore[arg-type]
    return credibility_pb2.AssessClaimRequest(claim=changed)


def tell(request_id: str = "r", **verdict: object) -> track_records_pb2.RecordVerdictRequest:
    """A request to record a verdict that differs from a good one."""
    changed = track_records_pb2.Verdict(claim=RAIN, truthfulness=1.0, reviewer="Desk")
    changed.MergeFrom(track_records_pb2.Verdict(**verdict))  # type: ignore[arg-type]
    return track_records_pb2.RecordVerdictRequest(verdict=changed, request_id=request_id)


def reviewed(at: str, claimed_at: str = "") -> track_records_pb2.RecordVerdictRequest:
    """A verdict with times."""
    request = tell()
    request.verdict.review_time.FromJsonString(at)
    if claimed_at:
        request.verdict.claim.claim_time.FromJsonString(claimed_at)
    return request


def field_of(error: grpc.aio.AioRpcError) -> str:
    """The field that google.rpc.BadRequest blames."""
    details = dict(error.trailing_metadata())["grpc-status-details-bin"]
    assert isinstance(details, bytes)
    for packed in status_pb2.Status.FromString(details).details:
        bad = error_details_pb2.BadRequest()
        if packed.Unpack(bad):
            return str(bad.field_violations[0].field)
    return ""


async def refused(service: Service, path: str, message: Message | bytes) -> grpc.aio.AioRpcError:
    """The refusal of a message, after which the ledger is as before and the service answers as before."""
    before = service.app.metrics.ledger_revision
    raw = message if isinstance(message, bytes) else message.SerializeToString()
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await service.raw(path, raw)
    assert service.app.metrics.ledger_revision == before
    assert (await service.assess()).assessment.credibility == 0.5
    return refusal.value


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (credibility_pb2.AssessClaimRequest(), "claim"),
        (credibility_pb2.AssessClaimRequest(claim=claim_pb2.Claim(source_name="Ann")), "claim.text"),
        (ask(text=" \t\n "), "claim.text"),
        (ask(text="x" * 10_001), "claim.text"),
        (ask(text="a\0b"), "claim.text"),
        (ask(text="a\x1b[31mb"), "claim.text"),
        (credibility_pb2.AssessClaimRequest(claim=claim_pb2.Claim(text="x")), "claim.source_name"),
        (ask(source_name="Ann\u202eExample"), "claim.source_name"),
        (ask(source_name="x" * 513), "claim.source_name"),
        (ask(source_id="Not An Id"), "claim.source_id"),
        (ask(context="x" * 257), "claim.context"),
        (ask(topics=["t"] * 17), "claim.topics"),
        (ask(topics=["t" * 65]), "claim.topics"),
        (ask(language="x" * 36), "claim.language"),
        (ask(via=["v"] * 17), "claim.via"),
    ],
)
async def test_a_claim_that_cannot_be_assessed_is_refused_by_field(
    service: Service, request_: Message, field: str
) -> None:
    error = await refused(service, ASSESS, request_)
    assert (error.code(), field_of(error)) == (INVALID, field)


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (track_records_pb2.RecordVerdictRequest(request_id="r"), "verdict"),
        (tell(truthfulness=1.5), "verdict.truthfulness"),
        (tell(truthfulness=-0.1), "verdict.truthfulness"),
        (tell(truthfulness=math.nan), "verdict.truthfulness"),
        (tell(truthfulness=math.inf), "verdict.truthfulness"),
        (tell(url="javascript:alert(1)"), "verdict.url"),
        (tell(reviewer="x" * 257), "verdict.reviewer"),
        (tell(label="x" * 129), "verdict.label"),
        (tell(request_id=""), "request_id"),
        (tell(request_id="x" * 129), "request_id"),
        (tell(request_id="a\nb"), "request_id"),
        (reviewed("2020-01-01T00:00:00Z", claimed_at="2020-01-02T00:00:00Z"), "verdict.review_time"),
        (reviewed("2999-01-01T00:00:00Z"), "verdict.review_time"),
        (reviewed("2020-01-01T00:00:00Z", claimed_at="2999-01-01T00:00:00Z"), "claim.claim_time"),
    ],
)
async def test_a_verdict_that_cannot_be_is_refused_by_field(service: Service, request_: Message, field: str) -> None:
    error = await refused(service, RECORD, request_)
    assert (error.code(), field_of(error)) == (INVALID, field)


@pytest.mark.parametrize(
    "raw",
    [
        b"\x0a\x06\x0a\x02\xff\xfe\x1a\x00",
        b"\x0a\x04\x0a\x02\xc0\xaf",
        b"\x0a\x05\x0a\x03\xed\xa0\x80",
        b"\x0a\x7f",
        b"\xff" * 20,
        b"{}",
    ],
    ids=["not UTF-8", "overlong", "surrogate", "cut", "garbage", "JSON"],
)
async def test_bytes_that_are_no_message_are_refused(service: Service, raw: bytes) -> None:
    assert (await refused(service, ASSESS, raw)).code() is INVALID
    assert (await refused(service, RECORD, raw)).code() is INVALID


async def test_a_claim_of_a_megabyte_is_refused_as_too_large(service: Service) -> None:
    error = await refused(service, ASSESS, ask(text="x" * 1_000_000))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "65,536" in (error.details() or "")


async def test_ten_thousand_characters_are_taken_also_when_each_has_four_bytes(service: Service) -> None:
    for text in ("x" * 10_000, "\U0001f327" * 10_000):
        assert (await service.assess(text)).assessment.credibility == 0.5


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"model_version": "no-such-model"}, grpc.StatusCode.NOT_FOUND),
        ({"prior_epoch": 99}, grpc.StatusCode.NOT_FOUND),
        ({"at_revision": 10_000}, grpc.StatusCode.FAILED_PRECONDITION),
        ({"at_revision": -1}, INVALID),
        ({"freshness": common_pb2.Freshness(mode=common_pb2.FRESHNESS_MODE_BOUNDED, max_staleness_ms=0)}, INVALID),
        ({"freshness": common_pb2.Freshness(mode=common_pb2.FRESHNESS_MODE_AT_LEAST, token="x")}, INVALID),
    ],
)
async def test_what_does_not_exist_is_told_apart_from_what_cannot_be(
    service: Service, fields: dict[str, object], code: grpc.StatusCode
) -> None:
    request = credibility_pb2.AssessClaimRequest(claim=RAIN, **fields)  # type: ignore[arg-type]
    assert (await refused(service, ASSESS, request)).code() is code


async def test_a_source_that_does_not_exist_is_not_found(service: Service) -> None:
    request = sources_pb2.GetSourceRequest(source_id="nobody")
    error = await refused(service, "/reputable.v1.SourceService/GetSource", request)
    assert error.code() is grpc.StatusCode.NOT_FOUND


async def test_a_request_id_used_for_another_request_is_refused_and_the_first_stays(service: Service) -> None:
    first = await service.track_records.RecordVerdict(tell())
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await service.track_records.RecordVerdict(tell(truthfulness=0.5))
    assert refusal.value.code() is grpc.StatusCode.ALREADY_EXISTS
    again = await service.track_records.RecordVerdict(tell())
    assert (again.duplicate, again.verdict_id) == (True, first.verdict_id)


async def test_a_verdict_retracted_twice_or_never_recorded_is_refused(service: Service) -> None:
    receipt = await service.track_records.RecordVerdict(tell())
    request = track_records_pb2.RetractVerdictRequest(
        verdict_id=receipt.verdict_id, reason="A mistake.", request_id="t1"
    )
    await service.track_records.RetractVerdict(request)
    codes = []
    for verdict_id, request_id in ((receipt.verdict_id, "t2"), ("v999", "t3"), ("x", "t4")):
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await service.track_records.RetractVerdict(
                track_records_pb2.RetractVerdictRequest(verdict_id=verdict_id, reason="No.", request_id=request_id)
            )
        codes.append(refusal.value.code())
    assert codes == [grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.NOT_FOUND]
