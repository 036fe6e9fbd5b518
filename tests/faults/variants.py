"""Deliberately naive variants of the service: a test that finds nothing wrong with them proves nothing."""

import asyncio
import contextlib
import itertools
import math
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import apsw
import grpc

from tests.faults.patching import got, put

_COUNT = itertools.count()


def maximum_concurrent_rpcs() -> None:
    """Let grpc refuse calls beyond a number of them."""
    original = got(grpc.aio, "server")

    def server(*args: Any, **kwargs: Any) -> grpc.aio.Server:  # noqa: ANN401 - passed on.
        made: grpc.aio.Server = original(*args, **kwargs, maximum_concurrent_rpcs=100)
        return made

    put(grpc.aio, "server", server)


def endless_calls() -> None:
    """Not naive but slow: every call takes for ever, so that only a deadline ends it."""
    from reputable.application.assessing import Assessor
    from reputable.application.recording import Recorder

    async def endless(*_: Any) -> Any:  # noqa: ANN401 - never returns.
        await asyncio.sleep(3_600)

    put(Assessor, "assess", endless)
    put(Recorder, "record_verdict", endless)


def nan_scores() -> None:
    """Broken: the model's scores are not numbers."""
    from reputable.learning.predictor import Predictor

    score = Predictor.score

    def computing(self: Predictor, item: Any, explanation: Any) -> Any:  # noqa: ANN401 - passed on.
        return score(self, item, explanation)._replace(credibility=math.nan)

    put(Predictor, "score", computing)


def no_mac() -> None:
    """Believe what Redis answers."""
    from reputable.adapters.score_codec import MAC_SIZE, Seal

    def believe(self: Seal, key: bytes, sealed: bytes) -> bytes:
        return sealed[MAC_SIZE:]

    put(Seal, "open", believe)


def patient_redis() -> None:
    """Give Redis the five seconds that redis-py gives it, and never stop asking."""
    from reputable.adapters import breaker, redis_cache, redis_connections

    put(redis_cache, "BUDGET_SECONDS", 5.0)
    put(redis_connections, "BUDGET_SECONDS", 5.0)
    put(breaker, "FAILURES_TO_OPEN", 1 << 30)


