"""Scorecard files: a CSV row for each source, reviewer and period.

Columns: source, reviewer, period_start, period_end (exclusive), one `level_T` for each level of
truthfulness (`level_0_2` counts the claims found 0.2 true), and optionally source_id, kind,
unproven, url.
"""

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from reputable.domain.digests import digest
from reputable.domain.errors import InvalidInput
from reputable.domain.sources import Source, SourceReference
from reputable.domain.times import Micros
from reputable.domain.verdicts import Level, Scorecard
from reputable.ingest.records import read_records
from reputable.ingest.rows import Record, Reject, count_in, kind_in, reason_of, text_in, time_in

COLUMNS = ("source", "reviewer", "period_start", "period_end")
_LEVEL = re.compile(r"level_([01])(?:_(\d+))?")
_COLUMN_OF = {
    "scorecard.source_id": "source_id",
    "scorecard.source_name": "source",
    "source.source_id": "source_id",
    "source.display_name": "source",
    "scorecard.reviewer": "reviewer",
    "scorecard.period_end_time": "period_end",
    "scorecard.level_counts": "level_*",
    "scorecard.unproven_count": "unproven",
    "scorecard.url": "url",
}


@dataclass(frozen=True, slots=True)
class ScorecardRow:
    """A scorecard of a file, in canonical form; `source` where the file gives an id and a name."""

    line: int
    scorecard: Scorecard
    source: Source | None = None

    def request_id(self) -> str:
        """An idempotency key: the same row has the same one, whichever file it stands in."""
        card = self.scorecard
        counts = [part for level in card.levels for part in (level.truthfulness, level.count)]
        found = digest(
            "scorecard-row", card.source.id, card.source.name, card.reviewer, card.period_start,
            card.period_end, card.unproven_count, card.url, *counts, size=20,
        )  # fmt: skip
        return f"row-{found.hex()}"


def read_scorecards(path: Path | str, *, now: Micros | None = None) -> Iterator[ScorecardRow | Reject]:
    """Yield a row or a reject for each record of the file, in its order.

    Raises:
        FileRefusedError: The file cannot be opened, has another format or lacks a column.
    """
    moment = time.time_ns() // 1000 if now is None else now
    for record in read_records(Path(path), COLUMNS):
        if isinstance(record, Reject):
            yield record
            continue
        try:
            yield ScorecardRow(record.line, _scorecard(record).checked(moment), _source(record.values))
        except InvalidInput as error:
            yield Reject(record.line, reason_of(error, _COLUMN_OF))


def _scorecard(record: Record) -> Scorecard:
    values = record.values
    start, end = time_in(values, "period_start"), time_in(values, "period_end")
    if start is None or end is None:
        raise InvalidInput("period_start" if start is None else "period_end", "is empty")
    identifier = text_in(values, "source_id").strip()
    return Scorecard(
        source=SourceReference(id=identifier) if identifier else SourceReference(name=text_in(values, "source")),
        reviewer=text_in(values, "reviewer"),
        period_start=start,
        period_end=end,
        levels=_levels(values),
        unproven_count=count_in(values, "unproven"),
        url=text_in(values, "url").strip(),
    )


def _source(values: Mapping[str, object]) -> Source | None:
    identifier, name = text_in(values, "source_id").strip(), text_in(values, "source")
    if not identifier:
        return None
    return Source(id=identifier, name=name, kind=kind_in(values, "kind")).checked()


def _levels(values: Mapping[str, object]) -> tuple[Level, ...]:
    levels = []
    for column in values:
        found = _LEVEL.fullmatch(column)
        if found and (count := count_in(values, column)):
            levels.append(Level(float(f"{found[1]}.{found[2] or 0}"), count))
    if not levels:
        raise InvalidInput("level_*", "counts no claim")
    return tuple(levels)
