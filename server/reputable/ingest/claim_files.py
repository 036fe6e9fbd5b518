"""Files of claims to assess, and of the sources that make them.

A claim, one JSON object a line (or a CSV row): `text` (or `claim`), `source` or `source_id`, and
optionally id, claimed_at, context, topics, language, via. A source: `name`, and optionally id,
kind, aliases.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reputable.domain.claims import Claim
from reputable.domain.errors import InvalidInput
from reputable.domain.sources import Source, SourceReference
from reputable.domain.times import Micros
from reputable.ingest.records import read_records
from reputable.ingest.rows import Record, Reject, kind_in, reason_of, text_in, texts_in, time_in

COLUMN_OF = {
    "claim.text": "text",
    "claim.source_id": "source_id",
    "claim.source_name": "source",
    "claim.claim_time": "claimed_at",
    "claim.context": "context",
    "claim.topics": "topics",
    "claim.language": "language",
    "claim.via": "via",
    "source.source_id": "id",
    "source.display_name": "name",
    "source.aliases": "aliases",
}


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A claim of a file, in canonical form; `id` is "" where the file gives none."""

    line: int
    id: str
    claim: Claim


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source of a file, in canonical form."""

    line: int
    source: Source


def read_claims(path: Path | str, *, now: Micros | None = None) -> Iterator[ClaimRow | Reject]:
    """Yield a row or a reject for each record of the file, in its order.

    Raises:
        FileRefusedError: The file cannot be opened or has another format.
    """
    moment = time.time_ns() // 1000 if now is None else now
    for record in read_records(Path(path), ()):
        if isinstance(record, Reject):
            yield record
            continue
        try:
            identifier = text_in(record.values, "id").strip()
            yield ClaimRow(record.line, identifier, claim_in(record).checked(moment))
        except InvalidInput as error:
            yield Reject(record.line, reason_of(error, COLUMN_OF))


def read_sources(path: Path | str) -> Iterator[SourceRow | Reject]:
    """Yield a row or a reject for each record of the file, in its order.

    Raises:
        FileRefusedError: The file cannot be opened or has another format.
    """
    for record in read_records(Path(path), ("name",)):
        if isinstance(record, Reject):
            yield record
            continue
        try:
            yield SourceRow(record.line, _source(record).checked())
        except InvalidInput as error:
            yield Reject(record.line, reason_of(error, COLUMN_OF))


def claim_in(record: Record) -> Claim:
    """The record's claim, not in canonical form yet; InvalidInput names the column."""
    values = record.values
    identifier = text_in(values, "source_id").strip()
    return Claim(
        text=text_in(values, "text" if "text" in values else "claim"),
        source=SourceReference(id=identifier) if identifier else SourceReference(name=text_in(values, "source")),
        claimed_at=time_in(values, "claimed_at"),
        context=text_in(values, "context"),
        topics=texts_in(values, "topics"),
        language=text_in(values, "language"),
        via=texts_in(values, "via"),
    )


def _source(record: Record) -> Source:
    values = record.values
    return Source(
        id=text_in(values, "id").strip(),
        name=text_in(values, "name"),
        kind=kind_in(values, "kind"),
        aliases=texts_in(values, "aliases"),
    )
