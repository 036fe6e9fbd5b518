"""Abuse of the data: A12 to A23."""

import json
import math
import time
import unicodedata
from pathlib import Path

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from reputable.adapters.names import LetterLore
from reputable.domain.digests import digest
from reputable.v1 import claim_pb2, credibility_pb2, sources_pb2, track_records_pb2
from tests.faults.messages import Failure, assess_request, check, failure_of, verdict_request
from tests.faults.running import CHANNEL_OPTIONS, Service

SERVICE = "/reputable.v1.CredibilityService/"
INVALID = grpc.StatusCode.INVALID_ARGUMENT


def assess(service: Service, text: str, source: str = "Ann Example") -> credibility_pb2.AssessClaimResponse:
    """Assess a text by a source of that name."""
    request = credibility_pb2.AssessClaimRequest(claim=claim_pb2.Claim(text=text, source_name=source))
    return service.credibility.AssessClaim(request, timeout=5)


def send(service: Service, body: bytes, method: str = "AssessClaim") -> Failure:
    """The failure of a call with these bytes."""
    with grpc.insecure_channel(service.address, options=CHANNEL_OPTIONS) as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(SERVICE + method)
        with pytest.raises(grpc.RpcError) as caught:
            call(body, timeout=5)
    return failure_of(caught.value)


def refusal(service: Service, text: str = "Taxes went up.", source: str = "Ann Example") -> Failure:
    """The failure of assessing that."""
    with pytest.raises(grpc.RpcError) as caught:
        assess(service, text, source)
    return failure_of(caught.value)


@pytest.mark.parametrize("text", [b"\xff\xfe", b"\xc0\xaf", b"\xed\xa0\x80", b"abc\xe2\x82"])
def test_a12_text_that_is_not_utf8_is_invalid_argument(service: Service, text: bytes) -> None:
    claim = b"\x0a" + bytes([len(text)]) + text + b"\x1a\x03Ann"
    failure = send(service, b"\x0a" + bytes([len(claim)]) + claim)
    assert (failure.code, failure.reason) == (INVALID, "MALFORMED_MESSAGE")


@pytest.mark.parametrize("method", ["AssessClaim", "BatchAssessClaims"])
@pytest.mark.parametrize("body", [b"\x0a\xff", b"\xff" * 40, b"\x0a\x7f\x01", bytes(range(1, 100))])
def test_a12_truncated_and_random_bytes_are_invalid_argument(service: Service, method: str, body: bytes) -> None:
    assert send(service, body, method).code is INVALID


def test_a13_an_empty_message_or_one_of_another_type_is_invalid_argument(service: Service) -> None:
    other = sources_pb2.ListSourcesRequest(page_size=7).SerializeToString()
    for body in (b"", other, b"\x08\x07", b"\x0a\x00"):
        assert send(service, body).code is INVALID
    for call in (
        lambda: service.records.RecordVerdict(track_records_pb2.RecordVerdictRequest(), timeout=5),
        lambda: service.sources.CreateSource(sources_pb2.CreateSourceRequest(), timeout=5),
        lambda: service.sources.ResolveSource(sources_pb2.ResolveSourceRequest(), timeout=5),
        lambda: service.credibility.BatchAssessClaims(credibility_pb2.BatchAssessClaimsRequest(), timeout=5),
    ):
        with pytest.raises(grpc.RpcError) as caught:
            call()
        assert failure_of(caught.value).code is INVALID


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1.5, -0.1])
def test_a14_a_truthfulness_that_is_no_share_is_invalid_argument(service: Service, value: float) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        service.records.RecordVerdict(verdict_request(1, truthfulness=value), timeout=5)
    assert failure_of(caught.value).code is INVALID


def test_a14_a_score_that_is_not_finite_is_never_answered_nor_cached(tmp_path: Path) -> None:
    with Service(tmp_path, environ={"REPUTABLE_TEST_VARIANT": "nan_scores"}) as broken:
        for _ in range(2):
            with pytest.raises(grpc.RpcError) as caught:
                assess(broken, "Taxes went up.")
            assert failure_of(caught.value).code is grpc.StatusCode.INTERNAL


@pytest.mark.parametrize("character", ["\0", "\x01", "\x1b", "\x7f", "\x85"])
def test_a15_control_characters_are_invalid_argument(service: Service, character: str) -> None:
    assert refusal(service, f"Taxes{character} went up.").code is INVALID
    assert refusal(service, source=f"Ann{character}").code is INVALID


@pytest.mark.parametrize("character", ["\u200b", "\u00ad", "\u202e", "\u2066", "\ufeff", "\U000e0041"])
def test_a16_invisible_and_direction_changing_characters_in_names_are_invalid_argument(
    service: Service, character: str
) -> None:
    assert refusal(service, source=f"Ann{character} Example").code is INVALID


