"""What every ledger promises; run for each of them by test_ledger_*.py."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest

from reputable.application.ports import Ledger, Receipt
from reputable.domain.entries import NO_PREVIOUS, EntryKind
from reputable.domain.errors import (
    IdempotencyConflict,
    SourceNotFound,
)
from tests.ledger_writes import (
    CALLER,
    CHAIN,
    accept,
    accepted,
    counted,
    found,
    refusal,
    source,
)

OpenLedger = Callable[[], Awaitable[Ledger]]
"""Opens the same ledger again once the one before was closed."""


class LedgerSuite:
    """Subclasses give the fixture `open_ledger`."""

    @pytest.fixture
    async def ledger(self, open_ledger: OpenLedger) -> AsyncIterator[Ledger]:
        ledger = await open_ledger()
        await accept(ledger, source())
        yield ledger
        await ledger.close()


class Revisions(LedgerSuite):
    """Numbers and chains."""

    async def test_revisions_are_dense_and_in_the_order_of_writing(self, ledger: Ledger) -> None:
        receipts = await accepted(ledger, source("b"), *[found(f"r{i}", f"claim {i}") for i in range(5)])
        assert [r.revision for r in receipts] == [2, 3, 4, 5, 6, 7]
        assert [r.source_revision for r in receipts] == [1, 2, 3, 4, 5, 6]
        assert (await ledger.state()).revision == 7

    async def test_concurrent_writers_leave_no_gap_and_each_chain_is_serial(self, ledger: Ledger) -> None:
        await accept(ledger, source("other"))
        both = [found(f"{chain}{i}", f"claim {i}", chain=chain) for i in range(20) for chain in (CHAIN, "other")]
        receipts = [r for part in await asyncio.gather(*(accepted(ledger, w) for w in both)) for r in part]
        assert sorted(r.revision for r in receipts) == list(range(3, 43))
        for chain in (CHAIN, "other"):
            own = sorted((r.revision, r.source_revision) for r in receipts if r.chain == chain)
            assert [source_revision for _, source_revision in own] == list(range(2, 22))

    async def test_each_row_carries_the_digest_of_its_content_and_of_the_row_before(self, ledger: Ledger) -> None:
        await accepted(ledger, found("a", "claim 1"), source("other"), found("b", "claim 2"))
        chain = await ledger.entries(chain=CHAIN)
        assert [e.digest for e in chain] == [e.computed_digest() for e in chain]
        assert [e.previous_digest for e in chain] == [NO_PREVIOUS, *(e.digest for e in chain[:-1])]
        assert len({e.salt for e in chain}) == 3
        _, heads = await ledger.heads([CHAIN, "unknown"])
        assert set(heads) == {CHAIN}
        assert heads[CHAIN].chain_digest == chain[-1].digest

    async def test_a_changed_row_does_not_carry_its_digest(self, ledger: Ledger) -> None:
        await accept(ledger, found("a"))
        entry = (await ledger.entries(chain=CHAIN))[-1]
        assert replace(entry, payload=entry.payload + b" ").computed_digest() != entry.digest
        assert replace(entry, recorded_at=entry.recorded_at + 1).computed_digest() != entry.digest

    async def test_rows_are_read_back_as_written_oldest_or_newest_first(self, ledger: Ledger) -> None:
        writes = [found(f"r{i}", f"claim {i}") for i in range(4)]
        await accepted(ledger, *writes)
        assert [e.payload for e in await ledger.entries(after=1)] == [w.payload for w in writes]
        assert [e.revision for e in await ledger.entries(before=5, limit=2)] == [4, 3]
        assert [e.revision for e in await ledger.entries(chain=CHAIN, before=4)] == [3, 2, 1]
        assert [e.revision for e in await ledger.entries(chain=CHAIN, after=3, limit=1)] == [4]
        await accepted(ledger, source("other"), found("r9", "claim 9"))
        assert [e.revision for e in await ledger.entries(chain=CHAIN, after=6)] == [7]
        assert [e.revision for e in await ledger.entries(chain=CHAIN, before=6, limit=1)] == [5]
        assert [e.revision for e in await ledger.entries(chain="other", before=99)] == [6]
        entry = await ledger.entry(2)
        assert entry is not None
        assert (entry.kind, entry.principal, entry.request_id) == (EntryKind.VERDICT, CALLER, "r0")
        assert await ledger.entry(99) is None
        assert set(await ledger.entries_at([5, 2, 99])) == {2, 5}

    async def test_everything_is_there_after_reopening(self, open_ledger: OpenLedger) -> None:
        first = await open_ledger()
        receipts = await accepted(first, source(), found("a"), counted("b", (0.0, 3), (1.0, 4)))
        identity, before = first.identity, (await first.entries(), await first.findings([CHAIN]))
        await first.close()
        second = await open_ledger()
        assert second.identity == identity
        assert (await second.entries(), await second.findings([CHAIN])) == before
        again = await accept(second, found("a"))
        assert again == receipts[1]._replace(duplicate=True)
        await second.close()


class Idempotency(LedgerSuite):
    """One request, one row."""

    async def test_the_same_request_gets_the_first_receipt_again(self, ledger: Ledger) -> None:
        first = await accept(ledger, found("a"))
        await accept(ledger, found("b", "another claim"))
        assert await accept(ledger, found("a")) == first._replace(duplicate=True)
        assert (await ledger.state()).revision == 3
        assert await ledger.recorded(CALLER, "a") == (found("a").request_digest, first._replace(duplicate=True))
        assert await ledger.recorded(CALLER, "c") is None

    async def test_of_64_concurrent_deliveries_one_is_recorded(self, ledger: Ledger) -> None:
        receipts = await asyncio.gather(*(accept(ledger, found("a")) for _ in range(64)))
        assert sum(not r.duplicate for r in receipts) == 1
        assert {r.revision for r in receipts} == {2}
        assert (await ledger.state()).revision == 2

    async def test_a_duplicate_within_one_batch_is_one(self, ledger: Ledger) -> None:
        receipts = await accepted(ledger, found("a"), found("a"))
        assert [r.duplicate for r in receipts] == [False, True]

    async def test_the_same_key_with_another_request_is_refused_and_changes_nothing(self, ledger: Ledger) -> None:
        await accept(ledger, found("a"))
        before = await ledger.findings([CHAIN])
        outcome = await refusal(ledger, found("a", truthfulness=0.0))
        assert isinstance(outcome, IdempotencyConflict)
        assert await ledger.findings([CHAIN]) == before

    async def test_a_key_belongs_to_its_principal(self, ledger: Ledger) -> None:
        mine = await accept(ledger, found("a"))
        theirs = await accept(ledger, found("a", "another claim", principal="another"))
        assert (mine.duplicate, theirs.duplicate) == (False, False)

    async def test_a_refused_item_refuses_no_other(self, ledger: Ledger) -> None:
        outcomes = await ledger.append(
            [found("a"), found("x", chain="nobody"), found("a", truthfulness=0.0), found("b", "claim 2")]
        )
        assert [type(o) for o in outcomes] == [Receipt, SourceNotFound, IdempotencyConflict, Receipt]
        assert (await ledger.state()).revision == 3

    async def test_an_append_runs_to_its_end_without_its_caller(self, ledger: Ledger) -> None:
        task = asyncio.create_task(ledger.append([found("a")]))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        again = await accept(ledger, found("a"))
        assert (again.revision, (await ledger.state()).revision) == (2, 2)
