"""What the verbs need of the world; each port has a contract suite in tests/contracts.

Every method that reaches out raises LedgerUnavailable when the ledger cannot be reached; the
cache's methods never raise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from reputable.application.ledger_port import (
    Committed,
    HistoricalVerdict,
    Identity,
    Latest,
    Ledger,
    LedgerCounts,
    LedgerReader,
    LedgerState,
    Listener,
    Receipt,
    RegisteredSource,
    SourceFindings,
    SourceHead,
    StandingChange,
    Write,
)
from reputable.domain.assessments import Explanation, Reliability, Score, SimilarVerdict
from reputable.domain.claims import Claim
from reputable.domain.epochs import PriorEpoch
from reputable.domain.models import ModelInfo
from reputable.domain.records import TrackRecord
from reputable.domain.sources import Candidate, SourceKind
from reputable.domain.times import Micros
from reputable.domain.verdicts import Standing


class Clock(Protocol):
    """Tells time."""

    def now(self) -> Micros:
        """Wall-clock time, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back; for durations and deadlines only."""
        ...


@dataclass(frozen=True, slots=True)
class MemoryReading:
    """What the verdict memory says of one claim: the model's feature, and the verdicts nearest to it."""

    value: float
    nearest: tuple[SimilarVerdict, ...] = ()


@dataclass(frozen=True, slots=True)
class ScoreInput:
    """What a score is computed from; without a reading of the verdict memory the light form scores."""

    claim: Claim
    record: TrackRecord
    epoch: PriorEpoch
    memory: MemoryReading | None = None


class Embedder(Protocol):
    """Turns texts into sentence vectors; blocks, so it is called off the event loop."""

    @property
    def name(self) -> str:
        """Names the encoder and its version; vectors of different names must not meet."""
        ...

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """One vector a text (little-endian float32), bit-equal whatever other texts come with it."""
        ...


class VerdictMemory(Protocol):
    """What was found about earlier claims, frozen with a prior epoch; immutable."""

    @property
    def digest(self) -> bytes:
        """The epoch's `memory_digest`."""
        ...

    def read(self, vector: bytes) -> MemoryReading:
        """What it says of a claim with that vector; pure."""
        ...


class MemoryBuilder(Protocol):
    """Chooses what is remembered and builds the memory of it."""

    @property
    def embedder(self) -> Embedder:
        """Whose vectors it wants; loaded when first used."""
        ...

    def texts(self, history: Sequence[HistoricalVerdict], standings: Mapping[str, Standing]) -> list[str]:
        """The claims' texts whose vectors an epoch and its memory need, each once; none for too short a history."""
        ...

    def build(
        self,
        epoch: PriorEpoch,
        history: Sequence[HistoricalVerdict],
        standings: Mapping[str, Standing],
        vectors: Mapping[str, bytes],
    ) -> VerdictMemory:
        """The memory of that epoch, of the history it was computed from; `vectors` by text."""
        ...


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

    @property
    def remembers(self) -> bool:
        """Whether it has a full form, which reads the verdict memory."""
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
        standings: Mapping[str, Standing] | None = None,
        vectors: Mapping[str, bytes] | None = None,
    ) -> PriorEpoch:
        """The epoch that starts at `start`, of the verdicts reviewed before it; pure.

        With the `vectors` of the texts that the MemoryBuilder asked for it has a memory digest.
        """
        ...


class ModelShelf(Protocol):
    """The models that there are; one of them is active."""

    @property
    def active(self) -> Scorer:
        """The one that scores now."""
        ...

    @property
    def previous(self) -> str:
        """The version that scored before the active one; empty when there was none."""
        ...

    def get(self, version: str) -> Scorer:
        """One of them, loaded; ModelNotFound, or ArtifactRefused when its files are damaged."""
        ...

    def describe(self, version: str = "") -> ModelInfo:
        """What a version's manifest says (of the active one without a version); ModelNotFound."""
        ...

    def catalogue(self) -> list[ModelInfo]:
        """All models with a readable manifest, newest first."""
        ...

    def activate(self, version: str) -> str:
        """Load, test and swap in a model; the version before is returned. On an error it stays."""
        ...


class LocalCache(Protocol):
    """A bounded cache of scores within the process."""

    def get(self, key: bytes) -> Score | None:
        """The score under `key`, if held."""
        ...

    def put(self, key: bytes, score: Score) -> None:
        """Hold a score; the least recently used goes first."""
        ...


class AssessmentCache(Protocol):
    """A shared cache of scores by content key; reaching it never fails an assessment."""

    @property
    def reachable(self) -> bool:
        """False while it is configured but cannot be reached (the breaker is open)."""
        ...

    async def get_many(self, keys: Sequence[bytes]) -> list[Score | None]:
        """The scores under `keys`, in order; None for one that there is not, that its MAC does not
        vouch for, or that did not come within 50 ms.

        All look-ups of one turn of the event loop go out as one MGET.
        """
        ...

    def put(self, key: bytes, score: Score) -> None:
        """Store in the background; writes of one turn go out together; dropped when the cache cannot take it."""
        ...


class NameMatcher(Protocol):
    """Finds similar and confusable names; the letters' own lore, no ledger."""

    def canonical(self, name: str) -> str:
        """The key under which names count as the same: `domain.sources.name_key`, and for a host name its
        registered form (UTS 46, lower case, no trailing dot, no `www.`).
        """
        ...

    def similar(self, key: str, known: Mapping[str, object], most: int) -> list[tuple[str, float]]:
        """The `most` keys of `known` (keyed by canonical names) most similar to `key`, best first, in [0, 1]."""
        ...

    def skeleton(self, name: str) -> str:
        """Equal for names that look the same (Unicode TS 39)."""
        ...


__all__ = [
    "AssessmentCache", "Candidate", "Clock", "Committed", "HistoricalVerdict", "Identity", "Latest", "Ledger",
    "LedgerCounts", "LedgerReader", "LedgerState", "Listener", "LocalCache", "ModelShelf", "NameMatcher",
    "PriorComputer", "Receipt", "RegisteredSource", "ScoreInput", "Scorer", "SourceFindings", "SourceHead",
    "StandingChange", "Write",
]  # fmt: skip
