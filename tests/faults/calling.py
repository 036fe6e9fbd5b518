"""Load at a steady rate from many callers, and a plain TCP balancer to send it through."""

import asyncio
import contextlib
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Self

import grpc

from reputable.client import AsyncClient, CallError
from reputable.client.channels import OPTIONS
from reputable.v1.credibility_pb2 import AssessClaimRequest
from tests.faults.messages import assess_request, bounded
from tests.faults.running import OWN_CONNECTION, Service
from tests.loop_thread import LoopThread
from tests.process import free_port

ASSESS = "/reputable.v1.CredibilityService/AssessClaim"
BATCH = "/reputable.v1.CredibilityService/BatchAssessClaims"
Call = Callable[[bytes], Awaitable[bytes]]


@dataclass
class Outcomes:
    """How calls ended, and how long each took in seconds."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    messages: Counter[str] = field(default_factory=Counter)
    elapsed: float = 0.0

    def add(self, code: str, seconds: float, message: str = "") -> None:
        """Count one call."""
        self.seconds.setdefault(code, []).append(seconds)
        if message:
            self.messages[message] += 1

    @property
    def count(self) -> int:
        """All calls."""
        return sum(map(len, self.seconds.values()))

    @property
    def failed(self) -> int:
        """Calls that did not end well."""
        return self.count - len(self.seconds.get("OK", ()))

    @property
    def failures(self) -> str:
        """What most of the failed calls were told, to go after a count of them."""
        return "".join(f"; {count} {message}" for message, count in self.messages.most_common(3))

    @property
    def rate(self) -> float:
        """Calls that ended well, a second."""
        return len(self.seconds.get("OK", ())) / self.elapsed

    def quantile(self, share: float, code: str = "OK") -> float:
        """Seconds under which that share of the calls with that code took."""
        found = sorted(self.seconds.get(code, ()))
        return found[min(len(found) - 1, int(share * len(found)))] if found else 0.0


async def timed(call: Call, body: bytes, outcomes: Outcomes) -> None:
    """Make one call and count it."""
    started = time.perf_counter()
    try:
        await call(body)
        outcomes.add("OK", time.perf_counter() - started)
    except grpc.aio.AioRpcError as error:
        outcomes.add(error.code().name, time.perf_counter() - started, f"{error.code().name}: {error.details()}")
    except CallError as error:
        outcomes.add(error.status.name, time.perf_counter() - started, f"{error.status.name}: {error.message}")


async def closed_loop(calls: Sequence[Call], bodies: Sequence[bytes], callers: int, seconds: float) -> Outcomes:
    """Each caller makes the next call when the one before has ended."""
    outcomes, until, started = Outcomes(), time.perf_counter() + seconds, time.perf_counter()
    bodies_left = iter(range(1 << 60))

    async def work(number: int) -> None:
        while time.perf_counter() < until:
            await timed(calls[number % len(calls)], bodies[next(bodies_left) % len(bodies)], outcomes)

    await asyncio.gather(*(work(number) for number in range(callers)))
    outcomes.elapsed = time.perf_counter() - started
    return outcomes


async def open_loop(
    calls: Sequence[Call], bodies: Sequence[bytes], rate: float, go_on: Callable[[int], bool]
) -> Outcomes:
    """Calls begin at a steady rate whatever became of those before."""
    outcomes, started = Outcomes(), time.perf_counter()
    tasks: set[asyncio.Task[None]] = set()
    number = 0
    while go_on(number):
        wait = started + number / rate - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        task = asyncio.ensure_future(timed(calls[number % len(calls)], bodies[number % len(bodies)], outcomes))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        number += 1
    outcomes.elapsed = time.perf_counter() - started
    await asyncio.gather(*tasks)
    return outcomes


def method(channel: grpc.aio.Channel, path: str, seconds: float) -> Call:
    """A method that takes and gives bytes, with a deadline."""
    stub: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(path)

    async def call(body: bytes) -> bytes:
        return await stub(body, timeout=seconds)

    return call


def by_client(client: AsyncClient) -> Call:
    """AssessClaim by the project's own client, with its retries."""

    async def call(body: bytes) -> bytes:
        return (await client.assess(AssessClaimRequest.FromString(body))).SerializeToString()

    return call


@contextlib.asynccontextmanager
async def callers(services: Sequence[Service], through: str, count: int, *, abrupt: bool) -> AsyncIterator[list[Call]]:
    """Callers of AssessClaim with a connection each.

    `through` is "health" (channels to all services, as the client makes them), or, behind a TCP
    balancer, "tcp" (plain channels) or "client" (the client itself). Channels without the client
    have gRPC's own retries in place of its, but where services stop at once (`client/channels.py`).
    """
    async with contextlib.AsyncExitStack() as stack:
        target = "ipv4:" + ",".join(service.address for service in services)
        if through != "health":
            target = f"127.0.0.1:{stack.enter_context(Balancer(services)).port}"
        options = dict(OPTIONS if through == "health" else ()) | dict([OWN_CONNECTION])
        options["grpc.enable_retries"] = int(not abrupt)
        calls: list[Call] = []
        for _ in range(count):
            if through == "client":
                calls.append(by_client(await stack.enter_async_context(AsyncClient(target))))
            else:
                channel = grpc.aio.insecure_channel(target, [*options.items()])
                calls.append(method(await stack.enter_async_context(channel), ASSESS, 2.0))
        yield calls


def cheap_bodies(count: int) -> list[bytes]:
    """Requests that the local cache soon answers."""
    return [assess_request(number, freshness=bounded(60_000)).SerializeToString() for number in range(count)]


class Balancer:
    """A plain TCP balancer: new connections go to those that say they are ready; nothing else is looked at."""

    def __init__(self, services: Sequence[Service]) -> None:
        self.port = free_port()
        self._services = services
        self._ready: list[Service] = []
        self._next = 0
        self._loop = LoopThread()
        self._stopped = threading.Event()
        self._prober = threading.Thread(target=self._probe)

    def __enter__(self) -> Self:
        """Listen and probe."""
        self._prober.start()
        self._loop.__enter__()
        self._server = self._loop.run(asyncio.start_server(self._carry, "127.0.0.1", self.port))
        while not self._ready:
            time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        """End, with every connection."""
        self._stopped.set()
        self._loop.run(self._stop_listening())
        self._loop.__exit__()
        self._prober.join(5)

    async def _stop_listening(self) -> None:
        self._server.close()

    def _probe(self) -> None:
        while not self._stopped.wait(0.1):
            self._ready = [service for service in self._services if is_ready(service)]

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ready = self._ready or list(self._services)
        self._next += 1
        service = ready[self._next % len(ready)]

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError):
                while data := await source.read(1 << 16):
                    sink.write(data)
                    await sink.drain()
            sink.close()

        with contextlib.suppress(OSError, asyncio.CancelledError):
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", service.port)
            await asyncio.gather(pump(reader, server_writer), pump(server_reader, writer))
        writer.close()


def is_ready(service: Service) -> bool:
    """What its /readyz says."""
    url = f"http://127.0.0.1:{service.metrics_port}/readyz"
    with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=0.5) as answer:
        return bool(answer.status == 200)
    return False
