"""Points at which the service ends as if its power was cut."""

import asyncio
import os
import signal
from collections.abc import Callable
from typing import Any

from reputable.adapters import postgres_writer, sqlite_file, sqlite_writer
from reputable.adapters.postgres_writer import PostgresWriter
from reputable.adapters.sqlite_writer import SqliteWriter
from reputable.api.interceptors import BoundMethod
from reputable.application.shared_rows import SharedRows
from tests.faults.patching import got, put


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class _Countdown:
    """Ends the process at the n-th time."""

    def __init__(self, count: int) -> None:
        self._left = count

    def __call__(self) -> None:
        self._left -= 1
        if self._left <= 0:
            _die()


def before_insert(reached: Callable[[], None]) -> None:
    """The rows are planned; none is written."""
    store = got(sqlite_writer, "store")
    commit = got(postgres_writer, "commit")

    async def committing(*args: Any) -> None:  # noqa: ANN401 - passed on.
        reached()
        await commit(*args)

    put(postgres_writer, "commit", committing)

    def storing(*args: Any) -> None:  # noqa: ANN401 - passed on.
        reached()
        store(*args)

    put(sqlite_writer, "store", storing)


def before_commit(reached: Callable[[], None]) -> None:
    """The rows are written; the transaction is open."""
    store = got(sqlite_writer, "store")

    def storing(*args: Any) -> None:  # noqa: ANN401 - passed on.
        store(*args)
        reached()

    put(sqlite_writer, "store", storing)


def after_commit(reached: Callable[[], None]) -> None:
    """The rows are durable; nobody was told."""
    commit = SqliteWriter._commit

    def committing(self: SqliteWriter, jobs: Any) -> None:  # noqa: ANN401 - passed on.
        commit(self, jobs)
        reached()

    commit_shared = PostgresWriter._commit

    async def committing_shared(self: PostgresWriter, writes: Any) -> Any:  # noqa: ANN401 - passed on.
        outcome = await commit_shared(self, writes)
        reached()
        return outcome

    put(PostgresWriter, "_commit", committing_shared)

    put(SqliteWriter, "_commit", committing)


def after_acknowledgement(reached: Callable[[], None]) -> None:
    """The answer is on its way."""
    serve = BoundMethod.serve

    async def serving(self: BoundMethod, raw: bytes, context: Any) -> bytes:  # noqa: ANN401 - passed on.
        answer = await serve(self, raw, context)
        if "Record" in self._name:
            asyncio.get_running_loop().call_later(0.01, reached)
        return answer

    put(BoundMethod, "serve", serving)


def during_start(reached: Callable[[], None]) -> None:
    """What the process holds of the ledger is being rebuilt."""
    apply_source = SharedRows._apply_source

    def applying(self: SharedRows, row: Any) -> None:  # noqa: ANN401 - passed on.
        reached()
        apply_source(self, row)

    put(SharedRows, "_apply_source", applying)


def during_migration(reached: Callable[[], None]) -> None:
    """The schema is made; its version is not noted."""
    migrate = sqlite_file._migrate

    def migrating(connection: Any) -> None:  # noqa: ANN401 - passed on.
        version = connection.pragma("user_version")
        migrate(connection)
        connection.pragma("user_version", version)
        reached()

    put(sqlite_file, "_migrate", migrating)


POINTS: dict[str, Callable[[Callable[[], None]], None]] = {
    point.__name__: point
    for point in (before_insert, before_commit, after_commit, after_acknowledgement, during_start, during_migration)
}


def install(order: str) -> None:
    """Set a failpoint from `name:count`."""
    name, _, count = order.partition(":")
    POINTS[name](_Countdown(int(count)))
