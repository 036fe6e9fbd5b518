"""Calls that come close together go through together, and no call waits for time to pass."""

import asyncio
import socket
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from reputable.api import gathering
from reputable.api.gathering import MOST_GATHERED, PROBE_EVERY, Gate, GatheringLoop

T = TypeVar("T")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=GatheringLoop) as runner:
        return runner.run(coroutine)


def gate() -> Gate:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, GatheringLoop)
    return loop.gate


class Turns:
    """Notes in which turn of the loop each call got through."""

    def __init__(self) -> None:
        self.turn = 0
        self.through: list[int] = []
        self._counting = asyncio.ensure_future(self._count())

    async def _count(self) -> None:
        while True:
            self.turn += 1
            await asyncio.sleep(0)

    async def call(self) -> None:
        await gate().pass_through()
        self.through.append(self.turn)

    def end(self) -> None:
        self._counting.cancel()


def test_calls_that_come_one_after_another_while_there_is_more_to_do_go_through_in_one_turn() -> None:
    async def scenario() -> list[int]:
        turns, calls = Turns(), []
        for _ in range(5):
            calls.append(asyncio.ensure_future(turns.call()))
            await asyncio.sleep(0)
            assert not turns.through
        turns.end()
        await asyncio.gather(*calls)
        return turns.through

    through = run(scenario())
    assert len(through) == 5
    assert len(set(through)) == 1


def test_a_call_that_comes_alone_goes_through_without_any_timer() -> None:
    async def scenario() -> int:
        await asyncio.wait_for(gate().pass_through(), 5)
        return len(gate())

    assert run(scenario()) == 0


def test_what_arrives_from_another_socket_meanwhile_joins_the_group() -> None:
    async def scenario() -> tuple[bool, bool]:
        ours, theirs = socket.socketpair()
        arrived: list[asyncio.Future[None]] = []

        def read() -> None:
            ours.recv(1)
            arrived.append(asyncio.ensure_future(gate().pass_through()))

        loop = asyncio.get_running_loop()
        loop.add_reader(ours, read)
        first = asyncio.ensure_future(gate().pass_through())
        theirs.send(b"x")
        await first
        loop.remove_reader(ours)
        ours.close()
        theirs.close()
        await asyncio.sleep(0)
        return bool(arrived), arrived[0].done()

    assert run(scenario()) == (True, True)


def test_no_more_than_so_many_wait() -> None:
    async def scenario() -> int:
        turns = Turns()
        calls = [asyncio.ensure_future(turns.call()) for _ in range(MOST_GATHERED)]
        for _ in range(4):
            await asyncio.sleep(0)
        through = len(turns.through)
        turns.end()
        await asyncio.gather(*calls)
        return through

    assert run(scenario()) == MOST_GATHERED


def test_a_loop_that_is_always_busy_lets_calls_through_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> int:
        turns = Turns()
        await asyncio.wait_for(turns.call(), 30)
        turns.end()
        return turns.turn

    monkeypatch.setattr(gathering, "MOST_SECONDS", 0.01)
    assert run(scenario()) > 10


def test_a_call_that_is_cancelled_while_it_waits_keeps_nobody_else() -> None:
    async def scenario() -> bool:
        first, second = (asyncio.ensure_future(gate().pass_through()) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait_for(second, 5)
        return first.cancelled()

    assert run(scenario())


def test_while_calls_come_one_by_one_most_do_not_stop_and_a_second_joins_one_that_does() -> None:
    async def scenario() -> tuple[int, int]:
        await gate().pass_through()
        stopped = 0
        for _ in range(10 * PROBE_EVERY):
            call = asyncio.ensure_future(gate().pass_through())
            await asyncio.sleep(0)
            stopped += not call.done()
            await call
        waiting = 0
        for _ in range(PROBE_EVERY):
            calls = [asyncio.ensure_future(gate().pass_through()) for _ in range(2)]
            await asyncio.sleep(0)
            waiting = max(waiting, len(gate()))
            await asyncio.gather(*calls)
        return stopped, waiting

    assert run(scenario()) == (10, 2)
