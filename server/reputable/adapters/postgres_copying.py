"""Copies into PostgreSQL databases."""

from collections.abc import Sequence

import psycopg

from reputable.adapters import postgres_queries as queries
from reputable.adapters.ledger_plan import Planner
from reputable.adapters.ledger_rows import readable_write
from reputable.adapters.postgres_database import Connection, connect, prepare, refusal
from reputable.adapters.postgres_store import begin, commit
from reputable.application.ports import Identity
from reputable.domain.entries import Entry
from reputable.domain.errors import PreconditionFailed


class PostgresTarget:
    """A LedgerTarget in a database."""

    def __init__(self, connection: Connection, record_key: bytes) -> None:
        """Use `open`."""
        self._connection = connection
        self._record_key = record_key

    @classmethod
    async def open(cls, url: str, identity: Identity) -> "PostgresTarget":
        """Open the database, making its schema when there is none; PreconditionFailed when it holds another ledger."""
        if await prepare(url, identity) != identity:
            message = "the database holds another ledger; copy into one that is empty"
            raise PreconditionFailed(message)
        return cls(await connect(url, options="-c statement_timeout=0"), identity.record_key)

    async def last(self) -> Entry | None:
        """See LedgerTarget."""
        last = await queries.entries(self._connection, None, 1 << 62, 0, 1)
        return last[0] if last else None

    async def restore(self, entries: Sequence[Entry]) -> None:
        """See LedgerTarget."""
        writes = [readable_write(entry) for entry in entries]
        try:
            planner = Planner(await begin(self._connection, writes), self._record_key, 0)
            for entry, write in zip(entries, writes, strict=True):
                planner.restore(entry, write)
            await commit(self._connection, planner.plan)
        except psycopg.Error as error:
            raise refusal(error) from error
        finally:
            if not self._connection.closed and self._connection.info.transaction_status:
                await self._connection.rollback()

    async def close(self) -> None:
        """See LedgerTarget."""
        await self._connection.close()
