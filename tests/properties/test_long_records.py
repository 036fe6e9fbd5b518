"""Running sums give the record that summing up gives."""

from dataclasses import astuple
from math import isclose

from hypothesis import given
from hypothesis import strategies as st

from reputable.domain.findings import Finding, of_verdict
from reputable.domain.records import summarise
from reputable.domain.sources import SourceKind
from reputable.domain.times import DAY
from reputable.domain.verdicts import Standing, Verdict
from reputable.learning.long_records import LONG, LongRecord, is_long
from tests.builders import NOON, claim

STANDINGS = {"Desk": Standing.ESTABLISHED, "Bureau": Standing.ESTABLISHED}


@st.composite
def distinct_verdicts(draw: st.DrawFn) -> list[Finding]:
    made = draw(
        st.lists(
            st.tuples(
                st.one_of(st.none(), st.floats(0, 1)),
                st.sampled_from(("Desk", "Bureau", "Passer-by", "Troll")),
                st.integers(1, 3_000),
            ),
            max_size=60,
        )
    )
    return [
        of_verdict(Verdict(claim(f"claim {number}"), truth, reviewer, NOON - days * DAY).checked(NOON), number)
        for number, (truth, reviewer, days) in enumerate(made, 1)
    ]


@given(distinct_verdicts(), st.integers(-10, 3_010))
def test_a_long_record_is_that_of_summing_up_but_for_the_last_bits(found: list[Finding], days_ago: int) -> None:
    as_of = NOON - days_ago * DAY
    known = [finding for finding in found if finding.reviewed_at < as_of]
    exact = summarise(known, STANDINGS, as_of=as_of, ledger_key=None, source_id="s", kind=SourceKind.PERSON)

    quick = LongRecord(found, STANDINGS).at(as_of, "s", SourceKind.PERSON)

    assert alike(astuple(quick), astuple(exact))


def alike(one: object, other: object) -> bool:
    """Whether they are equal, floating-point numbers nearly so."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return one == other


def test_what_replaces_another_or_is_short_is_summed_up() -> None:
    def finding(number: int) -> Finding:
        return of_verdict(Verdict(claim(f"claim {number}"), 1.0, "Desk", NOON - number * DAY).checked(NOON), number)

    many = [finding(number) for number in range(1, LONG + 1)]

    assert is_long(many)
    assert not is_long(many[1:])
    assert not is_long([*many, finding(1)._replace(revision=999)])
    assert not is_long([*many[1:], many[0]._replace(retracted_at=1_000)])
