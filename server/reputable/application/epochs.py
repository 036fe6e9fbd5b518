"""Writes the day's prior epoch: the first process past midnight UTC computes it, the others read it."""

import asyncio
from collections.abc import Callable

from reputable.application.ports import Clock, Ledger, ModelShelf, PriorComputer
from reputable.application.remembering import Memories, latest_part
from reputable.application.shared_rows import SharedRows
from reputable.application.writes import epoch_write
from reputable.domain.epochs import PriorEpoch
from reputable.domain.errors import ReputableError
from reputable.domain.times import DAY

_LOOK_EVERY = 30.0
"""Seconds between looks at the clock: a suspended machine wakes up past midnight."""


class EpochKeeper:
    """Keeps the ledger supplied with today's epoch."""

    def __init__(
        self,
        *,
        clock: Clock,
        ledger: Ledger,
        shared: SharedRows,
        models: ModelShelf,
        computer: PriorComputer,
        on_failure: Callable[[Exception], None],
        memories: Memories | None = None,
    ) -> None:
        """`on_failure` is told of each failure in the background."""
        self._clock = clock
        self._ledger = ledger
        self._shared = shared
        self._models = models
        self._computer = computer
        self._on_failure = on_failure
        self._memories = memories

    async def ensure_today(self) -> PriorEpoch:
        """The epoch of today; computed and written if no process has done so yet.

        Raises LedgerUnavailable.
        """
        start = self._clock.now() // DAY * DAY
        if self._shared.latest_epoch.start < start:
            await self._shared.catch_up()
        if self._shared.latest_epoch.start < start:
            await self._write(start)
            await self._shared.catch_up()
        return self._shared.latest_epoch

    async def _write(self, start: int) -> None:
        epoch = await self._compute(start)
        outcome = (await self._ledger.append([epoch_write(epoch)]))[0]
        if isinstance(outcome, ReputableError):
            raise outcome

    async def _compute(self, start: int) -> PriorEpoch:
        revision = (await self._ledger.state()).revision
        standings = self._shared.standings(revision)
        rows = self._ledger.history(reviewed_before=start, at_revision=revision, latest=latest_part(standings))
        history = [row async for row in rows]
        directory = self._shared.directory
        kinds = {row.source_id: directory.get(row.source_id).kind for row in history}
        memories = None if self._memories is None or not self._models.active.remembers else self._memories
        vectors = await memories.vectors(history, revision) if memories is not None else None
        epoch = await asyncio.to_thread(
            self._computer.compute,
            number=self._shared.latest_epoch.number + 1,
            start=start,
            revision=revision,
            history=history,
            kinds=kinds,
            scorer=self._models.active,
            standings=standings,
            vectors=vectors,
        )
        if memories is not None and vectors:
            memories.adopt(epoch, history, vectors)
        return epoch

    async def attempt(self) -> None:
        """Ensure today's epoch, or tell what went wrong."""
        try:
            await self.ensure_today()
        except Exception as error:  # noqa: BLE001 - tomorrow's epoch must not depend on a restart.
            self._on_failure(error)

    async def run(self) -> None:
        """Keep at it until cancelled; whatever goes wrong, it is tried again."""
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            await self.attempt()
