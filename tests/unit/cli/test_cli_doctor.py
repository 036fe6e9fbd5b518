"""`reputable doctor` says what to fix, and only then fails."""

import asyncio
import json
import shutil
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from reputable.adapters.clock import SystemClock
from reputable.adapters.postgres_ledger import PostgresLedger
from reputable.cli import checks
from reputable.cli.exits import Exit
from reputable.learning import artifact
from tests.postgres_server import new_database
from tests.unit.cli.conftest import Outcome, Run


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        monkeypatch.setenv("REPUTABLE_ADDRESS", f"127.0.0.1:{one.getsockname()[1]}")
        monkeypatch.setenv("REPUTABLE_METRICS_ADDRESS", f"127.0.0.1:{other.getsockname()[1]}")
    monkeypatch.setenv("REPUTABLE_LEDGER_URL", f"sqlite:///{tmp_path / 'ledger.db'}")
    monkeypatch.setenv("REPUTABLE_REDIS_URL", "off")


def found(outcome: Outcome, check: str) -> tuple[str, str, str]:
    """State, what was found, and advice of one check."""
    return next((f["state"], f["found"], f["advice"]) for f in json.loads(outcome.out) if f["check"] == check)


@pytest.fixture
def held() -> Iterator[str]:
    """An address that something else holds."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield f"127.0.0.1:{other.getsockname()[1]}"


def test_where_all_is_well_it_says_so_and_ends_with_0(run: Run) -> None:
    outcome = run("doctor")
    assert outcome.code == Exit.OK
    assert "The service can run" in outcome.out
    assert "problem" not in outcome.out


def test_it_makes_no_ledger(run: Run, tmp_path: Path) -> None:
    run("doctor")
    assert not list(tmp_path.glob("ledger*"))


def test_a_setting_that_is_none_is_named_with_what_it_may_have_meant(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPUTABLE_LOG_CALL", "all")
    outcome = run("doctor", "--json")
    assert outcome.code == Exit.FAILED
    assert "REPUTABLE_LOG_CALLS" in found(outcome, "configuration")[1]


def test_the_ledger_of_a_running_service_is_sound_and_its_ports_are_its_own(
    run: Run, server: str, ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPUTABLE_LEDGER_URL", ledger)
    monkeypatch.setenv("REPUTABLE_ADDRESS", server)
    outcome = run("doctor", "--json")
    assert found(outcome, "ledger")[0] == "ok"
    assert found(outcome, "grpc port")[1].endswith("a service answers SERVING")


def test_a_row_that_was_changed_is_a_problem(
    run: Run, server: str, ledger: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(ledger.removeprefix("sqlite:///"))
    for file in path.parent.glob(f"{path.name}*"):
        shutil.copy(file, tmp_path / file.name)
    with sqlite3.connect(tmp_path / path.name) as connection:
        connection.execute("DROP TRIGGER entry_is_not_updated")
        connection.execute("UPDATE entry SET principal = 'mallory' WHERE revision = (SELECT max(revision) FROM entry)")
    monkeypatch.setenv("REPUTABLE_LEDGER_URL", f"sqlite:///{tmp_path / path.name}")
    outcome = run("doctor", "--json")
    assert outcome.code == Exit.FAILED
    state, text, advice = found(outcome, "ledger")
    assert state == "problem"
    assert "digest" in text
    assert "ledger verify" in advice


def test_a_file_that_is_no_ledger_is_a_problem(run: Run, tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"not a database" * 100)
    outcome = run("doctor", "--json")
    assert outcome.code == Exit.FAILED
    assert found(outcome, "ledger")[0] == "problem"


def test_a_disk_that_is_nearly_full_is_a_problem(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "FREE_PROBLEM", 1 << 60)
    outcome = run("doctor", "--json")
    assert outcome.code == Exit.FAILED
    assert "Free some space" in found(outcome, "ledger disk")[2]


def test_a_port_that_something_else_holds_is_a_problem(run: Run, held: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "WAIT_SECONDS", 0.2)
    monkeypatch.setenv("REPUTABLE_ADDRESS", held)
    outcome = run("doctor", "--json")
    assert outcome.code == Exit.FAILED
    assert "REPUTABLE_ADDRESS" in found(outcome, "grpc port")[2]


def test_a_redis_that_does_not_answer_is_a_warning_only(run: Run, held: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "WAIT_SECONDS", 0.2)
    monkeypatch.setenv("REPUTABLE_REDIS_URL", f"redis://{held}")
    outcome = run("doctor", "--json")
    assert outcome.code == Exit.OK
    assert found(outcome, "redis")[0] == "warning"


def test_a_model_that_was_damaged_is_a_problem(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    version = artifact.DEFAULT_VERSION
    shutil.copytree(artifact.MODELS_FOLDER / version, tmp_path / "models" / version)
    with (tmp_path / "models" / version / "ngrams.npy").open("r+b") as file:
        file.seek(5_000)
        file.write(b"\xff")
    monkeypatch.setenv("REPUTABLE_MODELS_DIR", str(tmp_path / "models"))
    outcome = run("doctor", "--json")
    assert outcome.code == Exit.FAILED
    assert "Copy the model's folder again" in found(outcome, "model")[2]


def test_a_certificate_that_is_none_is_a_problem(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("certificate", "key"):
        (tmp_path / name).write_text("not PEM")
        monkeypatch.setenv(f"REPUTABLE_TLS_{name.upper()}", str(tmp_path / name))
    outcome = run("doctor", "--json")
    assert outcome.code == Exit.FAILED
    assert found(outcome, "certificate")[0] == "problem"


@pytest.mark.postgres
def test_a_ledger_in_postgresql_is_looked_at_too(run: Run, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with new_database(postgres_url) as url:
        monkeypatch.setenv("REPUTABLE_LEDGER_URL", url)
        absent = run("doctor", "--json")

        async def make() -> None:
            await (await PostgresLedger.open(url, SystemClock())).close()

        asyncio.run(make())
        there = run("doctor", "--json")
    assert found(there, "ledger")[0] == "ok"
    assert found(absent, "ledger")[:2] == ("ok", "the database holds no ledger yet; the service makes it")
