"""Scores a file of any size without a service, in several processes and in constant memory."""

import csv
import io
import json
import multiprocessing
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from reputable.adapters.collection import spare_what_stays
from reputable.app.local import LocalScorer, ScoredRow, Terms, record_batch, record_schema
from reputable.ingest.records import JSON_LINES, read_records
from reputable.ingest.rows import FileRefusedError, Record, Reject

ROWS_AT_ONCE = 2_048
AHEAD = 2
"""Batches that wait for each process: enough to keep it busy, few enough to bound the memory."""

Records = list[Record | Reject]


class ScoringStoppedError(Exception):
    """A process that scored ended by itself; the message is one sentence."""


class Batch(NamedTuple):
    """What became of some records: the rows, encoded for the output, and (line, reason) of those without a score."""

    row_count: int
    rejects: list[tuple[int, str]]
    encoded: Any


def score_file(path: Path, out: Path | None, terms: Terms, processes: int) -> Iterator[Batch]:
    """Score every claim of a CSV, JSONL or Parquet file into another, or as JSONL to stdout, in its order.

    Yields what has been written. `out` appears under its name only when it is whole.

    Raises FileRefusedError, ScoringStoppedError, OSError, and what LocalScorer does.
    """
    suffix = ".jsonl" if out is None else out.suffix.lower()
    if suffix not in {*JSON_LINES, ".csv", ".parquet"}:
        raise FileRefusedError(f"{out}: cannot tell the format to write; name it .csv, .jsonl or .parquet.")
    records = read_records(path, ())
    batches = iter(lambda: list(islice(records, ROWS_AT_ONCE)), [])
    with _output(out) as file, _writer(file, suffix) as write:
        for batch in scored(batches, terms, suffix, processes):
            write(batch.encoded)
            yield batch


def scored(batches: Iterable[Records], terms: Terms, suffix: str, processes: int) -> Iterator[Batch]:
    """The scored batches, in order; no more are under way than keeps the processes busy."""
    # Spawned, as a process that has threads must not fork.
    context = multiprocessing.get_context("spawn")
    under_way: deque[Future[Batch]] = deque()
    pool = ProcessPoolExecutor(processes, context)
    try:
        for batch in batches:
            under_way.append(pool.submit(_score, terms, suffix, batch))
            if len(under_way) > AHEAD * processes:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    except BrokenProcessPool as error:
        message = "a process that scored was killed, or ran out of memory; nothing was written."
        raise ScoringStoppedError(message) from error
    finally:
        pool.shutdown(cancel_futures=True)


@lru_cache(maxsize=1)
def _scorer(terms: Terms) -> LocalScorer:
    """The one of a worker process."""
    scorer = LocalScorer(terms)
    spare_what_stays()
    return scorer


def _score(terms: Terms, suffix: str, records: Records) -> Batch:
    rows = _scorer(terms).records(records)
    rejects = [(row.line, row.error) for row in rows if row.error is not None]
    return Batch(len(rows), rejects, _encoded(rows, suffix))


def _encoded(rows: Sequence[ScoredRow], suffix: str) -> Any:  # noqa: ANN401 - bytes, or a RecordBatch.
    if suffix == ".parquet":
        return record_batch(rows)
    text = io.StringIO(newline="")
    if suffix == ".csv":
        csv.writer(text, lineterminator="\n").writerows(rows)
    else:
        for row in rows:
            told = {name: value for name, value in row._asdict().items() if value is not None}
            text.write(json.dumps(told, ensure_ascii=False) + "\n")
    return text.getvalue().encode()


@contextmanager
def _output(path: Path | None) -> Iterator[BinaryIO]:
    """The file to write, renamed when it is whole, and otherwise removed."""
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.flush()
        return
    partial = path.with_name(f"{path.name}.partial")
    try:
        with partial.open("wb") as file:
            yield file
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _writer(file: BinaryIO, suffix: str) -> Iterator[Callable[[Any], object]]:
    """What writes one encoded batch."""
    if suffix == ".csv":
        file.write((",".join(ScoredRow._fields) + "\n").encode())
    if suffix != ".parquet":
        yield file.write
        return
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise FileRefusedError("Parquet needs pyarrow; install it with: pip install 'reputable[parquet]'") from error
    with parquet.ParquetWriter(file, record_schema()) as writer:
        yield writer.write_batch
