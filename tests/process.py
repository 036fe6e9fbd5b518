"""The real service in a process of its own, with the model of the package and a real Redis."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from typing import Any

START_SECONDS = 30.0


class ServiceProcess:
    """A started process and the log lines that it has written."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("REPUTABLE_")}
        given = {"ADDRESS": "127.0.0.1:0", "METRICS_ADDRESS": "127.0.0.1:0", "LOG_FORMAT": "json", **settings}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "reputable", "serve"],
            cwd=folder,
            env=kept | {f"REPUTABLE_{name}": value for name, value in given.items()},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[dict[str, Any]] = []
        self._queue: Queue[dict[str, Any] | None] = Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._queue.put(json.loads(line))
        self._queue.put(None)

    def wait_for(self, event: str, seconds: float = START_SECONDS) -> dict[str, Any]:
        """The first line, from now on, of that event."""
        while True:
            try:
                line = self._queue.get(timeout=seconds)
            except Empty:
                raise TimeoutError(f"no line {event!r}; so far {self.lines}") from None
            assert line is not None, f"ended before {event!r}: {self.lines} {self.errors()}"
            self.lines.append(line)
            if line["event"] == event:
                return line

    def errors(self) -> str:
        """What it said on standard error; waits for its end."""
        assert self.process.stderr is not None
        return self.process.stderr.read()

    def end(self, number: signal.Signals = signal.SIGTERM, seconds: float = 15.0) -> int:
        """Signal it, wait for its end, and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(seconds)

    def release(self) -> None:
        """Make sure that it has ended."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()


@contextmanager
def process_in(folder: Path, **settings: str) -> Iterator[ServiceProcess]:
    """A process just started in `folder`; it may not serve yet."""
    process = ServiceProcess(folder, settings)
    try:
        yield process
    finally:
        process.release()


@contextmanager
def serving_in(folder: Path, **settings: str) -> Iterator[tuple[ServiceProcess, str]]:
    """A process that serves, and its address."""
    with process_in(folder, **settings) as process:
        port = process.wait_for("serving")["port"]
        yield process, f"127.0.0.1:{port}"


def is_running(pid: int) -> bool:
    """Whether there is a process of that id, and no zombie."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def gone(pid: int, seconds: float = 5.0) -> bool:
    """Whether the process ends in time."""
    due = time.monotonic() + seconds
    while is_running(pid) and time.monotonic() < due:
        time.sleep(0.02)
    return not is_running(pid)


def children(pid: int) -> set[int]:
    """The ids of the processes under a process."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid:
            child = int(path.parent.name)
            found |= {child} | children(child)
    return found
