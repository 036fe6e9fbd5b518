"""Connections to Redis, each used for one exchange at a time and dropped at the first doubt."""

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import Any, cast

from redis._parsers import _AsyncHiredisParser
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import InvalidResponse, ResponseError

BUDGET_SECONDS = 0.05
"""What a look-up may take in all, connecting included."""
MAX_IDLE = 4

_TOO_MANY = re.compile(rb"[*~%>]\d{6,}\r\n")

Command = Sequence[bytes | str | int]


class GuardedParser(_AsyncHiredisParser):
    """Refuses a reply that announces a million values: hiredis would set gigabytes aside for them at once."""

    async def read_from_socket(self) -> bool:
        """Feed what has come to the parser. Raises InvalidResponse, or ConnectionError at the end."""
        stream, reader = self._stream, cast("Any", self._reader)
        chunk = await stream.read(self._read_size) if stream is not None else b""
        if not chunk:
            raise ConnectionResetError("Redis closed the connection")
        if _TOO_MANY.search(chunk):
            raise InvalidResponse("a reply announces more values than anyone asked for")
        reader.feed(chunk)
        return True


class RedisConnections:
    """Lends connections; redis-py's pool would retry, wait and keep a connection that went wrong.

    redis-py's own defaults wait 5 s and try ten times: one call to a stopped server hung for a minute.
    """

    def __init__(self, url: str) -> None:
        factory = ConnectionPool.from_url(
            url,
            socket_timeout=BUDGET_SECONDS,
            socket_connect_timeout=BUDGET_SECONDS,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            parser_class=GuardedParser,
            driver_info=None,
            health_check_interval=0,
        )
        self._make: Callable[[], AbstractConnection] = factory.make_connection
        self._idle: list[AbstractConnection] = []

    async def exchange(self, commands: Sequence[Command], due: float) -> "Replies":
        """Send commands together and read one reply to each, until `due` (the loop's time).

        Raises whatever redis-py, the socket or the timeout raises; the connection is dropped then.
        """
        connection = self._idle.pop() if self._idle else self._make()
        try:
            async with asyncio.timeout_at(due):
                await connection.send_packed_command(connection.pack_commands(commands), check_health=False)
                values = [await _reply(connection) for _ in commands]
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        return Replies(values, connection)

    async def give_back(self, replies: "Replies", *, trusted: bool) -> None:
        """Keep the connection that the replies came by for another exchange, or drop it."""
        if trusted and len(self._idle) < MAX_IDLE:
            self._idle.append(replies.connection)
        else:
            await replies.connection.disconnect(nowait=True)

    async def drop_all(self) -> None:
        """Drop every idle connection."""
        while self._idle:
            await self._idle.pop().disconnect(nowait=True)


async def _reply(connection: AbstractConnection) -> Any:  # noqa: ANN401 - what Redis may say.
    """One reply; an error that Redis replied is a value."""
    try:
        return await connection.read_response(disable_decoding=True)
    except ResponseError as error:
        return error


class Replies:
    """The values read in one exchange and the connection they came by."""

    __slots__ = ("connection", "values")

    def __init__(self, values: list[Any], connection: AbstractConnection) -> None:
        self.values = values
        self.connection = connection
