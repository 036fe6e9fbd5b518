"""The ledger file under fire: locked, full, failing, damaged, in use."""

import asyncio
import gc
import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from reputable.adapters.sqlite_file import connect_writer
from reputable.adapters.sqlite_ledger import SqliteLedger, SqliteReader
from reputable.adapters.sqlite_store import store
from reputable.domain.errors import LedgerCorrupt, LedgerFull, LedgerUnavailable, Overloaded
from reputable.domain.findings import active, record_digest
from tests.fakes import SetClock
from tests.ledger_writes import CHAIN, accept, accepted, found, source


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[apsw.Connection]:
    """The connections that the writer has opened; they wait for locks for 0.1 seconds."""
    opened: list[apsw.Connection] = []

    def connect(path: Path) -> apsw.Connection:
        opened.append(connect_writer(path))
        opened[-1].set_busy_timeout(100)
        return opened[-1]

    monkeypatch.setattr("reputable.adapters.sqlite_writer.connect_writer", connect)
    return opened


@pytest.fixture
def failing_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Makes the next write fail."""

    def fail_once() -> None:
        def failing(*arguments: Any) -> None:  # noqa: ANN401 - passed on.
            store(*arguments)
            monkeypatch.setattr("reputable.adapters.sqlite_writer.store", store)
            raise apsw.IOError("disk I/O error")

        monkeypatch.setattr("reputable.adapters.sqlite_writer.store", failing)

    return fail_once


@pytest.fixture
async def ledger(path: Path, connections: list[apsw.Connection]) -> AsyncIterator[SqliteLedger]:
    ledger = SqliteLedger(path, SetClock())
    await accept(ledger, source())
    yield ledger
    await ledger.close()


async def test_a_second_process_on_the_same_file_is_refused_with_a_sentence(ledger: SqliteLedger, path: Path) -> None:
    with pytest.raises(LedgerUnavailable, match=rf"in use by another process \(process id {os.getpid()}\)"):
        SqliteLedger(path, SetClock())


async def test_the_file_can_be_opened_again_once_it_was_closed(path: Path) -> None:
    for _ in range(2):
        ledger = SqliteLedger(path, SetClock())
        await ledger.close()


async def test_a_locked_file_is_unavailable_to_writers_only_and_only_while_it_lasts(
    ledger: SqliteLedger, path: Path
) -> None:
    await accept(ledger, found("a", "claim 1"))
    other = apsw.Connection(str(path))
    other.execute("BEGIN EXCLUSIVE")
    begun = time.monotonic()
    with pytest.raises(LedgerUnavailable, match="locked by another process"):
        await ledger.append([found("b", "claim 2")])
    assert time.monotonic() - begun < 2
    assert (await ledger.state()).revision == 2
    other.execute("ROLLBACK")
    other.close()
    assert (await accept(ledger, found("b", "claim 2"))).revision == 3


async def test_a_full_disk_refuses_writes_and_nothing_else_and_heals(
    ledger: SqliteLedger, connections: list[apsw.Connection]
) -> None:
    await accept(ledger, found("a", "claim 1"))
    (connection,) = connections
    connection.pragma("max_page_count", int(str(connection.pragma("page_count"))))
    many = [found(f"b{i}", f"claim {i} {'x' * 200}") for i in range(500)]
    with pytest.raises(LedgerFull):
        await ledger.append(many)
    assert (await ledger.state()).revision == 2
    connection.pragma("max_page_count", 1_000_000)
    assert len(await accepted(ledger, *many)) == 500
    assert (await ledger.state()).revision == 502


async def test_after_an_io_error_the_file_is_opened_anew_and_nothing_is_double(
    ledger: SqliteLedger, connections: list[apsw.Connection], failing_disk: Callable[[], None]
) -> None:
    failing_disk()
    with pytest.raises(LedgerUnavailable, match="disk I/O error"):
        await ledger.append([found("a")])
    receipt = await accept(ledger, found("a"))
    assert (receipt.revision, receipt.duplicate) == (2, False)
    assert len(connections) == 2


async def test_another_ledger_in_the_files_place_is_not_written_to(
    ledger: SqliteLedger, path: Path, tmp_path: Path, failing_disk: Callable[[], None]
) -> None:
    other = SqliteLedger(tmp_path / "other.db", SetClock())
    await other.close()
    failing_disk()
    with pytest.raises(LedgerUnavailable, match="disk I/O error"):
        await ledger.append([found("a")])
    (tmp_path / "other.db").replace(path)
    with pytest.raises(LedgerUnavailable, match="is another ledger"):
        await ledger.append([found("a")])


async def test_a_fault_of_one_request_reaches_no_other(ledger: SqliteLedger) -> None:
    broken = found("x")._replace(finding=None)
    outcomes = await asyncio.gather(
        *(ledger.append([write]) for write in (found("a", "claim 1"), broken, found("b", "claim 2"))),
        return_exceptions=True,
    )
    assert [type(o) for o in outcomes] == [list, ValueError, list]
    assert (await ledger.state()).revision == 3


async def test_too_many_waiting_rows_are_refused_as_overload(
    ledger: SqliteLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reputable.adapters.sqlite_writer.MAX_QUEUED", 10)
    with pytest.raises(Overloaded):
        await ledger.append([found(f"a{i}") for i in range(11)])
    assert len(await accepted(ledger, *[found(f"b{i}") for i in range(10)])) == 10
    assert len(await accepted(ledger, *[found(f"c{i}") for i in range(10)])) == 10


async def test_closing_commits_what_was_accepted(path: Path) -> None:
    ledger = SqliteLedger(path, SetClock())
    await accept(ledger, source())
    waiting = [asyncio.ensure_future(ledger.append([found(f"a{i}", f"claim {i}")])) for i in range(100)]
    await asyncio.sleep(0)
    await ledger.close()
    assert len(await asyncio.gather(*waiting)) == 100
    reader = SqliteReader(path)
    assert (await reader.state()).revision == 101
    await reader.close()


async def test_a_closed_ledger_says_so(path: Path) -> None:
    ledger = SqliteLedger(path, SetClock())
    await ledger.close()
    with pytest.raises(LedgerUnavailable, match="stopping"):
        await ledger.append([source()])
    with pytest.raises(LedgerUnavailable, match="stopping"):
        await ledger.state()


async def test_rows_can_be_neither_changed_nor_deleted(ledger: SqliteLedger, path: Path) -> None:
    connection = connect_writer(path)
    for statement in ("UPDATE entry SET payload = x'00'", "DELETE FROM entry"):
        with pytest.raises(apsw.ConstraintError, match="append-only"):
            connection.execute(statement)
    connection.close()


async def test_the_file_is_its_owners_only(ledger: SqliteLedger, tmp_path: Path) -> None:
    modes = {entry.name: entry.stat().st_mode & 0o077 for entry in os.scandir(tmp_path)}
    assert set(modes) >= {"ledger.db", "ledger.db-wal", "ledger.db.lock"}
    assert not any(modes.values())


def test_what_is_no_database_is_refused(path: Path) -> None:
    path.write_bytes(b"not a database, not at all" * 100)

    async def main() -> None:
        with pytest.raises(LedgerCorrupt):
            SqliteLedger(path, SetClock())

    asyncio.run(main())
    assert path.read_bytes().startswith(b"not a database")


async def test_a_newer_schema_is_refused(path: Path) -> None:
    ledger = SqliteLedger(path, SetClock())
    await ledger.close()
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", 99)
    connection.close()
    with pytest.raises(LedgerUnavailable, match="use a newer release"):
        SqliteLedger(path, SetClock())
    with pytest.raises(LedgerUnavailable, match="use a newer release"):
        SqliteReader(path)


async def test_a_file_of_the_first_schema_is_brought_up_to_date_and_its_verdicts_are_found(path: Path) -> None:
    ledger = SqliteLedger(path, SetClock())
    await accepted(ledger, source(), found("a"), found("b", "another claim"))
    await ledger.close()
    connection = apsw.Connection(str(path))
    connection.execute("""
        DROP INDEX finding_subject; ALTER TABLE finding DROP COLUMN subject;
        CREATE INDEX finding_subject ON finding (source_id, key, reviewer); PRAGMA user_version = 1""")
    connection.close()
    ledger = SqliteLedger(path, SetClock())
    await accept(ledger, found("again", truthfulness=0.0))
    _, held = await ledger.findings([CHAIN])
    standing = active(held[CHAIN].findings)
    assert [finding.revision for finding in standing] == [3, 4]
    assert held[CHAIN].head.record_digest == record_digest(standing, ledger.identity.record_key)
    assert set(await ledger.finding_digests(CHAIN)) == {2, 3, 4}
    await ledger.close()


async def test_an_interrupted_migration_leaves_nothing_behind(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    half_done = ["CREATE TABLE half (x)", "CREATE TABLE another (x); CREATE NONSENSE"]
    monkeypatch.setattr("reputable.adapters.sqlite_file._migrations", lambda: half_done)
    with pytest.raises(LedgerUnavailable):
        SqliteLedger(path, SetClock())
    monkeypatch.undo()
    ledger = SqliteLedger(path, SetClock())
    await accept(ledger, source())
    await ledger.close()


async def test_readers_neither_write_nor_checkpoint(ledger: SqliteLedger, path: Path) -> None:
    await accepted(ledger, *[found(f"a{i}", f"claim {i}") for i in range(50)])
    log = path.with_name("ledger.db-wal").stat().st_size
    reader = SqliteReader(path, pinned=True)
    assert len((await reader.findings([CHAIN]))[1][CHAIN].findings) == 50
    await reader.close()
    assert path.with_name("ledger.db-wal").stat().st_size == log


async def test_what_an_append_needed_is_freed_at_once_not_by_the_garbage_collector(ledger: SqliteLedger) -> None:
    """Rows by the thousand a second would stop all calls when their plans are collected."""
    gc.collect()
    gc.disable()
    try:
        for number in range(20):
            await accept(ledger, found(f"r{number}", f"claim {number}"))
        assert gc.collect() < 100
    finally:
        gc.enable()
