"""Messages and the domain say the same, and what a message cannot mean is refused by name."""

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from reputable.api.conversion.assessments import (
    MAX_MESSAGE_BYTES,
    check_batch_size,
    decode_item,
    decode_query,
    joined,
    largest_fitting,
)
from reputable.api.conversion.claims import (
    decode_claim,
    decode_freshness,
    decode_reference,
    decode_time,
    encode_claim,
    encode_time,
)
from reputable.api.conversion.pages import decode_page_size, decode_page_token, encode_page_token, fitting
from reputable.api.conversion.sources import decode_source, encode_source
from reputable.api.conversion.verdicts import (
    decode_scorecard_request,
    decode_standing,
    decode_verdict_request,
    encode_scorecard,
    encode_verdict,
)
from reputable.application.queries import AssessQuery
from reputable.domain.assessments import (
    Explanation,
)
from reputable.domain.claims import Claim
from reputable.domain.errors import InvalidInput, ReputableError
from reputable.domain.freshness import Freshness, FreshnessMode, Token
from reputable.domain.sources import (
    Source,
    SourceKind,
    SourceReference,
)
from reputable.domain.times import DAY, EARLIEST, LATEST
from reputable.domain.verdicts import Level, Scorecard, Standing, Verdict
from reputable.v1 import claim_pb2, common_pb2, credibility_pb2, sources_pb2, track_records_pb2
from tests.builders import NOON

CLAIM = Claim("Rain fell.", SourceReference(name="A"), NOON, "speech", ("rain", "sky"), "en", ("The Daily",))


@given(st.integers(EARLIEST, LATEST))
def test_times_survive_the_wire(micros: int) -> None:
    assert decode_time("t", encode_time(micros)) == micros


@pytest.mark.parametrize(
    "moment",
    [Timestamp(nanos=-1), Timestamp(nanos=1_000_000_000), Timestamp(seconds=2**62), Timestamp(seconds=-(2**62))],
)
def test_a_timestamp_that_is_no_time_is_refused(moment: Timestamp) -> None:
    with pytest.raises(InvalidInput, match="as_of_time"):
        decode_time("as_of_time", moment)


def test_claims_survive_the_wire() -> None:
    for claim in (CLAIM, Claim("Rain fell.", SourceReference(id="a"))):
        assert decode_claim(encode_claim(claim)) == claim


def test_sources_survive_the_wire() -> None:
    source = Source("a", "A", SourceKind.ACCOUNT, ("B", "C"))
    assert decode_source(encode_source(source)) == source


def test_verdicts_and_scorecards_survive_the_wire() -> None:
    for truthfulness in (0.25, None):
        verdict = Verdict(CLAIM, truthfulness, "Desk", NOON, "mostly", "https://desk.example/1")
        message = track_records_pb2.RecordVerdictRequest(verdict=encode_verdict(verdict), request_id="r")
        assert decode_verdict_request(message, NOON + 1).verdict == verdict
    card = Scorecard(SourceReference(name="A"), "Desk", NOON, NOON + DAY, (Level(0.5, 3),), 1, "https://desk.example")
    message2 = track_records_pb2.RecordScorecardRequest(scorecard=encode_scorecard(card), request_id="r")
    assert decode_scorecard_request(message2).scorecard == card


def test_a_verdict_without_a_time_of_review_is_reviewed_now_and_says_so() -> None:
    message = track_records_pb2.RecordVerdictRequest()
    message.verdict.claim.CopyFrom(encode_claim(CLAIM))
    message.verdict.truthfulness = 1.0
    request = decode_verdict_request(message, NOON)
    assert (request.verdict.reviewed_at, request.review_time_given) == (NOON, False)


def test_one_claim_is_explained_in_summary_and_a_batch_not_at_all() -> None:
    one = credibility_pb2.AssessClaimRequest(claim=encode_claim(CLAIM))
    assert decode_query(one).explanation is Explanation.SUMMARY
    item = decode_item(one)
    assert isinstance(item, AssessQuery)
    assert item.explanation is Explanation.NONE


def test_what_is_wrong_with_an_item_is_its_own_outcome() -> None:
    assert isinstance(decode_item(credibility_pb2.AssessClaimRequest()), ReputableError)


@pytest.mark.parametrize("count", [0, 4_097])
def test_a_batch_has_1_to_4096_items(count: int) -> None:
    with pytest.raises(InvalidInput, match="4,096"):
        check_batch_size(count)


def test_an_answer_of_more_than_4_mib_names_the_largest_batch_that_fits() -> None:
    result = bytes(5_000)
    with pytest.raises(InvalidInput, match="at most") as refusal:
        joined([result] * 2_000)
    largest = int(refusal.value.description.split("ask for at most ")[1].split(" ")[0].replace(",", ""))
    assert len(joined([result] * largest)) <= MAX_MESSAGE_BYTES
    with pytest.raises(InvalidInput):
        joined([result] * (largest + 1))


