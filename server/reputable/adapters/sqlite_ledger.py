"""The ledger in an SQLite file, for one process."""

import asyncio
import contextlib
import itertools
import queue
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import apsw

from reputable.adapters import sqlite_queries as queries
from reputable.adapters.ledger_listeners import Listeners
from reputable.adapters.ledger_rows import Row, closed, read_historical_verdict
from reputable.adapters.sqlite_file import (
    FileLock,
    check_version,
    connect_reader,
    prepare,
    read_identity,
    refusal,
)
from reputable.adapters.sqlite_writer import SqliteWriter
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

READER_THREADS = 2
HISTORY_PAGE = 1_000

P = ParamSpec("P")
T = TypeVar("T")
Query = Callable[Concatenate[apsw.Connection, P], T]


class SqliteReader:
    """Reads a ledger file, also one that a service has open, without its lock and without checkpoints.

    A `pinned` reader sees the ledger as it was when first asked, for all its life.
    """

    def __init__(self, path: Path, *, pinned: bool = False) -> None:
        """Open the file; LedgerUnavailable when it cannot be read or has another release's schema."""
        self._path = path
        self._pinned = pinned
        self._closed = False
        self._idle: queue.SimpleQueue[apsw.Connection] = queue.SimpleQueue()
        self._threads = ThreadPoolExecutor(1 if pinned else READER_THREADS, "ledger-reader")
        try:
            connection = self._connect()
            self.identity: Identity = read_identity(connection)
        except apsw.Error as error:
            raise refusal(error) from error
        self._idle.put(connection)

    def _connect(self) -> apsw.Connection:
        connection = connect_reader(self._path)
        try:
            check_version(connection)
            if self._pinned:
                connection.execute("BEGIN")
        except BaseException:
            connection.close()
            raise
        return connection

    async def _read(self, query: Query[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        def run() -> T:
            try:
                try:
                    connection = self._idle.get_nowait()
                except queue.Empty:
                    connection = self._connect()
                result = self._in_snapshot(connection, query, *args, **kwargs)
            except apsw.Error as error:
                raise refusal(error) from error
            self._idle.put(connection)
            return result

        if self._closed:
            raise closed()
        return await asyncio.get_running_loop().run_in_executor(self._threads, run)

    def _in_snapshot(self, connection: apsw.Connection, query: Query[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._pinned:
            return query(connection, *args, **kwargs)
        try:
            connection.execute("BEGIN")
            result = query(connection, *args, **kwargs)
            connection.execute("COMMIT")
        except BaseException:
            connection.close(force=True)
            raise
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
        loop = asyncio.get_running_loop()

        def begin() -> tuple[apsw.Connection, Iterator[Row]]:
            connection = self._connect()
            return connection, queries.history(connection, reviewed_before, at_revision, latest)

        def page(rows: Iterator[Row]) -> list[HistoricalVerdict]:
            return [read_historical_verdict(row) for row in itertools.islice(rows, HISTORY_PAGE)]

        try:
            connection, rows = await loop.run_in_executor(self._threads, begin)
            try:
                while verdicts := await loop.run_in_executor(self._threads, page, rows):
                    for verdict in verdicts:
                        yield verdict
            finally:
                connection.close(force=True)
        except apsw.Error as error:
            raise refusal(error) from error

    async def close(self) -> None:
        """See LedgerReader."""
        self._closed = True
        await asyncio.get_running_loop().run_in_executor(None, self._threads.shutdown)
        with contextlib.suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close(force=True)


class SqliteLedger(SqliteReader):
    """A ledger file that this process alone writes to; see docs/consistency.md."""

    exclusive = True

    def __init__(self, path: Path, clock: Clock) -> None:
        """Open the file, making it when there is none; needs a running event loop.

        Raises LedgerUnavailable when another process has it, or when it cannot be used.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(path)
        try:
            prepare(path)
            super().__init__(path)
        except apsw.Error as error:
            self._lock.release()
            raise refusal(error) from error
        except BaseException:
            self._lock.release()
            raise
        self._listeners = Listeners()
        self._writer = SqliteWriter(path, self.identity, clock, self._listeners.tell)

    async def append(self, writes: Sequence[Write]) -> list[Receipt | ReputableError]:
        """See Ledger."""
        return await self._writer.append(writes) if writes else []

    def on_commit(self, listener: Listener) -> None:
        """See Ledger."""
        self._listeners.add(listener)

    async def close(self) -> None:
        """See LedgerReader. The writer goes last: its close moves the log into the file, so that the file is whole."""
        await super().close()
        await self._writer.close()
        self._lock.release()
