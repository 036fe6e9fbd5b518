"""Assesses claims without a service: in this process, by one snapshot of a ledger.

`LocalScorer.score` maps a record batch to a record batch, which is what engines that work on
partitions want (Ray Data's `map_batches`, Spark's `mapInArrow`).
"""

import asyncio
import time
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar, cast

from reputable.adapters.names import LetterLore
from reputable.adapters.observing import MetricsObserver
from reputable.app.ledgers import open_ledger_reader
from reputable.app.opening import load_learning
from reputable.application.assessing import Assessor
from reputable.application.ports import Ledger
from reputable.application.queries import AssessQuery
from reputable.application.record_reading import RecordReader
from reputable.application.remembering import Memories
from reputable.application.shared_rows import SharedRows
from reputable.application.snapshots import NoLedger, Snapshot
from reputable.application.vectors import Vectors
from reputable.domain.assessments import Assessment, Explanation
from reputable.domain.errors import InvalidInput, ReputableError
from reputable.domain.times import Micros
from reputable.ingest.claim_files import COLUMN_OF, claim_in
from reputable.ingest.rows import Record, Reject, reason_of
from reputable.metrics import Metrics
from reputable.settings import load

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")

NO_LEDGER = "none"
"""In place of a ledger's URL: every source is unknown."""


class AsOf(Enum):
    """The moment that a claim's record is read as of."""

    NOW = "now"
    CLAIM = "claim"
    """When the claim was said; now for one without a time."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What all parts of one job share, wherever they run; `agreed` makes them. Small and picklable.

    The ledger is read as it stood at `revision`, and `now` (microseconds) is the present throughout.
    Empty fields are those of the settings.
    """

    ledger_url: str
    revision: int
    now: Micros
    as_of: AsOf = AsOf.NOW
    model: str = ""


def agreed(ledger_url: str, as_of: AsOf = AsOf.NOW) -> Terms:
    """Terms for a ledger (`none` for none) as it stands now, and for the active model.

    Raises LedgerUnavailable, ModelNotFound, ArtifactRefused, SettingsError.
    """
    now = time.time_ns() // 1000
    with LocalScorer(ledger_url) as scorer:
        return Terms(ledger_url, scorer.revision, now, as_of, scorer.model_version)


class ScoredRow(NamedTuple):
    """What is said of one record, in figures; the columns of every output. With an `error` there are none."""

    line: int
    id: str | None = None
    credibility: float | None = None
    lower: float | None = None
    upper: float | None = None
    evidence_count: int | None = None
    basis: str | None = None
    admiralty: str | None = None
    source_id: str | None = None
    model_version: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class _Stopped:
    """A clock whose wall time stands still, so that a long job has one present."""

    moment: Micros

    def now(self) -> Micros:
        return self.moment

    def monotonic(self) -> float:
        return time.monotonic()


