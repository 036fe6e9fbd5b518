"""Lists what is recorded on a source, newest first."""

from dataclasses import dataclass
from enum import Enum

from reputable.application.acknowledging import verdict_id
from reputable.application.payloads import parse_scorecard, parse_verdict
from reputable.application.ports import Ledger
from reputable.application.shared_rows import SharedRows
from reputable.domain.entries import Entry, EntryKind
from reputable.domain.errors import LedgerCorrupt
from reputable.domain.findings import active
from reputable.domain.text import check_id
from reputable.domain.times import Micros
from reputable.domain.verdicts import Scorecard, Verdict


class VerdictState(Enum):
    """Where a recorded verdict or scorecard stands."""

    ACTIVE = "active"
    SUPERSEDED = "superseded"
    RETRACTED = "retracted"


@dataclass(frozen=True, slots=True)
class RecordedVerdict:
    """A verdict or a scorecard as the ledger holds it."""

    content: Verdict | Scorecard
    state: VerdictState
    revision: int
    recorded_at: Micros
    principal: str

    @property
    def verdict_id(self) -> str:
        """What names it to those who take it back."""
        return verdict_id(self.revision)


class VerdictLister:
    """Pages through a source's verdicts and scorecards, those of the sources merged into it too."""

    def __init__(self, ledger: Ledger, shared: SharedRows) -> None:
        self._ledger = ledger
        self._shared = shared

    async def page(
        self, source_id: str, *, most: int, before: int | None = None, include_inactive: bool = False
    ) -> list[RecordedVerdict]:
        """At most `most`, of revisions below `before`, newest first; only active ones unless asked otherwise.

        Raises InvalidInput, SourceNotFound, LedgerUnavailable.
        """
        check_id("source_id", source_id)
        if not self._ledger.exclusive:
            await self._shared.catch_up()
        directory = self._shared.directory
        root = directory.root(directory.get(source_id).id)
        states = await self._states(directory.members(root))
        wanted = [
            revision
            for revision in sorted(states, reverse=True)
            if (before is None or revision < before) and (include_inactive or states[revision] is VerdictState.ACTIVE)
        ][:most]
        entries = await self._ledger.entries_at(wanted)
        return [_recorded(entries[revision], states[revision]) for revision in wanted]

    async def _states(self, members: tuple[str, ...]) -> dict[int, VerdictState]:
        _, held = await self._ledger.findings(members)
        findings = [finding for part in held.values() for finding in part.findings]
        standing = {finding.revision for finding in active(findings)}
        return {
            f.revision: VerdictState.RETRACTED
            if f.retracted_at
            else VerdictState.ACTIVE
            if f.revision in standing
            else VerdictState.SUPERSEDED
            for f in findings
        }


def _recorded(entry: Entry, state: VerdictState) -> RecordedVerdict:
    if entry.kind is EntryKind.VERDICT:
        content: Verdict | Scorecard = parse_verdict(entry.payload)
    elif entry.kind is EntryKind.SCORECARD:
        content = parse_scorecard(entry.payload)
    else:
        message = f"row {entry.revision} is counted as a verdict and is none"
        raise LedgerCorrupt(message)
    return RecordedVerdict(content, state, entry.revision, entry.recorded_at, entry.principal)
