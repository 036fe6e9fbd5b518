"""Callers that each repeat one request: h2load processes with pre-framed bodies.

A process has one body. One process for each caller gives each a body of its own: one body for all
would let single-flight answer many callers at once. Calls at a steady rate come from one process.
Rates and latencies are read from h2load's log of every call, within a window in which all callers
were at work.
"""

import math
import os
import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load.processes import Server

H2LOAD_MISSING = "h2load is missing; it comes with Debian's package nghttp2-client (apt-get install nghttp2-client)."
ATTEMPTS = 5
WARM_UP_SECONDS = 0.6
"""Time given to all callers to connect and to the server to get warm."""
SPARE_SECONDS = 0.5
"""How long callers go on at least after what is measured."""
CLOCK = {"LIBEV_FLAGS": "1"}
"""Has h2load's event loop wait by select, in microseconds. By epoll it counts milliseconds: calls that
are due within one are sent together, and at a steady rate wait for one another in bursts."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is called: an address, the headers, a body for each process of callers, and the least bytes of an answer.

    A process has one connection, a caller; more only where an answer is ready, so that those who share a body spare
    the server nothing. A core of 64 processes calls less often than the fast transport answers what is ready.
    """

    url: str
    headers: tuple[str, ...]
    bodies: tuple[bytes, ...]
    reply_bytes: int
    http1: bool = False
    connections: int = 1


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement; latencies in microseconds, server CPU in microseconds a call, `busy` of one core."""

    calls_per_second: float
    p50: float
    p99: float
    cpu_per_call: float
    busy: float


def grpc_frame(message: bytes) -> bytes:
    """A message as it goes over the wire: not compressed, its length, itself."""
    return b"\0" + len(message).to_bytes(4, "big") + message


def require_h2load() -> None:
    """Raises SystemExit with a sentence when h2load is not installed."""
    if shutil.which("h2load") is None:
        raise SystemExit(H2LOAD_MISSING)


def steadily(
    target: Target, server: Server, *, callers: int, seconds: float, core: int, rate: float | None = None
) -> Sample:
    """A sample in which every call was answered; RuntimeError when there is none in ATTEMPTS.

    A busy machine can make the service shed batches for a while.
    """
    for attempt in range(ATTEMPTS):
        try:
            return _call(target, server, callers=callers, seconds=seconds, core=core, rate=rate)
        except RuntimeError:
            if attempt == ATTEMPTS - 1:
                raise
            print(f"  {target.url}: not every call was answered; once more", flush=True)
    raise AssertionError


def _call(
    target: Target, server: Server, *, callers: int, seconds: float, core: int, rate: float | None = None
) -> Sample:
    """Have `callers` repeat their requests for `seconds`; `rate` limits their calls a second in all.

    Raises RuntimeError when a call fails or an answer is shorter than the one that was checked.
    """
    with tempfile.TemporaryDirectory(prefix="reputable-load-") as name:
        folder = Path(name)
        paces = [_at_rate(rate, callers, seconds)] if rate else _at_once(callers, target.connections, seconds)
        started = [_start(target, folder / str(n), n, core, pace) for n, pace in enumerate(paces)]
        time.sleep(WARM_UP_SECONDS + 0.1)
        begin, cpu = time.time(), server.cpu_seconds
        time.sleep(seconds)
        end, cpu = time.time(), server.cpu_seconds - cpu
        for process in started:
            _check(process.communicate(timeout=seconds + 30)[0], target.reply_bytes)
        took = [t for number in range(len(paces)) for t in _latencies(folder / f"{number}.log", begin, end)]
    if not took:
        raise RuntimeError(f"no call to {target.url} was answered")
    took.sort()
    return Sample(
        calls_per_second=len(took) / (end - begin),
        p50=took[len(took) // 2],
        p99=took[min(len(took) - 1, len(took) * 99 // 100)],
        cpu_per_call=cpu / len(took) * 1e6,
        busy=cpu / (end - begin),
    )


def _at_once(callers: int, connections: int, seconds: float) -> list[list[str]]:
    """For each process: connections that call again as soon as they are answered."""
    together = min(callers, connections)
    warm_up, measured = round(WARM_UP_SECONDS * 1000), round((seconds + SPARE_SECONDS) * 1000)
    times = ["-D", f"{measured}ms", "--warm-up-time", f"{warm_up}ms"]
    return [["-c", str(together), *times]] * (callers // together)


def _at_rate(rate: float, connections: int, seconds: float) -> list[str]:
    """`rate` calls a second in all, by connections that are opened a millisecond apart.

    One process: with more of them, latencies show how long they wait for one another on the load's core. Opened at
    once, its connections would call at the same moments, and calls would come in bursts of them all.
    """
    each = rate / connections
    calls = math.ceil(each * (WARM_UP_SECONDS + seconds + SPARE_SECONDS)) * connections
    return ["-c", str(connections), "-n", str(calls), "--rps", f"{each:.3f}", "-r", "1", "--rate-period", "1ms"]


def _start(target: Target, path: Path, number: int, core: int, pace: list[str]) -> "subprocess.Popen[str]":
    body = path.with_suffix(".body")
    body.write_bytes(target.bodies[number % len(target.bodies)])
    command = ["taskset", "-c", str(core), "h2load", "-m", "1", *pace]
    command += ["--log-file", str(path.with_suffix(".log")), "-d", str(body)]
    command += [part for header in target.headers for part in ("-H", header)]
    command += ["--h1"] if target.http1 else []
    environment = os.environ | (CLOCK if "--rps" in pace else {})
    return subprocess.Popen(
        [*command, target.url], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )


def _check(report: str, reply_bytes: int) -> None:
    """Raise RuntimeError unless every call succeeded with an answer of about the length expected.

    A refused gRPC call has the HTTP status 200 too, but no message.
    """
    requests = re.search(r"(\d+) done, (\d+) succeeded", report)
    data = re.search(r"\((\d+)\) data", report)
    if requests is None or data is None or requests[1] != requests[2]:
        raise RuntimeError(f"h2load saw failures:\n{report}")
    if int(data[1]) < 0.9 * reply_bytes * int(requests[2]):
        raise RuntimeError(f"answers were shorter than {reply_bytes} bytes:\n{report}")


def _latencies(log: Path, begin: float, end: float) -> list[float]:
    """Microseconds of the calls that ended between two moments, in seconds since 1970."""
    first, last, found = begin * 1e6, end * 1e6, []
    for line in log.read_text().splitlines():
        start, status, took = line.split("\t")
        if first <= int(start) + int(took) < last:
            if status != "200":
                raise RuntimeError(f"h2load saw status {status}")
            found.append(float(took))
    return found
