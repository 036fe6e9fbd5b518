"""The ledger in PostgreSQL when connections break, servers crash and replicas write at once."""

import asyncio
import time
from collections.abc import Iterator

import psycopg
import pytest

from reputable.adapters.postgres_ledger import PostgresLedger, PostgresReader
from reputable.application.ports import Receipt
from reputable.application.verifying import verify
from reputable.domain.errors import LedgerUnavailable
from tests.fakes import SetClock
from tests.ledger_writes import CHAIN, accept, accepted, found, source
from tests.postgres_server import NoPostgres, PostgresServer, new_database

pytestmark = pytest.mark.postgres


@pytest.fixture
def url(postgres_url: str) -> Iterator[str]:
    with new_database(postgres_url) as url:
        yield url


def cut_connections(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


async def test_broken_connections_are_made_anew_unnoticed(url: str) -> None:
    ledger = await PostgresLedger.open(url, SetClock())
    await accepted(ledger, source(), found("a", "claim 1"))
    await asyncio.gather(*(ledger.state() for _ in range(20)))
    for i in range(3):
        cut_connections(url)
        assert (await ledger.state()).revision == 2 + i
        cut_connections(url)
        assert (await accept(ledger, found(f"b{i}", f"claim b{i}"))).revision == 3 + i
    await ledger.close()


async def test_a_closed_ledger_says_so(url: str) -> None:
    ledger = await PostgresLedger.open(url, SetClock())
    await ledger.close()
    with pytest.raises(LedgerUnavailable, match="stopping"):
        await ledger.append([source()])
    with pytest.raises(LedgerUnavailable, match="stopping"):
        await ledger.state()


async def test_two_processes_share_one_ledger_without_gap_or_double(url: str) -> None:
    replicas = [await PostgresLedger.open(url, SetClock()) for _ in range(2)]
    assert replicas[0].identity == replicas[1].identity
    await accept(replicas[0], source())

    async def deliver(i: int) -> list[Receipt]:
        """The same request, to both."""
        return [(await accepted(replica, found(f"a{i}", f"claim {i}")))[0] for replica in replicas]

    pairs = await asyncio.gather(*(deliver(i) for i in range(100)))
    assert all(first.revision == second.revision for first, second in pairs)
    assert sorted(first.revision for first, _ in pairs) == list(range(2, 102))
    assert sum(not receipt.duplicate for pair in pairs for receipt in pair) == 100
    for replica in replicas:
        assert (await replica.state()).revision == 101
        await replica.close()
    reader = await PostgresReader.pin(url)
    assert (await verify(reader)).differences == []
    await reader.close()


async def test_processes_that_start_together_make_one_ledger(url: str) -> None:
    replicas = await asyncio.gather(*(PostgresLedger.open(url, SetClock()) for _ in range(4)))
    assert len({replica.identity.ledger_id for replica in replicas}) == 1
    for replica in replicas:
        await replica.close()


async def test_who_stalls_within_a_transaction_does_not_stop_the_others_for_long(url: str) -> None:
    ledger = await PostgresLedger.open(url, SetClock())
    await accept(ledger, source())
    with psycopg.connect(url, options="-c search_path=reputable") as stalled:
        stalled.execute("SELECT * FROM ledger_state FOR UPDATE")
        begun = time.monotonic()
        with pytest.raises(LedgerUnavailable):
            await ledger.append([found("a")])
        assert time.monotonic() - begun < 4.5
        assert (await ledger.state()).revision == 1
    assert (await accept(ledger, found("a"))).revision == 2
    await ledger.close()


async def test_rows_can_be_neither_changed_nor_deleted(url: str) -> None:
    ledger = await PostgresLedger.open(url, SetClock())
    await accept(ledger, source())
    with psycopg.connect(url, autocommit=True, options="-c search_path=reputable") as connection:
        for statement in ("UPDATE entry SET kind = 'x'", "DELETE FROM entry", "TRUNCATE entry"):
            with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
                connection.execute(statement.encode())
    await ledger.close()


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("UPDATE ledger_state SET revision = 7", "is said to be at"),
        ("UPDATE ledger_state SET shared_revision = 2", "is said to be at"),
        ("UPDATE finding SET truthfulness = 0", "row 2: the finding"),
        ("UPDATE source_head SET record_digest = chain_digest", "its record digest"),
        ("DELETE FROM source_name", "names=0"),
    ],
)
async def test_what_was_tampered_with_is_named(url: str, sql: str, expected: str) -> None:
    ledger = await PostgresLedger.open(url, SetClock())
    await accepted(ledger, source(), found("a"))
    await ledger.close()
    with psycopg.connect(url, autocommit=True, options="-c search_path=reputable") as connection:
        connection.execute(sql.encode())
    reader = await PostgresReader.pin(url)
    differences = (await verify(reader)).differences
    assert any(expected in sentence for sentence in differences), differences
    await reader.close()


async def test_a_database_without_a_ledger_is_said_to_have_none(url: str) -> None:
    with pytest.raises(LedgerUnavailable, match="holds no ledger"):
        await PostgresReader.pin(url)


async def test_a_server_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(LedgerUnavailable, match="cannot be used"):
        await PostgresLedger.open("postgresql://postgres@/none?host=/nowhere", SetClock())


async def test_a_crash_of_the_server_loses_nothing_acknowledged_and_doubles_nothing() -> None:
    try:
        server = PostgresServer()
    except NoPostgres as reason:
        pytest.skip(f"no PostgreSQL server: {reason}")
    try:
        server.start()
        with new_database(server.url("postgres")) as url:
            ledger = await PostgresLedger.open(url, SetClock())
            await accept(ledger, source())
            acknowledged: dict[str, int] = {}

            async def write(i: int) -> None:
                """Until it is acknowledged."""
                while True:
                    try:
                        acknowledged[f"a{i}"] = (await accept(ledger, found(f"a{i}", f"claim {i}"))).revision
                    except LedgerUnavailable:
                        await asyncio.sleep(0.1)
                    else:
                        return

            writing = asyncio.gather(*(write(i) for i in range(300)))
            for _ in range(3):
                await asyncio.sleep(0.05)
                await asyncio.to_thread(server.stop, kill=True)
                with pytest.raises(LedgerUnavailable):
                    await ledger.state()
                await asyncio.to_thread(server.start)
            await asyncio.wait_for(writing, 30)
            assert sorted(acknowledged.values()) == list(range(2, 302))
            _, held = await ledger.findings([CHAIN])
            assert len(held[CHAIN].findings) == 300
            await ledger.close()
    finally:
        server.remove()
