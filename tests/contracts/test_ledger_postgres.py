"""The ledger in PostgreSQL keeps the contract."""

from collections.abc import Iterator

import pytest

from reputable.adapters.postgres_ledger import PostgresLedger
from tests.contracts import ledger_contents_suite as contents
from tests.contracts import ledger_suite as suite
from tests.fakes import SetClock
from tests.postgres_server import new_database

pytestmark = pytest.mark.postgres


@pytest.fixture
def open_ledger(postgres_url: str) -> Iterator[suite.OpenLedger]:
    with new_database(postgres_url) as url:

        async def open_it() -> PostgresLedger:
            return await PostgresLedger.open(url, SetClock())

        yield open_it


class TestRevisions(suite.Revisions):
    """In PostgreSQL."""


class TestIdempotency(suite.Idempotency):
    """In PostgreSQL."""


class TestRecords(contents.Records):
    """In PostgreSQL."""


class TestSources(contents.Sources):
    """In PostgreSQL."""


class TestSharedRows(contents.SharedRows):
    """In PostgreSQL."""
