"""The recorder keeps what was found, once, on the right source."""

from dataclasses import replace

import pytest

from reputable.adapters.names import LetterLore
from reputable.application.acknowledging import Recorded
from reputable.application.listing import VerdictLister, VerdictState
from reputable.application.recording import Recorder, ScorecardRequest, VerdictRequest
from reputable.application.shared_rows import SharedRows
from reputable.application.writes import Withdrawal
from reputable.domain.digests import EMPTY_DIGEST
from reputable.domain.epochs import PriorEpoch
from reputable.domain.errors import (
    AlreadyRetracted,
    IdempotencyConflict,
    InvalidInput,
    MergeRefused,
    SourceConflict,
    SourceNotFound,
    VerdictNotFound,
)
from reputable.domain.sources import Source, SourceKind, SourceReference
from reputable.domain.times import DAY, MINUTE, Micros
from reputable.domain.verdicts import Level, Scorecard, Standing, Verdict
from tests.builders import NOON, claim, named
from tests.fakes import InMemoryLedger, SetClock

ME = "local"


class Desk:
    """A recorder with all that it needs."""

    def __init__(self) -> None:
        self.clock = SetClock()
        self.ledger = InMemoryLedger(self.clock)
        lore = LetterLore()
        self.shared = SharedRows(self.ledger, lore, PriorEpoch(0))
        self.recorder = Recorder(clock=self.clock, ledger=self.ledger, shared=self.shared, names=lore)
        self.lister = VerdictLister(self.ledger, self.shared)

    async def record(
        self,
        request_id: str,
        text: str = "The bridge was rebuilt.",
        *,
        source: str = "Ministry of Works",
        truthfulness: float | None = 1.0,
        reviewed_at: Micros = NOON - DAY,
        reviewer: str = "Desk",
    ) -> Recorded:
        verdict = Verdict(claim(text, source), truthfulness, reviewer, reviewed_at)
        return await self.recorder.record_verdict(ME, VerdictRequest(verdict, request_id))


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_an_unknown_name_is_registered_with_its_first_verdict(desk: Desk) -> None:
    first = await desk.record("a")
    assert (first.source_id, first.source_created, first.revision) == ("ministry-of-works", True, 2)
    second = await desk.record("b", source="MINISTRY  of works")
    assert (second.source_id, second.source_created) == ("ministry-of-works", False)


async def test_a_merely_similar_name_is_a_source_of_its_own(desk: Desk) -> None:
    await desk.record("a", source="Russian Ministry of Defence")
    other = await desk.record("b", source="British Ministry of Defence")
    typo = await desk.record("c", source="Russian Ministry of Defense")
    assert other.source_created
    assert typo.source_created


async def test_an_id_must_be_known(desk: Desk) -> None:
    verdict = Verdict(replace(claim(), source=SourceReference(id="nobody")), 1.0, "Desk", NOON)
    with pytest.raises(SourceNotFound):
        await desk.recorder.record_verdict(ME, VerdictRequest(verdict, "a"))
    assert (await desk.ledger.state()).revision == 0


async def test_a_name_whose_derived_id_is_taken_gets_another_id(desk: Desk) -> None:
    await desk.recorder.create_source(ME, Source("ministry-of-works", "Someone Else"))
    recorded = await desk.record("a")
    assert recorded.source_created
    assert recorded.source_id.startswith("ministry-of-works-")
    assert (await desk.record("b", "another")).source_id == recorded.source_id


async def test_a_batch_answers_each_item_in_order(desk: Desk) -> None:
    good = VerdictRequest(Verdict(claim("one"), 1.0, "Desk", NOON), "a")
    bad = VerdictRequest(Verdict(claim("two"), 1.5, "Desk", NOON), "b")
    unnamed = VerdictRequest(Verdict(claim("three"), 1.0, "Desk", NOON), "")
    outcomes = await desk.recorder.record_verdicts(ME, [good, bad, unnamed, good._replace(request_id="c")])
    assert [type(o) for o in outcomes] == [Recorded, InvalidInput, InvalidInput, Recorded]
    assert [o.source_created for o in outcomes if isinstance(o, Recorded)] == [True, False]


async def test_a_retry_is_answered_as_a_duplicate_also_after_the_source_got_another_name(desk: Desk) -> None:
    first = await desk.record("a")
    again = await desk.record("a")
    assert again == first._replace(duplicate=True, source_created=False)


async def test_the_same_key_with_another_finding_is_refused(desk: Desk) -> None:
    await desk.record("a")
    with pytest.raises(IdempotencyConflict):
        await desk.record("a", truthfulness=0.0)
    with pytest.raises(IdempotencyConflict):
        await desk.record("a", reviewed_at=NOON - 2 * DAY)


