"""Scores and sentence vectors in Redis: shared by replicas, never a reason to fail, never believed unsealed."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Generic, TypeVar

from redis.exceptions import TimeoutError as RedisTimeoutError

from reputable.adapters.breaker import PROBE_SECONDS, Breaker
from reputable.adapters.redis_connections import BUDGET_SECONDS, Command, RedisConnections
from reputable.adapters.score_codec import Seal, decode, encode
from reputable.domain.assessments import Score
from reputable.metrics import Metrics

V = TypeVar("V")

PREFIX = b"reputable:score:"
VECTOR_PREFIX = b"reputable:vector:"
MAX_READS = 4
"""Look-ups under way at once; what comes meanwhile goes out together in the next."""
MAX_PENDING_WRITES = 8_192
WRITES_AT_ONCE = 256
WRITE_SECONDS = 0.25
_PROBE = b"probe"
_PROBE_SIZE = 256
"""Bytes: a server that trickles must not pass for one that answers."""

_Wanted = tuple[Sequence[bytes], asyncio.Future[list[V | None]]]


class SealedCache(Generic[V]):
    """A shared cache; every value carries a MAC over key and value with a key kept in the ledger."""

    def __init__(
        self,
        url: str,
        secret: bytes,
        metrics: Metrics,
        *,
        prefix: bytes,
        encode: Callable[[V], bytes],
        decode: Callable[[bytes], V],
        expiry_seconds: int = 86_400,
        probe_seconds: float = PROBE_SECONDS,
    ) -> None:
        self._prefix = prefix
        self._encode = encode
        self._decode = decode
        self._connections = RedisConnections(url)
        self._seal = Seal(secret)
        self._problems = metrics.redis_problems
        self._expiry_seconds = expiry_seconds
        self._breaker = Breaker(self._answers, probe_seconds)
        self._wanted: list[_Wanted[V]] = []
        self._due = 0.0
        self._reads = 0
        self._pending: dict[bytes, V] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._writing = False

    @property
    def reachable(self) -> bool:
        """False while the breaker is open."""
        return not self._breaker.is_open

    async def start(self) -> None:
        """Find out whether Redis answers; waits no longer than a look-up may take."""
        if not await self._answers():
            self._breaker.open()

    async def get_many(self, keys: Sequence[bytes]) -> list[V | None]:
        """The scores under `keys`, in order; None for one that is not there, not vouched for, or late."""
        if self._breaker.is_open:
            self._problems["skipped"] += len(keys)
            return [None] * len(keys)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[V | None]] = loop.create_future()
        if not self._wanted:
            self._due = loop.time() + BUDGET_SECONDS
            loop.call_soon(self._send)
        self._wanted.append((keys, answer))
        return await answer

    def _send(self) -> None:
        """Look up everything that is wanted by now with one MGET."""
        if self._wanted and self._reads < MAX_READS:
            wanted, self._wanted = self._wanted, []
            self._reads += 1
            self._start(self._look_up(wanted, self._due))

    async def _look_up(self, wanted: list[_Wanted[V]], due: float) -> None:
        keys = list(dict.fromkeys(key for group, _ in wanted for key in group))
        scores = await self._read(keys, due)
        self._reads -= 1
        for group, answer in wanted:
            if not answer.done():
                answer.set_result([scores.get(key) for key in group])
        self._send()

    async def _read(self, keys: list[bytes], due: float) -> dict[bytes, V]:
        """The scores that are there and vouched for; none when the exchange fails in whatever way."""
        if asyncio.get_running_loop().time() >= due:
            self._problems["skipped"] += len(keys)
            return {}
        try:
            replies = await self._connections.exchange([(b"MGET", *(self._prefix + key for key in keys))], due)
        except Exception as problem:  # noqa: BLE001 - a cache never fails a call.
            self._failed(problem, due)
            return {}
        values = replies.values[0]
        if not isinstance(values, list) or len(values) != len(keys) or not _are_strings(values):
            await self._connections.give_back(replies, trusted=False)
            self._failed(values, due)
            return {}
        self._breaker.succeeded()
        found = {key: self._opened(key, value) for key, value in zip(keys, values, strict=True) if value is not None}
        scores = {key: score for key, score in found.items() if score is not None}
        self._problems["refused"] += len(found) - len(scores)
        await self._connections.give_back(replies, trusted=len(found) == len(scores))
        return scores

    def _opened(self, key: bytes, sealed: bytes) -> V | None:
        """The score, or None when its MAC does not vouch for it under this key."""
        value = self._seal.open(key, sealed)
        try:
            return None if value is None else self._decode(value)
        except ValueError:
            return None

    def _failed(self, problem: object, due: float) -> None:
        timed_out = isinstance(problem, TimeoutError | RedisTimeoutError)
        self._problems["timeout" if timed_out else "error"] += 1
        was_stalled = timed_out and asyncio.get_running_loop().time() - due > BUDGET_SECONDS / 2
        if not was_stalled:  # A loop that was busy for longer than the budget says nothing about Redis.
            self._breaker.failed()

    def put(self, key: bytes, score: V) -> None:
        """Store in the background; dropped when Redis cannot take it."""
        if self._breaker.is_open or len(self._pending) >= MAX_PENDING_WRITES:
            self._problems["dropped"] += 1
            return
        self._pending[key] = score
        if not self._writing:
            self._writing = True
            self._start(self._write())

    async def _write(self) -> None:
        try:
            while self._pending:
                keys = list(self._pending)[:WRITES_AT_ONCE]
                await self._store([(key, self._pending.pop(key)) for key in keys])
        finally:
            self._writing = False

    async def _store(self, scores: Iterable[tuple[bytes, V]]) -> None:
        commands = [command for key, score in scores if (command := self._command(key, score))]
        due = asyncio.get_running_loop().time() + WRITE_SECONDS
        try:
            replies = await self._connections.exchange(commands, due)
        except Exception as problem:  # noqa: BLE001 - a cache never fails a call.
            self._problems["dropped"] += len(commands)
            self._failed(problem, due)
            return
        refused = sum(value != b"OK" for value in replies.values)
        self._problems["dropped"] += refused
        await self._connections.give_back(replies, trusted=not refused)

    def _command(self, key: bytes, score: V) -> Command | None:
        try:
            sealed = self._seal.close(key, self._encode(score))
        except ValueError:
            self._problems["dropped"] += 1
            return None
        return (b"SET", self._prefix + key, sealed, b"EX", self._expiry_seconds)

    async def _answers(self) -> bool:
        """Whether Redis takes a value and gives it back within the budget; a full one need not take it."""
        value = self._seal.close(_PROBE, bytes(_PROBE_SIZE))
        commands = [
            (b"SET", self._prefix + _PROBE, value, b"EX", self._expiry_seconds),
            (b"MGET", self._prefix + _PROBE),
        ]
        await self._connections.drop_all()
        try:
            replies = await self._connections.exchange(commands, asyncio.get_running_loop().time() + BUDGET_SECONDS)
        except Exception:  # noqa: BLE001 - whatever it is, there is no answer.
            return False
        is_right = replies.values[1] in ([value], [None])
        await self._connections.give_back(replies, trusted=is_right)
        return is_right

    async def close(self) -> None:
        """End what is under way, at most a quarter of a second, and drop every connection."""
        await self._breaker.close()
        self._pending.clear()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=WRITE_SECONDS)
            for task in late:
                task.cancel()
        await self._connections.drop_all()

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _are_strings(values: list[object]) -> bool:
    return all(value is None or isinstance(value, bytes) for value in values)


class RedisCache(SealedCache[Score]):
    """Scores by content key."""

    def __init__(
        self,
        url: str,
        secret: bytes,
        metrics: Metrics,
        *,
        expiry_seconds: int = 86_400,
        probe_seconds: float = PROBE_SECONDS,
    ) -> None:
        super().__init__(
            url, secret, metrics, prefix=PREFIX, encode=encode, decode=decode,
            expiry_seconds=expiry_seconds, probe_seconds=probe_seconds,
        )  # fmt: skip


class RedisVectors(SealedCache[bytes]):
    """Sentence vectors by the digest of encoder and text."""

    def __init__(self, url: str, secret: bytes, metrics: Metrics, *, expiry_seconds: int = 7 * 86_400) -> None:
        super().__init__(
            url, secret, metrics, prefix=VECTOR_PREFIX, encode=bytes, decode=bytes, expiry_seconds=expiry_seconds
        )
