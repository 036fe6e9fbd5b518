"""Servers as processes of their own, pinned to one core and ended by their id."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.load import machine

STOP_SECONDS = 12.0


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def accepts(port: int) -> bool:
    """Whether somebody listens on the port."""
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Server:
    """A running server; `with` ends it."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        core: int,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                ["taskset", "-c", str(core), *command],
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **(environment or {})},
                cwd=folder,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def wait_until(self, ready: Callable[[], bool], seconds: float = 60.0) -> float:
        """Seconds until `ready`; RuntimeError with the log's end when the server ends or is late."""
        started = time.perf_counter()
        while not ready():
            if self._process.poll() is not None or time.perf_counter() - started > seconds:
                self.stop()
                tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])
                raise RuntimeError(f"{self._process.args!r} did not come up:\n{tail}")
            time.sleep(0.01)
        return time.perf_counter() - started

    def stop(self) -> None:
        """End the process and those it started; does nothing when they have ended."""
        for sign in (signal.SIGINT, signal.SIGKILL):
            try:
                os.killpg(self._process.pid, sign)
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                continue
            except ProcessLookupError:
                return

    def pause(self) -> None:
        """Hold the process and those it started, until `resume`."""
        os.killpg(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let them go on."""
        os.killpg(self.pid, signal.SIGCONT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def cpu_seconds(self) -> float:
        """CPU used so far, the processes below it included."""
        return machine.cpu_seconds(self.pid)

    @property
    def rss_mebibytes(self) -> float:
        """Resident memory, the processes below it included."""
        return machine.rss_mebibytes(self.pid)
