"""Assesses claims without a service: in this process, by one snapshot of a ledger.

`LocalScorer.score` maps a record batch to a record batch, which is what engines that work on
partitions want (Ray Data's `map_batches`, Spark's `mapInArrow`); `score_file` streams a Parquet
file through several processes in constant memory.
"""

import asyncio
import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

from reputable.adapters.clock import SystemClock
from reputable.adapters.local_cache import LruCache
from reputable.adapters.names import LetterLore
from reputable.adapters.observing import MetricsObserver
from reputable.app.ledgers import open_ledger_reader
from reputable.app.opening import load_learning
from reputable.application.assessing import Assessor
from reputable.application.ports import Ledger
from reputable.application.queries import AssessQuery
from reputable.application.record_reading import RecordReader
from reputable.application.shared_rows import SharedRows
from reputable.application.snapshots import Snapshot
from reputable.domain.assessments import Assessment, Explanation
from reputable.domain.errors import ReputableError
from reputable.ingest.claim_files import claim_in
from reputable.ingest.rows import Record
from reputable.metrics import Metrics
from reputable.settings import load

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_AT_ONCE = 2_048
AHEAD = 2
"""Batches that wait for each process: enough to keep it busy, few enough to bound the memory."""

Row = dict[str, object]


class LocalScorer:
    """Opens the ledger and the model once; `with` closes them. Belongs to one thread."""

    def __init__(self, ledger_url: str, model: str = "") -> None:
        """Raises LedgerUnavailable, ModelNotFound, ArtifactRefused, SettingsError."""
        settings, _ = load(None, ledger_url=ledger_url, model=model)
        self._learning = load_learning(settings)
        self._runner = asyncio.Runner()
        try:
            self._reader = self._runner.run(open_ledger_reader(ledger_url))
            self._assessor = self._runner.run(self._assess())
        except BaseException:
            self._runner.close()
            raise

    async def _assess(self) -> Assessor:
        clock, models = SystemClock(), self._learning.models
        ledger = cast("Ledger", Snapshot(self._reader))
        shared = SharedRows(ledger, LetterLore(), self._learning.priors.genesis(models.active))
        reader = RecordReader(ledger, shared, clock)
        await reader.start()
        return Assessor(
            clock=clock, shared=shared, reader=reader, models=models,
            local=LruCache(0), cache=None, observer=MetricsObserver(Metrics()),
        )  # fmt: skip

    def score(self, batch: "pa.RecordBatch") -> "pa.RecordBatch":
        """One row for each row, in order: id, credibility, lower, upper, evidence_count, basis, source_id, error.

        Columns of the claims: text (or claim), source or source_id, and optionally id, claimed_at,
        context, topics, language, via. A row that cannot be used has an error and no figures.
        """
        import pyarrow as pa

        rows = self.rows(batch.to_pylist())
        return pa.RecordBatch.from_pylist(rows, schema=_schema())

    def rows(self, values: Sequence[dict[str, Any]]) -> list[Row]:
        """As `score`, on rows of values by column."""
        queries = [_query(Record(index, row)) for index, row in enumerate(values)]
        asked = [query for query in queries if isinstance(query, AssessQuery)]
        outcomes = iter(self._runner.run(self._assessor.assess_many(asked)))
        return [
            _row(row, next(outcomes) if isinstance(query, AssessQuery) else query)
            for row, query in zip(values, queries, strict=True)
        ]

    def close(self) -> None:
        """Close the ledger."""
        self._runner.run(self._reader.close())
        self._runner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def score_file(
    path: Path, out: Path, ledger_url: str, *, processes: int = 0, progress: Callable[[int], None] = lambda _: None
) -> tuple[int, int]:
    """Assess every claim of a Parquet file into another; returns how many were assessed and how many refused.

    `processes` 0 means one for each core. `progress` is told the rows done so far. The file is read
    and written as a stream. Raises what LocalScorer does, FileRefusedError's causes (OSError,
    pyarrow.ArrowException).
    """
    import pyarrow.parquet as pq

    LocalScorer(ledger_url).close()  # What cannot be opened is said here, not by a process that ends.
    refused = done = 0
    with pq.ParquetFile(path) as file, pq.ParquetWriter(out, _schema()) as writer:
        batches = file.iter_batches(ROWS_AT_ONCE)
        for scored in _mapped(batches, ledger_url, processes or len(os.sched_getaffinity(0))):
            writer.write_batch(scored)
            done += scored.num_rows
            refused += scored.column("credibility").null_count
            progress(done)
    return done - refused, refused


def _mapped(batches: "Iterator[pa.RecordBatch]", ledger_url: str, processes: int) -> "Iterator[pa.RecordBatch]":
    """The scored batches, in order; no more are under way than keeps the processes busy."""
    context = multiprocessing.get_context("spawn")
    under_way: deque[Future[pa.RecordBatch]] = deque()
    with ProcessPoolExecutor(processes, context, initializer=_open, initargs=(ledger_url,)) as pool:
        for batch in batches:
            under_way.append(pool.submit(_score, batch))
            if len(under_way) > AHEAD * processes:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


_scorers: list[LocalScorer] = []
"""The one of a worker process."""


def _open(ledger_url: str) -> None:
    _scorers.append(LocalScorer(ledger_url))


def _score(batch: "pa.RecordBatch") -> "pa.RecordBatch":
    return _scorers[0].score(batch)


def _query(record: Record) -> AssessQuery | ReputableError:
    try:
        return AssessQuery(claim_in(record), explanation=Explanation.NONE)
    except ReputableError as error:
        return error


def _row(values: Mapping[str, object], outcome: Assessment | ReputableError) -> Row:
    name = values.get("id")
    row: Row = {"id": None if name is None else str(name)}
    if isinstance(outcome, ReputableError):
        return {**row, "error": outcome.message}
    score = outcome.score
    return {
        **row,
        "credibility": score.credibility,
        "lower": score.interval.lower,
        "upper": score.interval.upper,
        "evidence_count": score.evidence_count,
        "basis": score.basis.value,
        "source_id": outcome.resolution.source_id,
    }


def _schema() -> "pa.Schema":
    import pyarrow as pa

    return pa.schema(
        [
            ("id", pa.string()),
            ("credibility", pa.float64()),
            ("lower", pa.float64()),
            ("upper", pa.float64()),
            ("evidence_count", pa.int64()),
            ("basis", pa.string()),
            ("source_id", pa.string()),
            ("error", pa.string()),
        ]
    )
