"""Copies into SQLite files."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import apsw

from reputable.adapters import sqlite_queries as queries
from reputable.adapters.ledger_plan import Planner
from reputable.adapters.ledger_rows import readable_write
from reputable.adapters.sqlite_file import FileLock, connect_reader, connect_writer, prepare, read_identity, refusal
from reputable.adapters.sqlite_store import load, store
from reputable.application.ports import Identity
from reputable.domain.entries import Entry
from reputable.domain.errors import PreconditionFailed

PAGES = 1_000
"""Pages of a file that are copied between two looks at the progress."""


class SqliteTarget:
    """A LedgerTarget in a file; holds its lock."""

    def __init__(self, path: Path, identity: Identity) -> None:
        """Open the file or make it; PreconditionFailed when it holds another ledger."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(path)
        try:
            prepare(path, identity)
            self._connection = connect_writer(path)
            self._identity = read_identity(self._connection)
        except apsw.Error as error:
            self._lock.release()
            raise refusal(error) from error
        if self._identity != identity:
            self._connection.close()
            self._lock.release()
            message = f"{path} holds another ledger; choose a file that is not there yet"
            raise PreconditionFailed(message)

    async def last(self) -> Entry | None:
        """See LedgerTarget."""
        last = queries.entries(self._connection, None, 1 << 62, 0, 1)
        return last[0] if last else None

    async def restore(self, entries: Sequence[Entry]) -> None:
        """See LedgerTarget."""
        writes = [readable_write(entry) for entry in entries]
        try:
            with self._connection:
                planner = Planner(load(self._connection, writes), self._identity.record_key, 0)
                for entry, write in zip(entries, writes, strict=True):
                    planner.restore(entry, write)
                store(self._connection, planner.plan)
        except apsw.Error as error:
            raise refusal(error) from error

    async def close(self) -> None:
        """See LedgerTarget."""
        self._connection.close()
        self._lock.release()


def back_up(path: Path, out: Path, progress: Callable[[int, int], None] | None = None) -> int:
    """Copy a ledger file, also one that a service writes to, as it is at one moment; returns its last revision.

    `out` appears whole or not at all, and what stood there before is replaced; `progress` is told
    pages done and pages in all. Raises LedgerUnavailable and LedgerFull.
    """
    partial = out.with_name(out.name + ".partial")
    partial.unlink(missing_ok=True)
    os.close(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    try:
        source = connect_reader(path)
        copy = apsw.Connection(str(partial))
        with source:  # One snapshot: a writer does not make it begin again.
            revision = queries.state(source).revision
            with copy.backup("main", source, "main") as backup:
                while not backup.done:
                    backup.step(PAGES)
                    if progress is not None:
                        progress(backup.page_count - backup.remaining, backup.page_count)
        copy.pragma("journal_mode", "delete")
        copy.close()
        source.close()
    except apsw.Error as error:
        partial.unlink(missing_ok=True)
        raise refusal(error) from error
    _sync(partial)
    partial.replace(out)
    _sync(out.parent)
    return revision


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
