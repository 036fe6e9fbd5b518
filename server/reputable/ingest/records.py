"""Raw records of CSV, JSONL and Parquet files, whatever they hold.

Text is UTF-8, with or without a byte order mark. A byte that is not UTF-8 spoils its record
only; a CSV that ends inside a quoted field or a row loses that row only.
"""

import csv
import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NoReturn

from reputable.ingest.rows import FileRefusedError, Record, Reject

JSON_LINES = frozenset({".jsonl", ".ndjson"})
WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
PARQUET_BATCH_ROWS = 1024


def read_records(path: Path, required: Collection[str]) -> Iterator[Record | Reject]:
    """Records of the file, its format taken from its suffix.

    Raises FileRefusedError when it cannot be opened, has another format, or lacks a `required`
    column (a JSONL record that lacks one is a Reject).
    """
    suffix = path.suffix.lower()
    try:
        if suffix == ".csv":
            yield from _csv_records(path, required)
        elif suffix in JSON_LINES:
            yield from _jsonl_records(path, required)
        elif suffix == ".parquet":
            yield from _parquet_records(path, required)
        else:
            raise FileRefusedError(f"{path.name}: cannot tell its format; name it .csv, .jsonl or .parquet.")
    except OSError as error:
        raise FileRefusedError(f"{path}: {error.strerror or error}.") from error


def text_lines(path: Path) -> Iterator[str]:
    """Lines with their ends; bytes that are not UTF-8 come as lone surrogates."""
    with path.open("rb") as raw:
        start = raw.read(4)
    if start.startswith(WIDE_MARKS):
        raise FileRefusedError(f"{path.name} is UTF-16 or UTF-32; save it as UTF-8.")
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        yield from file


def check_columns(path: Path, found: Collection[str], required: Collection[str]) -> None:
    """Raise FileRefusedError when a required column is missing."""
    missing = [column for column in required if column not in found]
    if missing:
        raise FileRefusedError(
            f"{path.name} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; "
            f"it has {', '.join(list(found)[:12]) or 'none'}."
        )


def parse_json(text: str) -> object:
    """The JSON value; ValueError with a sentence when it is none, or holds NaN or Infinity."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error.msg} at character {error.pos + 1}") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"holds {name}, which is not a number")


def _csv_records(path: Path, required: Collection[str]) -> Iterator[Record | Reject]:
    reader = csv.reader(text_lines(path), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise FileRefusedError(f"{path.name}: its header cannot be read: {error}.") from error
    check_columns(path, header, required)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Reject(line, _csv_reason(error))
            continue
        if not cells:
            continue
        if len(cells) != len(header):
            yield Reject(line, f"has {len(cells)} columns; the header has {len(header)}")
        else:
            yield Record(line, dict(zip(header, cells, strict=True)))


def _csv_reason(error: csv.Error) -> str:
    if "unexpected end of data" in str(error):
        return "the file ends inside a quoted field; it looks truncated"
    return f"cannot be read as CSV: {error}"


def _jsonl_records(path: Path, required: Collection[str]) -> Iterator[Record | Reject]:
    for number, line in enumerate(text_lines(path), start=1):
        if not line.strip():
            continue
        try:
            values = parse_json(line)
        except ValueError as error:
            yield Reject(number, str(error))
            continue
        if not isinstance(values, dict):
            yield Reject(number, "is not a JSON object")
        elif missing := [column for column in required if column not in values]:
            yield Reject(number, f"lacks {', '.join(missing)}")
        else:
            yield Record(number, values)


def _parquet_records(path: Path, required: Collection[str]) -> Iterator[Record | Reject]:
    try:
        from pyarrow import ArrowException, parquet  # noqa: PLC0415 - an extra, rarely there.
    except ImportError as error:
        raise FileRefusedError("Parquet needs pyarrow; install it with: pip install 'reputable[parquet]'") from error
    try:
        with parquet.ParquetFile(path) as file:
            check_columns(path, file.schema_arrow.names, required)
            line = 0
            for batch in file.iter_batches(PARQUET_BATCH_ROWS):
                for values in batch.to_pylist():
                    line += 1
                    yield Record(line, values)
    except ArrowException as error:
        raise FileRefusedError(f"{path.name} cannot be read as Parquet: {error}.") from error
