"""The rows of the table: which servers there are, how each is started, and how it is called."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from benchmarks.load import ledgers, messages, ours, peers
from benchmarks.load.callers import Target, grpc_frame
from benchmarks.load.processes import Server, accepts, free_port
from reputable.v1 import assessment_pb2 as pb

CALLERS = 64
READY_CONNECTIONS = 2
"""Callers of a process where answers are ready: the fewest with which the callers' core is not the limit."""
BATCH = 512
BATCH_CALLERS = 4
SOURCES = 200
VERDICTS = 30
"""On each source: 6,000 in all, as many as the verdict memory holds."""
ROOT = Path(__file__).resolve().parents[2]

LABELS = {
    "echo": "No-op echo, same messages",
    "hit": "Local hit",
    "redis": "Redis hit",
    "computed": "Computed, caches off, memory empty",
    "memory": "Computed, caches off, memory of 6,000 verdicts",
    "naive": "Naive variant: no caches, no folding",
    "hit512": "Batch of 512: local hits",
    "packed512": "Batch of 512: local hits, packed answer",
    "computed512": "Batch of 512: computed, memory empty",
    "mlserver": "MLServer gRPC",
    "fastapi": "FastAPI + uvicorn + Redis: every answer found in Redis",
    "fastapi_new": "FastAPI + uvicorn + Redis: every answer computed and stored",
    "bentoml": "BentoML HTTP",
}
TRANSPORTS = ("grpcio", "fast")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `claims` are those of one call, `alone` says whether one caller is measured too."""

    name: str
    server: Server
    target: Target
    callers: int = CALLERS
    claims: int = 1
    alone: bool = True

    @property
    def label(self) -> str:
        """What the table calls it."""
        return LABELS[self.name.partition(".")[0]]

    @property
    def transport(self) -> str:
        """`grpcio`, `threads`, `fast`, or nothing for HTTP."""
        return self.name.partition(".")[2]


class Field:
    """Starts the servers, each once, all pinned to the server core; `stack` ends them."""

    def __init__(self, stack: ExitStack, work: Path, server_core: int, load_core: int) -> None:
        self._stack = stack
        self._work = work
        self._core = server_core
        self._load_core = load_core
        self._requests = messages.requests(CALLERS, SOURCES)

    @cached_property
    def redis_port(self) -> int:
        """A Redis on the load's core: where a network would put it."""
        server, port = ours.redis_server(self._load_core, self._work)
        self._stack.enter_context(server)
        return port

    @cached_property
    def _ledger(self) -> Path:
        return ledgers.make(self._work / "6000.db", [VERDICTS] * SOURCES)

    def rows(self, wanted: Sequence[str]) -> Iterator[Row]:
        """The rows whose names begin with one of `wanted`; with none wanted, all."""
        makers: list[tuple[str, Callable[[str], Iterator[Row]]]] = [
            *((f"echo.{kind}", self._echo) for kind in ("grpcio", "threads", "fast")),
            *((f"{name}.{kind}", make) for name, make in self._states() for kind in TRANSPORTS),
            ("naive.grpcio", self._naive),
            ("mlserver.grpcio", lambda name: self._peer(name, peers.mlserver(self._work, self._core, CALLERS))),
            ("fastapi", lambda name: self._peer(
                name, peers.fastapi(self._work, self._core, CALLERS, self.redis_port))),
            ("fastapi_new", lambda name: self._peer(
                name, peers.fastapi(self._work, self._core, CALLERS, self.redis_port, of_new_claims=True))),
            ("bentoml", lambda name: self._peer(name, peers.bentoml(self._work, self._core, CALLERS))),
        ]  # fmt: skip
        for name, make in makers:
            if not wanted or name.startswith(tuple(wanted)):
                print(f"Starting {name}", flush=True)
                yield from make(name)

    def _states(self) -> list[tuple[str, Callable[[str], Iterator[Row]]]]:
        return [("hit", self._hit), ("redis", self._redis), ("computed", self._computed), ("memory", self._memory)]

    @contextmanager
    def writer(self) -> Iterator[ours.Ours]:
        """A service to write to, on a ledger of 6,000 verdicts."""
        service = self._made("write.grpcio", ours.LOCAL_HIT)
        with service.server:
            yield service

    def _python(self, name: str, module: str, *arguments: str) -> tuple[Server, int]:
        port = free_port()
        command = [sys.executable, "-m", module, *arguments, str(port)]
        server = Server(command, log=self._work / f"{name}.log", core=self._core, folder=ROOT)
        self._stack.enter_context(server).wait_until(lambda: accepts(port))
        return server, port

    def _ours(self, name: str, settings: dict[str, str]) -> ours.Ours:
        service = self._made(name, settings)
        self._stack.enter_context(service.server)
        return service

    def _made(self, name: str, settings: dict[str, str]) -> ours.Ours:
        transport = {"TRANSPORT": name.rpartition(".")[2]}
        return ours.Ours(name, {**settings, **transport}, self._ledger, core=self._core, work=self._work)

    def _echo(self, name: str) -> Iterator[Row]:
        server, port = self._python(name, "benchmarks.load.echo_server", name.rpartition(".")[2])
        bodies = tuple(grpc_frame(request.SerializeToString()) for request in self._requests)
        url = f"http://127.0.0.1:{port}{messages.METHOD}"
        target = Target(url, messages.HEADERS, bodies, messages.check_echo(port), connections=READY_CONNECTIONS)
        yield Row(name, server, target)

    def _hit(self, name: str) -> Iterator[Row]:
        service = self._ours(name, ours.LOCAL_HIT)
        target = service.target(self._requests, pb.SERVED_FROM_LOCAL_CACHE)
        yield Row(name, service.server, replace(target, connections=READY_CONNECTIONS))
        yield from self._batches(name, service)
        yield from self._batches(name.replace("hit", "packed"), service)

    def _redis(self, name: str) -> Iterator[Row]:
        service = self._ours(name, ours.redis_hit(self.redis_port))
        yield Row(name, service.server, service.target(self._requests, pb.SERVED_FROM_REDIS))

    def _computed(self, name: str) -> Iterator[Row]:
        service = self._ours(name, ours.COMPUTED)
        yield Row(name, service.server, service.target(self._requests, pb.SERVED_FROM_COMPUTED))
        yield from self._batches(name, service)

    def _memory(self, name: str) -> Iterator[Row]:
        service = self._ours(name, ours.COMPUTED_WITH_MEMORY)
        yield Row(name, service.server, service.target(self._requests, pb.SERVED_FROM_COMPUTED), alone=False)

    def _batches(self, name: str, service: ours.Ours) -> Iterator[Row]:
        state, _, transport = name.partition(".")
        packed = state == "packed"
        batches = [messages.batch(BATCH, SOURCES, seed, packed=packed) for seed in range(BATCH_CALLERS)]
        target = service.batch_target(batches)
        yield Row(f"{state}512.{transport}", service.server, target, BATCH_CALLERS, BATCH, alone=False)

    def _naive(self, name: str) -> Iterator[Row]:
        server, port = self._python(name, "benchmarks.load.naive_server", str(self._ledger))
        bodies = tuple(grpc_frame(request.SerializeToString()) for request in self._requests)
        url = f"http://127.0.0.1:{port}{messages.METHOD}"
        yield Row(name, server, Target(url, messages.HEADERS, bodies, messages.check_echo(port)), alone=False)

    def _peer(self, name: str, started: tuple[Server, Target]) -> Iterator[Row]:
        server, target = started
        self._stack.enter_context(server)
        yield Row(name, server, target, alone=False)
