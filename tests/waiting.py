"""Waits in tests for what comes true in its own time."""

import asyncio
from collections.abc import Callable


async def eventually(is_true: Callable[[], object], seconds: float = 10.0) -> None:
    """Return as soon as `is_true` says so. Raises TimeoutError after `seconds`."""
    async with asyncio.timeout(seconds):
        while not is_true():  # noqa: ASYNC110 - what is waited for signals nothing.
            await asyncio.sleep(0.005)
