"""What the verbs need of the ledger.

Every method raises LedgerUnavailable when the ledger cannot be reached.
"""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from reputable.domain.entries import NO_PREVIOUS, Entry, EntryKind
from reputable.domain.epochs import PriorEpoch
from reputable.domain.errors import ReputableError
from reputable.domain.findings import Finding
from reputable.domain.sources import Source
from reputable.domain.times import Micros
from reputable.domain.verdicts import Standing, Verdict


@dataclass(frozen=True, slots=True)
class Identity:
    """What is made once and kept with the ledger, so that replicas share it.

    `ledger_id` goes into tokens, `record_key` (32 bytes) keys the findings' digests, `cache_key`
    (32 bytes) is the key of the MAC over cached values.
    """

    ledger_id: str
    record_key: bytes
    cache_key: bytes


class Write(NamedTuple):
    """One row to append. Exactly the fields that its kind needs are set besides the first six.

    `request_id`, unless empty, with `principal` makes the write idempotent: the same pair with the
    same `request_digest` is answered with the receipt of the first, as a duplicate; with another
    digest it is refused with IdempotencyConflict. A SOURCE row claims the canonical `names`, each
    of which belongs to one source; a VERDICT or SCORECARD row with `names` is refused with
    SourceConflict unless they belong to its source. A MERGE row's `source` is the one merged.
    """

    kind: EntryKind
    chain: str
    principal: str
    request_id: str
    request_digest: bytes
    payload: bytes
    finding: Finding | None = None
    retracts: int = 0
    source: Source | None = None
    merge_into: str = ""
    standing: tuple[str, Standing] | None = None
    epoch: PriorEpoch | None = None
    names: tuple[str, ...] = ()


class Receipt(NamedTuple):
    """What a durable row got; `record_digest` is that of its source after it."""

    revision: int
    source_revision: int
    record_digest: bytes
    recorded_at: Micros
    chain: str
    duplicate: bool = False


Committed = tuple[Write, Receipt]
"""A new row."""
Listener = Callable[[Sequence[Committed]], None]


@dataclass(frozen=True, slots=True)
class SourceHead:
    """Where a source's own chain stands: its revision, the digest of what is active, and that of its last row."""

    source_id: str
    revision: int
    record_digest: bytes
    chain_digest: bytes = NO_PREVIOUS


@dataclass(frozen=True, slots=True)
class LedgerState:
    """How far a ledger has come: its last revision, and that of its last row that touches every
    source alike (SOURCE, MERGE, STANDING or EPOCH); 0 for none.
    """

    revision: int
    shared_revision: int


@dataclass(frozen=True, slots=True)
class SourceFindings:
    """A head with the findings behind it, read in one snapshot; retracted and superseded ones too."""

    head: SourceHead
    findings: Sequence[Finding]


@dataclass(frozen=True, slots=True)
class RegisteredSource:
    """A SOURCE or MERGE row: the source as of `revision` (aliases added by that row only)."""

    revision: int
    source: Source


@dataclass(frozen=True, slots=True)
class StandingChange:
    """A STANDING row."""

    revision: int
    reviewer: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class HistoricalVerdict:
    """A single verdict that stands, with its words, for priors and the verdict memory."""

    revision: int
    source_id: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Latest:
    """A part of a history: of `reviewers` the `reserved` verdicts reviewed last, then whosever were, up to `most`."""

    most: int
    reviewers: Collection[str] = ()
    reserved: int = 0


@dataclass(frozen=True, slots=True)
class LedgerCounts:
    """How many rows there are of the ledger and of each of the tables derived from it."""

    entries: int
    findings: int
    heads: int
    sources: int
    names: int
    standings: int
    epochs: int


class LedgerReader(Protocol):
    """Reads the ledger. A reader opened for checking sees one snapshot of it for all its life."""

    @property
    def identity(self) -> Identity:
        """Known once the ledger is open."""
        ...

    async def state(self) -> LedgerState:
        """How far the ledger has come."""
        ...

    async def heads(self, source_ids: Sequence[str]) -> tuple[LedgerState, dict[str, SourceHead]]:
        """The ledger's state and the heads of those sources that have one, in one snapshot."""
        ...

    async def findings(self, source_ids: Sequence[str]) -> tuple[LedgerState, dict[str, SourceFindings]]:
        """The ledger's state and all findings on those of the sources that are registered, in one snapshot."""
        ...

    async def registered_sources(self, after_revision: int) -> list[RegisteredSource]:
        """SOURCE and MERGE rows after that revision, in order."""
        ...

    async def standing_changes(self, after_revision: int) -> list[StandingChange]:
        """STANDING rows after that revision, in order."""
        ...

    async def epochs(self, after_number: int) -> list[PriorEpoch]:
        """Prior epochs with a higher number, in order."""
        ...

    async def entry(self, revision: int) -> Entry | None:
        """One row."""
        ...

    async def entries_at(self, revisions: Sequence[int]) -> dict[int, Entry]:
        """Those of the rows that there are, by revision."""
        ...

    async def entries(
        self, *, chain: str | None = None, before: int | None = None, after: int = 0, limit: int = 1000
    ) -> list[Entry]:
        """Rows of a chain (all chains when None): the `limit` newest before `before`, newest first;
        or without `before` the `limit` oldest after `after`, oldest first.
        """
        ...

    async def recorded(self, principal: str, request_id: str) -> tuple[bytes, Receipt] | None:
        """The request digest and the receipt (a duplicate's) of the row with that key."""
        ...

    async def retractions(self, revisions: Sequence[int]) -> dict[int, int]:
        """For those of the rows that were retracted: the revision of the retraction."""
        ...

    async def reviewed_by(self, reviewer: str, source_id: str) -> list[tuple[int, str]]:
        """(revision, chain) of what a reviewer recorded and nobody retracted, on one source or ("") on all."""
        ...

    def history(self, *, reviewed_before: Micros, at_revision: int, latest: Latest) -> AsyncIterator[HistoricalVerdict]:
        """Single verdicts that stood at that revision, reviewed before that time, in order of review."""
        ...

    async def finding_digests(self, source_id: str) -> dict[int, bytes]:
        """The kept content digests of a source's findings, by revision, without those that are filed wrongly."""
        ...

    async def counts(self) -> LedgerCounts:
        """How many rows of each kind there are."""
        ...

    async def close(self) -> None:
        """Finish what was accepted, then release everything."""
        ...


class Ledger(LedgerReader, Protocol):
    """The append-only log of verdicts and retractions; the only authority."""

    @property
    def exclusive(self) -> bool:
        """True when no other process can write: what `on_commit` told is all that there is (SQLite)."""
        ...

    async def append(self, writes: Sequence[Write]) -> list[Receipt | ReputableError]:
        """Append rows in order and answer once all are durable; one refused item refuses no other.

        Items refused: IdempotencyConflict, SourceNotFound, VerdictNotFound, AlreadyRetracted,
        SourceConflict, MergeRefused. A SOURCE row that adds nothing, a STANDING row that changes
        nothing and an EPOCH row whose number is taken append nothing and are answered with the
        receipt of the row that stands, as duplicates. Raises LedgerUnavailable, LedgerFull or
        Overloaded when it is not known to be recorded: a retry with its `request_id` is safe. Runs
        to its end even when the caller is cancelled.
        """
        ...

    def on_commit(self, listener: Listener) -> None:
        """Call `listener` in the event loop with the rows that an append of this process has added, before the receipts
        are given; not where it has added none.
        """
        ...