class LocalScorer:
    """Opens the ledger and the model once; `with` closes them. Belongs to one thread."""

    def __init__(self, given: str | Terms) -> None:
        """Of a ledger's URL, or of the terms of a job.

        Raises LedgerUnavailable, RevisionNotReached, ModelNotFound, ArtifactRefused, SettingsError.
        """
        self._terms = given if isinstance(given, Terms) else Terms(given, -1, time.time_ns() // 1000)
        settings, _ = load(None)
        self._learning = load_learning(settings)
        self._scorer = self._learning.models.active
        if self._terms.model:
            self._scorer = self._learning.models.get(self._terms.model)
        self._failures: list[BaseException] = []
        self._runner = asyncio.Runner()
        self._opened = AsyncExitStack()
        try:
            self._assessor = self._run(self._open())
        except BaseException:
            self.close()
            raise

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    async def _open(self) -> Assessor:
        url, clock = self._terms.ledger_url, _Stopped(self._terms.now)
        opened = NoLedger() if url == NO_LEDGER else await open_ledger_reader(url)
        self._opened.push_async_callback(opened.close)
        ledger = cast(
            "Ledger", Snapshot(cast("Ledger", opened), self._terms.revision if self._terms.revision >= 0 else None)
        )
        shared = SharedRows(ledger, LetterLore(), self._learning.priors.genesis(self._scorer))
        reader = RecordReader(ledger, shared, clock)
        await reader.start()
        self.revision = reader.revision
        return Assessor(
            clock=clock, shared=shared, reader=reader, models=self._learning.models,
            local=None, cache=None, observer=MetricsObserver(Metrics()),
            memories=self._remembering(ledger, shared),
        )  # fmt: skip

    def _remembering(self, ledger: Ledger, shared: SharedRows) -> Memories | None:
        builder = self._learning.memory
        if builder is None:
            return None
        memories = Memories(
            ledger=ledger, shared=shared, builder=builder, vectors=Vectors(builder.embedder, None),
            on_failure=self._failures.append, patient=True,
        )  # fmt: skip
        self._opened.push_async_callback(memories.close)
        return memories

    @property
    def model_version(self) -> str:
        """The version of the model that scores."""
        return self._scorer.version

    def score(self, batch: "pa.RecordBatch | pa.Table") -> "pa.RecordBatch":
        """One row for each row, in order, with the columns of ScoredRow; `line` counts from 1.

        Columns of the claims: text (or claim), source or source_id, and optionally id, claimed_at,
        context, topics, language, via. A row that cannot be used has an error and no figures.
        """
        return record_batch(self.rows(batch.to_pylist()))

    def rows(self, values: Sequence[dict[str, Any]]) -> list[ScoredRow]:
        """As `score`, on rows of values by column."""
        return self.records([Record(line, row) for line, row in enumerate(values, start=1)])

    def records(self, records: Sequence[Record | Reject]) -> list[ScoredRow]:
        """As `score`, on the records of a file. What keeps the memory from being read is raised."""
        queries = [self._query(record) for record in records]
        asked = [query for query in queries if isinstance(query, AssessQuery)]
        outcomes = iter(self._run(self._assessor.assess_many(asked)))
        if self._failures:
            raise self._failures[0]
        return [
            _row(record, next(outcomes) if isinstance(query, AssessQuery) else query)
            for record, query in zip(records, queries, strict=True)
        ]

    def _query(self, record: Record | Reject) -> AssessQuery | str:
        """What is asked, or why nothing can be."""
        if isinstance(record, Reject):
            return record.reason
        try:
            claim = claim_in(record)
        except InvalidInput as error:
            return reason_of(error, COLUMN_OF)
        as_of = claim.claimed_at if self._terms.as_of is AsOf.CLAIM else None
        return AssessQuery(claim, as_of, explanation=Explanation.NONE, model_version=self._terms.model)

    def close(self) -> None:
        """Close the ledger."""
        self._run(self._opened.aclose())
        self._runner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _row(record: Record | Reject, outcome: Assessment | ReputableError | str) -> ScoredRow:
    name = record.values.get("id") if isinstance(record, Record) else None
    identifier = None if name is None else str(name)
    if isinstance(outcome, InvalidInput):
        return ScoredRow(record.line, identifier, error=reason_of(outcome, COLUMN_OF))
    if isinstance(outcome, ReputableError | str):
        return ScoredRow(record.line, identifier, error=str(outcome))
    score = outcome.score
    return ScoredRow(
        record.line, identifier, score.credibility, score.interval.lower, score.interval.upper, score.evidence_count,
        score.basis.value, f"{score.admiralty.letter}{score.admiralty.digit}", outcome.resolution.source_id,
        outcome.model_version,
    )  # fmt: skip


def record_batch(rows: Sequence[ScoredRow]) -> "pa.RecordBatch":
    """Rows as an Arrow RecordBatch."""
    import pyarrow as pa

    schema = record_schema()
    columns = zip(*rows, strict=True) if rows else ((),) * len(schema)
    arrays = [pa.array(column, kind) for column, kind in zip(columns, schema.types, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def record_schema() -> "pa.Schema":
    """The Arrow schema of ScoredRow."""
    import pyarrow as pa

    kinds = dict.fromkeys(("line", "evidence_count"), pa.int64())
    kinds |= dict.fromkeys(("credibility", "lower", "upper"), pa.float64())
    return pa.schema([(name, kinds.get(name, pa.string())) for name in ScoredRow._fields])
