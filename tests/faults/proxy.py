"""A TCP proxy that spoils what the server behind it answers."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Self

from tests.loop_thread import LoopThread
from tests.process import free_port

Send = Callable[[bytes], Awaitable[None]]
Fault = Callable[[bytes, bytes, Send], Awaitable[None]]
"""Is given what was asked last, what the server answered, and how to answer the client. Raising
ConnectionResetError ends the connection."""


async def pass_on(_asked: bytes, answer: bytes, send: Send) -> None:
    """No fault."""
    await send(answer)


class FaultProxy:
    """Runs in a thread of its own; `fault` may be changed at any time and holds from the next answer on."""

    def __init__(self, upstream: int | Path) -> None:
        """Before a port of the loopback or a unix socket."""
        self.port = free_port()
        self.upstream = upstream
        self.fault: Fault = pass_on
        self.connections = 0
        self._loop = LoopThread()
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        """Listen."""
        self._loop.__enter__()
        self._server = self._loop.run(asyncio.start_server(self._accept, "127.0.0.1", self.port))
        return self

    def __exit__(self, *_: object) -> None:
        """End every connection."""
        self._loop.run(self._stop_listening())
        self._loop.__exit__()

    def drop(self) -> None:
        """End the connections there are."""
        self._loop.run(self._drop())

    async def _stop_listening(self) -> None:
        self._server.close()

    async def _drop(self) -> None:
        for task in list(self._tasks):
            task.cancel()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.ensure_future(self._carry(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self.upstream, Path):
            return await asyncio.open_unix_connection(self.upstream)
        return await asyncio.open_connection("127.0.0.1", self.upstream)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = b""

        async def answer(chunk: bytes) -> None:
            writer.write(chunk)
            await writer.drain()

        async def requests() -> None:
            nonlocal asked
            while chunk := await reader.read(1 << 16):
                asked = chunk
                server_writer.write(chunk)
                await server_writer.drain()

        async def answers() -> None:
            while chunk := await server_reader.read(1 << 20):
                await self.fault(asked, chunk, answer)

        with contextlib.suppress(OSError, asyncio.CancelledError), contextlib.closing(writer):
            server_reader, server_writer = await self._connect()
            with contextlib.closing(server_writer):
                both = [asyncio.ensure_future(requests()), asyncio.ensure_future(answers())]
                try:
                    await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for one in both:
                        one.cancel()
                    await asyncio.gather(*both, return_exceptions=True)
