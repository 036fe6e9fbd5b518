"""A ledger in memory: simple enough to be believed, recomputing all from its rows."""

import os
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace

from reputable.adapters.ledger_rows import new_identity
from reputable.application import payloads
from reputable.application.ports import (
    Clock,
    HistoricalVerdict,
    Latest,
    LedgerCounts,
    LedgerState,
    Listener,
    Receipt,
    RegisteredSource,
    SourceFindings,
    SourceHead,
    StandingChange,
    Write,
)
from reputable.domain.entries import LEDGER_CHAIN, NO_PREVIOUS, Entry, EntryKind
from reputable.domain.epochs import PriorEpoch
from reputable.domain.errors import (
    AlreadyRetracted,
    IdempotencyConflict,
    MergeRefused,
    ReputableError,
    SourceConflict,
    SourceNotFound,
    VerdictNotFound,
)
from reputable.domain.findings import Finding, active, record_digest
from reputable.domain.sources import Source, SourceKind
from reputable.domain.times import Micros

SHARED = {EntryKind.SOURCE, EntryKind.MERGE, EntryKind.STANDING, EntryKind.EPOCH}


class InMemoryLedger:
    """Passes the contract suite that the real ledgers pass."""

    exclusive = True

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.identity = new_identity()
        self._entries: list[Entry] = []
        self._receipts: list[Receipt] = []
        self._listeners: list[Listener] = []

    # What the rows say.

    def _rows(self, *kinds: EntryKind) -> list[Entry]:
        return [entry for entry in self._entries if entry.kind in kinds]

    def _chain(self, chain: str) -> list[Entry]:
        return [entry for entry in self._entries if entry.source_id == chain]

    def _retracted(self) -> dict[int, int]:
        return {payloads.parse(e.payload)["retracts"]: e.revision for e in self._rows(EntryKind.RETRACTION)}

    def _findings(self, chain: str) -> list[Finding]:
        retracted = self._retracted()
        parsed = (payloads.parse_finding(e.kind, e.payload, e.revision) for e in self._chain(chain))
        return [f._replace(retracted_at=retracted.get(f.revision, 0)) for f in parsed if f is not None]

    def _sources(self) -> dict[str, Source]:
        sources: dict[str, Source] = {}
        for entry in self._rows(EntryKind.SOURCE, EntryKind.MERGE):
            if entry.kind is EntryKind.MERGE:
                source_id, into = payloads.parse_merge(entry.payload)
                sources[source_id] = replace(sources[source_id], merged_into=into)
                continue
            said, _ = payloads.parse_source(entry.payload)
            first = sources.get(said.id, replace(said, revision=entry.revision, aliases=()))
            kind = first.kind if first.kind is not SourceKind.UNSPECIFIED else said.kind
            sources[said.id] = replace(first, kind=kind)
        return sources

    def _names(self) -> dict[str, str]:
        rows = [payloads.parse_source(e.payload) for e in self._rows(EntryKind.SOURCE)]
        return {name: source.id for source, names in rows for name in names}

    def _record_digest(self, chain: str) -> bytes:
        return record_digest(active(self._findings(chain)), self.identity.record_key)

    # Appending.

    async def append(self, writes: Sequence[Write]) -> list[Receipt | ReputableError]:
        return [self._append_one(write) for write in writes]

    def _append_one(self, write: Write) -> Receipt | ReputableError:
        for entry in self._entries:
            if write.request_id and (entry.principal, entry.request_id) == (write.principal, write.request_id):
                if entry.request_digest != write.request_digest:
                    return IdempotencyConflict("used with another request")
                return self._duplicate(entry.revision)
        standing = self._row_that_stands(write)
        if standing:
            return self._duplicate(standing)
        refusal = self._refusal(write)
        return refusal or self._add(write)

    def _duplicate(self, revision: int) -> Receipt:
        return self._receipts[revision - 1]._replace(duplicate=True)

    def _row_that_stands(self, write: Write) -> int:
        """The row that makes the write needless, 0 for none."""
        if write.kind is EntryKind.SOURCE and write.source is not None:
            known = self._sources().get(write.source.id)
            same_kind = known is not None and write.source.kind in {SourceKind.UNSPECIFIED, known.kind}
            owned = all(self._names().get(name) == write.source.id for name in write.names)
            return known.revision if known is not None and same_kind and owned else 0
        if write.standing is not None:
            said = [(e.revision, payloads.parse_standing(e.payload)) for e in self._rows(EntryKind.STANDING)]
            last = [(revision, s) for revision, (reviewer, s) in said if reviewer == write.standing[0]][-1:]
            return last[0][0] if last and last[0][1] is write.standing[1] else 0
        if write.epoch is not None:
            taken = [payloads.parse_epoch(e.payload, e.revision) for e in self._rows(EntryKind.EPOCH)]
            return next((e.held_from for e in taken if e.number == write.epoch.number), 0)
        return 0

    def _refusal(self, write: Write) -> ReputableError | None:
        sources, names = self._sources(), self._names()
        if write.kind is EntryKind.SOURCE and write.source is not None:
            return self._source_refusal(write, sources.get(write.source.id), names)
        if write.chain != LEDGER_CHAIN and write.chain not in sources:
            return VerdictNotFound("") if write.retracts else SourceNotFound("no such source")
        if write.kind is EntryKind.MERGE:
            return self._merge_refusal(write, sources)
        if write.kind is EntryKind.RETRACTION:
            return self._retraction_refusal(write)
        foreign = any(names.get(name) != write.chain for name in write.names)
        return SourceConflict("another source's name") if foreign else None

    @staticmethod
    def _merge_refusal(write: Write, sources: dict[str, Source]) -> ReputableError | None:
        if write.merge_into not in sources:
            return SourceNotFound("no such source")
        merged = any(sources[i].merged_into for i in (write.chain, write.merge_into))
        return MergeRefused("merged") if merged or write.chain == write.merge_into else None

    def _retraction_refusal(self, write: Write) -> ReputableError | None:
        if write.retracts not in {f.revision for f in self._findings(write.chain)}:
            return VerdictNotFound("no such verdict")
        return AlreadyRetracted("taken back") if write.retracts in self._retracted() else None

    @staticmethod
    def _source_refusal(write: Write, known: Source | None, names: dict[str, str]) -> ReputableError | None:
        if any(names.get(name, write.chain) != write.chain for name in write.names):
            return SourceConflict("another source's name")
        if known is None or write.source is None:
            return None
        other_kind = (
            SourceKind.UNSPECIFIED not in {known.kind, write.source.kind} and known.kind is not write.source.kind
        )
        return SourceConflict("known otherwise") if other_kind or names.get(write.names[0]) != known.id else None

    def _add(self, write: Write) -> Receipt:
        chain = self._chain(write.chain)
        entry = Entry(
            revision=len(self._entries) + 1,
            kind=write.kind,
            source_id=write.chain,
            source_revision=len(chain) + 1,
            recorded_at=self._clock.now(),
            principal=write.principal,
            request_id=write.request_id,
            request_digest=write.request_digest,
            payload=write.payload,
            salt=os.urandom(16),
            previous_digest=chain[-1].digest if chain else NO_PREVIOUS,
            digest=b"",
        )
        self._entries.append(replace(entry, digest=entry.computed_digest()))
        receipt = Receipt(
            entry.revision, entry.source_revision, self._record_digest(write.chain), entry.recorded_at, write.chain
        )
        self._receipts.append(receipt)
        for listener in self._listeners:
            listener([(write, receipt)])
        return receipt

    def on_commit(self, listener: Listener) -> None:
        self._listeners.append(listener)

    # Reading.

    async def state(self) -> LedgerState:
        return LedgerState(len(self._entries), max((e.revision for e in self._rows(*SHARED)), default=0))

    async def heads(self, source_ids: Sequence[str]) -> tuple[LedgerState, dict[str, SourceHead]]:
        found = {}
        for source_id in source_ids:
            chain = self._chain(source_id)
            if chain:
                found[source_id] = SourceHead(source_id, len(chain), self._record_digest(source_id), chain[-1].digest)
        return await self.state(), found

    async def findings(self, source_ids: Sequence[str]) -> tuple[LedgerState, dict[str, SourceFindings]]:
        state, heads = await self.heads(source_ids)
        return state, {i: SourceFindings(head, self._findings(i)) for i, head in heads.items()}

    async def registered_sources(self, after_revision: int) -> list[RegisteredSource]:
        sources = self._sources()
        rows = []
        for entry in self._rows(EntryKind.SOURCE, EntryKind.MERGE):
            source = replace(sources[entry.source_id], aliases=())
            if entry.kind is EntryKind.SOURCE:
                said, _ = payloads.parse_source(entry.payload)
                source = replace(said, revision=source.revision)
            if entry.revision > after_revision:
                rows.append(RegisteredSource(entry.revision, source))
        return rows

    async def standing_changes(self, after_revision: int) -> list[StandingChange]:
        rows = [e for e in self._rows(EntryKind.STANDING) if e.revision > after_revision]
        return [StandingChange(e.revision, *payloads.parse_standing(e.payload)) for e in rows]

    async def epochs(self, after_number: int) -> list[PriorEpoch]:
        found = [payloads.parse_epoch(e.payload, e.revision) for e in self._rows(EntryKind.EPOCH)]
        return sorted((e for e in found if e.number > after_number), key=lambda e: e.number)

    async def entry(self, revision: int) -> Entry | None:
        return (await self.entries_at([revision])).get(revision)

    async def entries_at(self, revisions: Sequence[int]) -> dict[int, Entry]:
        return {e.revision: e for e in self._entries if e.revision in set(revisions)}

    async def entries(
        self, *, chain: str | None = None, before: int | None = None, after: int = 0, limit: int = 1000
    ) -> list[Entry]:
        rows: Iterable[Entry] = self._entries if chain is None else self._chain(chain)
        if before is not None:
            return [e for e in reversed(list(rows)) if e.revision < before][:limit]
        return [e for e in rows if e.revision > after][:limit]

    async def recorded(self, principal: str, request_id: str) -> tuple[bytes, Receipt] | None:
        for entry in self._entries:
            if (entry.principal, entry.request_id) == (principal, request_id):
                return entry.request_digest, self._duplicate(entry.revision)
        return None

    async def retractions(self, revisions: Sequence[int]) -> dict[int, int]:
        return {target: by for target, by in self._retracted().items() if target in set(revisions)}

    async def reviewed_by(self, reviewer: str, source_id: str) -> list[tuple[int, str]]:
        chains = [source_id] if source_id else sorted(self._sources())
        found = [(f, chain) for chain in chains for f in self._findings(chain)]
        return sorted((f.revision, chain) for f, chain in found if f.reviewer == reviewer and not f.retracted_at)

    async def history(
        self, *, reviewed_before: Micros, at_revision: int, latest: Latest
    ) -> AsyncIterator[HistoricalVerdict]:
        found = []
        for chain in self._sources():
            for finding in active(self._findings(chain), reviewed_before, at_revision):
                if finding.period_start is None:
                    verdict = payloads.parse_verdict(self._entries[finding.revision - 1].payload)
                    found.append(HistoricalVerdict(finding.revision, chain, verdict))
        found.sort(key=lambda row: (row.verdict.reviewed_at, row.revision))
        for row in _part(found, latest):
            yield row

    async def finding_digests(self, source_id: str) -> dict[int, bytes]:
        return {f.revision: f.content_digest(self.identity.record_key) for f in self._findings(source_id)}

    async def counts(self) -> LedgerCounts:
        return LedgerCounts(
            entries=len(self._entries),
            findings=len(self._rows(EntryKind.VERDICT, EntryKind.SCORECARD)),
            heads=len({e.source_id for e in self._entries}),
            sources=len(self._sources()),
            names=len(self._names()),
            standings=len({payloads.parse_standing(e.payload)[0] for e in self._rows(EntryKind.STANDING)}),
            epochs=len(self._rows(EntryKind.EPOCH)),
        )

    async def close(self) -> None:
        pass


def _part(rows: list[HistoricalVerdict], latest: Latest) -> list[HistoricalVerdict]:
    named = [row for row in reversed(rows) if row.verdict.reviewer in latest.reviewers][: latest.reserved]
    others = [row for row in reversed(rows) if row not in named]
    return sorted([*named, *others][: latest.most], key=rows.index)
