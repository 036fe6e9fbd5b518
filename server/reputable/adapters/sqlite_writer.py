"""The one thread that writes: takes what has queued up, commits it together, then answers."""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import apsw

from reputable.adapters.ledger_plan import Planner
from reputable.adapters.ledger_rows import closed
from reputable.adapters.sqlite_file import connect_writer, read_identity, refusal
from reputable.adapters.sqlite_store import load, store
from reputable.application.ports import Clock, Identity, Receipt, Write
from reputable.domain.errors import LedgerUnavailable, Overloaded, ReputableError

MAX_GROUP = 4_096
"""Rows after which a group is committed though more are waiting."""
MAX_QUEUED = 65_536
"""Rows that may wait; more are refused as Overloaded."""

Outcome = list[Receipt | ReputableError]
Deliver = Callable[[Sequence[Write], Outcome], None]


@dataclass(slots=True)
class _Job:
    writes: Sequence[Write]
    future: asyncio.Future[Outcome]
    outcome: Outcome | Exception | None = None


class SqliteWriter:
    """Owns the writing connection. A connection that met an I/O error is closed and opened anew."""

    def __init__(self, path: Path, identity: Identity, clock: Clock, committed: Deliver) -> None:
        self._path = path
        self._identity = identity
        self._clock = clock
        self._committed = committed
        self._loop = asyncio.get_running_loop()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._queued = 0
        self._closed = False
        self._ending = False
        self._connection: apsw.Connection | None = None
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)
        self._thread.start()

    async def append(self, writes: Sequence[Write]) -> Outcome:
        """Queue the writes and wait until they are durable; goes on without its caller."""
        if self._closed:
            raise closed()
        if self._queued + len(writes) > MAX_QUEUED:
            message = "too many verdicts wait to be written; try again with the same request id"
            raise Overloaded(message)
        job = _Job(writes, self._loop.create_future())
        self._queued += len(writes)
        self._jobs.put(job)
        return await asyncio.shield(job.future)

    async def close(self) -> None:
        """Commit what is queued, then end."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
        await self._loop.run_in_executor(None, self._thread.join)

    def _run(self) -> None:
        while not self._ending:
            jobs = self._next_group()
            if jobs:
                self._commit_all(jobs)
                with contextlib.suppress(RuntimeError):  # The loop has ended, and with it who waited.
                    self._loop.call_soon_threadsafe(self._answer, jobs)
        self._disconnect()

    def _next_group(self) -> list[_Job]:
        """Wait for a job and take with it what else has queued up."""
        jobs: list[_Job] = []
        rows = 0
        while rows < MAX_GROUP:
            try:
                job = self._jobs.get(block=not jobs)
            except queue.Empty:
                break
            if job is None:
                self._ending = True
                break
            jobs.append(job)
            rows += len(job.writes)
        return jobs

    def _commit_all(self, jobs: list[_Job]) -> None:
        """Commit the jobs together; where something unforeseen stops that, each alone."""
        try:
            self._commit(jobs)
        except apsw.Error as error:
            if not isinstance(error, apsw.BusyError | apsw.FullError):
                self._disconnect()
            for job in jobs:
                job.outcome = refusal(error)
        except ReputableError as error:
            for job in jobs:
                job.outcome = error
        except Exception as error:  # noqa: BLE001 - One job's fault must reach its caller and no other.
            if len(jobs) == 1:
                jobs[0].outcome = error
            else:
                for job in jobs:
                    self._commit_all([job])

    def _commit(self, jobs: list[_Job]) -> None:
        connection = self._connected()
        writes = [write for job in jobs for write in job.writes]
        connection.execute("BEGIN IMMEDIATE")
        try:
            planner = Planner(load(connection, writes), self._identity.record_key, self._clock.now())
            outcomes = planner.add_all(writes)
            if planner.plan.entries:
                store(connection, planner.plan)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        start = 0
        for job in jobs:
            job.outcome = outcomes[start : start + len(job.writes)]
            start += len(job.writes)

    def _connected(self) -> apsw.Connection:
        """The connection, opened anew and checked after a failure."""
        if self._connection is None:
            connection = connect_writer(self._path)
            if read_identity(connection) != self._identity:
                connection.close()
                message = f"{self._path} is another ledger than it was at the start; restart the service"
                raise LedgerUnavailable(message)
            self._connection = connection
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close(force=True)
            self._connection = None

    def _answer(self, jobs: list[_Job]) -> None:
        """In the event loop: tell the listeners, then the callers."""
        for job in jobs:
            self._queued -= len(job.writes)
            outcome = job.outcome
            if isinstance(outcome, list):
                self._committed(job.writes, outcome)
            if job.future.cancelled():
                continue
            if isinstance(outcome, list):
                job.future.set_result(outcome)
            elif outcome is not None:
                job.future.set_exception(outcome)
                job.future.exception()  # The caller may be gone.
