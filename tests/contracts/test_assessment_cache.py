"""The contract of AssessmentCache, held against the embedded server and against Debian's redis-server."""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from reputable.adapters import redis_connections
from reputable.adapters.embedded_redis import EmbeddedRedis, EmbeddedRedisError
from reputable.adapters.redis_cache import RedisCache
from reputable.application.ports import AssessmentCache
from reputable.domain.assessments import Score
from reputable.metrics import Metrics
from tests.builders import score
from tests.waiting import eventually

SECRET = b"s" * 32
KEYS = [bytes([number]) * 32 for number in range(64)]


@pytest.fixture(params=["embedded", pytest.param("redis-server", marks=pytest.mark.redis_server)])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a server of that kind."""
    if request.param == "embedded":
        embedded = EmbeddedRedis(16)
        await embedded.start()
        yield embedded.url
        await embedded.stop()
        return
    binary = shutil.which("redis-server")
    if binary is None:
        pytest.skip("there is no redis-server on the PATH")
    with redis_server(binary, tmp_path) as found:
        await eventually((tmp_path / "redis.sock").exists)
        yield found


@contextmanager
def redis_server(binary: str, folder: Path) -> Iterator[str]:
    """Debian's own, on a unix socket."""
    socket = folder / "redis.sock"
    command = [binary, "--port", "0", "--unixsocket", str(socket), "--dir", str(folder), "--save", ""]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield f"unix://{socket}"
    finally:
        server.terminate()
        server.wait()


@pytest.fixture
async def cache(url: str) -> AsyncIterator[RedisCache]:
    """A cache on the server."""
    found = RedisCache(url, SECRET, Metrics())
    await found.start()
    await eventually(lambda: found.reachable)  # A busy machine may take longer than the budget to answer first.
    yield found
    await found.close()


async def held(cache: AssessmentCache, keys: Sequence[bytes], expected: Sequence[Score | None]) -> None:
    """Wait until the cache holds that; what is put is stored in the background."""
    async with asyncio.timeout(5):
        while await cache.get_many(keys) != list(expected):  # noqa: ASYNC110 - Redis signals nothing.
            await asyncio.sleep(0.005)


async def test_what_was_put_is_found_in_order_and_what_was_not_is_none(cache: RedisCache) -> None:
    scores = [score(0.1 + number / 100) for number in range(len(KEYS))]
    for key, one in zip(KEYS[1:], scores[1:], strict=True):
        cache.put(key, one)
    await held(cache, KEYS, [None, *scores[1:]])
    assert await cache.get_many(KEYS[::-1]) == [*scores[:0:-1], None]
    assert await cache.get_many([KEYS[2], KEYS[2], KEYS[0]]) == [scores[2], scores[2], None]


async def test_the_last_of_two_scores_under_one_key_is_found(cache: RedisCache) -> None:
    cache.put(KEYS[0], score(0.2))
    cache.put(KEYS[0], score(0.3))
    await held(cache, KEYS[:1], [score(0.3)])


async def test_another_process_with_the_same_secret_shares_what_was_put(cache: RedisCache, url: str) -> None:
    cache.put(KEYS[0], score())
    await held(cache, KEYS[:1], [score()])
    replica, stranger = RedisCache(url, SECRET, Metrics()), RedisCache(url, b"t" * 32, Metrics())
    try:
        assert await replica.get_many(KEYS[:1]) == [score()]
        assert await stranger.get_many(KEYS[:1]) == [None]
    finally:
        await replica.close()
        await stranger.close()


async def test_all_look_ups_of_one_turn_of_the_loop_go_out_as_one_mget(
    cache: RedisCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Sequence[redis_connections.Command]] = []
    exchange = redis_connections.RedisConnections.exchange

    async def counted(
        self: redis_connections.RedisConnections, commands: Sequence[redis_connections.Command], due: float
    ) -> redis_connections.Replies:
        sent.append(commands)
        return await exchange(self, commands, due)

    monkeypatch.setattr(redis_connections.RedisConnections, "exchange", counted)
    await asyncio.gather(*(cache.get_many([key]) for key in KEYS), cache.get_many(KEYS[:3]))
    [[command]] = sent
    assert (command[0], len(command)) == (b"MGET", 1 + len(KEYS))


async def test_a_caller_that_gives_up_spoils_no_other_look_up(cache: RedisCache) -> None:
    cache.put(KEYS[0], score())
    await held(cache, KEYS[:1], [score()])
    given_up, other = (asyncio.ensure_future(cache.get_many(KEYS[:1])) for _ in range(2))
    await asyncio.sleep(0)
    given_up.cancel()
    assert await other == [score()]
    assert cache.reachable


async def test_a_stored_score_expires(url: str) -> None:
    cache = RedisCache(url, SECRET, Metrics(), expiry_seconds=2)
    try:
        cache.put(KEYS[0], score())
        await held(cache, KEYS[:1], [score()])
        await held(cache, KEYS[:1], [None])
    finally:
        await cache.close()


async def test_a_score_that_cannot_be_stored_is_dropped_and_counted(url: str) -> None:
    metrics = Metrics()
    cache = RedisCache(url, SECRET, metrics)
    try:
        cache.put(KEYS[0], score(float("nan")))
        cache.put(KEYS[1], score())
        await held(cache, KEYS[:2], [None, score()])
        assert metrics.redis_problems["dropped"] == 1
    finally:
        await cache.close()


async def test_the_embedded_server_comes_back_when_it_dies() -> None:
    embedded = EmbeddedRedis(16)
    await embedded.start()
    try:
        first = embedded.pid
        os.kill(first, signal.SIGKILL)
        await eventually(lambda: embedded.pid != first)
        cache = RedisCache(embedded.url, SECRET, Metrics(), probe_seconds=0.05)
        await cache.start()
        await eventually(lambda: cache.reachable)
        await cache.close()
    finally:
        await embedded.stop()


async def test_an_embedded_server_that_does_not_start_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reputable.adapters.embedded_redis.find_binary", lambda: Path("/bin/false"))
    embedded = EmbeddedRedis(16)
    with pytest.raises(EmbeddedRedisError, match="REPUTABLE_REDIS_URL"):
        await embedded.start()
    await embedded.stop()
