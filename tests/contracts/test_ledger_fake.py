"""The ledger that tests use keeps the contract."""

from functools import cache

import pytest

from tests.contracts import ledger_contents_suite as contents
from tests.contracts import ledger_suite as suite
from tests.fakes import InMemoryLedger, SetClock


@pytest.fixture
def open_ledger() -> suite.OpenLedger:
    @cache
    def once() -> InMemoryLedger:
        return InMemoryLedger(SetClock())

    async def open_it() -> InMemoryLedger:
        return once()

    return open_it


class TestRevisions(suite.Revisions):
    """In memory."""


class TestIdempotency(suite.Idempotency):
    """In memory."""


class TestRecords(contents.Records):
    """In memory."""


class TestSources(contents.Sources):
    """In memory."""


class TestSharedRows(contents.SharedRows):
    """In memory."""
