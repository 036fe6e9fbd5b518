"""Runs a service until the process is told to end."""

import asyncio
import contextlib
import signal
from typing import Protocol

import structlog

from reputable.adapters.collection import spare_what_stays

_LOG = structlog.get_logger("reputable")


class Service(Protocol):
    """What can be started, told to drain, and stopped; `stop` also after a start that failed or was cancelled."""

    async def start(self) -> None:
        """Open everything and serve."""
        ...

    async def drain(self) -> None:
        """Tell callers to go elsewhere, and still take their calls."""
        ...

    async def stop(self) -> None:
        """Take no more calls and release everything."""
        ...


async def run(service: Service, drain_seconds: float) -> None:
    """Start the service, and stop it on SIGTERM (after a drain) or SIGINT (at once).

    A second signal cuts the drain short. What `start` raises is raised.
    """
    told: asyncio.Queue[signal.Signals] = asyncio.Queue()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.put_nowait, number)
    started = asyncio.ensure_future(service.start())
    first = asyncio.ensure_future(told.get())
    try:
        await asyncio.wait({started, first}, return_when=asyncio.FIRST_COMPLETED)
        if started.done():
            started.result()
            spare_what_stays()
            drains = await first is signal.SIGTERM
            await _drain(service, told, drain_seconds if drains else 0.0)
        else:
            started.cancel()
            await asyncio.wait({started})
    finally:
        await service.stop()
        _LOG.info("stopped")


async def _drain(service: Service, told: "asyncio.Queue[signal.Signals]", seconds: float) -> None:
    _LOG.info("draining", seconds=seconds)
    await service.drain()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(told.get(), seconds)
