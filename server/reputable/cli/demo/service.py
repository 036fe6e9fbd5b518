"""The service as a process of its own, for as long as a demonstration lasts."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from reputable.cli.calling import client_of
from reputable.cli.exits import CommandError
from reputable.client import CallError, Client
from reputable.settings import Settings

LOG = Path("var/service.log")
START_SECONDS = 30.0
END_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class RunningService:
    """A started service that answers; `start_seconds` from the command to the first answer."""

    client: Client
    process: subprocess.Popen[bytes]
    settings: Settings
    start_seconds: float

    def wait(self, tell: Callable[[], None]) -> None:
        """Tell so, and wait until it ends on its own (a failure) or by Ctrl-C, which may come while it is told."""
        with suppress(KeyboardInterrupt):
            tell()
            self.process.wait()
            _fail(self.process)


@contextmanager
def service(settings: Settings) -> Iterator[RunningService]:
    """Start `reputable serve` with this process's environment, and end it at the end.

    Raises:
        CommandError: An address is taken, or the service does not start; one sentence says why.
    """
    for variable, address in (
        ("REPUTABLE_ADDRESS", settings.address),
        ("REPUTABLE_METRICS_ADDRESS", settings.metrics_address),
    ):
        _check_free(variable, address)
    LOG.parent.mkdir(parents=True, exist_ok=True)
    for number in (signal.SIGINT, signal.SIGTERM):  # SIGINT too: shells make background jobs ignore it.
        signal.signal(number, _interrupt)
    began = time.monotonic()
    with LOG.open("wb") as log, client_of(settings.address) as client:
        command = [sys.executable, "-m", "reputable", "serve"]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # noqa: S603 - ourselves.
        try:
            _wait_until_answering(process, settings.address)
            yield RunningService(client, process, settings, time.monotonic() - began)
        finally:
            _end(process)


def _interrupt(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


def _check_free(variable: str, address: str) -> None:
    """Raise CommandError when the address is taken."""
    if address == "off":
        return
    host, _, port = address.rpartition(":")
    if port == "0":
        raise CommandError(f"{variable} must name a port, so that it can be shown.")
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), int(port)))
        except OSError as error:
            raise CommandError(
                f"{address} cannot be served on ({error.strerror}); end what uses it, or set another: "
                f"{variable}={host}:{int(port) + 1000} make run"
            ) from error


def _wait_until_answering(process: subprocess.Popen[bytes], address: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    with client_of(address, attempts=1) as client:
        while process.poll() is None:
            try:
                client.get_model()
            except CallError as error:
                if time.monotonic() > deadline:
                    raise CommandError(f"the service does not answer: {error}; see {LOG}.") from error
                time.sleep(0.05)
            else:
                return
    _fail(process)


def _fail(process: subprocess.Popen[bytes]) -> NoReturn:
    lines = LOG.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    last = f": {lines[-1]}" if lines else ""
    raise CommandError(f"the service ended with code {process.returncode}{last} (log: {LOG}).")


def _end(process: subprocess.Popen[bytes]) -> None:
    """SIGINT ends it without a drain: nobody else is being served."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
