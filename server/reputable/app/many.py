"""Several processes of the service on one port, which the kernel spreads connections over."""

import asyncio
import os
import signal
import sys
import threading

import structlog

from reputable.settings import Settings, environment

_LOG = structlog.get_logger("reputable")
_Process = asyncio.subprocess.Process
_COMMAND = """
import sys
from reputable.app.many import follow_the_starter
from reputable.cli import main
follow_the_starter()
sys.argv = ["reputable", "serve"]
main()
"""


async def run_many(settings: Settings) -> int:
    """Run `settings.processes` processes until SIGTERM or SIGINT, and return the exit code.

    Each has a metrics port of its own: the one set, and those after it. When one ends by itself all
    are ended and the code is 1, so that whoever started this starts it anew. An embedded Redis is
    started once and shared.
    """
    told: asyncio.Queue[signal.Signals] = asyncio.Queue()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.put_nowait, number)
    if settings.redis_url != "embedded":
        return await _supervise(settings, settings.redis_url, told)
    from reputable.adapters.embedded_redis import EmbeddedRedis

    redis = EmbeddedRedis(settings.redis_memory_mb)
    try:
        await redis.start()
        return await _supervise(settings, redis.url, told)
    finally:
        await redis.stop()


async def _supervise(settings: Settings, redis_url: str, told: "asyncio.Queue[signal.Signals]") -> int:
    processes = [await _start(settings, redis_url, number) for number in range(settings.processes)]
    ends = [asyncio.ensure_future(process.wait()) for process in processes]
    signalled = asyncio.ensure_future(told.get())
    await asyncio.wait({*ends, signalled}, return_when=asyncio.FIRST_COMPLETED)
    by_itself = not signalled.done()
    if by_itself:
        _LOG.error("process_ended", exit_codes=[process.returncode for process in processes])
        signalled.cancel()
    _signal(processes, signal.SIGTERM if by_itself else signalled.result())
    again = asyncio.ensure_future(_pass_on(processes, told))
    codes = await asyncio.gather(*ends)
    again.cancel()
    return 1 if by_itself or any(codes) else 0


async def _pass_on(processes: list[_Process], told: "asyncio.Queue[signal.Signals]") -> None:
    while True:
        _signal(processes, await told.get())


def _signal(processes: list[_Process], number: signal.Signals) -> None:
    for process in processes:
        if process.returncode is None:
            process.send_signal(number)


async def _start(settings: Settings, redis_url: str, number: int) -> _Process:
    changes = {"processes": 1, "share_port": True, "redis_url": redis_url}
    if settings.metrics_address != "off":
        host, _, port = settings.metrics_address.rpartition(":")
        changes["metrics_address"] = f"{host}:{int(port) + number}"
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", _COMMAND, stdin=asyncio.subprocess.PIPE,
        env=environment(settings.model_copy(update=changes)),
    )  # fmt: skip


def follow_the_starter() -> None:
    """Have this process drain and end when its standard input closes: its starter has ended, or was killed."""
    threading.Thread(target=_follow, name="starter-watch", daemon=True).start()


def _follow() -> None:
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
