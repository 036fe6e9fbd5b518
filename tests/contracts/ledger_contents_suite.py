"""What every ledger promises about what it holds: records, sources, standings, epochs."""

import asyncio
from dataclasses import replace

from reputable.application.ports import HistoricalVerdict, Latest, Ledger, Receipt, Write
from reputable.application.writes import epoch_write
from reputable.domain.digests import EMPTY_DIGEST
from reputable.domain.entries import LEDGER_CHAIN
from reputable.domain.epochs import PriorEpoch, Recalibration
from reputable.domain.errors import (
    AlreadyRetracted,
    MergeRefused,
    SourceConflict,
    SourceNotFound,
    VerdictNotFound,
)
from reputable.domain.findings import active, record_digest
from reputable.domain.sources import SourceKind
from reputable.domain.times import DAY
from reputable.domain.verdicts import Standing
from tests.builders import NOON
from tests.contracts.ledger_suite import LedgerSuite
from tests.ledger_writes import (
    CHAIN,
    accept,
    accepted,
    counted,
    found,
    merge,
    refusal,
    retraction,
    source,
    standing,
)

EVERYTHING = Latest(1_000_000)


async def history_of(
    ledger: Ledger, before: int = NOON, at_revision: int = 10**9, latest: Latest = EVERYTHING
) -> list[HistoricalVerdict]:
    return [row async for row in ledger.history(reviewed_before=before, at_revision=at_revision, latest=latest)]


