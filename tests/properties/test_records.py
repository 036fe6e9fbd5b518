"""Invariants of findings, records and their digests."""

import random

from hypothesis import assume, given
from hypothesis import strategies as st

from reputable.domain.digests import DIGEST_SIZE, EMPTY_DIGEST, add, subtract
from reputable.domain.findings import Finding, active, of_scorecard, of_verdict, record_digest
from reputable.domain.records import TrackRecord, summarise
from reputable.domain.times import DAY
from reputable.domain.verdicts import Level, Scorecard, Standing, Verdict
from tests.builders import NOON, claim, named

KEY = b"k" * 32
REVIEWERS = ("Desk", "Bureau", "Passer-by")
STANDINGS = {"Desk": Standing.ESTABLISHED, "Bureau": Standing.ESTABLISHED}

truthfulness = st.one_of(st.none(), st.floats(0, 1))
days = st.integers(1, 3_000)
digests = st.binary(min_size=DIGEST_SIZE, max_size=DIGEST_SIZE)


@st.composite
def verdicts(draw: st.DrawFn) -> Finding:
    text = f"claim {draw(st.integers(0, 12))}"
    verdict = Verdict(claim(text), draw(truthfulness), draw(st.sampled_from(REVIEWERS)), NOON - draw(days) * DAY)
    return of_verdict(verdict.checked(NOON))


@st.composite
def scorecards(draw: st.DrawFn) -> Finding:
    start = draw(st.integers(2, 3_000))
    counts = draw(st.lists(st.integers(0, 30), min_size=2, max_size=2))
    levels = (Level(0.2, counts[0]), Level(0.8, counts[1]))
    reviewer = draw(st.sampled_from(REVIEWERS))
    end = NOON - (start - draw(st.integers(1, start - 1))) * DAY
    return of_scorecard(Scorecard(named("x"), reviewer, NOON - start * DAY, end, levels).checked(NOON))


def distinct(findings: list[Finding]) -> list[Finding]:
    """One finding for each reviewer and subject."""
    return list({(f.reviewer, f.key): f for f in findings}.values())


findings = st.lists(st.one_of(verdicts(), scorecards()), max_size=25).map(distinct)


def numbered(found: list[Finding]) -> list[Finding]:
    """Findings in the order of their arrival."""
    return [finding._replace(revision=revision) for revision, finding in enumerate(found, 1)]


def record(found: list[Finding]) -> TrackRecord:
    return summarise(numbered(found), STANDINGS, as_of=NOON, ledger_key=KEY)


@given(findings, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(found: list[Finding], rng: random.Random) -> None:
    """... for distinct (reviewer, claim): records are equal to the last bit."""
    shuffled = rng.sample(found, len(found))
    assert record(shuffled) == record(found)


@given(findings, verdicts())
def test_a_verdict_found_credible_never_lowers_the_credible_share(found: list[Finding], more: Finding) -> None:
    single = [f for f in found if f.period_start is None and (f.reviewer, f.key) != (more.reviewer, more.key)]
    credible = Finding(0, "Desk", more.key, more.reviewed_at, (Level(1.0, 1),))
    assume(("Desk", more.key) not in {(f.reviewer, f.key) for f in single})
    before, after = record(single).total, record([*single, credible]).total
    assert after.weight > before.weight
    if before.weight:
        assert after.credible / after.weight >= before.credible / before.weight - 1e-12


@given(findings, findings)
def test_what_is_retracted_leaves_no_trace(found: list[Finding], hostile: list[Finding]) -> None:
    known = {(f.reviewer, f.key) for f in found}
    sent = [f for f in hostile if (f.reviewer, f.key) not in known]
    rows = numbered([*found, *sent])
    last = len(rows) + 1
    kept = [row if row.revision <= len(found) else row._replace(retracted_at=last) for row in rows]
    assert summarise(kept, STANDINGS, as_of=NOON, ledger_key=KEY) == record(found)
    as_then = summarise(kept, STANDINGS, as_of=NOON, ledger_key=KEY, at_revision=last - 1)
    assert as_then == summarise(rows, STANDINGS, as_of=NOON, ledger_key=KEY)


@given(findings, verdicts(), truthfulness)
def test_a_later_finding_on_the_same_subject_replaces_the_earlier(
    found: list[Finding], first: Finding, later: float | None
) -> None:
    others = [f for f in found if (f.reviewer, f.key) != (first.reviewer, first.key)]
    levels = () if later is None else (Level(later, 1),)
    second = Finding(0, first.reviewer, first.key, first.reviewed_at, levels, 1 if later is None else 0)
    assert record([*others, first, second]) == record([*others, second])


@given(findings)
def test_records_are_as_of_their_moment(found: list[Finding]) -> None:
    moment = NOON - 1_000 * DAY
    rows = numbered(found)
    known_then = [f for f in rows if f.reviewed_at < moment or (f.period_start is not None and f.reviewed_at == moment)]
    late = summarise(rows, STANDINGS, as_of=moment, ledger_key=KEY)
    early = summarise(known_then, STANDINGS, as_of=moment, ledger_key=KEY)
    assert (late.digest, late.total, late.decayed) == (early.digest, early.total, early.decayed)


@given(findings, findings)
def test_distinct_findings_have_distinct_digests(one: list[Finding], other: list[Finding]) -> None:
    same = {f.content_digest(KEY) for f in one} == {f.content_digest(KEY) for f in other}
    assert (record_digest(one, KEY) == record_digest(other, KEY)) == same


@given(findings)
def test_the_record_digest_is_keyed(found: list[Finding]) -> None:
    standing = active(numbered(found))
    assert (record_digest(standing, KEY) == record_digest(standing, b"z" * 32)) == (not standing)


@given(st.lists(digests, max_size=6), st.randoms(use_true_random=False))
def test_digests_add_up_in_any_order_and_can_be_taken_away(found: list[bytes], rng: random.Random) -> None:
    total = EMPTY_DIGEST
    for part in found:
        total = add(total, part)
    for part in rng.sample(found, len(found)):
        total = subtract(total, part)
    assert total == EMPTY_DIGEST