@given(st.lists(st.integers(1, 60), min_size=1, max_size=60))
def test_batches_of_the_largest_size_all_fit(sizes: list[int]) -> None:
    largest = largest_fitting(sizes, limit=100)
    batches = [sum(sizes[i : i + largest]) for i in range(0, len(sizes), largest)]
    assert largest == 1 or max(batches) <= 100


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (common_pb2.Freshness(), Freshness()),
        (common_pb2.Freshness(mode=common_pb2.FRESHNESS_MODE_STRONG, max_staleness_ms=5), Freshness()),
        (
            common_pb2.Freshness(mode=common_pb2.FRESHNESS_MODE_BOUNDED, max_staleness_ms=5),
            Freshness(FreshnessMode.BOUNDED, 5),
        ),
        (
            common_pb2.Freshness(mode=common_pb2.FRESHNESS_MODE_AT_LEAST, token="r1.abc.7"),
            Freshness(FreshnessMode.AT_LEAST, token=Token("abc", 7)),
        ),
    ],
)
def test_freshness_is_read_as_sent(message: common_pb2.Freshness, expected: Freshness) -> None:
    assert decode_freshness(message) == expected


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (common_pb2.Freshness(mode=99), "freshness.mode"),  # type: ignore[arg-type]
        (common_pb2.Freshness(mode=common_pb2.FRESHNESS_MODE_BOUNDED), "freshness.max_staleness_ms"),
        (common_pb2.Freshness(mode=common_pb2.FRESHNESS_MODE_AT_LEAST), "freshness.token"),
        (common_pb2.Freshness(mode=common_pb2.FRESHNESS_MODE_AT_LEAST, token="r1.abc.-7"), "freshness.token"),
    ],
)
def test_a_freshness_that_cannot_be_is_refused(message: common_pb2.Freshness, field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        decode_freshness(message)
    assert refusal.value.field == field


def _query(**fields: object) -> credibility_pb2.AssessClaimRequest:
    message = credibility_pb2.AssessClaimRequest(claim=encode_claim(CLAIM))
    for name, value in fields.items():
        setattr(message, name, value)
    return message


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (credibility_pb2.AssessClaimRequest(), "claim"),
        (credibility_pb2.AssessClaimRequest(claim=claim_pb2.Claim(text="x")), "claim.source_name"),
        (_query(at_revision=-1), "at_revision"),
        (_query(prior_epoch=-1), "prior_epoch"),
        (_query(explanation=17), "explanation"),
    ],
)
def test_a_query_that_cannot_be_is_refused_by_field(message: credibility_pb2.AssessClaimRequest, field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        decode_query(message)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("verdict", "field"),
    [
        (track_records_pb2.Verdict(), "verdict.claim"),
        (track_records_pb2.Verdict(claim=encode_claim(CLAIM)), "verdict.truthfulness"),
        (track_records_pb2.Verdict(claim=encode_claim(CLAIM), unproven=False), "verdict.unproven"),
    ],
)
def test_a_verdict_that_says_nothing_is_refused_by_field(verdict: track_records_pb2.Verdict, field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        decode_verdict_request(track_records_pb2.RecordVerdictRequest(verdict=verdict), NOON)
    assert refusal.value.field == field


def test_a_standing_must_be_named() -> None:
    assert decode_standing(track_records_pb2.REVIEWER_STANDING_NEW) is Standing.NEW
    for number in (0, 9):
        with pytest.raises(InvalidInput):
            decode_standing(number)


def test_an_unknown_kind_of_source_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"source\.kind"):
        decode_source(sources_pb2.Source(kind=42))  # type: ignore[arg-type]


def test_a_source_must_be_named_one_way_or_the_other() -> None:
    with pytest.raises(InvalidInput, match=r"claim\.source_name"):
        decode_reference("claim.", "", "")


def test_page_tokens_are_read_as_given_out_and_no_others_are() -> None:
    assert decode_page_token(encode_page_token("a-b")) == "a-b"
    assert decode_page_token("") == ""
    for bad in ("a-b", "p1.", "x"):
        with pytest.raises(InvalidInput, match="page_token"):
            decode_page_token(bad)


def test_page_sizes_are_bounded() -> None:
    assert (decode_page_size(0), decode_page_size(1_000)) == (100, 1_000)
    for bad in (-1, 1_001):
        with pytest.raises(InvalidInput, match="page_size"):
            decode_page_size(bad)


def test_a_page_ends_before_the_answer_grows_too_large() -> None:
    big = sources_pb2.Source(display_name="x" * 1_000_000)
    assert len(fitting([big] * 9)) == 4
    assert len(fitting([sources_pb2.Source(display_name="x" * 5_000_000)])) == 1
    assert fitting(list[sources_pb2.Source]()) == []