class Records(LedgerSuite):
    """Heads, findings, retractions."""

    async def test_the_heads_digest_is_that_of_the_active_findings(self, ledger: Ledger) -> None:
        await accepted(
            ledger,
            found("a", "claim 1"),
            found("b", "claim 2", truthfulness=None),
            counted("c", (-0.0, 3), (1.0, 4)),
            found("d", "claim 1", truthfulness=-0.0),
            retraction("e", 3),
        )
        state, held = await ledger.findings([CHAIN, "unknown"])
        assert state.revision == 6
        assert set(held) == {CHAIN}
        expected = record_digest(active(held[CHAIN].findings), ledger.identity.record_key)
        assert held[CHAIN].head.record_digest == expected
        kept = await ledger.finding_digests(CHAIN)
        key = ledger.identity.record_key
        assert kept == {f.revision: f.content_digest(key) for f in held[CHAIN].findings}
        assert held[CHAIN].head.revision == 6

    async def test_findings_come_back_as_they_were(self, ledger: Ledger) -> None:
        writes = [found("a"), found("b", "claim 2", truthfulness=None), counted("c", (0.0, 3), (0.5, 0), (1.0, 4))]
        receipts = await accepted(ledger, *writes)
        _, held = await ledger.findings([CHAIN])
        expected = [w.finding._replace(revision=r.revision) for w, r in zip(writes, receipts, strict=True) if w.finding]
        assert list(held[CHAIN].findings) == expected

    async def test_a_later_verdict_on_the_same_claim_by_the_same_reviewer_supersedes(self, ledger: Ledger) -> None:
        alone = await accept(ledger, found("a", truthfulness=0.0))
        await accept(ledger, found("b", truthfulness=1.0))
        back = await accept(ledger, found("c", truthfulness=0.0))
        assert back.record_digest == alone.record_digest
        _, held = await ledger.findings([CHAIN])
        assert [f.revision for f in active(held[CHAIN].findings)] == [4]
        assert len(held[CHAIN].findings) == 3

    async def test_another_reviewers_verdict_supersedes_nothing(self, ledger: Ledger) -> None:
        await accepted(ledger, found("a"), found("b", reviewer="Another"))
        _, held = await ledger.findings([CHAIN])
        assert len(active(held[CHAIN].findings)) == 2

    async def test_a_retraction_restores_the_digest_exactly(self, ledger: Ledger) -> None:
        before = await accept(ledger, found("a", "claim 1"))
        added = await accept(ledger, found("b", "claim 2"))
        assert added.record_digest != before.record_digest
        restored = await accept(ledger, retraction("c", added.revision))
        assert restored.record_digest == before.record_digest
        emptied = await accept(ledger, retraction("d", before.revision))
        assert emptied.record_digest == EMPTY_DIGEST

    async def test_retracting_what_stands_brings_back_what_it_superseded(self, ledger: Ledger) -> None:
        first = await accept(ledger, found("a", truthfulness=0.0))
        second = await accept(ledger, found("b", truthfulness=0.5))
        third = await accept(ledger, found("c", truthfulness=1.0))
        silent = await accept(ledger, retraction("d", second.revision))
        assert silent.record_digest == third.record_digest
        restored = await accept(ledger, retraction("e", third.revision))
        assert restored.record_digest == first.record_digest

    async def test_a_batch_may_retract_a_whole_subject(self, ledger: Ledger) -> None:
        receipts = await accepted(ledger, *[found(f"r{i}", truthfulness=i / 4) for i in range(4)])
        last = (await accepted(ledger, *[retraction(f"x{r.revision}", r.revision) for r in receipts]))[-1]
        assert last.record_digest == EMPTY_DIGEST

    async def test_what_was_retracted_or_never_was_cannot_be_retracted(self, ledger: Ledger) -> None:
        receipt = await accept(ledger, found("a"))
        await accept(ledger, source("other"))
        await accept(ledger, retraction("b", receipt.revision))
        assert isinstance(await refusal(ledger, retraction("c", receipt.revision)), AlreadyRetracted)
        assert isinstance(await refusal(ledger, retraction("d", 1)), VerdictNotFound)
        assert isinstance(await refusal(ledger, retraction("e", 99)), VerdictNotFound)
        assert isinstance(await refusal(ledger, retraction("f", receipt.revision, chain="other")), VerdictNotFound)
        assert (await accept(ledger, retraction("b", receipt.revision))).duplicate

    async def test_retractions_are_told_with_their_rows(self, ledger: Ledger) -> None:
        a, b = await accepted(ledger, found("a", "claim 1"), found("b", "claim 2"))
        taken = await accept(ledger, retraction("c", a.revision))
        assert await ledger.retractions([a.revision, b.revision, 99]) == {a.revision: taken.revision}
        _, held = await ledger.findings([CHAIN])
        assert [f.retracted_at for f in held[CHAIN].findings] == [taken.revision, 0]

    async def test_what_a_reviewer_recorded_is_found_on_one_source_or_on_all(self, ledger: Ledger) -> None:
        await accept(ledger, source("other"))
        a, b, c, _ = await accepted(
            ledger,
            found("a", "claim 1"),
            found("b", "claim 2", chain="other"),
            found("c", "claim 3"),
            found("d", "claim 4", reviewer="Another"),
        )
        await accept(ledger, retraction("e", c.revision))
        assert await ledger.reviewed_by("Desk", "") == [(a.revision, CHAIN), (b.revision, "other")]
        assert await ledger.reviewed_by("Desk", "other") == [(b.revision, "other")]
        assert await ledger.reviewed_by("Nobody", "") == []

    async def test_history_tells_what_stood_then_in_order_of_review(self, ledger: Ledger) -> None:
        late = await accept(ledger, found("a", "claim 1", reviewed_at=NOON - 2 * DAY))
        early = await accept(ledger, found("b", "claim 2", reviewed_at=NOON - 9 * DAY))
        await accept(ledger, counted("c", (1.0, 4)))
        gone = await accept(ledger, retraction("d", late.revision))
        again = await accept(ledger, found("e", "claim 2", truthfulness=0.0, reviewed_at=NOON - 3 * DAY))
        assert [(r.revision, r.source_id) for r in await history_of(ledger)] == [(again.revision, CHAIN)]
        before = await history_of(ledger, at_revision=gone.revision - 1)
        assert [r.revision for r in before] == [early.revision, late.revision]
        assert before[0].verdict.claim.text == "claim 2"
        only = await history_of(ledger, before=NOON - 5 * DAY)
        assert [r.revision for r in only] == [early.revision]
        assert await history_of(ledger, before=NOON - 9 * DAY) == []

    async def test_the_latest_of_the_history_are_those_reviewed_last_in_order_of_review(self, ledger: Ledger) -> None:
        await accepted(ledger, *(found(f"r{n}", f"claim {n}", reviewed_at=NOON - (n + 1) * DAY) for n in range(5)))
        everything = await history_of(ledger)

        assert len(everything) == 5
        assert await history_of(ledger, latest=Latest(2)) == everything[-2:]
        assert await history_of(ledger, latest=Latest(9)) == everything
        assert await history_of(ledger, latest=Latest(0)) == []

    async def test_what_is_reserved_for_reviewers_is_not_pushed_out_by_others(self, ledger: Ledger) -> None:
        await accepted(
            ledger,
            *(found(f"r{n}", f"claim {n}", reviewer="Desk", reviewed_at=NOON - (n + 9) * DAY) for n in range(3)),
            *(found(f"s{n}", f"claim {n}", reviewer=f"Bot {n}", reviewed_at=NOON - (n + 1) * DAY) for n in range(5)),
        )
        everything = await history_of(ledger)

        assert await history_of(ledger, latest=Latest(4, ["Desk"], 2)) == [*everything[1:3], *everything[-2:]]
        assert await history_of(ledger, latest=Latest(4, ["Desk"], 9)) == [*everything[:3], *everything[-1:]]
        assert await history_of(ledger, latest=Latest(7, ["Desk"], 1)) == everything[1:]
        assert await history_of(ledger, latest=Latest(4, ["Nobody"], 4)) == everything[-4:]


