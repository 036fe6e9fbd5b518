"""`verify` names whatever in a ledger is not what its rows say."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from reputable.adapters.sqlite_ledger import SqliteLedger, SqliteReader
from reputable.application.sealing import Seal, seal
from reputable.application.verifying import Verification, verify
from reputable.application.writes import epoch_write
from reputable.domain.epochs import PriorEpoch
from reputable.domain.errors import InvalidInput
from reputable.domain.verdicts import Standing
from tests.builders import NOON
from tests.fakes import SetClock
from tests.ledger_writes import CHAIN, accepted, counted, found, merge, retraction, source, standing

GHOST = """
    INSERT INTO finding SELECT 99, 'ghost', reviewer, key, reviewed_at, truthfulness, levels, unproven_count,
        period_start, claimed_at, context, topics, digest, 0, subject FROM finding WHERE revision = 3"""


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """A ledger with a row of each kind; verdicts are rows 3 to 6, row 4 is retracted."""
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
        standing("Desk", Standing.ESTABLISHED, "f"),
        epoch_write(PriorEpoch(1, NOON)),
        merge("other", CHAIN),
    )
    await ledger.close()
    return tmp_path / "ledger.db"


async def verified(path: Path, sealed: Seal | None = None) -> Verification:
    reader = SqliteReader(path, pinned=True)
    try:
        return await verify(reader, sealed)
    finally:
        await reader.close()


def tamper(path: Path, sql: str) -> None:
    connection = apsw.Connection(str(path))
    connection.execute("DROP TRIGGER entry_is_not_updated; DROP TRIGGER entry_is_not_deleted")
    connection.execute(sql)
    connection.close()


async def test_a_sound_ledger_shows_no_difference(path: Path) -> None:
    report = await verified(path)
    assert report.differences == []
    assert (report.entries, report.chains, report.findings) == (10, 3, 4)


async def test_a_live_ledger_can_be_verified_without_its_lock(path: Path) -> None:
    ledger = SqliteLedger(path, SetClock())
    reader = SqliteReader(path, pinned=True)
    await reader.state()
    await accepted(ledger, found("late", "claim 9"))
    report = await verify(reader)
    assert (report.sound, report.entries) == (True, 10)
    await reader.close()
    await ledger.close()


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("UPDATE entry SET payload = CAST(replace(payload, '0.0', '1.0') AS BLOB)", "row 5: its digest"),
        ("UPDATE entry SET payload = x'7b' WHERE revision = 8", "row 8: its payload"),
        ("UPDATE entry SET recorded_at = recorded_at + 1 WHERE revision = 3", "row 3: its digest"),
        ("UPDATE entry SET principal = 'x' WHERE revision = 9", "row 9: its digest"),
        ("DELETE FROM entry WHERE revision = 4", "row 4: is missing"),
        ("DELETE FROM entry WHERE revision = 10", "its head is at 2, its rows at 1"),
        ("UPDATE finding SET truthfulness = 0.9 WHERE revision = 3", "row 3: the finding"),
        ("UPDATE finding SET retracted_at = 0 WHERE revision = 4", "row 4: the finding"),
        ("UPDATE finding SET digest = zeroblob(32) WHERE revision = 3", "row 3: the digest of its finding"),
        ("UPDATE finding SET subject = subject + 1 WHERE revision = 3", "row 3: the digest of its finding"),
        ("DELETE FROM finding WHERE revision = 6", "row 6: the finding"),
        (GHOST, "findings=5"),
        ("UPDATE source_head SET record_digest = zeroblob(32)", "its record digest"),
        ("UPDATE source_head SET chain_digest = zeroblob(32)", "its head is at"),
        ("DELETE FROM source_head WHERE source_id = 'other'", "has rows and no head"),
        ("INSERT INTO source_head VALUES ('ghost', 1, zeroblob(32), zeroblob(32))", "heads=4"),
        ("UPDATE source SET merged_into = ''", "'other': is not kept as merged"),
        ("DELETE FROM source_name WHERE source_id = 'other'", "names=1"),
        ("DELETE FROM standing", "standings=0"),
        ("DELETE FROM epoch", "epochs=0"),
    ],
)  # fmt: skip
async def test_what_was_tampered_with_is_named(path: Path, sql: str, expected: str) -> None:
    tamper(path, sql)
    report = await verified(path)
    assert any(expected in sentence for sentence in report.differences), report.differences


async def test_swapped_rows_are_found(path: Path) -> None:
    tamper(
        path,
        "UPDATE entry SET revision = -3 WHERE revision = 3; UPDATE entry SET revision = 3 WHERE revision = 5;"
        "UPDATE entry SET revision = 5 WHERE revision = -3",
    )
    assert not (await verified(path)).sound


@pytest.fixture
async def sealed(path: Path) -> AsyncIterator[Seal]:
    reader = SqliteReader(path, pinned=True)
    yield await seal(reader, NOON)
    await reader.close()


async def test_a_seal_holds_while_rows_are_only_added(path: Path, sealed: Seal) -> None:
    ledger = SqliteLedger(path, SetClock())
    await accepted(ledger, found("late", "claim 9"))
    await ledger.close()
    assert Seal.decode(sealed.encode()) == sealed
    assert (await verified(path, sealed)).sound


async def test_a_seal_finds_a_tail_removed_with_all_that_derives_from_it(path: Path, sealed: Seal) -> None:
    tamper(
        path,
        "DELETE FROM entry WHERE revision = 10; UPDATE source SET merged_into = '';"
        "UPDATE source_head SET source_revision = 1, chain_digest = (SELECT digest FROM entry WHERE revision = 2)"
        " WHERE source_id = 'other'",
    )
    assert (await verified(path)).sound
    report = await verified(path, sealed)
    assert report.differences == ["rows 10 to 10, which the seal covers, are missing"]


async def test_a_seal_is_of_one_ledger(path: Path, sealed: Seal) -> None:
    report = await verified(path, replace(sealed, ledger_id="another"))
    assert "the seal is of the ledger 'another'" in report.differences[0]


def test_what_is_no_seal_is_refused() -> None:
    with pytest.raises(InvalidInput, match="is not a seal"):
        Seal.decode("{}")
