"""The limiter of dear calls."""

import asyncio

import pytest

from reputable.api.limiter import AT_ONCE, Limiter
from reputable.domain.errors import Overloaded


async def work(limiter: Limiter, size: int, seconds: float) -> None:
    """A call that keeps the event loop for that long."""
    async with limiter.turn(size):
        await asyncio.sleep(seconds)


async def test_the_first_call_is_let_in_whatever_it_costs() -> None:
    await work(Limiter(max_wait_seconds=0.0), 4 << 20, 0.0)


async def test_a_call_that_would_wait_too_long_is_refused_at_once_with_the_wait() -> None:
    limiter = Limiter(max_wait_seconds=0.05)
    await work(limiter, 1_000, 0.04)
    under_way = [asyncio.ensure_future(work(limiter, 1_000, 0.04)) for _ in range(AT_ONCE)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded) as caught:
        await work(limiter, 1_000, 0.0)
    assert 0.05 < caught.value.retry_after < 0.5
    await asyncio.gather(*under_way)


async def test_what_ended_is_waited_for_no_longer_whether_it_succeeded_or_not() -> None:
    limiter = Limiter()
    await work(limiter, 1_000, 0.01)
    task = asyncio.ensure_future(work(limiter, 1_000, 10.0))
    await asyncio.sleep(0)
    assert limiter.wait_seconds > 0
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert limiter.wait_seconds == 0


async def test_no_more_calls_than_may_have_their_turn_at_once() -> None:
    limiter = Limiter()
    running = most = 0

    async def call() -> None:
        nonlocal running, most
        async with limiter.turn(10):
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1

    await asyncio.gather(*(call() for _ in range(20)))
    assert most == AT_ONCE
