"""A ledger as it stood at one revision, for those who only read."""

from collections.abc import Sequence
from typing import Any, NoReturn

from reputable.application.ports import (
    LedgerReader,
    LedgerState,
    Listener,
    RegisteredSource,
    SourceFindings,
    StandingChange,
    Write,
)
from reputable.domain.epochs import PriorEpoch
from reputable.domain.errors import LedgerUnavailable, RevisionNotReached


class Snapshot:
    """The Ledger port over a pinned reader: nothing is ever committed, so what was read stays exact.

    With a revision the rows after it are not there, so that several processes read the same ledger
    however late each has opened it.
    """

    exclusive = True

    def __init__(self, reader: LedgerReader, at_revision: int | None = None) -> None:
        self._reader = reader
        self._at_revision = at_revision
        self._state: LedgerState | None = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the reader's own methods.
        """All that a reader does."""
        return getattr(self._reader, name)

    async def state(self) -> LedgerState:
        """See LedgerReader; read once. Raises RevisionNotReached."""
        if self._state is None:
            state = await self._reader.state()
            wanted = state.revision if self._at_revision is None else self._at_revision
            if wanted > state.revision:
                message = f"revision {wanted} was asked for; the ledger that is found here stands at {state.revision}"
                raise RevisionNotReached(message)
            self._state = LedgerState(wanted, min(wanted, state.shared_revision))
        return self._state

    async def registered_sources(self, after_revision: int) -> list[RegisteredSource]:
        """See LedgerReader."""
        last = (await self.state()).revision
        return [row for row in await self._reader.registered_sources(after_revision) if row.revision <= last]

    async def standing_changes(self, after_revision: int) -> list[StandingChange]:
        """See LedgerReader."""
        last = (await self.state()).revision
        return [row for row in await self._reader.standing_changes(after_revision) if row.revision <= last]

    async def epochs(self, after_number: int) -> list[PriorEpoch]:
        """See LedgerReader."""
        last = (await self.state()).revision
        return [epoch for epoch in await self._reader.epochs(after_number) if epoch.held_from <= last]

    async def findings(self, source_ids: Sequence[str]) -> tuple[LedgerState, dict[str, SourceFindings]]:
        """See LedgerReader; a head is the latest one, whatever the revision."""
        state = await self.state()
        _, found = await self._reader.findings(source_ids)
        return state, {source_id: _until(state.revision, one) for source_id, one in found.items()}

    async def append(self, writes: Sequence[Write]) -> NoReturn:
        """Raises LedgerUnavailable."""
        message = f"{len(writes)} rows cannot be written to a snapshot of a ledger"
        raise LedgerUnavailable(message)

    def on_commit(self, listener: Listener) -> None:
        """There is nothing to listen to."""


def _until(revision: int, found: SourceFindings) -> SourceFindings:
    """The findings of a revision, those retracted later as they stood."""
    findings = [
        finding._replace(retracted_at=0) if finding.retracted_at > revision else finding
        for finding in found.findings
        if finding.revision <= revision
    ]
    return SourceFindings(found.head, findings)


class NoLedger:
    """What a Snapshot needs of a reader, where there is no ledger: every source is unknown."""

    async def state(self) -> LedgerState:
        """Nothing is recorded."""
        return LedgerState(0, 0)

    async def registered_sources(self, _: int) -> list[RegisteredSource]:
        """None."""
        return []

    async def standing_changes(self, _: int) -> list[StandingChange]:
        """None."""
        return []

    async def epochs(self, _: int) -> list[PriorEpoch]:
        """None."""
        return []

    async def close(self) -> None:
        """There is nothing to release."""
