"""Reliability follows verdicts in the right direction, and hostile newcomers move it little."""

from hypothesis import given
from hypothesis import strategies as st

from reputable.domain.digests import digest
from reputable.domain.epochs import PriorEpoch
from reputable.domain.findings import Finding
from reputable.domain.records import TrackRecord, summarise
from reputable.domain.times import DAY
from reputable.domain.verdicts import Level, Standing
from reputable.learning import artifact

MODEL = artifact.load(artifact.MODELS_FOLDER / artifact.DEFAULT_VERSION)
NOW = 20_000 * DAY
STANDINGS = {"desk": Standing.ESTABLISHED, "lab": Standing.ESTABLISHED}
TOLERANCE = 1e-12


def finding(number: int, truthfulness: float, age: int, reviewer: str, retracted_at: int = 0) -> Finding:
    """A verdict on a claim of its own."""
    return Finding(
        revision=number + 1,
        reviewer=reviewer,
        key=digest("claim", number, size=16),
        reviewed_at=NOW - age * DAY - 1,
        levels=(Level(truthfulness, 1),),
        retracted_at=retracted_at,
    )


def record(findings: list[Finding]) -> TrackRecord:
    return summarise(findings, STANDINGS, as_of=NOW, ledger_key=b"")


def reliability(findings: list[Finding]) -> float:
    return MODEL.reliability(record(findings), EPOCH).value


EPOCH = PriorEpoch(1, base_rate=0.5, recent_rate=0.4, collective_rate=0.1)
VERDICTS = st.lists(
    st.tuples(st.floats(0.0, 1.0), st.integers(0, 4_000), st.sampled_from(["desk", "lab", "new-1", "new-2"])),
    max_size=60,
)


@given(VERDICTS, st.floats(0.5, 1.0), st.sampled_from(["desk", "new-1", "new-3"]))
def test_a_credible_verdict_that_comes_last_never_lowers_reliability(
    verdicts: list[tuple[float, int, str]], truthfulness: float, reviewer: str
) -> None:
    before = [finding(number, *each) for number, each in enumerate(verdicts)]
    after = [*before, finding(len(before), truthfulness, 0, reviewer)]
    assert reliability(after) >= reliability(before) - TOLERANCE


@given(VERDICTS, st.floats(0.0, 0.49), st.sampled_from(["desk", "new-1", "new-3"]))
def test_a_verdict_that_is_not_credible_and_comes_last_never_raises_it(
    verdicts: list[tuple[float, int, str]], truthfulness: float, reviewer: str
) -> None:
    before = [finding(number, *each) for number, each in enumerate(verdicts)]
    after = [*before, finding(len(before), truthfulness, 0, reviewer)]
    assert reliability(after) <= reliability(before) + TOLERANCE


@given(VERDICTS, st.floats(0.5, 1.0), st.integers(0, 4_000))
def test_a_credible_verdict_of_an_established_reviewer_never_lowers_it_whatever_its_age(
    verdicts: list[tuple[float, int, str]], truthfulness: float, age: int
) -> None:
    before = [finding(number, *each) for number, each in enumerate(verdicts)]
    after = [*before, finding(len(before), truthfulness, age, "desk")]
    assert reliability(after) >= reliability(before) - TOLERANCE


@given(VERDICTS)
def test_the_reliability_lies_within_its_interval(verdicts: list[tuple[float, int, str]]) -> None:
    found = MODEL.reliability(record([finding(n, *each) for n, each in enumerate(verdicts)]), EPOCH)
    assert 0.0 <= found.interval.lower <= found.value <= found.interval.upper <= 1.0


@given(st.sampled_from(["one newcomer", "200 newcomers"]), st.integers(0, 30))
def test_200_hostile_verdicts_of_newcomers_move_a_known_source_by_less_than_a_twentieth(who: str, age: int) -> None:
    known = [finding(n, 1.0 if n % 5 else 0.0, n * 3, "desk") for n in range(100)]
    hostile = [finding(1_000 + n, 0.0, age, "troll" if who == "one newcomer" else f"troll-{n}") for n in range(200)]
    assert abs(reliability([*known, *hostile]) - reliability(known)) < 0.05
    retracted = [each._replace(retracted_at=2_000 + n) for n, each in enumerate(hostile)]
    assert record([*known, *retracted]).digest == record(known).digest
    assert reliability([*known, *retracted]) == reliability(known)
