"""A ledger's PostgreSQL database: connections, schema, identity, errors."""

from importlib import resources
from typing import Any

import psycopg
from psycopg import AsyncConnection, errors

from reputable.adapters.ledger_rows import new_identity
from reputable.application.ports import Identity
from reputable.domain.errors import LedgerFull, LedgerUnavailable, ReputableError

Connection = AsyncConnection[tuple[Any, ...]]

CONNECT_SECONDS = 2
STATEMENT_MILLISECONDS = 4_000
LOCK_MILLISECONDS = 2_000
"""How long a write waits for another process's."""
IDLE_MILLISECONDS = 10_000
"""After this a process that stalls within a transaction loses it, so that the others can write."""

_MIGRATIONS = resources.files("reputable.adapters") / "migrations" / "postgres"
_MIGRATION_LOCK = 7_275_648_201
_OPTIONS = " ".join(
    f"-c {name}={value}"
    for name, value in {
        "search_path": "reputable",
        "synchronous_commit": "on",
        "statement_timeout": STATEMENT_MILLISECONDS,
        "lock_timeout": LOCK_MILLISECONDS,
        "idle_in_transaction_session_timeout": IDLE_MILLISECONDS,
        "default_transaction_isolation": "read\\ committed",
    }.items()
)


def refusal(error: psycopg.Error) -> Exception:
    """The error that callers see for one of PostgreSQL's; a fault of ours stays what it is."""
    if isinstance(error, errors.DiskFull):
        return LedgerFull("the ledger's disk is full; nothing was recorded, free some space and try again")
    if isinstance(error, errors.UndefinedTable | errors.InvalidSchemaName):
        return LedgerUnavailable("the database holds no ledger")
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError | errors.ReadOnlySqlTransaction):
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        return LedgerUnavailable(f"the ledger's database cannot be used ({reason}); try again with the same request id")
    return error


def timed_out() -> ReputableError:
    """The error that callers see when the database does not answer."""
    return LedgerUnavailable("the ledger's database does not answer; try again with the same request id")


async def connect(url: str, **options: Any) -> Connection:  # noqa: ANN401 - psycopg's own.
    """Connect to the primary, in autocommit mode; LedgerUnavailable when it cannot be reached."""
    try:
        return await AsyncConnection.connect(
            url,
            autocommit=True,
            connect_timeout=CONNECT_SECONDS,
            options=f"{_OPTIONS} {options.pop('options', '')}",
            target_session_attrs="read-write",
            application_name="reputable",
            **options,
        )
    except psycopg.Error as error:
        raise refusal(error) from error


async def prepare(url: str, identity: Identity | None = None) -> Identity:
    """Make the schema or bring it up to date, and return the ledger's identity; safe in many processes at once.

    A new ledger gets `identity`, or one of its own.

    Changes of the schema only ever add to it, so that an older release goes on working beside a newer one.
    """
    connection = await connect(url)
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_MIGRATION_LOCK,))
            await connection.execute("SET LOCAL statement_timeout = 0")
            await _migrate(connection)
            await _keep_identity(connection, identity or new_identity())
        return await read_identity(connection)
    except psycopg.Error as error:
        raise refusal(error) from error
    finally:
        await connection.close()


async def _migrate(connection: Connection) -> None:
    await connection.execute("CREATE SCHEMA IF NOT EXISTS reputable")
    await connection.execute("CREATE TABLE IF NOT EXISTS migration (number bigint PRIMARY KEY)")
    row = await (await connection.execute("SELECT coalesce(max(number), 0) FROM migration")).fetchone()
    done = 0 if row is None else row[0]
    files = sorted((f for f in _MIGRATIONS.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    for number, file in enumerate(files[done:], done + 1):
        await connection.execute(file.read_text("utf-8"))
        await connection.execute("INSERT INTO migration VALUES (%s)", (number,))


async def _keep_identity(connection: Connection, made: Identity) -> None:
    for name, value in (
        ("ledger_id", made.ledger_id.encode()),
        ("record_key", made.record_key),
        ("cache_key", made.cache_key),
    ):
        await connection.execute("INSERT INTO meta VALUES (%s, %s) ON CONFLICT DO NOTHING", (name, value))


async def read_identity(connection: Connection) -> Identity:
    """The identity kept in the database."""
    rows = await (await connection.execute("SELECT name, value FROM meta")).fetchall()
    values = {name: bytes(value) for name, value in rows}
    return Identity(values["ledger_id"].decode(), values["record_key"], values["cache_key"])
