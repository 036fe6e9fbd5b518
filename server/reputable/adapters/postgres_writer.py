"""The one task of a process that writes: takes what has queued up, commits it together, then answers."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psycopg

from reputable.adapters.ledger_plan import Planner
from reputable.adapters.ledger_rows import closed
from reputable.adapters.postgres_database import Connection, connect, refusal, timed_out
from reputable.adapters.postgres_store import begin, commit
from reputable.application.ports import Clock, Identity, Receipt, Write
from reputable.domain.errors import Overloaded, ReputableError

MAX_GROUP = 4_096
"""Rows after which a group is committed though more are waiting."""
MAX_QUEUED = 65_536
"""Rows that may wait; more are refused as Overloaded."""
COMMIT_SECONDS = 4.5
"""After this without an answer the connection is given up."""

Outcome = list[Receipt | ReputableError]
Deliver = Callable[[Sequence[Write], Outcome], None]


@dataclass(slots=True)
class _Job:
    writes: Sequence[Write]
    future: asyncio.Future[Outcome]


class PostgresWriter:
    """Owns the connection that writes, and makes a new one after every failure."""

    def __init__(self, url: str, identity: Identity, clock: Clock, committed: Deliver) -> None:
        self._url = url
        self._identity = identity
        self._clock = clock
        self._committed = committed
        self._jobs: asyncio.Queue[_Job | None] = asyncio.Queue()
        self._queued = 0
        self._closed = False
        self._connection: Connection | None = None
        self._task = asyncio.get_running_loop().create_task(self._run(), name="ledger-writer")

    async def append(self, writes: Sequence[Write]) -> Outcome:
        """Queue the writes and wait until they are durable; goes on without its caller."""
        if self._closed:
            raise closed()
        if self._queued + len(writes) > MAX_QUEUED:
            message = "too many verdicts wait to be written; try again with the same request id"
            raise Overloaded(message)
        job = _Job(writes, asyncio.get_running_loop().create_future())
        self._queued += len(writes)
        self._jobs.put_nowait(job)
        return await asyncio.shield(job.future)

    async def close(self) -> None:
        """Commit what is queued, then end."""
        if not self._closed:
            self._closed = True
            self._jobs.put_nowait(None)
        await self._task

    async def _run(self) -> None:
        job = await self._jobs.get()
        while job is not None:
            jobs, rows = [job], len(job.writes)
            job = None
            while rows < MAX_GROUP and not self._jobs.empty():
                job = self._jobs.get_nowait()
                if job is None:
                    self._jobs.put_nowait(None)
                    break
                jobs.append(job)
                rows += len(job.writes)
            await self._commit_all(jobs)
            job = await self._jobs.get()
        await self._disconnect()

    async def _commit_all(self, jobs: list[_Job]) -> None:
        """Commit the jobs together; where something unforeseen stops that, each alone."""
        failure: Exception
        try:
            self._answer(jobs, await self._commit([write for job in jobs for write in job.writes]))
        except TimeoutError:
            failure = timed_out()
        except psycopg.Error as error:
            failure = refusal(error)
        except Exception as error:  # noqa: BLE001 - One job's fault must reach its caller and no other.
            failure = error
        else:
            return
        await self._disconnect()
        if isinstance(failure, ReputableError) or len(jobs) == 1:
            self._refuse(jobs, failure)
            return
        for job in jobs:
            await self._commit_all([job])

    async def _commit(self, writes: Sequence[Write]) -> Outcome:
        """One transaction; where the old connection turns out to be dead at its begin, on a new one."""
        async with asyncio.timeout(COMMIT_SECONDS):
            fresh = self._connection is None
            try:
                state = await begin(await self._connected(), writes)
            except psycopg.OperationalError:
                if fresh:
                    raise
                await self._disconnect()
                state = await begin(await self._connected(), writes)
            planner = Planner(state, self._identity.record_key, self._clock.now())
            outcomes = planner.add_all(writes)
            await commit(await self._connected(), planner.plan)
        return outcomes

    async def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = await connect(self._url)
        return self._connection

    async def _disconnect(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            with contextlib.suppress(psycopg.Error):
                await connection.close()

    def _answer(self, jobs: list[_Job], outcomes: Outcome) -> None:
        start = 0
        for job in jobs:
            outcome = outcomes[start : start + len(job.writes)]
            start += len(job.writes)
            self._queued -= len(job.writes)
            self._committed(job.writes, outcome)
            if not job.future.cancelled():
                job.future.set_result(outcome)

    def _refuse(self, jobs: list[_Job], failure: Exception) -> None:
        for job in jobs:
            self._queued -= len(job.writes)
            if not job.future.cancelled():
                job.future.set_exception(failure)
                job.future.exception()  # The caller may be gone.
