"""The ledger in SQLite keeps the contract."""

from pathlib import Path

import pytest

from reputable.adapters.sqlite_ledger import SqliteLedger
from tests.contracts import ledger_contents_suite as contents
from tests.contracts import ledger_suite as suite
from tests.fakes import SetClock


@pytest.fixture
def open_ledger(tmp_path: Path) -> suite.OpenLedger:
    async def open_it() -> SqliteLedger:
        return SqliteLedger(tmp_path / "ledger.db", SetClock())

    return open_it


class TestRevisions(suite.Revisions):
    """In SQLite."""


class TestIdempotency(suite.Idempotency):
    """In SQLite."""


class TestRecords(contents.Records):
    """In SQLite."""


class TestSources(contents.Sources):
    """In SQLite."""


class TestSharedRows(contents.SharedRows):
    """In SQLite."""
