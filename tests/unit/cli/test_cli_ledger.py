"""`reputable ledger` reads a ledger beside the service that writes it."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from reputable.cli.exits import Exit
from tests.postgres_server import new_database
from tests.unit.cli.conftest import Run
from tests.unit.cli.running import service


@pytest.fixture(scope="module")
def filled(server: str, ledger: str) -> str:
    """The URL of a ledger with two verdicts, open in a service."""
    from reputable.client import Claim, Client, Verdict

    with Client(server) as client:
        for text in ("Rain fell.", "Snow fell."):
            claim = Claim(text=text, source_name="Jo Doe")
            client.record_verdict(Verdict(claim=claim, truthfulness=1, reviewer="Desk"))
    return ledger


def copy_of(url: str, folder: Path) -> Path:
    """A copy of the ledger's files that a test may damage."""
    path = Path(url.removeprefix("sqlite:///"))
    for file in path.parent.glob(f"{path.name}*"):
        shutil.copy(file, folder / file.name)
    return folder / path.name


def test_a_live_ledger_is_verified(run: Run, filled: str) -> None:
    outcome = run("ledger", "verify", "--ledger", filled, "--json")

    found = json.loads(outcome.out)
    assert outcome.code == Exit.OK
    assert found["sound"]
    assert found["findings"] == 2


def test_a_changed_row_is_named_and_ends_with_1(run: Run, filled: str, tmp_path: Path) -> None:
    path = copy_of(filled, tmp_path)
    with sqlite3.connect(path) as database:
        triggers = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in triggers.fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        changed = database.execute(
            "UPDATE entry SET payload = CAST(replace(CAST(payload AS TEXT), 'Snow', 'Hail') AS BLOB)"
            " WHERE CAST(payload AS TEXT) LIKE '%Snow%'"
        )
        assert changed.rowcount == 1

    outcome = run("ledger", "verify", "--ledger", f"sqlite:///{path}")

    assert outcome.code == Exit.FAILED
    assert "its digest is not that of its content" in outcome.err


def test_a_seal_is_kept_until_rows_go_missing(run: Run, filled: str, tmp_path: Path) -> None:
    seal = tmp_path / "ledger.seal"
    assert run("ledger", "seal", "--ledger", filled, "--out", seal).code == Exit.OK
    assert run("ledger", "verify", "--ledger", filled, "--seal", seal).code == Exit.OK

    fields = json.loads(seal.read_text())
    seal.write_text(json.dumps(fields | {"revision": fields["revision"] + 5}))
    outcome = run("ledger", "verify", "--ledger", filled, "--seal", seal)

    assert outcome.code == Exit.FAILED
    assert "are missing" in outcome.err


@pytest.mark.parametrize("content", [None, b"", b"not a database, not at all" * 50])
def test_what_is_no_ledger_is_refused_in_one_sentence(run: Run, tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "ledger.db"
    if content is not None:
        path.write_bytes(content)

    outcome = run("ledger", "verify", "--ledger", f"sqlite:///{path}")

    assert outcome.code == Exit.FAILED
    assert outcome.err.startswith("reputable: ")
    assert outcome.err.count("\n") == 1


def test_a_live_ledger_is_backed_up_and_copied(run: Run, filled: str, tmp_path: Path) -> None:
    backup, copied = tmp_path / "backup.db", tmp_path / "copied.db"

    assert run("ledger", "backup", backup, "--ledger", filled).code == Exit.OK
    assert run("ledger", "copy", f"sqlite:///{copied}", "--ledger", filled).code == Exit.OK

    for path in (backup, copied):
        outcome = run("ledger", "verify", "--ledger", f"sqlite:///{path}", "--json")
        assert json.loads(outcome.out)["findings"] == 2


@pytest.mark.postgres
def test_a_ledger_goes_to_postgresql_and_comes_back_as_a_backup(
    run: Run, filled: str, postgres_url: str, tmp_path: Path
) -> None:
    with new_database(postgres_url) as url:
        assert run("ledger", "copy", url, "--ledger", filled).code == Exit.OK
        assert run("ledger", "copy", url, "--ledger", filled).code == Exit.OK
        there = json.loads(run("ledger", "verify", "--ledger", url, "--json").out)
        assert run("ledger", "backup", tmp_path / "backup.db", "--ledger", url).code == Exit.OK

    assert there["sound"]
    assert there["findings"] == 2
    assert run("ledger", "verify", "--ledger", f"sqlite:///{tmp_path / 'backup.db'}").code == Exit.OK


def test_a_copy_into_another_ledger_is_refused_in_one_sentence(run: Run, filled: str, tmp_path: Path) -> None:
    other = f"sqlite:///{tmp_path / 'other.db'}"
    with service(other):
        pass

    outcome = run("ledger", "copy", other, "--ledger", filled)

    assert outcome.code == Exit.FAILED
    assert "holds another ledger" in outcome.err
