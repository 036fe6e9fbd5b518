"""What the verbs need of the world; each port has a contract suite in tests/contracts.

Every method that reaches out raises LedgerUnavailable when the ledger cannot be reached; the
cache's methods never raise.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from reputable.domain.assessments import Explanation, Reliability, Score
from reputable.domain.claims import Claim
from reputable.domain.entries import Entry, EntryKind
from reputable.domain.epochs import PriorEpoch
from reputable.domain.errors import ReputableError
from reputable.domain.findings import Finding
from reputable.domain.records import TrackRecord
from reputable.domain.sources import Candidate, Source, SourceKind
from reputable.domain.times import Micros
from reputable.domain.verdicts import Standing, Verdict


class Clock(Protocol):
    """Tells time."""

    def now(self) -> Micros:
        """Wall-clock time, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back; for durations and deadlines only."""
        ...


@dataclass(frozen=True, slots=True)
class Identity:
    """What is made once and kept with the ledger, so that replicas share it.

    `ledger_id` goes into tokens, `record_key` (32 bytes) keys the findings' digests, `cache_key`
    (32 bytes) is the key of the MAC over cached values.
    """

    ledger_id: str
    record_key: bytes
    cache_key: bytes


@dataclass(frozen=True, slots=True)
class Write:
    """One row to append. Exactly the fields that its kind needs are set besides the first six.

    `request_id` with `principal` makes the write idempotent: the same pair with the same
    `request_digest` is answered with the receipt of the first, as a duplicate; with another
    digest it is refused with IdempotencyConflict.
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


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a durable row got; `record_digest` is that of its source after it."""

    revision: int
    source_revision: int
    record_digest: bytes
    recorded_at: Micros
    chain: str
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class SourceHead:
    """Where a source's own chain stands: its revision and the digest of what is active."""

    source_id: str
    revision: int
    record_digest: bytes


@dataclass(frozen=True, slots=True)
class LedgerState:
    """How far a ledger has come: its last revision, and that of its last row that touches every
    source alike (SOURCE, MERGE, STANDING or EPOCH); 0 for none."""

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


class Ledger(Protocol):
    """The append-only log of verdicts and retractions; the only authority."""

    @property
    def identity(self) -> Identity:
        """Known once the ledger is open."""
        ...

    @property
    def exclusive(self) -> bool:
        """True when no other process can write: what `on_commit` told is all that there is (SQLite)."""
        ...

    async def append(self, writes: Sequence[Write]) -> list[Receipt | ReputableError]:
        """Append rows in order and answer once all are durable; one refused item refuses no other.

        Items refused: IdempotencyConflict, VerdictNotFound, AlreadyRetracted, SourceConflict,
        MergeRefused. Raises LedgerUnavailable or LedgerFull when nothing was recorded. Runs to its
        end even when the caller is cancelled.
        """
        ...

    async def state(self) -> LedgerState:
        """How far the ledger has come."""
        ...

    async def heads(self, source_ids: Sequence[str]) -> tuple[LedgerState, dict[str, SourceHead]]:
        """The ledger's state and the heads of those sources that have one, in one snapshot."""
        ...

    async def findings(self, source_ids: Sequence[str]) -> tuple[LedgerState, dict[str, SourceFindings]]:
        """The ledger's state and all findings on those sources that have any, in one snapshot."""
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

    async def entries(
        self, *, chain: str | None = None, before: int | None = None, after: int = 0, limit: int = 1000
    ) -> list[Entry]:
        """Rows of a chain (all chains when None): the `limit` newest before `before`, newest first;
        or without `before` the `limit` oldest after `after`, oldest first."""
        ...

    async def retractions(self, revisions: Sequence[int]) -> dict[int, int]:
        """For those of the rows that were retracted: the revision of the retraction."""
        ...

    async def reviewed_by(self, reviewer: str, source_id: str) -> list[tuple[int, str]]:
        """(revision, chain) of what a reviewer recorded and nobody retracted, on one source or ("") on all."""
        ...

    def history(self, *, reviewed_before: Micros, at_revision: int) -> AsyncIterator[HistoricalVerdict]:
        """Single verdicts that stood at that revision, reviewed before that time, in order of review."""
        ...

    def on_commit(self, listener: Callable[[Write, Receipt], None]) -> None:
        """Call `listener` in the event loop for every row this process appends, before its receipt is given."""
        ...

    async def close(self) -> None:
        """Finish what was accepted, then release everything."""
        ...


