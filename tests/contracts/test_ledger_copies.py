"""A ledger can be backed up while a service writes to it, and moved to another database as it is."""

import sqlite3
from pathlib import Path

import apsw
import pytest

from reputable.adapters.postgres_copying import PostgresTarget
from reputable.adapters.postgres_ledger import PostgresLedger, PostgresReader
from reputable.adapters.sqlite_copying import SqliteTarget, back_up
from reputable.adapters.sqlite_ledger import SqliteLedger, SqliteReader
from reputable.application.copying import copy
from reputable.application.ports import LedgerReader
from reputable.application.verifying import verify
from reputable.application.writes import epoch_write
from reputable.domain.epochs import PriorEpoch
from reputable.domain.errors import LedgerCorrupt, LedgerUnavailable, PreconditionFailed
from reputable.domain.verdicts import Standing
from tests.builders import NOON
from tests.fakes import SetClock
from tests.ledger_writes import CHAIN, accept, accepted, counted, found, merge, retraction, source, standing
from tests.postgres_server import new_database


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """A ledger with a row of each kind."""
    ledger = SqliteLedger(tmp_path / "ledger.db", SetClock())
    await accepted(
        ledger,
        source(),
        source("other", aliases=("an alias",)),
        found("a", "claim 1"),
        found("b", "claim 2"),
        found("c", "claim 1", truthfulness=0.0),
        counted("d", (0.0, 3), (1.0, 4)),
        retraction("e", 4),
        source("other", aliases=("another alias",)),
        standing("Desk", Standing.ESTABLISHED, "f"),
        epoch_write(PriorEpoch(1, NOON)),
        merge("other", CHAIN),
    )
    await ledger.close()
    return tmp_path / "ledger.db"


async def contents(reader: LedgerReader) -> list[object]:
    return [
        reader.identity,
        await reader.state(),
        await reader.counts(),
        await reader.entries(),
        await reader.findings([CHAIN, "other"]),
        await reader.registered_sources(0),
        await reader.recorded("local", "a"),
    ]


async def test_a_backup_of_a_live_ledger_holds_what_it_held_at_one_moment(path: Path, tmp_path: Path) -> None:
    live = SqliteLedger(path, SetClock())
    await accept(live, found("late", "claim 8"))
    out = tmp_path / "backup.db"
    seen: list[tuple[int, int]] = []
    revision = back_up(path, out, lambda done, pages: seen.append((done, pages)))
    await accept(live, found("later", "claim 9"))
    await live.close()
    copied = SqliteReader(out, pinned=True)
    assert (revision, (await copied.state()).revision) == (12, 12)
    assert (await verify(copied)).sound
    await copied.close()
    assert seen[-1][0] == seen[-1][1]
    assert not out.with_name("backup.db.partial").exists()


