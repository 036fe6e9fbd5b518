"""The breaker opens after five failures in a row and closes when a probe is answered."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from reputable.adapters.breaker import FAILURES_TO_OPEN, Breaker
from tests.waiting import eventually


class Peer:
    """Answers probes when it is up."""

    def __init__(self) -> None:
        self.is_up = False
        self.probes = 0
        self.breaker = Breaker(self.answers, probe_seconds=0.01)

    async def answers(self) -> bool:
        self.probes += 1
        return self.is_up


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    found = Peer()
    yield found
    await found.breaker.close()


async def test_it_opens_after_five_failures_in_a_row(peer: Peer) -> None:
    for _ in range(FAILURES_TO_OPEN - 1):
        peer.breaker.failed()
    peer.breaker.succeeded()
    for _ in range(FAILURES_TO_OPEN - 1):
        peer.breaker.failed()
    assert not peer.breaker.is_open
    peer.breaker.failed()
    assert peer.breaker.is_open


async def test_it_stays_open_while_probes_fail_and_closes_when_one_is_answered(peer: Peer) -> None:
    peer.breaker.open()
    await eventually(lambda: peer.probes >= 3)
    assert peer.breaker.is_open
    peer.is_up = True
    await eventually(lambda: not peer.breaker.is_open)
    count = peer.probes
    await asyncio.sleep(0.05)
    assert peer.probes == count, "it still probes"


async def test_it_opens_again_after_it_has_closed(peer: Peer) -> None:
    peer.is_up = True
    for _ in range(2):
        for _ in range(FAILURES_TO_OPEN):
            peer.breaker.failed()
        assert peer.breaker.is_open
        await eventually(lambda: not peer.breaker.is_open)
