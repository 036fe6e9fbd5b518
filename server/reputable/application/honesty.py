"""Compares, for every verdict recorded, what would have been answered just before with what was found."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import NoReturn, Protocol

from reputable.application.payloads import parse_verdict
from reputable.application.ports import Clock, Committed, Ledger, ModelShelf, Receipt, ScoreInput
from reputable.application.readings import Wanted
from reputable.application.record_reading import RecordReader
from reputable.application.remembering import Memories
from reputable.application.shared_rows import SharedRows
from reputable.domain.assessments import Explanation
from reputable.domain.entries import EntryKind
from reputable.domain.sources import SourceReference
from reputable.domain.verdicts import CREDIBLE_FROM

MOST_WAITING = 256
"""Verdicts that wait to be compared; of a bulk import, which comes faster, a sample is."""
_SHARE, _SHARE_OF_SAMPLES = 0.2, 0.02
"""Of the event loop's time, the most that comparing takes: where it keeps up, and where it cannot."""


class HonestyObserver(Protocol):
    """Is told of every comparison; must be cheap and never raise."""

    def foresaw(self, model_version: str, credibility: float, *, credible: bool) -> None:
        """What would have been answered before a verdict, and what the verdict says."""
        ...

    def unforeseen(self) -> None:
        """A verdict was not compared: too many waited, the ledger was out of reach, or the model failed."""
        ...


class HonestyWatch:
    """Scores the claims of new verdicts with all that was known when they were made, but for the verdict itself.

    The record is that of `claimed_at` (of the review where the claim has no time) at the revision
    before the verdict's. Nothing is stored; a recording never waits for this and never fails by it.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        ledger: Ledger,
        shared: SharedRows,
        reader: RecordReader,
        models: ModelShelf,
        observer: HonestyObserver,
        memories: Memories | None = None,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._clock = clock
        self._shared = shared
        self._reader = reader
        self._models = models
        self._observer = observer
        self._memories = memories
        self._most_waiting = most_waiting
        self._waiting: deque[tuple[bytes, Receipt]] = deque()
        self._wake = asyncio.Event()
        self._overrun = False
        ledger.on_commit(self._committed)

    def _committed(self, rows: Sequence[Committed]) -> None:
        for write, receipt in rows:
            unproven = write.finding is None or not write.finding.levels
            if write.kind is not EntryKind.VERDICT or unproven:
                continue
            if len(self._waiting) >= self._most_waiting:
                self._overrun = True
                self._observer.unforeseen()
                continue
            self._waiting.append((write.payload, receipt))
            self._wake.set()

    async def run(self) -> NoReturn:
        """Compare until cancelled."""
        while True:
            await self._wake.wait()
            while self._waiting:
                started = self._clock.monotonic()
                await self.compare_next()
                await asyncio.sleep(self.rest_seconds(self._clock.monotonic() - started))
            self._wake.clear()

    def rest_seconds(self, spent: float) -> float:
        """How long to leave the event loop alone after a comparison of `spent` seconds."""
        share = _SHARE_OF_SAMPLES if self._overrun else _SHARE
        self._overrun = False
        return spent * (1.0 / share - 1.0)

    async def compare_next(self) -> None:
        """Compare the verdict that has waited longest."""
        payload, receipt = self._waiting.popleft()
        verdict = parse_verdict(payload)
        if verdict.truthfulness is None:
            return
        claimed_at = verdict.claim.claimed_at
        as_of = verdict.reviewed_at if claimed_at is None else claimed_at
        wanted = Wanted(SourceReference(id=receipt.chain), as_of, receipt.revision - 1)
        scorer = self._models.active
        try:
            reading = await self._reader.read(wanted)
            epoch = self._shared.epoch_at(reading.as_of, reading.at_revision)
            item = ScoreInput(verdict.claim, reading.record, epoch)
            if self._memories is not None and scorer.remembers and epoch.memory_digest:
                item = await self._memories.recall(item, wait=False)
            score = scorer.score(item, Explanation.NONE)
        except Exception:  # noqa: BLE001 - one claim that a model fails on must not end the watch.
            self._observer.unforeseen()
            return
        self._observer.foresaw(scorer.version, score.credibility, credible=verdict.truthfulness >= CREDIBLE_FROM)
