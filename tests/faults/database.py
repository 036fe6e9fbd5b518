"""PostgreSQL for the fault tests: a server of the test's own behind a proxy, so that it can be cut off."""

import contextlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
import pytest

from tests.faults.proxy import FaultProxy
from tests.postgres_server import NoPostgres, PostgresServer


@dataclass
class Database:
    """One database; `url` leads through the proxy, `direct` past it."""

    server: PostgresServer
    proxy: FaultProxy
    name: str

    @property
    def url(self) -> str:
        """Where services find it."""
        return f"postgresql://postgres@127.0.0.1:{self.proxy.port}/{self.name}"

    @property
    def direct(self) -> str:
        """Where the test finds it."""
        return self.server.url(self.name)

    def execute(self, statement: str) -> None:
        """Run a statement of the test's own."""
        with psycopg.connect(self.direct, autocommit=True) as connection:
            connection.execute(statement.encode())

    def set_read_only(self, *, on: bool) -> None:
        """Have every new connection refuse to write, as a replica does."""
        statement = f'ALTER DATABASE "{self.name}" SET default_transaction_read_only = {"on" if on else "off"}'
        with psycopg.connect(self.server.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def kill(self) -> None:
        """End the server as a crash would; its processes may outlive it for a moment, their connections do not."""
        self.server.stop(kill=True)
        self.proxy.drop()

    def restart(self) -> None:
        """Start it again once its last processes have gone."""
        for attempt in range(50):
            with contextlib.suppress(NoPostgres):
                self.server.start()
                return
            if attempt == 49:
                raise NoPostgres("the server did not come back")


@contextlib.contextmanager
def databases() -> Iterator[Database]:
    """A new server with one database; skips the test where there is no server to be had."""
    try:
        server = PostgresServer()
        server.start()
    except NoPostgres as reason:
        pytest.skip(f"no PostgreSQL server: {reason}")
    try:
        socket = unquote(urlsplit(server.url("x")).query.removeprefix("host="))
        with FaultProxy(Path(socket) / ".s.PGSQL.5432") as proxy:
            name = f"ledger_{uuid.uuid4().hex[:8]}"
            with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
                connection.execute(f'CREATE DATABASE "{name}"'.encode())
            yield Database(server, proxy, name)
    finally:
        server.remove()
