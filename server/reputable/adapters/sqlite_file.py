"""A ledger's SQLite file: its lock, its connections, its schema, its identity."""

import fcntl
import os
from functools import lru_cache
from hashlib import blake2b
from importlib import resources
from pathlib import Path

import apsw

from reputable.adapters.ledger_rows import new_identity
from reputable.application.ports import Identity
from reputable.domain.errors import LedgerCorrupt, LedgerFull, LedgerUnavailable, ReputableError

BUSY_MILLISECONDS = 2_000
"""How long a write waits for another process's lock."""
CHECKPOINT_PAGES = 16_000
"""Pages in the write-ahead log (64 MB) after which they are moved to the file: a batch touches hundreds, many of them
pages of the batch before."""
WRITER_CACHE_KIB = 32_768
READER_CACHE_KIB = 8_192

_MIGRATIONS = resources.files("reputable.adapters") / "migrations" / "sqlite"


class FileLock:
    """Holds the ledger file for this process; another one is refused at once (flock on PATH.lock)."""

    def __init__(self, path: Path) -> None:
        """Take the lock, or raise LedgerUnavailable saying who has it."""
        self._descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._descriptor)
            message = (
                f"the ledger {path} is in use by another process (process id {holder}); stop that one first, "
                "or keep the ledger in PostgreSQL, which several processes can share"
            )
            raise LedgerUnavailable(message) from error
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Let others have the file."""
        os.close(self._descriptor)


def refusal(error: apsw.Error) -> ReputableError:
    """The error that callers see for one of SQLite's."""
    if isinstance(error, apsw.FullError):
        return LedgerFull("the ledger's disk is full; nothing was recorded, free some space and try again")
    if isinstance(error, apsw.CorruptError | apsw.NotADBError):
        return LedgerCorrupt(f"the ledger file is damaged ({error}); run `reputable ledger verify`")
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return LedgerUnavailable("the ledger file is locked by another process; try again with the same request id")
    return LedgerUnavailable(f"the ledger file cannot be used ({error}); try again with the same request id")


def connect_writer(path: Path) -> apsw.Connection:
    """The one connection that writes and checkpoints."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    connection.set_busy_timeout(BUSY_MILLISECONDS)
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "fullfsync = ON",
        "trusted_schema = OFF",
        f"wal_autocheckpoint = {CHECKPOINT_PAGES}",
        "journal_size_limit = 67108864",
        f"cache_size = -{WRITER_CACHE_KIB}",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def connect_reader(path: Path) -> apsw.Connection:
    """A connection that can neither write nor checkpoint."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    connection.set_busy_timeout(BUSY_MILLISECONDS)
    connection.execute(f"PRAGMA trusted_schema = OFF; PRAGMA cache_size = -{READER_CACHE_KIB}")
    return connection


def prepare(path: Path, identity: Identity | None = None) -> None:
    """Make the file (readable by its owner only) and bring its schema up to date; a new one gets the identity."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    connection = connect_writer(path)
    try:
        with connection:
            _migrate(connection)
            _keep_identity(connection, identity or new_identity())
    finally:
        connection.close()


def check_version(connection: apsw.Connection) -> None:
    """Raise LedgerUnavailable unless the file has the schema of this release."""
    version, newest = _version(connection), len(_migrations())
    if version != newest:
        message = (
            f"the ledger file has schema {version} and this release knows {newest}; "
            + ("use a newer release" if version > newest else "start the service on it once to bring it up to date")
        )  # fmt: skip
        raise LedgerUnavailable(message)


def _migrations() -> list[str]:
    files = sorted((f for f in _MIGRATIONS.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return [f.read_text("utf-8") for f in files]


def _version(connection: apsw.Connection) -> int:
    return int(str(connection.pragma("user_version")))


def _migrate(connection: apsw.Connection) -> None:
    migrations = _migrations()
    if _version(connection) > len(migrations):
        check_version(connection)
    connection.create_scalar_function("subject_digest", subject_digest, deterministic=True)
    for number, script in enumerate(migrations[_version(connection) :], _version(connection) + 1):
        connection.execute(script)
        connection.pragma("user_version", number)


@lru_cache(maxsize=4_096)
def subject_digest(source_id: str, key: bytes, reviewer: str) -> int:
    """Eight bytes, as SQLite's integer, that stand for whose claim which reviewer judged; others may have the same."""
    found = blake2b(b"%b\0%b%b" % (source_id.encode(), key, reviewer.encode()), digest_size=8)
    return int.from_bytes(found.digest(), "big", signed=True)


def _keep_identity(connection: apsw.Connection, made: Identity) -> None:
    connection.executemany(
        "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING",
        [("ledger_id", made.ledger_id.encode()), ("record_key", made.record_key), ("cache_key", made.cache_key)],
    )


def read_identity(connection: apsw.Connection) -> Identity:
    """The identity kept in the file."""
    values = {str(name): bytes(value) for name, value in connection.execute("SELECT name, value FROM meta")}
    return Identity(values["ledger_id"].decode(), values["record_key"], values["cache_key"])
