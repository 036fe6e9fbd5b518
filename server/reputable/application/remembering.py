"""Keeps the verdict memories of the epochs in use, and reads them for the claims to be scored."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from reputable.application.ports import (
    HistoricalVerdict,
    Latest,
    Ledger,
    MemoryBuilder,
    ScoreInput,
    VerdictMemory,
)
from reputable.application.shared_rows import SharedRows
from reputable.application.vectors import Vectors
from reputable.domain.epochs import PriorEpoch
from reputable.domain.errors import LedgerCorrupt, LedgerUnavailable
from reputable.domain.verdicts import Standing

HISTORY_LENGTH = 25_000
"""The verdicts, those reviewed last, that an epoch and its memory are computed from: more would cost memory
in step with the ledger, and say little more of the rates of today."""
OF_ESTABLISHED = 22_500
"""How many of these the ESTABLISHED reviewers' own are before anybody else's: a flood of others pushes out none."""
REST_SECONDS = 60.0
"""After a memory could not be built it is not tried again for so long: building reads thousands of rows."""
MOST_KEPT = 3
"""Memories kept: today's, yesterday's, and one that is asked for again."""


def latest_part(standings: Mapping[str, Standing]) -> Latest:
    """The part of the history that an epoch is computed from, with those standings."""
    established = [reviewer for reviewer, standing in standings.items() if standing is Standing.ESTABLISHED]
    return Latest(HISTORY_LENGTH, established, OF_ESTABLISHED)


class Memories:
    """Builds an epoch's memory from the ledger's rows when it is first wanted, in the background.

    Vectors are made in one thread and memories are read in another, so that the event loop is never
    held by either.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        shared: SharedRows,
        builder: MemoryBuilder,
        vectors: Vectors,
        on_failure: Callable[[BaseException], None],
        patient: bool = False,
    ) -> None:
        """Where `patient`, a memory that is being built is always waited for."""
        self._patient = patient
        self._ledger = ledger
        self._shared = shared
        self._builder = builder
        self._vectors = vectors
        self._on_failure = on_failure
        self._kept: OrderedDict[bytes, VerdictMemory] = OrderedDict()
        self._building: dict[bytes, asyncio.Task[VerdictMemory]] = {}
        self._failed: dict[bytes, tuple[float, BaseException]] = {}
        self._thread = ThreadPoolExecutor(1, "memory-reader")

    async def vectors(self, history: Sequence[HistoricalVerdict], revision: int) -> dict[str, bytes]:
        """The vectors that an epoch of that history, as of that revision, needs."""
        texts = await asyncio.to_thread(self._builder.texts, history, self._shared.standings(revision))
        return await self._vectors.of(texts) if texts else {}

    def adopt(
        self,
        epoch: PriorEpoch,
        history: Sequence[HistoricalVerdict],
        vectors: Mapping[str, bytes],
    ) -> None:
        """Build the memory of an epoch that was just computed here, of what it was computed from."""
        if epoch.memory_digest:
            self._begin(epoch, history, vectors)

    def held(self, epoch: PriorEpoch) -> VerdictMemory | None:
        """The epoch's memory; None while it is being built, which this begins, and a while after that failed."""
        memory = self._kept.get(epoch.memory_digest)
        if memory is not None:
            self._kept.move_to_end(epoch.memory_digest)
        elif self._failure(epoch) is None:
            self._begin(epoch)
        return memory

    def _failure(self, epoch: PriorEpoch) -> BaseException | None:
        """Why the epoch's memory could not be built, for as long as it is not tried again."""
        at, failure = self._failed.get(epoch.memory_digest, (0.0, None))
        rests = asyncio.get_running_loop().time() - at < REST_SECONDS
        return failure if rests else None

    def _begin(
        self,
        epoch: PriorEpoch,
        history: Sequence[HistoricalVerdict] | None = None,
        vectors: Mapping[str, bytes] | None = None,
    ) -> "asyncio.Task[VerdictMemory]":
        task = self._building.get(epoch.memory_digest)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._build(epoch, history, vectors))
            self._building[epoch.memory_digest] = task
            task.add_done_callback(lambda done: self._built(epoch.memory_digest, done))
        return task

    def _built(self, memory_digest: bytes, task: "asyncio.Task[VerdictMemory]") -> None:
        del self._building[memory_digest]
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            now = asyncio.get_running_loop().time()
            self._failed = {key: kept for key, kept in self._failed.items() if now - kept[0] < REST_SECONDS}
            self._failed[memory_digest] = (now, error)
            self._on_failure(error)
        else:
            self._kept[memory_digest] = task.result()
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)

    async def _build(
        self,
        epoch: PriorEpoch,
        history: Sequence[HistoricalVerdict] | None,
        vectors: Mapping[str, bytes] | None,
    ) -> VerdictMemory:
        if history is None:
            latest = latest_part(self._shared.standings(epoch.revision))
            rows = self._ledger.history(reviewed_before=epoch.start, at_revision=epoch.revision, latest=latest)
            history = [row async for row in rows]
        if vectors is None:
            vectors = await self.vectors(history, epoch.revision)
        standings = self._shared.standings(epoch.revision)
        memory = await asyncio.to_thread(self._builder.build, epoch, history, standings, vectors)
        if memory.digest != epoch.memory_digest:
            message = f"the ledger's rows give another memory than prior epoch {epoch.number} was written with"
            raise LedgerCorrupt(message)
        return memory

    async def recall(self, item: ScoreInput, *, wait: bool) -> ScoreInput:
        """See `recall_all`."""
        return (await self.recall_all([item], wait=[wait]))[0]

    async def recall_all(self, items: Sequence[ScoreInput], *, wait: Sequence[bool]) -> list[ScoreInput]:
        """Each item with what its epoch's memory says of its claim; as it was where that cannot be had.

        Without `wait` a memory that is still being built cannot be had; with it the building is
        waited for, as an answer that is to be reproduced must not depend on it.
        """
        try:
            memories = [await self._memory(item.epoch, waits) for item, waits in zip(items, wait, strict=True)]
            texts = [item.claim.text for item, memory in zip(items, memories, strict=True) if memory is not None]
            vectors = await self._vectors.of(texts)
            return await asyncio.get_running_loop().run_in_executor(self._thread, _read, items, memories, vectors)
        except Exception as error:  # noqa: BLE001 - the light form answers, and says so.
            self._on_failure(error)
            return list(items)

    async def _memory(self, epoch: PriorEpoch, wait: bool) -> VerdictMemory | None:  # noqa: FBT001 - private.
        memory = self.held(epoch)
        if memory is not None or not (wait or self._patient):
            return memory
        failure = self._failure(epoch)
        if failure is not None:
            message = f"the verdict memory of prior epoch {epoch.number} could not be built a moment ago"
            raise LedgerUnavailable(message) from failure
        return await asyncio.shield(self._begin(epoch))

    async def close(self) -> None:
        """End what is being built, and the threads."""
        tasks = list(self._building.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(self._vectors.close)
        self._thread.shutdown()


def _read(
    items: Sequence[ScoreInput], memories: Sequence[VerdictMemory | None], vectors: Mapping[str, bytes]
) -> list[ScoreInput]:
    return [
        item if memory is None else replace(item, memory=memory.read(vectors[item.claim.text]))
        for item, memory in zip(items, memories, strict=True)
    ]
