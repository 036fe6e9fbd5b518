"""Lets calls that come close together through together.

A call that is dealt with by itself finds the processor's caches filled by what the transport did
since the last one, and costs up to twice what it costs after its like. So while more events are at
hand, calls wait at a gate; before the event loop would go to sleep, all of them go through in one
turn, and their answers are sent in another. Nobody waits for time to pass: a call that comes alone
goes through as soon as no other is at hand.
"""

import asyncio
import os
from selectors import DefaultSelector, SelectorKey
from time import perf_counter

MOST_GATHERED = 16
"""Calls that go through in one turn at most."""
MOST_SECONDS = 0.001
"""The longest that the gate stays closed while the loop is busy with other things."""
PROBE_EVERY = 16
"""While calls come one by one the gate stays open, but for one in so many, which sees whether they still do."""

_give_way = getattr(os, "sched_yield", lambda: None)
_Events = list[tuple[SelectorKey, int]]


class Gate:
    """Where calls of one event loop wait for one another."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []
        self._since = 0.0
        self._alone = False
        self._count = 0

    def __len__(self) -> int:
        """How many calls wait."""
        return len(self._waiting)

    async def pass_through(self) -> None:
        """Wait for the calls that come close to this one."""
        self._count += 1
        if self._alone and not self._waiting and self._count % PROBE_EVERY:
            return
        if not self._waiting:
            self._since = perf_counter()
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        await turn

    @property
    def is_due(self) -> bool:
        """Whether enough calls wait, or the first one has for long enough."""
        return len(self._waiting) >= MOST_GATHERED or perf_counter() - self._since > MOST_SECONDS

    def open(self) -> None:
        """Let all through that wait."""
        waiting, self._waiting = self._waiting, []
        self._alone = len(waiting) == 1
        for turn in waiting:
            if not turn.done():
                turn.set_result(None)


class _Selector(DefaultSelector):
    """Opens the gate before it would wait for events; other threads, which may have some to deliver, go first."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self._gate = gate

    def select(self, timeout: float | None = None) -> _Events:
        """As a selector's."""
        if not self._gate:
            return super().select(timeout)
        events = super().select(0)
        if not events and timeout != 0:
            _give_way()
            events = super().select(0)
            if not events:
                self._gate.open()
        elif self._gate.is_due:
            self._gate.open()
        return events


class GatheringLoop(asyncio.SelectorEventLoop):
    """An event loop with a gate."""

    def __init__(self) -> None:
        self.gate = Gate()
        super().__init__(_Selector(self.gate))