async def test_a_default_review_time_does_not_make_a_retry_another_request(desk: Desk) -> None:
    def request() -> VerdictRequest:
        return VerdictRequest(Verdict(claim(), 1.0, "Desk", desk.clock.now()), "a", review_time_given=False)

    first = await desk.recorder.record_verdict(ME, request())
    desk.clock.moment += 60 * MINUTE
    assert await desk.recorder.record_verdict(ME, request()) == first._replace(duplicate=True, source_created=False)
    with pytest.raises(IdempotencyConflict):
        await desk.recorder.record_verdict(ME, request()._replace(review_time_given=True))


async def test_a_review_time_slightly_ahead_is_the_same_request_when_sent_again(desk: Desk) -> None:
    await desk.record("a", reviewed_at=NOON + MINUTE)
    desk.clock.moment += 10 * MINUTE
    assert (await desk.record("a", reviewed_at=NOON + MINUTE)).duplicate


async def test_a_retraction_restores_the_record_digest(desk: Desk) -> None:
    first = await desk.record("a", "claim 1")
    second = await desk.record("b", "claim 2")
    back = await desk.recorder.retract(ME, second.verdict_id, "mistaken", "c")
    assert (back.record_digest, back.source_id) == (first.record_digest, first.source_id)
    assert (await desk.recorder.retract(ME, second.verdict_id, "mistaken", "c")).duplicate
    with pytest.raises(AlreadyRetracted):
        await desk.recorder.retract(ME, second.verdict_id, "mistaken", "d")


@pytest.mark.parametrize("identifier", ["", "v", "v1", "v99", "vx", "2", "v٣", "v" + "9" * 30])
async def test_only_a_verdicts_id_names_what_to_retract(desk: Desk, identifier: str) -> None:
    await desk.record("a")
    with pytest.raises(VerdictNotFound):
        await desk.recorder.retract(ME, identifier, "mistaken", "b")


async def test_all_of_a_reviewers_verdicts_can_be_taken_back_at_once(desk: Desk) -> None:
    before = await desk.record("a", reviewer="Trusted")
    for i in range(5):
        await desk.record(f"h{i}", f"claim {i}", reviewer="Hostile", truthfulness=0.0)
    await desk.record("h9", reviewer="Hostile", source="Another Source")
    withdrawal = Withdrawal(ME, "w", "Hostile", "", "brigading")
    done = await desk.recorder.retract_by_reviewer(withdrawal)
    assert (done.count, done.recorded.duplicate) == (6, False)
    _, held = await desk.ledger.heads(["ministry-of-works", "another-source"])
    assert held["ministry-of-works"].record_digest == before.record_digest
    assert held["another-source"].record_digest == EMPTY_DIGEST
    again = await desk.recorder.retract_by_reviewer(withdrawal)
    assert (again.count, again.recorded.duplicate, again.recorded.revision) == (6, True, done.recorded.revision)
    with pytest.raises(IdempotencyConflict):
        await desk.recorder.retract_by_reviewer(replace(withdrawal, reviewer="Trusted"))
    with pytest.raises(VerdictNotFound):
        await desk.recorder.retract_by_reviewer(replace(withdrawal, request_id="w2"))


async def test_a_reviewers_verdicts_can_be_taken_back_on_one_source_with_those_merged_into_it(desk: Desk) -> None:
    await desk.record("a", source="One")
    await desk.record("b", source="Two")
    await desk.record("c", source="Three")
    await desk.recorder.merge_sources(ME, "two", "one")
    done = await desk.recorder.retract_by_reviewer(Withdrawal(ME, "w", "Desk", "one", "mistaken"))
    assert done.count == 2
    with pytest.raises(SourceNotFound):
        await desk.recorder.retract_by_reviewer(Withdrawal(ME, "w2", "Desk", "four", "mistaken"))


async def test_a_scorecard_is_recorded_like_a_verdict(desk: Desk) -> None:
    card = Scorecard(named("Ministry of Works"), "Desk", NOON - 2 * DAY, NOON - DAY, (Level(1.0, 3), Level(0.0, 1)))
    first = await desk.recorder.record_scorecard(ME, ScorecardRequest(card, "a"))
    assert first.source_created
    assert (await desk.recorder.record_scorecard(ME, ScorecardRequest(card, "a"))).duplicate
    assert (await desk.recorder.retract(ME, first.verdict_id, "mistaken", "b")).record_digest == EMPTY_DIGEST


async def test_a_standing_that_is_so_already_is_a_duplicate(desk: Desk) -> None:
    assert not (await desk.recorder.set_standing(ME, "Desk", Standing.ESTABLISHED, "a")).duplicate
    assert (await desk.recorder.set_standing(ME, " Desk ", Standing.ESTABLISHED, "b")).duplicate
    assert desk.shared.standings()["Desk"] is Standing.ESTABLISHED