class Sources(LedgerSuite):
    """Names, kinds, merges."""

    async def test_sources_and_merges_are_told_in_order(self, ledger: Ledger) -> None:
        await accepted(ledger, source("b", aliases=("bee",), kind=SourceKind.PERSON), found("a"), merge(CHAIN, "b"))
        rows = await ledger.registered_sources(0)
        assert [(r.revision, r.source.id, r.source.merged_into) for r in rows] == [
            (1, CHAIN, ""),
            (2, "b", ""),
            (4, CHAIN, "b"),
        ]
        assert (rows[1].source.aliases, rows[1].source.kind, rows[1].source.revision) == (
            ("bee",),
            SourceKind.PERSON,
            2,
        )
        assert rows[2].source.revision == 1
        assert [r.revision for r in await ledger.registered_sources(2)] == [4]

    async def test_registering_again_appends_only_what_is_new(self, ledger: Ledger) -> None:
        again = await accept(ledger, source())
        assert (again.revision, again.source_revision, again.duplicate) == (1, 1, True)
        added = await accept(ledger, source(aliases=("the ministry",)))
        assert (added.revision, added.source_revision, added.duplicate) == (2, 2, False)
        known = await accept(ledger, source(CHAIN, "the ministry"))
        assert (known.revision, known.duplicate) == (1, True)

    async def test_a_kind_can_come_to_be_known_but_not_change(self, ledger: Ledger) -> None:
        assert not (await accept(ledger, source(kind=SourceKind.PERSON))).duplicate
        assert (await accept(ledger, source())).duplicate
        assert isinstance(await refusal(ledger, source(kind=SourceKind.ACCOUNT)), SourceConflict)

    async def test_a_name_belongs_to_one_source_and_an_id_to_one_name(self, ledger: Ledger) -> None:
        await accept(ledger, source("b", aliases=("bee",)))
        assert isinstance(await refusal(ledger, source("c", aliases=("bee",))), SourceConflict)
        assert isinstance(await refusal(ledger, source("b", "quite another")), SourceConflict)
        taken, free = await ledger.append([source("d"), source("e", "d")])
        assert isinstance(taken, Receipt)
        assert isinstance(free, SourceConflict)

    async def test_a_verdict_under_a_name_is_refused_on_another_source(self, ledger: Ledger) -> None:
        await accept(ledger, source("b"))
        assert isinstance(await refusal(ledger, found("a", chain="b", names=("bee",))), SourceConflict)
        await accept(ledger, found("a", chain="b", names=("b",)))

    async def test_a_merge_needs_two_sources_that_stand_for_themselves(self, ledger: Ledger) -> None:
        await accepted(ledger, source("b"), source("c"))
        assert isinstance(await refusal(ledger, merge("b", "b")), MergeRefused)
        assert isinstance(await refusal(ledger, merge("b", "nobody")), SourceNotFound)
        assert isinstance(await refusal(ledger, merge("nobody", "b")), SourceNotFound)
        await accept(ledger, merge("b", "c"))
        assert isinstance(await refusal(ledger, merge("b", CHAIN)), MergeRefused)
        assert isinstance(await refusal(ledger, merge(CHAIN, "b")), MergeRefused)
        await accept(ledger, merge("c", CHAIN))

    async def test_a_merge_leaves_each_chain_its_findings(self, ledger: Ledger) -> None:
        await accepted(ledger, source("b"), found("a"), found("b", chain="b"), merge("b", CHAIN))
        _, held = await ledger.findings([CHAIN, "b"])
        assert {i: len(h.findings) for i, h in held.items()} == {CHAIN: 1, "b": 1}


