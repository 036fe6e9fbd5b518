"""Decides what a group of writes appends, from what the ledger holds; knows no database."""

import os
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import replace
from operator import attrgetter

from reputable.adapters.ledger_state import Head, Held, Plan, PlannedEntry, PlannedFinding, State
from reputable.application.ports import Receipt, Write
from reputable.domain.digests import add, subtract
from reputable.domain.entries import LEDGER_CHAIN, Entry, EntryKind, chain_digest
from reputable.domain.errors import (
    AlreadyRetracted,
    IdempotencyConflict,
    LedgerCorrupt,
    MergeRefused,
    ReputableError,
    SourceConflict,
    SourceNotFound,
    VerdictNotFound,
)
from reputable.domain.sources import Source, SourceKind
from reputable.domain.times import Micros

SALT_SIZE = 16
_SALTS_AT_ONCE = 64


class Planner:
    """Plans writes one after another upon a state."""

    def __init__(self, state: State, record_key: bytes, now: Micros) -> None:
        self._state = state
        self._record_key = record_key
        self._now = now
        self._salt = b""
        self._salts: Iterator[bytes] = iter(())
        self.plan = Plan()

    def add_all(self, writes: Iterable[Write]) -> list[Receipt | ReputableError]:
        """Plan the writes and return each one's outcome."""
        return [self.add(write) for write in writes]

    def add(self, write: Write) -> Receipt | ReputableError:
        """Plan one write and return its outcome."""
        earlier = self._state.receipts.get((write.principal, write.request_id)) if write.request_id else None
        if earlier is not None:
            if earlier[0] != write.request_digest:
                message = f"the request id {write.request_id!r} was used with another request; use a new one"
                return IdempotencyConflict(message)
            return earlier[1]._replace(duplicate=True)
        try:
            return self._planned(write)
        except ReputableError as refusal:
            return refusal

    def _planned(self, write: Write) -> Receipt:
        # A table of bound methods would be a cycle, and keep every plan until the garbage collector comes.
        match write.kind:
            case EntryKind.VERDICT | EntryKind.SCORECARD:
                return self._finding(write)
            case EntryKind.RETRACTION:
                return self._retraction(write)
            case EntryKind.SOURCE:
                return self._source(write)
            case EntryKind.MERGE:
                return self._merge(write)
            case EntryKind.STANDING:
                return self._standing(write)
            case EntryKind.EPOCH:
                return self._epoch(write)

    def restore(self, entry: Entry, write: Write) -> None:
        """Plan another ledger's row, made into a write again; LedgerCorrupt when it comes out otherwise."""
        self._now, self._salt = entry.recorded_at, entry.salt
        outcome = self.add(write)
        if isinstance(outcome, ReputableError) or outcome.duplicate or self.plan.entries[-1].digest != entry.digest:
            reason = outcome.message if isinstance(outcome, ReputableError) else "it does not follow from those before"
            message = f"row {entry.revision} cannot be copied: {reason}; run `reputable ledger verify`"
            raise LedgerCorrupt(message)

    def _append(self, write: Write, head: Head) -> Receipt:
        """Plan the row of a write whose head holds the record digest after it."""
        state = self._state
        state.revision += 1
        head.source_revision += 1
        previous, salt = head.chain_digest, self._salt or next(self._salts, b"") or self._new_salt()
        head.chain_digest = chain_digest(
            state.revision, write.kind, write.chain, head.source_revision, self._now, write.principal,
            write.request_id, write.request_digest, write.payload, salt, previous,
        )  # fmt: skip
        receipt = Receipt(state.revision, head.source_revision, head.record_digest, self._now, write.chain)
        self.plan.entries.append(PlannedEntry(write, receipt, salt, previous, head.chain_digest))
        state.heads[write.chain] = self.plan.heads[write.chain] = head
        if write.request_id:
            state.receipts[write.principal, write.request_id] = (write.request_digest, receipt)
        return receipt

    def _new_salt(self) -> bytes:
        """A salt from a fresh stock: a call to the system for each would let another thread in each time."""
        drawn = os.urandom(SALT_SIZE * _SALTS_AT_ONCE)
        self._salts = iter([drawn[at : at + SALT_SIZE] for at in range(SALT_SIZE, len(drawn), SALT_SIZE)])
        return drawn[:SALT_SIZE]

    def _finding(self, write: Write) -> Receipt:
        finding = write.finding
        if finding is None:
            message = f"a {write.kind.value} row needs a finding"
            raise ValueError(message)
        head = self._head(write.chain)
        for name in write.names:
            if self._state.names.get(name) != write.chain:
                message = f"the name {name!r} is not that of the source {write.chain!r}; try again"
                raise SourceConflict(message)
        content = finding.content_digest(self._record_key)
        subject = (write.chain, finding.key, finding.reviewer)
        standing = self._state.standing_findings.get(subject)
        if standing:
            head.record_digest = subtract(head.record_digest, standing[next(reversed(standing))])
        head.record_digest = add(head.record_digest, content)
        receipt = self._append(write, head)
        if standing is None:
            self._state.standing_findings[subject] = {receipt.revision: content}
        else:
            standing[receipt.revision] = content
        self.plan.findings.append(PlannedFinding(receipt.revision, write.chain, finding, content))
        return receipt

    def _held(self, revision: int) -> Held | None:
        """A finding that the ledger holds, or that was planned before."""
        held = self._state.held.get(revision)
        if held is not None:
            return held
        at = bisect_left(self.plan.findings, revision, key=attrgetter("revision"))
        if at == len(self.plan.findings) or self.plan.findings[at].revision != revision:
            return None
        _, source_id, finding, digest = self.plan.findings[at]
        return Held((source_id, finding.key, finding.reviewer), digest, 0)

    def _retraction(self, write: Write) -> Receipt:
        target = self._held(write.retracts)
        if target is None or target.subject[0] != write.chain:
            message = f"row {write.retracts} is no verdict or scorecard of {write.chain!r}"
            raise VerdictNotFound(message)
        if target.retracted_at:
            message = f"the verdict in row {write.retracts} was taken back before, by row {target.retracted_at}"
            raise AlreadyRetracted(message)
        head = self._head(write.chain)
        standing = self._state.standing_findings[target.subject]
        was_last = next(reversed(standing)) == write.retracts
        del standing[write.retracts]
        if was_last:
            head.record_digest = subtract(head.record_digest, target.digest)
            restored = next(reversed(standing.values()), None)
            if restored is not None:
                head.record_digest = add(head.record_digest, restored)
        receipt = self._append(write, head)
        self._state.held[write.retracts] = target._replace(retracted_at=receipt.revision)
        self.plan.retracted.append((receipt.revision, write.retracts))
        return receipt

    def _source(self, write: Write) -> Receipt:
        source = write.source
        if source is None:
            message = "a source row needs a source"
            raise ValueError(message)
        state = self._state
        known = state.sources.get(source.id)
        added = [name for name in dict.fromkeys(write.names) if self._is_free(name, source.id)]
        if known is not None:
            stands = known[0]
            if write.names and state.names.get(write.names[0]) != source.id:
                message = f"the id {source.id!r} belongs to the source {stands.name!r}; choose another id"
                raise SourceConflict(message)
            if not self._changes_kind(stands, source) and not added:
                return known[1]._replace(duplicate=True)
            source = replace(stands, kind=source.kind if self._changes_kind(stands, source) else stands.kind)
        receipt = self._append(write, state.heads.get(source.id) or Head())
        if known is None:
            source = replace(source, revision=receipt.revision)
        self._keep(source, receipt if known is None else known[1])
        state.names.update(dict.fromkeys(added, source.id))
        self.plan.names += [(name, source.id) for name in added]
        return receipt

    def _is_free(self, name: str, source_id: str) -> bool:
        owner = self._state.names.get(name)
        if owner is not None and owner != source_id:
            message = f"the name {name!r} belongs to the source {owner!r}"
            raise SourceConflict(message)
        return owner is None

    @staticmethod
    def _changes_kind(stands: Source, source: Source) -> bool:
        """Whether a kind comes to be known; a known one is kept, and another one is refused."""
        if source.kind in {SourceKind.UNSPECIFIED, stands.kind}:
            return False
        if stands.kind is not SourceKind.UNSPECIFIED:
            message = f"the source {stands.id!r} is registered as {stands.kind.name}, not as {source.kind.name}"
            raise SourceConflict(message)
        return True

    def _merge(self, write: Write) -> Receipt:
        merged, into = self._registered(write.chain), self._registered(write.merge_into)
        for source, _ in (merged, into):
            if source.merged_into:
                message = f"{source.id!r} was merged into {source.merged_into!r} before"
                raise MergeRefused(message)
        if merged[0].id == into[0].id:
            message = f"{write.chain!r} cannot be merged into itself"
            raise MergeRefused(message)
        receipt = self._append(write, self._head(write.chain))
        self._keep(replace(merged[0], merged_into=write.merge_into), merged[1])
        return receipt

    def _keep(self, source: Source, receipt: Receipt) -> None:
        self._state.sources[source.id] = (source, receipt)
        self.plan.sources[source.id] = source

    def _registered(self, source_id: str) -> tuple[Source, Receipt]:
        known = self._state.sources.get(source_id)
        if known is None:
            message = f"no source has the id {source_id!r}"
            raise SourceNotFound(message)
        return known

    def _head(self, chain: str) -> Head:
        head = self._state.heads.get(chain)
        if head is None:
            message = f"no source has the id {chain!r}"
            raise SourceNotFound(message)
        return head

    def _standing(self, write: Write) -> Receipt:
        if write.standing is None:
            message = "a standing row needs a standing"
            raise ValueError(message)
        reviewer, standing = write.standing
        current = self._state.standings.get(reviewer)
        if current is not None and current[0] is standing:
            return current[1]._replace(duplicate=True)
        receipt = self._append(write, self._state.heads.get(LEDGER_CHAIN) or Head())
        self._state.standings[reviewer] = (standing, receipt)
        self.plan.standings[reviewer] = (standing, receipt.revision)
        return receipt

    def _epoch(self, write: Write) -> Receipt:
        if write.epoch is None:
            message = "an epoch row needs an epoch"
            raise ValueError(message)
        number = write.epoch.number
        taken = self._state.epochs.get(number)
        if taken is not None:
            return taken._replace(duplicate=True)
        receipt = self._append(write, self._state.heads.get(LEDGER_CHAIN) or Head())
        self._state.epochs[number] = receipt
        self.plan.epochs.append((number, receipt.revision))
        return receipt
