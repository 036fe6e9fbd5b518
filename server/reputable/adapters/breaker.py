"""Stops asking what does not answer."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

FAILURES_TO_OPEN = 5
PROBE_SECONDS = 1.0

_LOG = structlog.get_logger("reputable.redis")


class Breaker:
    """Opens after five failures in a row, then probes once a second and closes when a probe succeeds."""

    def __init__(self, probe: Callable[[], Awaitable[bool]], probe_seconds: float = PROBE_SECONDS) -> None:
        self._probe = probe
        self._probe_seconds = probe_seconds
        self._failures = 0
        self._probing: asyncio.Task[None] | None = None
        self.is_open = False

    def succeeded(self) -> None:
        """A call was answered."""
        self._failures = 0

    def failed(self) -> None:
        """A call was not answered."""
        self._failures += 1
        if self._failures >= FAILURES_TO_OPEN:
            self.open()

    def open(self) -> None:
        """Stop asking, and start probing."""
        if not self.is_open:
            self.is_open = True
            _LOG.warning("redis_unreachable", message="Scores are computed anew until Redis answers again.")
            self._probing = asyncio.get_running_loop().create_task(self._probe_until_answered())

    async def _probe_until_answered(self) -> None:
        while True:
            await asyncio.sleep(self._probe_seconds)
            if await self._probe():
                self._failures = 0
                self.is_open = False
                _LOG.info("redis_reachable")
                return

    async def close(self) -> None:
        """Stop probing for good."""
        if self._probing is not None:
            self._probing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._probing
