"""The ledger in PostgreSQL, which several processes share."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Concatenate, ParamSpec, TypeVar

import psycopg

from reputable.adapters import postgres_queries as queries
from reputable.adapters.ledger_listeners import Listeners
from reputable.adapters.ledger_rows import closed, history_values, read_historical_verdict
from reputable.adapters.postgres_database import Connection, connect, prepare, read_identity, refusal, timed_out
from reputable.adapters.postgres_writer import PostgresWriter
from reputable.application.ports import (
    Clock,
    HistoricalVerdict,
    Identity,
    Latest,
    LedgerCounts,
    LedgerState,
    Listener,
    Receipt,
    RegisteredSource,
    SourceFindings,
    SourceHead,
    StandingChange,
    Write,
)
from reputable.domain.entries import Entry
from reputable.domain.epochs import PriorEpoch
from reputable.domain.errors import ReputableError
from reputable.domain.times import Micros

MOST_READERS = 8
"""Connections that read at the same time."""
READ_SECONDS = 3.0
HISTORY_PAGE = 1_000
_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

P = ParamSpec("P")
T = TypeVar("T")
Query = Callable[Concatenate[Connection, P], Awaitable[T]]


class PostgresReader:
    """Reads a ledger's database. A `pinned` reader sees it as it was when opened, for all its life."""

    def __init__(self, url: str, identity: Identity, *, pinned: bool = False) -> None:
        """Use `open`."""
        self._url = url
        self.identity = identity
        self._pinned = pinned
        self._closed = False
        self._idle: list[Connection] = []
        self._free = asyncio.Semaphore(1 if pinned else MOST_READERS)

    @classmethod
    async def pin(cls, url: str) -> "PostgresReader":
        """A pinned reader. Raises LedgerUnavailable."""
        connection = await connect(url, options="-c statement_timeout=0 -c idle_in_transaction_session_timeout=0")
        try:
            await connection.execute(_SNAPSHOT)
            reader = cls(url, await read_identity(connection), pinned=True)
        except psycopg.Error as error:
            await connection.close()
            raise refusal(error) from error
        reader._idle.append(connection)
        return reader

    async def _read(self, query: Query[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a query; again on a new connection where an idle one turns out to be dead."""
        if self._closed:
            raise closed()
        try:
            async with asyncio.timeout(None if self._pinned else READ_SECONDS), self._free:
                while self._idle:
                    connection = self._idle.pop()
                    try:
                        return await self._run(connection, query, *args, **kwargs)
                    except psycopg.OperationalError:
                        if self._pinned or not connection.closed:
                            raise
                return await self._run(await connect(self._url), query, *args, **kwargs)
        except TimeoutError as error:
            raise timed_out() from error
        except psycopg.Error as error:
            raise refusal(error) from error

    async def _run(self, connection: Connection, query: Query[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            result = await query(connection, *args, **kwargs)
        except BaseException:
            with contextlib.suppress(psycopg.Error):
                await connection.close()
            raise
        self._idle.append(connection)
        return result

    async def state(self) -> LedgerState:
        """See LedgerReader."""
        return await self._read(queries.state)

    async def heads(self, source_ids: Sequence[str]) -> tuple[LedgerState, dict[str, SourceHead]]:
        """See LedgerReader."""
        return await self._read(queries.heads, source_ids)

    async def findings(self, source_ids: Sequence[str]) -> tuple[LedgerState, dict[str, SourceFindings]]:
        """See LedgerReader."""
        return await self._read(queries.findings, source_ids)

    async def registered_sources(self, after_revision: int) -> list[RegisteredSource]:
        """See LedgerReader."""
        return await self._read(queries.registered_sources, after_revision)

    async def standing_changes(self, after_revision: int) -> list[StandingChange]:
        """See LedgerReader."""
        return await self._read(queries.standing_changes, after_revision)

    async def epochs(self, after_number: int) -> list[PriorEpoch]:
        """See LedgerReader."""
        return await self._read(queries.epochs, after_number)

    async def entry(self, revision: int) -> Entry | None:
        """See LedgerReader."""
        return (await self.entries_at([revision])).get(revision)

    async def entries_at(self, revisions: Sequence[int]) -> dict[int, Entry]:
        """See LedgerReader."""
        return await self._read(queries.entries_at, revisions)

    async def entries(
        self, *, chain: str | None = None, before: int | None = None, after: int = 0, limit: int = 1000
    ) -> list[Entry]:
        """See LedgerReader."""
        return await self._read(queries.entries, chain, before, after, limit)

    async def recorded(self, principal: str, request_id: str) -> tuple[bytes, Receipt] | None:
        """See LedgerReader."""
        return await self._read(queries.recorded, principal, request_id)

    async def retractions(self, revisions: Sequence[int]) -> dict[int, int]:
        """See LedgerReader."""
        return await self._read(queries.retractions, revisions)

    async def reviewed_by(self, reviewer: str, source_id: str) -> list[tuple[int, str]]:
        """See LedgerReader."""
        return await self._read(queries.reviewed_by, reviewer, source_id)

    async def finding_digests(self, source_id: str) -> dict[int, bytes]:
        """See LedgerReader."""
        return await self._read(queries.finding_digests, source_id)

    async def counts(self) -> LedgerCounts:
        """See LedgerReader."""
        return await self._read(queries.counts)

    async def history(
        self, *, reviewed_before: Micros, at_revision: int, latest: Latest
    ) -> AsyncIterator[HistoricalVerdict]:
        """See LedgerReader."""
        connection = await connect(self._url, options="-c statement_timeout=0")
        try:
            async with connection.transaction(), connection.cursor("history") as cursor:
                cursor.itersize = HISTORY_PAGE
                await cursor.execute(queries.HISTORY, history_values(reviewed_before, at_revision, latest))
                async for row in cursor:
                    yield read_historical_verdict(row)
        except psycopg.Error as error:
            raise refusal(error) from error
        finally:
            await connection.close()

    async def close(self) -> None:
        """See LedgerReader."""
        self._closed = True
        while self._idle:
            with contextlib.suppress(psycopg.Error):
                await self._idle.pop().close()


class PostgresLedger(PostgresReader):
    """A ledger that other processes write to as well; see docs/consistency.md."""

    exclusive = False

    def __init__(self, url: str, identity: Identity, clock: Clock) -> None:
        """Use `open`."""
        super().__init__(url, identity)
        self._listeners = Listeners()
        self._writer = PostgresWriter(url, identity, clock, self._listeners.tell)

    @classmethod
    async def open(cls, url: str, clock: Clock) -> "PostgresLedger":
        """Open the ledger at a postgresql:// URL, making its schema when there is none. Raises LedgerUnavailable."""
        return cls(url, await prepare(url), clock)

    async def append(self, writes: Sequence[Write]) -> list[Receipt | ReputableError]:
        """See Ledger."""
        return await self._writer.append(writes) if writes else []

    def on_commit(self, listener: Listener) -> None:
        """See Ledger."""
        self._listeners.add(listener)

    async def close(self) -> None:
        """See LedgerReader."""
        await self._writer.close()
        await super().close()
