"""What may happen to Redis's answers on their way."""

import asyncio
import random
import re

from tests.faults.proxy import Fault, Send

ASKS = b"MGET"
STORES = b"SET"
_RANDOM = random.Random(7)


def slow(seconds: float) -> Fault:
    """Every answer comes late."""

    async def fault(_asked: bytes, answer: bytes, send: Send) -> None:
        await asyncio.sleep(seconds)
        await send(answer)

    return fault


def trickle(seconds_per_byte: float) -> Fault:
    """Every answer comes byte by byte."""

    async def fault(_asked: bytes, answer: bytes, send: Send) -> None:
        for byte in answer:
            await asyncio.sleep(seconds_per_byte)
            await send(bytes([byte]))

    return fault


async def blackhole(_asked: bytes, _answer: bytes, _send: Send) -> None:
    """No answer comes."""


async def garbage(asked: bytes, answer: bytes, send: Send) -> None:
    """Look-ups are answered with random bytes."""
    await send(_RANDOM.randbytes(len(answer)) if ASKS in asked else answer)


async def truncate(asked: bytes, answer: bytes, send: Send) -> None:
    """A look-up's answer ends in the middle, and with it the connection."""
    if ASKS not in asked:
        await send(answer)
        return
    await send(answer[: len(answer) // 2])
    raise ConnectionResetError


async def huge_header(asked: bytes, answer: bytes, send: Send) -> None:
    """A look-up's answer claims to be 512 MiB long."""
    await send(b"*1\r\n$536870912\r\n" + b"x" * 65_536 if ASKS in asked else answer)


async def flip_bit(asked: bytes, answer: bytes, send: Send) -> None:
    """One bit of each value looked up is another."""
    spoilt = bytearray(answer)
    if ASKS in asked:
        for header in re.finditer(rb"\$(\d+)\r\n", answer):
            size = int(header[1])
            if size:
                spoilt[header.end() + _RANDOM.randrange(size)] ^= 1 << _RANDOM.randrange(8)
    await send(bytes(spoilt))


async def push_frames(_asked: bytes, answer: bytes, send: Send) -> None:
    """Every answer is preceded by a message nobody asked for, as RESP3 allows."""
    await send(b">2\r\n$10\r\ninvalidate\r\n*1\r\n$3\r\nkey\r\n" + answer)


class Desynchronise:
    """Each look-up is answered with what the look-up before it should have got."""

    def __init__(self) -> None:
        self._before = b""

    async def __call__(self, asked: bytes, answer: bytes, send: Send) -> None:
        """Hold one answer back; answer the first look-up twice."""
        if ASKS not in asked:
            await send(answer)
            return
        held, self._before = self._before, answer
        await send(held or answer)


def says(error: str, *, to: bytes = ASKS) -> Fault:
    """A command is answered with an error."""

    async def fault(asked: bytes, answer: bytes, send: Send) -> None:
        await send(b"-%s\r\n" % error.encode() if to in asked else answer)

    return fault
