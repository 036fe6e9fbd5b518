"""Points at which the service ends as if its power was cut."""

import asyncio
import os
import signal
from collections.abc import Callable
from typing import Any

from reputable.adapters import sqlite_writer
from reputable.adapters.sqlite_writer import SqliteWriter
from reputable.api.interceptors import BoundMethod
from reputable.application.shared_rows import SharedRows


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
    store = sqlite_writer.store

    def storing(*args: Any) -> None:  # noqa: ANN401 - passed on.
        reached()
        store(*args)

    sqlite_writer.store = storing


def before_commit(reached: Callable[[], None]) -> None:
    """The rows are written; the transaction is open."""
    store = sqlite_writer.store

    def storing(*args: Any) -> None:  # noqa: ANN401 - passed on.
        store(*args)
        reached()

    sqlite_writer.store = storing


def after_commit(reached: Callable[[], None]) -> None:
    """The rows are durable; nobody was told."""
    commit = SqliteWriter._commit

    def committing(self: SqliteWriter, jobs: Any) -> None:  # noqa: ANN401 - passed on.
        commit(self, jobs)
        reached()

    SqliteWriter._commit = committing  # type: ignore[method-assign]


def after_acknowledgement(reached: Callable[[], None]) -> None:
    """The answer is on its way."""
    serve = BoundMethod.serve

    async def serving(self: BoundMethod, raw: bytes, context: Any) -> bytes:  # noqa: ANN401 - passed on.
        answer = await serve(self, raw, context)
        if "Record" in self._name:
            asyncio.get_running_loop().call_later(0.01, reached)
        return answer

    BoundMethod.serve = serving  # type: ignore[method-assign]


def during_start(reached: Callable[[], None]) -> None:
    """What the process holds of the ledger is being rebuilt."""
    apply_source = SharedRows._apply_source

    def applying(self: SharedRows, row: Any) -> None:  # noqa: ANN401 - passed on.
        reached()
        apply_source(self, row)

    SharedRows._apply_source = applying  # type: ignore[method-assign]


POINTS: dict[str, Callable[[Callable[[], None]], None]] = {
    point.__name__: point for point in (before_insert, before_commit, after_commit, after_acknowledgement, during_start)
}


def install(order: str) -> None:
    """Set a failpoint from `name:count`."""
    name, _, count = order.partition(":")
    POINTS[name](_Countdown(int(count)))