async def test_creating_a_source_again_adds_its_new_aliases(desk: Desk) -> None:
    source = Source("", "Ministry of Works", SourceKind.GOVERNMENT_BODY, ("MoW",))
    made, first = await desk.recorder.create_source(ME, source)
    assert (made.id, made.kind, first.duplicate) == ("ministry-of-works", SourceKind.GOVERNMENT_BODY, False)
    again, second = await desk.recorder.create_source(ME, source)
    assert (again, second.duplicate) == (made, True)
    more, third = await desk.recorder.create_source(ME, replace(source, aliases=("Works",)))
    assert (more.aliases, third.duplicate) == (("MoW", "Works"), False)
    assert (await desk.record("a", source="works")).source_id == made.id


async def test_a_kind_that_comes_to_be_known_counts_from_then_on(desk: Desk) -> None:
    recorded = await desk.record("a")
    source = Source("", "Ministry of Works", SourceKind.GOVERNMENT_BODY)
    made, created = await desk.recorder.create_source(ME, source)
    assert (made.kind, created.duplicate) == (SourceKind.GOVERNMENT_BODY, False)
    directory = desk.shared.directory
    assert directory.get(made.id, created.revision).kind is SourceKind.GOVERNMENT_BODY
    assert directory.get(made.id, recorded.revision).kind is SourceKind.UNSPECIFIED
    again = SharedRows(desk.ledger, LetterLore(), PriorEpoch(0))
    await again.catch_up()
    assert again.directory.get(made.id).kind is SourceKind.GOVERNMENT_BODY
    with pytest.raises(SourceConflict):
        await desk.recorder.create_source(ME, replace(source, kind=SourceKind.PERSON))


async def test_a_source_created_with_a_key_is_created_once(desk: Desk) -> None:
    source = Source("", "Ministry of Works")
    await desk.recorder.create_source(ME, source, "k")
    assert (await desk.recorder.create_source(ME, source, "k"))[1].duplicate
    with pytest.raises(IdempotencyConflict):
        await desk.recorder.create_source(ME, Source("", "Another"), "k")


async def test_a_name_or_an_id_of_another_source_is_refused(desk: Desk) -> None:
    await desk.recorder.create_source(ME, Source("works", "Ministry of Works"))
    with pytest.raises(SourceConflict):
        await desk.recorder.create_source(ME, Source("other", "Ministry of Works"))
    with pytest.raises(SourceConflict):
        await desk.recorder.create_source(ME, Source("works", "Quite Another"))


async def test_after_a_merge_verdicts_go_to_the_source_that_stays(desk: Desk) -> None:
    await desk.record("a", source="One")
    await desk.record("b", source="Two")
    stays, merged = await desk.recorder.merge_sources(ME, "two", "one")
    assert (stays.id, merged.duplicate) == ("one", False)
    assert (await desk.record("c", "later", source="Two")).source_id == "one"
    with pytest.raises(MergeRefused):
        await desk.recorder.merge_sources(ME, "two", "one")
    with pytest.raises(SourceNotFound):
        await desk.recorder.merge_sources(ME, "three", "one")


async def test_what_is_recorded_is_listed_newest_first_with_its_state(desk: Desk) -> None:
    old = await desk.record("a", "claim 1", truthfulness=0.0)
    new = await desk.record("b", "claim 1")
    gone = await desk.record("c", "claim 2", truthfulness=None)
    await desk.recorder.retract(ME, gone.verdict_id, "mistaken", "d")
    card = Scorecard(named("Ministry of Works"), "Desk", NOON - 2 * DAY, NOON - DAY, (Level(1.0, 3),))
    counted = await desk.recorder.record_scorecard(ME, ScorecardRequest(card, "e"))
    rows = await desk.lister.page("ministry-of-works", most=10, include_inactive=True)
    assert [(row.revision, row.state) for row in rows] == [
        (counted.revision, VerdictState.ACTIVE),
        (gone.revision, VerdictState.RETRACTED),
        (new.revision, VerdictState.ACTIVE),
        (old.revision, VerdictState.SUPERSEDED),
    ]
    assert rows[0].content == card.checked(NOON)
    assert rows[2].content == Verdict(claim("claim 1"), 1.0, "Desk", NOON - DAY)
    assert rows[2].verdict_id == new.verdict_id
    active = await desk.lister.page("ministry-of-works", most=1)
    assert [row.revision for row in active] == [counted.revision]
    rest = await desk.lister.page("ministry-of-works", most=10, before=counted.revision)
    assert [row.revision for row in rest] == [new.revision]


async def test_the_list_of_a_source_holds_what_was_merged_into_it(desk: Desk) -> None:
    await desk.record("a", source="One")
    await desk.record("b", source="Two", truthfulness=0.0)
    await desk.recorder.merge_sources(ME, "two", "one")
    for source_id in ("one", "two"):
        rows = await desk.lister.page(source_id, most=10, include_inactive=True)
        assert [row.state for row in rows] == [VerdictState.ACTIVE, VerdictState.SUPERSEDED]
    with pytest.raises(SourceNotFound):
        await desk.lister.page("three", most=10)
