"""A TCP proxy that spoils what a server answers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Self

Fault = Callable[[bytes], AsyncIterator[bytes]]
"""What becomes of a chunk of the server's answer: the pieces to send; an OSError cuts the connection."""


async def untouched(chunk: bytes) -> AsyncIterator[bytes]:
    """No fault."""
    yield chunk


def slow(seconds: float) -> Fault:
    """Every chunk comes late."""

    async def fault(chunk: bytes) -> AsyncIterator[bytes]:
        await asyncio.sleep(seconds)
        yield chunk

    return fault


def trickling(seconds: float) -> Fault:
    """One byte at a time."""

    async def fault(chunk: bytes) -> AsyncIterator[bytes]:
        for byte in chunk:
            await asyncio.sleep(seconds)
            yield bytes([byte])

    return fault


async def swallowed(chunk: bytes) -> AsyncIterator[bytes]:
    """Nothing ever comes."""
    for nothing in (b"",):
        yield nothing


async def truncated(chunk: bytes) -> AsyncIterator[bytes]:
    """Half of it, then the connection is cut."""
    yield chunk[: len(chunk) // 2]
    raise ConnectionAbortedError


def instead(answer: bytes) -> Fault:
    """Something else."""

    async def fault(chunk: bytes) -> AsyncIterator[bytes]:
        yield answer

    return fault


def before(extra: bytes) -> Fault:
    """Something more comes first."""

    async def fault(chunk: bytes) -> AsyncIterator[bytes]:
        yield extra + chunk

    return fault


def flipped(position: int) -> Fault:
    """One bit is wrong, `position` bytes from the end."""

    async def fault(chunk: bytes) -> AsyncIterator[bytes]:
        spoiled = bytearray(chunk)
        if len(spoiled) > position:
            spoiled[-position] ^= 1
        yield bytes(spoiled)

    return fault


class FaultProxy:
    """Forwards to the server at a unix socket; `fault` may be changed at any time."""

    def __init__(self, socket_path: str) -> None:
        self._socket_path = socket_path
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.connections = 0
        self.fault: Fault = untouched

    @property
    def url(self) -> str:
        """Where it listens."""
        assert self._server is not None
        return f"redis://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            server_reader, server_writer = await asyncio.open_unix_connection(self._socket_path)
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(self._pump(reader, server_writer, lambda: untouched))
                pumps.create_task(self._pump(server_reader, writer, lambda: self.fault))
        except (OSError, ExceptionGroup):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fault: Callable[[], Fault]
    ) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(65_536):
                async for piece in fault()(chunk):
                    writer.write(piece)
                    await writer.drain()
        raise ConnectionResetError