async def test_a_backup_can_be_restored_and_written_to(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "backup.db"
    back_up(path, out)
    restored = SqliteLedger(out, SetClock())
    assert (await accept(restored, found("a", "claim 1"))).duplicate
    assert (await accept(restored, found("new", "claim 9"))).revision == 12
    await restored.close()


async def test_an_interrupted_backup_leaves_the_last_one_and_can_be_run_again(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "backup.db"
    back_up(path, out)
    before = out.read_bytes()

    def interrupt(done: int, pages: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(path, out, interrupt)
    assert out.read_bytes() == before
    back_up(path, out)
    assert sqlite3.connect(out).execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_a_backup_needs_a_ledger(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnavailable):
        back_up(tmp_path / "none.db", tmp_path / "backup.db")
    assert not (tmp_path / "backup.db").exists()


@pytest.mark.postgres
async def test_a_ledger_moved_to_postgresql_has_the_same_rows_digests_and_identity(
    path: Path, postgres_url: str
) -> None:
    with new_database(postgres_url) as url:
        file = SqliteReader(path, pinned=True)
        target = await PostgresTarget.open(url, file.identity)
        seen: list[int] = []
        assert await copy(file, target, seen.append) == 11
        await target.close()
        moved = await PostgresReader.pin(url)
        assert await contents(moved) == await contents(file)
        assert (await verify(moved)).differences == []
        assert seen == [11]
        await moved.close()
        await file.close()
        ledger = await PostgresLedger.open(url, SetClock())
        assert (await accept(ledger, found("a", "claim 1"))).duplicate
        assert (await accept(ledger, found("new", "claim 9"))).revision == 12
        await ledger.close()


@pytest.mark.postgres
async def test_a_ledger_moved_to_postgresql_and_back_is_the_same(path: Path, postgres_url: str, tmp_path: Path) -> None:
    with new_database(postgres_url) as url:
        file = SqliteReader(path, pinned=True)
        there = await PostgresTarget.open(url, file.identity)
        await copy(file, there)
        await there.close()
        moved = await PostgresReader.pin(url)
        back = SqliteTarget(tmp_path / "back.db", moved.identity)
        await copy(moved, back)
        await back.close()
        await moved.close()
    again = SqliteReader(tmp_path / "back.db", pinned=True)
    assert await contents(again) == await contents(file)
    assert (await verify(again)).sound
    await again.close()
    await file.close()


async def test_an_interrupted_copy_goes_on_where_it_stopped(path: Path, tmp_path: Path) -> None:
    file = SqliteReader(path, pinned=True)
    target = SqliteTarget(tmp_path / "copy.db", file.identity)
    await target.restore(await file.entries(limit=4))
    await target.close()
    target = SqliteTarget(tmp_path / "copy.db", file.identity)
    assert await copy(file, target) == 11
    assert await copy(file, target) == 11
    await target.close()
    copied = SqliteReader(tmp_path / "copy.db", pinned=True)
    assert await contents(copied) == await contents(file)
    await copied.close()
    await file.close()


async def test_a_target_that_holds_another_ledger_is_refused(path: Path, tmp_path: Path) -> None:
    other = SqliteLedger(tmp_path / "other.db", SetClock())
    await other.close()
    file = SqliteReader(path, pinned=True)
    with pytest.raises(PreconditionFailed, match="another ledger"):
        SqliteTarget(tmp_path / "other.db", file.identity)
    await file.close()


async def test_a_target_that_a_service_has_open_is_refused(path: Path) -> None:
    live = SqliteLedger(path, SetClock())
    with pytest.raises(LedgerUnavailable, match="in use"):
        SqliteTarget(path, live.identity)
    await live.close()


async def test_a_target_that_went_its_own_way_is_refused(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "backup.db"
    back_up(path, out)
    for file, request_id in ((path, "here"), (out, "there")):
        ledger = SqliteLedger(file, SetClock())
        await accept(ledger, found(request_id, "claim 9"))
        await ledger.close()
    reader = SqliteReader(path, pinned=True)
    target = SqliteTarget(out, reader.identity)
    with pytest.raises(PreconditionFailed, match="row 12 is not"):
        await copy(reader, target)
    await target.close()
    await reader.close()


@pytest.mark.parametrize(("column", "value"), [("payload", "x'7b'"), ("recorded_at", "7"), ("request_id", "'z'")])
async def test_a_damaged_row_is_not_copied(path: Path, tmp_path: Path, column: str, value: str) -> None:
    damaged = apsw.Connection(str(path))
    damaged.execute(f"DROP TRIGGER entry_is_not_updated; UPDATE entry SET {column} = {value} WHERE revision = 5")  # noqa: S608
    damaged.close()
    reader = SqliteReader(path, pinned=True)
    target = SqliteTarget(tmp_path / "copy.db", reader.identity)
    with pytest.raises(LedgerCorrupt, match="row 5"):
        await copy(reader, target)
    assert await target.last() is None
    await target.close()
    await reader.close()
