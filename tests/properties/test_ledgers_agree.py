"""Whatever is written, the real ledger answers as the simple one in memory does."""

import asyncio
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reputable.adapters.postgres_ledger import PostgresLedger
from reputable.adapters.sqlite_ledger import SqliteLedger
from reputable.application.ports import Latest, Ledger, Receipt, Write
from reputable.application.verifying import verify
from reputable.application.writes import epoch_write
from reputable.domain.epochs import PriorEpoch
from reputable.domain.errors import ReputableError
from reputable.domain.sources import SourceKind
from reputable.domain.verdicts import Standing
from tests.builders import NOON
from tests.fakes import InMemoryLedger, SetClock
from tests.ledger_writes import counted, found, merge, retraction, source, standing
from tests.postgres_server import new_database

CHAINS = ("a", "b", "c")

chains = st.sampled_from(CHAINS)
reviewers = st.sampled_from(("Desk", "Bureau"))
keys = st.sampled_from([f"key {i}" for i in range(40)])
aliases = st.lists(st.sampled_from(("ay", "bee", "see", "a", "b")), max_size=2).map(tuple)

writes: st.SearchStrategy[Write] = st.one_of(
    st.builds(source, chains, aliases=aliases, kind=st.sampled_from(SourceKind)),
    st.builds(
        found,
        keys,
        st.sampled_from([f"claim {i}" for i in range(4)]),
        chain=chains,
        reviewer=reviewers,
        truthfulness=st.sampled_from((None, 0.0, 0.5, 1.0)),
    ),
    st.builds(counted, keys, st.tuples(st.just(1.0), st.integers(0, 9)), chain=chains, reviewer=reviewers),
    st.builds(retraction, keys, st.integers(1, 30), chain=chains),
    st.builds(merge, chains, chains),
    st.builds(standing, reviewers, st.sampled_from(Standing), keys),
    st.builds(lambda number: epoch_write(PriorEpoch(number, NOON)), st.integers(1, 3)),
)
groups = st.lists(st.lists(writes, min_size=1, max_size=12), max_size=6)


def told(outcome: Receipt | ReputableError) -> object:
    """What can be compared: a receipt whole (identities differ, and with them record digests), a refusal's type."""
    return outcome._replace(record_digest=b"") if isinstance(outcome, Receipt) else type(outcome)


async def contents(ledger: Ledger) -> list[object]:
    _, held = await ledger.findings(CHAINS)
    return [
        await ledger.state(),
        await ledger.counts(),
        {chain: (part.head.revision, list(part.findings)) for chain, part in held.items()},
        await ledger.registered_sources(0),
        await ledger.standing_changes(0),
        await ledger.epochs(0),
        [(e.revision, e.kind, e.source_id, e.source_revision, e.payload) for e in await ledger.entries()],
        [row async for row in ledger.history(reviewed_before=NOON, at_revision=20, latest=Latest(1_000))],
        await ledger.reviewed_by("Desk", ""),
    ]


async def run(batches: list[list[Write]], real: Ledger) -> None:
    simple = InMemoryLedger(SetClock())
    try:
        await simple.append([source(chain) for chain in CHAINS[:2]])
        await real.append([source(chain) for chain in CHAINS[:2]])
        for batch in batches:
            expected, given_back = await simple.append(batch), await real.append(batch)
            assert [told(o) for o in given_back] == [told(o) for o in expected]
        assert await contents(real) == await contents(simple)
        assert (await verify(real)).differences == []
        assert (await verify(simple)).differences == []
    finally:
        await real.close()


@settings(max_examples=60, deadline=None)
@given(groups)
def test_the_ledger_in_sqlite_answers_as_the_one_in_memory(batches: list[list[Write]]) -> None:
    async def main(path: Path) -> None:
        await run(batches, SqliteLedger(path, SetClock()))

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(main(Path(folder) / "ledger.db"))


@pytest.mark.postgres
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(groups)
def test_the_ledger_in_postgresql_answers_as_the_one_in_memory(postgres_url: str, batches: list[list[Write]]) -> None:
    async def main(url: str) -> None:
        await run(batches, await PostgresLedger.open(url, SetClock()))

    with new_database(postgres_url) as url:
        asyncio.run(main(url))
