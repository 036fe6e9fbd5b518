"""Reads a source's track record as fresh as a caller demands, or as it was at a time or revision."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import replace

from reputable.application.held_records import HeldRecord, HeldRecords
from reputable.application.ports import Clock, Committed, Ledger, LedgerState, SourceFindings
from reputable.application.readings import Reading, Wanted
from reputable.application.shared_rows import SharedRows
from reputable.domain.entries import LEDGER_CHAIN
from reputable.domain.errors import LedgerUnavailable, PreconditionFailed, ReputableError, RevisionNotReached
from reputable.domain.findings import Finding
from reputable.domain.freshness import Token
from reputable.domain.records import TrackRecord, summarise
from reputable.domain.times import Micros, day_of

_ATTEMPTS = 8
_LONG_RECORD = 2_000
"""From this many findings on a record is summed up in a thread."""


class RecordReader:
    """The per-process map of records.

    With an exclusive ledger it is kept exact by what this process commits; otherwise by the heads
    read from the ledger, as often as the freshness asked for demands.
    """

    def __init__(self, ledger: Ledger, shared: SharedRows, clock: Clock) -> None:
        self._ledger = ledger
        self._shared = shared
        self._clock = clock
        self._held = HeldRecords()
        self._revision = 0
        ledger.on_commit(self._committed)

    def _committed(self, rows: Sequence[Committed]) -> None:
        self._revision = max(self._revision, rows[-1][1].revision)
        if any(write.merge_into for write, _ in rows):
            self._held.clear()
        for chain in {write.chain for write, _ in rows} - {LEDGER_CHAIN}:
            self._held.drop(self._shared.directory.root(chain))

    async def start(self) -> None:
        """Learn where the ledger stands."""
        await self._shared.catch_up()
        self._revision = max(self._revision, (await self._ledger.state()).revision)

    @property
    def revision(self) -> int:
        """The last ledger revision this process knows of."""
        return self._revision

    async def read(self, wanted: Wanted) -> Reading:
        """Resolve a reference and read its record.

        Raises SourceNotFound (an id), RevisionNotReached, PreconditionFailed (a foreign token),
        LedgerUnavailable.
        """
        outcome = (await self.read_many([wanted]))[0]
        if isinstance(outcome, ReputableError):
            raise outcome
        return outcome

    async def read_many(self, wanted: Sequence[Wanted], now: Micros | None = None) -> list[Reading | ReputableError]:
        """As `read`, in order; for all readings of now the ledger is asked once. `now` is the caller's."""
        now = self._clock.now() if now is None else now
        outcomes: list[Reading | ReputableError | None] = []
        for item in wanted:
            try:
                outcomes.append(self.held(item, now) or await self._historical(item))
            except ReputableError as error:
                outcomes.append(error)
        pending = {index: wanted[index] for index, outcome in enumerate(outcomes) if outcome is None}
        if pending:
            loaded = await (self._read_in_turn(pending) if self._ledger.exclusive else self._read_now(pending))
            return [loaded[i] if outcome is None else outcome for i, outcome in enumerate(outcomes)]
        return [outcome for outcome in outcomes if outcome is not None]

    def held(self, wanted: Wanted, now: Micros) -> Reading | None:
        """The reading, where this process holds one that is fresh enough; no ledger is asked.

        Raises SourceNotFound, RevisionNotReached and PreconditionFailed as `read` does.
        """
        self._check_token(wanted.freshness.token)
        if wanted.at_revision is not None:
            return None
        exclusive = self._ledger.exclusive
        if exclusive and self._shared.revision > self._revision:
            return None  # Shared rows were read that this process's own commits have not told of yet.
        as_of = now if wanted.as_of is None else wanted.as_of
        resolution = self._shared.resolver.resolve(wanted.reference)
        if not resolution.source_id:
            return Reading(resolution, TrackRecord(day=day_of(as_of)), as_of, self._revision) if exclusive else None
        held = self._held.get(resolution.source_id)
        if held is None or not held.serves(as_of, self._shared.standings_revision):
            return None
        if exclusive:
            return Reading(resolution, held.record, as_of, self._revision)
        fresh = held.fresh_enough(wanted.freshness, self._clock.monotonic())
        return Reading(resolution, held.record, as_of, held.revision) if fresh else None

    def anchor(self, reading: Reading) -> HeldRecord | None:
        """What this process holds a known source's reading of now from; None when it is not kept exact."""
        held = self._held.get(reading.resolution.source_id)
        return held if self._ledger.exclusive and held is not None and held.record is reading.record else None

    def holds(self, source_id: str, held: HeldRecord | None) -> bool:
        """Whether `held` is still what is known of the source."""
        return held is None or self._held.get(source_id) is held

    def _check_token(self, token: Token | None, reached: int | None = None) -> None:
        if token is None:
            return
        if token.ledger_id != self._ledger.identity.ledger_id:
            message = "freshness.token belongs to another ledger; give back one that this ledger handed out"
            raise PreconditionFailed(message)
        if reached is None:
            reached = self._revision if self._ledger.exclusive else token.revision
        if token.revision > reached:
            raise RevisionNotReached(_not_reached("freshness.token", token.revision, reached))

    async def _read_in_turn(self, pending: dict[int, Wanted]) -> dict[int, Reading | ReputableError]:
        """As `_read_now`; of several callers who want a record that is not held one reads it, the others wait."""
        outcomes: dict[int, Reading | ReputableError] = {}
        async with self._held.turn(self._roots(pending)):
            now = self._clock.now()
            for index, wanted in list(pending.items()):
                with contextlib.suppress(ReputableError):
                    reading = self.held(wanted, now)
                    if reading is not None:
                        outcomes[index] = reading
                        del pending[index]
            return outcomes | await self._read_now(pending) if pending else outcomes

    async def _read_now(self, pending: dict[int, Wanted]) -> dict[int, Reading | ReputableError]:
        outcomes: dict[int, Reading | ReputableError] = {}
        for _ in range(_ATTEMPTS):
            now = self._clock.now()
            try:
                state, loaded = await self._load(self._roots(pending), now)
            except LedgerUnavailable as error:
                return outcomes | dict.fromkeys(pending, error)
            for index, wanted in list(pending.items()):
                try:
                    found = self._reading(wanted, loaded, state, now)
                except ReputableError as error:
                    outcomes[index] = error
                    del pending[index]
                    continue
                if found is not None:
                    outcomes[index] = found
                    del pending[index]
            if not pending:
                return outcomes
        message = "the ledger's sources changed faster than they could be read; try again"
        return outcomes | dict.fromkeys(pending, LedgerUnavailable(message))

    def _roots(self, pending: dict[int, Wanted]) -> set[str]:
        """The sources to load; a reference that is refused is told so once the ledger's state is known."""
        roots = set()
        for wanted in pending.values():
            with contextlib.suppress(ReputableError):
                roots.add(self._shared.resolver.resolve(wanted.reference).source_id)
        return roots - {""}

    def _reading(
        self, wanted: Wanted, loaded: dict[str, HeldRecord], state: LedgerState, now: Micros
    ) -> Reading | None:
        """The reading at the state's revision; None when a source was registered or merged meanwhile."""
        self._check_token(wanted.freshness.token, state.revision)
        resolution = self._shared.resolver.resolve(wanted.reference, state.revision)
        root = resolution.source_id
        if not root:
            return Reading(resolution, TrackRecord(day=day_of(now)), now, state.revision)
        held = loaded.get(root)
        if held is None or held.members != self._shared.directory.members(root, state.revision):
            return None
        return Reading(resolution, held.record, max(now, held.as_of), state.revision)

    async def _load(self, roots: set[str], now: Micros) -> tuple[LedgerState, dict[str, HeldRecord]]:
        """The roots' records, read from the ledger in one snapshot, and the state of that snapshot."""
        members = {root: self._shared.directory.members(root) for root in roots}
        read_at = self._clock.monotonic()
        with self._held.watch() as touched:
            if not self._ledger.exclusive:
                state, heads = await self._ledger.heads([m for ids in members.values() for m in ids])
                await self._catch_up(state)
                confirmed = self._confirm(members, {i: head.revision for i, head in heads.items()}, state, read_at, now)
                if len(confirmed) == len(roots):
                    return state, confirmed
            state, found = await self._ledger.findings([m for ids in members.values() for m in ids])
            await self._catch_up(state)
            loaded = {root: await self._sum(root, ids, found, state, read_at, now) for root, ids in members.items()}
        for root, held in loaded.items():
            if root not in touched:
                self._held.put(root, held)
        return state, loaded

    async def _catch_up(self, state: LedgerState) -> None:
        """Know all shared rows of the state; more may be known, and are left out by revision."""
        if not self._ledger.exclusive:
            self._revision = max(self._revision, state.revision)
        if state.shared_revision > self._shared.revision:
            await self._shared.catch_up()

    def _confirm(
        self,
        members: dict[str, tuple[str, ...]],
        revisions: dict[str, int],
        state: LedgerState,
        read_at: float,
        now: Micros,
    ) -> dict[str, HeldRecord]:
        """Of the held records those that the heads show to be current still, marked so."""
        confirmed = {}
        for root, ids in members.items():
            held = self._held.get(root)
            current = {m: revisions[m] for m in ids if m in revisions}
            if held and held.stands(ids, current) and held.serves(now, self._shared.standings_revision):
                held.revision = max(held.revision, state.revision)
                held.read_at = max(held.read_at, read_at)
                confirmed[root] = held
        return confirmed

    async def _sum(
        self,
        root: str,
        members: tuple[str, ...],
        found: dict[str, SourceFindings],
        state: LedgerState,
        read_at: float,
        now: Micros,
    ) -> HeldRecord:
        """Sum up as of now, or as of just after the last review where a reviewer's clock ran ahead."""
        findings = [finding for m in members if m in found for finding in found[m].findings]
        as_of = max([now, *(f.reviewed_at + 1 for f in findings if not f.retracted_at)])
        heads = {m: found[m].head.revision for m in members if m in found}
        record = await self._summarise(root, findings, as_of, state.revision)
        return HeldRecord(
            record=replace(record, revision=sum(heads.values())),
            as_of=as_of,
            members=members,
            heads=heads,
            standings_revision=self._shared.standings_revision_at(state.revision),
            revision=state.revision,
            read_at=read_at,
        )

    async def _summarise(self, root: str, findings: Sequence[Finding], as_of: Micros, at_revision: int) -> TrackRecord:
        def work() -> TrackRecord:
            return summarise(
                findings,
                standings,
                as_of=as_of,
                ledger_key=self._ledger.identity.record_key,
                source_id=root,
                kind=kind,
                at_revision=at_revision,
            )

        standings = self._shared.standings(at_revision)
        kind = self._shared.directory.get(root, at_revision).kind
        return await asyncio.to_thread(work) if len(findings) >= _LONG_RECORD else work()

    async def _historical(self, wanted: Wanted) -> Reading | None:
        """The reading at a past time or revision; None when it is wanted of now."""
        if wanted.as_of is None and wanted.at_revision is None:
            return None
        state = await self._ledger.state()
        await self._catch_up(state)
        self._check_token(wanted.freshness.token, state.revision)
        at_revision = state.revision if wanted.at_revision is None else wanted.at_revision
        if at_revision > state.revision:
            raise RevisionNotReached(_not_reached("at_revision", at_revision, state.revision))
        as_of = self._clock.now() if wanted.as_of is None else wanted.as_of
        resolution = self._shared.resolver.resolve(wanted.reference, at_revision)
        root = resolution.source_id
        if not root:
            return Reading(resolution, TrackRecord(day=day_of(as_of)), as_of, at_revision)
        members = self._shared.directory.members(root, at_revision)
        _, found = await self._ledger.findings(members)
        findings = [f for m in members if m in found for f in found[m].findings]
        record = await self._summarise(root, findings, as_of, at_revision)
        record = replace(record, revision=await self._chain_revision(members, at_revision))
        return Reading(resolution, record, as_of, at_revision)

    async def _chain_revision(self, members: Sequence[str], at_revision: int) -> int:
        total = 0
        for member in members:
            newest = await self._ledger.entries(chain=member, before=at_revision + 1, limit=1)
            total += newest[0].source_revision if newest else 0
        return total


def _not_reached(field: str, wanted: int, reached: int) -> str:
    return f"{field} asks for revision {wanted}; the ledger stands at {reached}"
