"""The epoch keeper goes on, whatever goes wrong."""

import asyncio
from typing import Any, cast

import pytest

from reputable.application import epochs


class BrokenClock:
    """Fails as no refusal of ours does, and counts how often it was asked."""

    asked = 0

    def now(self) -> int:
        self.asked += 1
        raise RuntimeError


async def test_a_failure_in_the_background_is_told_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(epochs, "_LOOK_EVERY", 0.0)
    clock, told = BrokenClock(), list[Exception]()
    nothing = cast("Any", None)  # The clock is asked first, and fails.
    keeper = epochs.EpochKeeper(
        clock=cast("Any", clock),
        ledger=nothing,
        shared=nothing,
        models=nothing,
        computer=nothing,
        on_failure=told.append,
    )
    work = asyncio.create_task(keeper.run())
    for _ in range(10):
        await asyncio.sleep(0)
    assert not work.done()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert len(told) == clock.asked > 1
