"""The bytes that are written directly are those of the generated classes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reputable.api.conversion.wire import encode_fixed, encode_moment_of, framed, varint
from reputable.domain.admiralty import AdmiraltyPair
from reputable.domain.assessments import (
    Assessment,
    Basis,
    Counterfactual,
    DegradedPart,
    Factor,
    Interval,
    Reliability,
    Score,
    ServedFrom,
    SimilarVerdict,
)
from reputable.domain.sources import Candidate, Resolution, ResolutionMethod
from reputable.domain.times import DAY, EARLIEST, LATEST
from reputable.v1 import assessment_pb2, credibility_pb2
from tests.builders import NOON
from tests.plain_encoding import plain_assessment

SCORE = Score(
    credibility=0.7,
    interval=Interval(0.6, 0.8),
    reliability=Reliability(0.55, Interval(0.5, 0.6), 12.5),
    admiralty=AdmiraltyPair("C", 3),
    evidence_count=14,
    basis=Basis.TRACK_RECORD,
    factors=(Factor("memory", 0.3, "Similar.", (SimilarVerdict("v1", "Hail fell.", "a", 1.0, NOON, "D", "", 0.9),)),),
    counterfactual=Counterfactual(0.5, 0.6),
)
ASSESSMENT = Assessment(
    score=SCORE,
    resolution=Resolution("a", "A", ResolutionMethod.SIMILAR, (Candidate("a", "A", 0.99),), "b"),
    model_version="m1",
    prior_epoch=3,
    decay_day=NOON // DAY,
    as_of=NOON,
    at_revision=7,
    source_revision=2,
    record_digest=bytes(32),
    assessed_at=NOON,
    expires_at=NOON + DAY,
    served_from=ServedFrom.REDIS,
    degraded=(DegradedPart.REDIS,),
)

shares = st.floats(0.0, 1.0, exclude_min=True, exclude_max=True)
intervals = st.tuples(shares, shares).map(lambda pair: Interval(min(pair), max(pair)))
times = st.integers(EARLIEST, LATEST)
counts = st.integers(0, 2**63 - 1)
scores = st.builds(
    Score,
    credibility=shares,
    interval=intervals,
    reliability=st.builds(Reliability, shares, intervals, st.floats(0.0, 1e9)),
    admiralty=st.builds(AdmiraltyPair, st.sampled_from("ABCDEF"), st.integers(2, 6)),
    evidence_count=counts,
    basis=st.sampled_from(Basis),
    factors=st.lists(st.builds(Factor, st.text(), st.floats(-9, 9), st.text()), max_size=3).map(tuple),
    counterfactual=st.none() | st.builds(Counterfactual, shares, shares),
)
assessments = st.builds(
    Assessment,
    score=scores,
    resolution=st.builds(Resolution, st.text(), st.text(), st.sampled_from(ResolutionMethod)),
    model_version=st.text(),
    prior_epoch=counts,
    decay_day=st.integers(EARLIEST // DAY, LATEST // DAY),
    as_of=times,
    at_revision=counts,
    source_revision=counts,
    record_digest=st.binary(min_size=32, max_size=32),
    assessed_at=times,
    expires_at=times,
    served_from=st.sampled_from(ServedFrom),
    degraded=st.lists(st.sampled_from(DegradedPart), unique=True).map(tuple),
)


def _read(assessment: Assessment) -> assessment_pb2.Assessment:
    return assessment_pb2.Assessment.FromString(encode_fixed(assessment) + encode_moment_of(assessment))


@given(assessments)
def test_an_assessment_reads_as_the_generated_classes_write_it(assessment: Assessment) -> None:
    assert _read(assessment) == plain_assessment(assessment)


def test_every_field_of_an_assessment_is_told() -> None:
    message = _read(ASSESSMENT)
    assert message == plain_assessment(ASSESSMENT)
    assert {field.name for field, _ in message.ListFields()} == {
        field.name for field in assessment_pb2.Assessment.DESCRIPTOR.fields
    }


def test_a_frame_is_the_first_field_of_every_message_that_holds_an_assessment() -> None:
    message = framed(encode_fixed(ASSESSMENT) + encode_moment_of(ASSESSMENT))
    assert credibility_pb2.AssessClaimResponse.FromString(message).assessment == plain_assessment(ASSESSMENT)
    batch = credibility_pb2.BatchAssessClaimsResponse.FromString(framed(message) * 2)
    assert [result.assessment for result in batch.results] == [plain_assessment(ASSESSMENT)] * 2


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_varint_is_that_of_the_generated_classes(value: int) -> None:
    plain = assessment_pb2.Assessment(at_revision=value).SerializeToString()
    assert plain == (b"\x78" + varint(value) if value else b"")


@pytest.mark.parametrize(
    "broken",
    [{"credibility": float("nan")}, {"credibility": 1.0}, {"interval": Interval(0.8, 0.6)}],
)
def test_a_figure_that_is_not_a_share_never_leaves(broken: dict[str, object]) -> None:
    score = SCORE._replace(**broken)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="credibility"):
        encode_fixed(ASSESSMENT._replace(score=score))
