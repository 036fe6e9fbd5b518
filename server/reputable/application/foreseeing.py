"""Compares verdicts with the credibility that would have been answered the moment before each was recorded."""

import asyncio
from collections import deque
from typing import NoReturn, Protocol

from reputable.application import payloads
from reputable.application.assessing import Assessor, AssessQuery
from reputable.application.ports import Clock, Receipt, Write
from reputable.domain.assessments import Explanation
from reputable.domain.entries import EntryKind
from reputable.domain.errors import ReputableError
from reputable.domain.times import DAY
from reputable.domain.verdicts import CREDIBLE_FROM, Verdict

RECENT = 7 * DAY
"""Verdicts reviewed longer ago were imported: the model may have learnt from them."""
MOST_WAITING = 1_000
"""Verdicts beyond these are left out: of a burst the first are compared."""
PAUSE_SECONDS = 0.01
"""Rest after each comparison, so that callers come first: at most 100 a second."""


class ForesightObserver(Protocol):
    """Is told what was foreseen and what was found; must be cheap and never raise."""

    def foreseen(self, credibility: float, *, credible: bool) -> None:
        """A claim of this credibility was found credible or not."""
        ...


class Foresight:
    """Follows the ledger's verdicts; `committed` is its listener, `run` its work."""

    def __init__(self, *, clock: Clock, assessor: Assessor, observer: ForesightObserver) -> None:
        self._clock = clock
        self._assessor = assessor
        self._observer = observer
        self._waiting: deque[tuple[bytes, int]] = deque()
        self._arrived = asyncio.Event()

    def __len__(self) -> int:
        """How many verdicts wait."""
        return len(self._waiting)

    def committed(self, write: Write, receipt: Receipt) -> None:
        """Remember a new verdict; dropped while too many wait."""
        if write.kind is EntryKind.VERDICT and not receipt.duplicate and len(self._waiting) < MOST_WAITING:
            self._waiting.append((write.payload, receipt.revision))
            self._arrived.set()

    async def run(self) -> NoReturn:
        """Compare until cancelled; a verdict whose claim cannot be assessed is left out."""
        while True:
            await self._arrived.wait()
            while self._waiting:
                payload, revision = self._waiting.popleft()
                try:
                    await self._compare(payloads.parse_verdict(payload), revision)
                except ReputableError:
                    continue
                finally:
                    await asyncio.sleep(PAUSE_SECONDS)
            self._arrived.clear()

    async def _compare(self, verdict: Verdict, revision: int) -> None:
        if verdict.truthfulness is None or verdict.reviewed_at < self._clock.now() - RECENT:
            return
        query = AssessQuery(verdict.claim, at_revision=revision - 1, explanation=Explanation.NONE)
        assessment = await self._assessor.assess(query)
        self._observer.foreseen(assessment.score.credibility, credible=verdict.truthfulness >= CREDIBLE_FROM)