@dataclass(frozen=True, slots=True)
class ScoreInput:
    """What a score is computed from."""

    claim: Claim
    record: TrackRecord
    epoch: PriorEpoch


class Scorer(Protocol):
    """A trained model, ready to score; immutable."""

    @property
    def version(self) -> str:
        """1 to 64 characters of [a-z0-9._-]."""
        ...

    @property
    def digest(self) -> bytes:
        """SHA-256 of its manifest; part of every cache key."""
        ...

    def score(self, item: ScoreInput, explanation: Explanation) -> Score:
        """Score one claim; pure: equal inputs give bit-equal scores."""
        ...

    def reliability(self, record: TrackRecord, epoch: PriorEpoch) -> Reliability:
        """The source's long-run share of credible claims."""
        ...

    def score_many(self, items: Sequence[ScoreInput], explanation: Explanation) -> list[Score]:
        """Score claims together; bit-equal to scoring each alone."""
        ...


class PriorComputer(Protocol):
    """Computes what an epoch freezes."""

    def genesis(self, scorer: Scorer) -> PriorEpoch:
        """Epoch 0, the priors that a model brings along; in force before the first epoch of the ledger."""
        ...

    def compute(
        self,
        *,
        number: int,
        start: Micros,
        revision: int,
        history: Sequence[HistoricalVerdict],
        kinds: Mapping[str, SourceKind],
        scorer: Scorer,
    ) -> PriorEpoch:
        """The epoch that starts at `start`, of the verdicts reviewed before it; pure."""
        ...


class ModelShelf(Protocol):
    """The models that there are."""

    @property
    def active(self) -> Scorer:
        """The one that scores now."""
        ...

    def get(self, version: str) -> Scorer:
        """One of them, loaded; ModelNotFound, or ArtifactRefused when its files are damaged."""
        ...


class AssessmentCache(Protocol):
    """A shared cache of scores by content key; reaching it never fails an assessment."""

    @property
    def reachable(self) -> bool:
        """False while it is configured but cannot be reached (the breaker is open)."""
        ...

    async def get(self, key: bytes) -> Score | None:
        """The score under `key`; None when there is none, or none that its MAC vouches for, or no answer in 50 ms.

        All look-ups of one turn of the event loop go out as one MGET.
        """
        ...

    async def get_many(self, keys: Sequence[bytes]) -> list[Score | None]:
        """As `get`, in order."""
        ...

    def put(self, key: bytes, score: Score) -> None:
        """Store in the background; writes of one turn go out together; dropped when the cache cannot take it."""
        ...


class NameMatcher(Protocol):
    """Finds similar and confusable names; the letters' own lore, no ledger."""

    def canonical(self, name: str) -> str:
        """The key under which names count as the same: `domain.sources.name_key`, and for a host name its
        registered form (UTS 46, lower case, no trailing dot, no `www.`)."""
        ...

    def similar(self, key: str, known: Mapping[str, str], most: int) -> list[tuple[str, float]]:
        """The `most` keys of `known` (key to source id) most similar to `key`, best first, in [0, 1]."""
        ...

    def skeleton(self, name: str) -> str:
        """Equal for names that look the same (Unicode TS 39)."""
        ...


__all__ = [
    "AssessmentCache", "Candidate", "Clock", "HistoricalVerdict", "Identity", "Ledger", "LedgerState", "ModelShelf",
    "NameMatcher", "Receipt", "RegisteredSource", "ScoreInput", "Scorer", "SourceFindings", "SourceHead",
    "StandingChange", "Write",
]  # fmt: skip