def deferred_transactions() -> None:
    """Begin transactions without taking the write lock."""
    original = apsw.Connection

    class Deferred(original):  # type: ignore[valid-type,misc]
        def execute(self, statement: str, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - passed on.
            return super().execute(statement.replace("BEGIN IMMEDIATE", "BEGIN"), *args, **kwargs)

    put(apsw, "Connection", Deferred)


def early_acknowledgement() -> None:
    """Acknowledge what is queued, before it is durable."""
    from reputable.adapters.sqlite_ledger import SqliteLedger
    from reputable.application.ports import Receipt

    append = SqliteLedger.append

    async def appending(self: SqliteLedger, writes: Any) -> Any:  # noqa: ANN401 - passed on.
        asyncio.ensure_future(append(self, writes))  # noqa: RUF006 - naive.
        revision = 1_000_000 + next(_COUNT)
        return [Receipt(revision, revision, b"", 0, write.chain) for write in writes]

    put(SqliteLedger, "append", appending)


def no_idempotency() -> None:
    """Forget the callers' request ids."""
    from reputable.adapters.sqlite_ledger import SqliteLedger

    append = SqliteLedger.append

    async def appending(self: SqliteLedger, writes: Any) -> Any:  # noqa: ANN401 - passed on.
        return await append(self, [write._replace(request_id="") for write in writes])

    put(SqliteLedger, "append", appending)


def unshielded_commit() -> None:
    """Write and commit within the call itself, step by step, as the call's own task."""
    from reputable.adapters.ledger_plan import Planner
    from reputable.adapters.sqlite_ledger import SqliteLedger
    from reputable.adapters.sqlite_store import load, store
    from reputable.adapters.sqlite_writer import SqliteWriter
    from reputable.domain.errors import LedgerUnavailable

    async def appending(self: SqliteLedger, writes: Any) -> Any:  # noqa: ANN401 - passed on.
        writer: SqliteWriter = self._writer
        connection = writer._connected()
        try:
            connection.execute("BEGIN IMMEDIATE")
        except apsw.Error as error:
            raise LedgerUnavailable(str(error)) from error
        planner = Planner(load(connection, writes), self.identity.record_key, writer._clock.now())
        outcomes = planner.add_all(writes)
        store(connection, planner.plan)
        await asyncio.sleep(0.001)
        connection.execute("COMMIT")
        self._listeners.tell(writes, outcomes)
        return outcomes

    put(SqliteLedger, "append", appending)


def stepping_clock() -> None:
    """Not naive but wrong: the wall clock is off by what a file says, in seconds."""
    from reputable.adapters.clock import SystemClock

    path, now = Path(os.environ["REPUTABLE_TEST_CLOCK"]), SystemClock.now

    def stepping(self: SystemClock) -> int:
        offset = int(path.read_text() or 0) if path.exists() else 0
        return now(self) + offset * 1_000_000

    put(SystemClock, "now", stepping)


def delete_after_commit() -> None:
    """Cache a claim's score under its name, and delete it after every commit on its source."""
    from reputable.adapters.redis_cache import PREFIX, RedisCache
    from reputable.application import scoring
    from reputable.application.record_reading import RecordReader
    from reputable.domain.digests import digest

    caches: list[RedisCache] = []
    create, committed = RedisCache.__init__, RecordReader._committed

    def creating(self: RedisCache, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed on.
        create(self, *args, **kwargs)
        caches.append(self)

    def key(_scorer: Any, item: Any, _explanation: Any, *, full: bool) -> bytes:  # noqa: ANN401 - as the one it replaces.
        return digest("naive", item.record.source_id)

    async def delete(source_id: str) -> None:
        due = asyncio.get_running_loop().time() + 0.05
        with contextlib.suppress(Exception):
            connections = caches[0]._connections
            replies = await connections.exchange([(b"DEL", PREFIX + digest("naive", source_id))], due)
            await connections.give_back(replies, trusted=True)

    def committing(self: RecordReader, rows: Any) -> None:  # noqa: ANN401 - passed on.
        committed(self, rows)
        for write, _ in rows:
            asyncio.ensure_future(delete(write.chain))  # noqa: RUF006 - naive.

    put(RedisCache, "__init__", creating)
    put(scoring, "content_key", key)
    put(RecordReader, "_committed", committing)


def stop_at_once() -> None:
    """On SIGTERM neither say so nor drain, and give calls under way no time."""
    from reputable.app import App

    async def drain(_self: App) -> None:
        pass

    put(App, "drain", drain)
    os.environ["REPUTABLE_GRACE_SECONDS"] = "0"
    os.environ["REPUTABLE_DRAIN_SECONDS"] = "0"


def torn_reload() -> None:
    """Name the model that is active once the score is there, after a turn of the event loop."""
    from reputable.application.assessing import Assessor

    assess = Assessor.assess

    async def assessing(self: Assessor, query: Any) -> Any:  # noqa: ANN401 - passed on.
        assessment = await assess(self, query)
        await asyncio.sleep(0)
        return assessment._replace(model_version=self._models.active.version)

    put(Assessor, "assess", assessing)


def no_limiter() -> None:
    """Let every batch in."""
    from reputable.api.limiter import Limiter

    @contextlib.asynccontextmanager
    async def turn(_self: Limiter, _size: int) -> AsyncIterator[None]:
        yield

    put(Limiter, "turn", turn)


VARIANTS: dict[str, Callable[[], None]] = {
    variant.__name__: variant
    for variant in (
        maximum_concurrent_rpcs,
        endless_calls,
        nan_scores,
        no_mac,
        patient_redis,
        deferred_transactions,
        early_acknowledgement,
        no_idempotency,
        unshielded_commit,
        stepping_clock,
        delete_after_commit,
        stop_at_once,
        torn_reload,
        no_limiter,
    )
}


def install(name: str) -> None:
    """Make the service naive in that way."""
    VARIANTS[name]()
