"""What the service holds open and runs in the background, released in the opposite order."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

_LOG = structlog.get_logger("reputable")


class Resources:
    """Remembers how to release what was opened."""

    def __init__(self) -> None:
        self._stack = contextlib.AsyncExitStack()

    def closed_by(self, close: Callable[[], Awaitable[None]]) -> None:
        """Have `close` awaited when all is released."""
        self._stack.push_async_callback(close)

    def run(self, work: Coroutine[Any, Any, object]) -> "asyncio.Task[object]":
        """Run work until it ends or all is released; a failure of it is logged."""
        task = asyncio.get_running_loop().create_task(work)

        async def end() -> None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

        task.add_done_callback(_log_failure)
        self._stack.push_async_callback(end)
        return task

    async def release(self) -> None:
        """Release everything, the last first."""
        await self._stack.aclose()


def _log_failure(task: "asyncio.Task[object]") -> None:
    if not task.cancelled() and task.exception() is not None:
        _LOG.error("background_work_failed", exc_info=task.exception())