class SharedRows(LedgerSuite):
    """Standings and epochs."""

    async def test_standings_are_told_in_order_and_only_when_they_change(self, ledger: Ledger) -> None:
        first = await accept(ledger, standing("Desk", Standing.ESTABLISHED, "a"))
        same = await accept(ledger, standing("Desk", Standing.ESTABLISHED, "b"))
        assert same == first._replace(duplicate=True)
        await accept(ledger, standing("Desk", Standing.NEW, "c"))
        changes = await ledger.standing_changes(0)
        assert [(c.revision, c.reviewer, c.standing) for c in changes] == [
            (2, "Desk", Standing.ESTABLISHED),
            (3, "Desk", Standing.NEW),
        ]
        assert [c.revision for c in await ledger.standing_changes(2)] == [3]
        assert first.chain == LEDGER_CHAIN

    async def test_the_first_to_write_an_epoch_wins(self, ledger: Ledger) -> None:
        epoch = PriorEpoch(
            number=1,
            start=NOON // DAY * DAY,
            revision=1,
            base_rate=0.4,
            context_rates={"tv ad": (3.5, 9.0)},
            recalibrations={"m-1": {"light": Recalibration(-0.25, 0.9)}},
            memory_digest=b"\x01" * 32,
            extra={"drift": 0.1},
        )
        first, second = await asyncio.gather(
            accept(ledger, epoch_write(epoch)), accept(ledger, epoch_write(replace(epoch, base_rate=0.3)))
        )
        assert sorted([first.duplicate, second.duplicate]) == [False, True]
        (held,) = await ledger.epochs(0)
        assert replace(held, base_rate=0.4) == replace(epoch, held_from=2)
        assert await ledger.epochs(1) == []

    async def test_state_tells_the_last_row_that_touches_every_source(self, ledger: Ledger) -> None:
        await accepted(ledger, standing("Desk", Standing.ESTABLISHED, "a"), found("b"))
        state = await ledger.state()
        assert (state.revision, state.shared_revision) == (3, 2)

    async def test_listeners_hear_of_each_new_row_before_its_receipt(self, ledger: Ledger) -> None:
        heard: list[tuple[Write, Receipt]] = []
        ledger.on_commit(heard.extend)
        writes = [found("a"), found("b", "claim 2")]
        receipts = await accepted(ledger, *writes)
        assert heard == list(zip(writes, receipts, strict=True))
        await accept(ledger, found("a"))
        await refusal(ledger, found("a", truthfulness=0.0))
        assert len(heard) == 2

    async def test_counts_tell_how_many_rows_each_table_has(self, ledger: Ledger) -> None:
        await accepted(ledger, source("b"), found("a"), retraction("r", 3), standing("Desk", Standing.NEW, "s"))
        counts = await ledger.counts()
        assert (counts.entries, counts.findings, counts.heads) == (5, 1, 3)
        assert (counts.sources, counts.names, counts.standings, counts.epochs) == (2, 2, 1, 0)
