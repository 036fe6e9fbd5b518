"""A reply that announces more than anyone asked for is refused before memory is set aside for it."""

import asyncio
import time

import pytest
from redis.exceptions import InvalidResponse

from reputable.adapters.redis_connections import RedisConnections


@pytest.mark.parametrize("reply", [b"*536870912\r\n", b"+OK\r\n*536870912\r\n", b"%99999999\r\n", b"~1000000\r\n"])
async def test_a_reply_of_a_million_values_is_refused_at_once(reply: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1_024)
        writer.write(reply)
        await writer.drain()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        started = time.perf_counter()
        due = asyncio.get_running_loop().time() + 5
        with pytest.raises(InvalidResponse):
            await RedisConnections(f"redis://127.0.0.1:{port}").exchange([(b"MGET", b"a")], due)
        assert time.perf_counter() - started < 1
