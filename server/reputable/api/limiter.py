"""Lets dear calls in while they will be answered soon, and refuses the rest at once.

A limit on concurrent calls within gRPC would also count calls whose message never comes, and so
would let whoever opens many of them shut everybody out.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter

from reputable.domain.errors import Overloaded

MAX_WAIT_SECONDS = 0.25
"""A call that would have to wait longer than this for its turn is refused."""
AT_ONCE = 2
"""Calls that have their turn at the same time: one computes while another waits for the ledger or for Redis."""
_WEIGHT = 0.2
"""Of the newest call in the running mean of what a byte costs."""


class Limiter:
    """Takes turns, first come, first served; what a call costs is estimated from its bytes."""

    def __init__(self, max_wait_seconds: float = MAX_WAIT_SECONDS) -> None:
        self._max_wait_seconds = max_wait_seconds
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._bytes = 0
        self._seconds_per_byte = 0.0
        self._ended = 0.0

    @property
    def wait_seconds(self) -> float:
        """How long a call that came now would wait for the calls before it to end."""
        return self._bytes * self._seconds_per_byte

    @asynccontextmanager
    async def turn(self, size: int) -> AsyncIterator[None]:
        """Wait for the turn of a call of that many bytes; Overloaded when that would take too long."""
        wait = self.wait_seconds
        if wait > self._max_wait_seconds:
            message = f"batches under way take {wait:.2f} s more; try again later, or elsewhere"
            raise Overloaded(message, retry_after=wait)
        self._bytes += size
        try:
            async with self._turns:
                started = perf_counter()
                yield
                self._note(size, started)
        finally:
            self._bytes -= size

    def _note(self, size: int, started: float) -> None:
        """Take in what a call cost: the time since it began, or since the call before it ended."""
        now = perf_counter()
        cost = (now - max(started, self._ended)) / max(1, size)
        self._ended = now
        known = self._seconds_per_byte
        self._seconds_per_byte = known + _WEIGHT * (cost - known) if known else cost