def test_a17_a_name_that_only_looks_the_same_is_another_source_and_says_so(service: Service) -> None:
    service.sources.CreateSource(
        sources_pb2.CreateSourceRequest(source=sources_pb2.Source(display_name="bbc.com"), request_id="a17"), timeout=5
    )
    looks_alike = service.sources.ResolveSource(sources_pb2.ResolveSourceRequest(name="bb\u0441.com"), timeout=5)
    assert looks_alike.resolution.source_id == ""
    assert looks_alike.resolution.confusable_with == "bbc-com"


@pytest.mark.parametrize(
    "form", ["news-site.com", "NEWS-site.COM", "www.news-site.com", "news-site\u3002com", "news-site.com."]
)
def test_a18_every_form_of_a_host_name_is_the_same_source(service: Service, form: str) -> None:
    service.sources.CreateSource(
        sources_pb2.CreateSourceRequest(source=sources_pb2.Source(display_name="news-site.com"), request_id="a18"),
        timeout=5,
    )
    resolved = service.sources.ResolveSource(sources_pb2.ResolveSourceRequest(name=form), timeout=5)
    assert resolved.resolution.source_id == "news-site-com"


def test_a18_the_one_form_of_a_name_is_its_own_one_form() -> None:
    """Each code point alone and inside a name; a tenth of them here, all in tests/properties."""
    names = LetterLore()
    for point in range(0, 0x110000, 11):
        if unicodedata.category(chr(point)) != "Cs":
            once = names.canonical(f"a{chr(point)}b.example")
            assert names.canonical(once) == once, f"U+{point:04X}"


@pytest.mark.parametrize(
    "text",
    [
        "\U0001f525\U0001f468\u200d\U0001f469\u200d\U0001f467 is on fire",
        "\u0627\u0644\u0636\u0631\u0627\u0626\u0628 \u0627\u0631\u062a\u0641\u0639\u062a",
        "\u7a0e\u91d1\u304c\u4e0a\u304c\u3063\u305f",
    ],
)
def test_a19_emoji_and_every_script_are_assessed(service: Service, text: str) -> None:
    check(assess(service, text).assessment)


def test_a19_ten_thousand_combining_marks_take_no_longer_than_letters(service: Service) -> None:
    def seconds(text: str) -> float:
        started = time.monotonic()
        check(assess(service, text).assessment)
        return time.monotonic() - started

    letters = min(seconds("ab" * 4_999 + str(i)) for i in range(3))
    marks = min(seconds("a" + "\u0301" * 9_990 + str(i)) for i in range(3))
    assert marks < 10 * letters + 0.25


def test_a20_two_claims_never_share_a_cache_key(service: Service) -> None:
    """A key that joins its parts with a colon takes these two for one; ours writes each part's length."""
    pairs = [("a:b", "c"), ("a", "b:c")]
    assert len({":".join(pair) for pair in pairs}) == 1
    assert len({digest(*pair) for pair in pairs}) == 2
    for source, text in pairs:
        answer = assess(service, text, source).assessment
        assert answer.served_from == 3


def test_a21_a_claim_cannot_write_into_the_log(tmp_path: Path) -> None:
    with Service(tmp_path, environ={"REPUTABLE_LOG_CALLS": "all"}) as logging:
        assess(logging, 'Tax"}\n{"event":"forged"}\r\nup', "Ann [31mRed")
        refusal(logging, source="Ann\x1b[31m\nforged")
        logging.stop()
        lines = logging.log().splitlines()
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert not any("forged" in line or "\x1b" in line or "Red" in line for line in lines)


def test_a22_ten_thousand_sources_add_no_time_series(service: Service) -> None:
    check(assess(service, "Taxes went up.").assessment)
    before = set(service.metrics())
    for start in range(0, 10_000, 500):
        requests = [assess_request(start + i, f"Source {start + i}") for i in range(500)]
        service.credibility.BatchAssessClaims(credibility_pb2.BatchAssessClaimsRequest(requests=requests), timeout=10)
    assert set(service.metrics()) == before


@pytest.mark.parametrize("name", ["x'; DROP TABLE entry; --", 'x" OR 1=1', "x') UNION SELECT value FROM meta --"])
def test_a23_sql_in_a_name_is_a_name(service: Service, name: str) -> None:
    recorded = service.records.RecordVerdict(verdict_request(1, name), timeout=5)
    resolved = service.sources.ResolveSource(sources_pb2.ResolveSourceRequest(name=name), timeout=5)
    assert resolved.resolution.source_id == recorded.source_id
    assert resolved.resolution.display_name == name


def test_f23_times_that_are_none_are_invalid_argument(service: Service) -> None:
    for moment in (Timestamp(seconds=-62_135_596_801), Timestamp(seconds=1, nanos=-1), Timestamp(seconds=1 << 62)):
        request = assess_request(1)
        request.as_of_time.CopyFrom(moment)
        with pytest.raises(grpc.RpcError) as caught:
            service.credibility.AssessClaim(request, timeout=5)
        assert failure_of(caught.value).code is INVALID
