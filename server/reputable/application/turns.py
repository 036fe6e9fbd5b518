"""Lets other calls in while a batch is dealt with."""

import asyncio

SLICE = 64
"""Claims of a batch that are dealt with before another call is let in: some milliseconds."""
_TURNS = 10
"""Turns of the event loop that it is then given up for; a new call takes several."""


async def take_turns(index: int) -> None:
    """Give the event loop up before every slice of a batch but the first; `index` counts its claims from 0."""
    if index and index % SLICE == 0:
        for _ in range(_TURNS):
            await asyncio.sleep(0)
