"""Verdict files: CSV, JSONL and Parquet in the documented columns, and ClaimReview JSON-LD.

| Column | Holds |
|---|---|
| claim | what was said, 1 to 10,000 characters |
| source | who said it, as written |
| truthfulness | 0 to 1; empty or `unproven` when checking did not settle it |
| claimed_at | ISO 8601 date or time it was said; may be empty |
| reviewed_at | ISO 8601 date or time it was checked, not before claimed_at |
| id, label, context, reviewer, url | optional |
| topics | optional; a list in JSONL and Parquet, separated by semicolons in CSV |
| crowd_source | optional; 1 when the source is a crowd ("viral image") rather than one source |

C1 control characters (U+0080 to U+009F: bytes that were decoded wrongly) are read as spaces.
"""

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from reputable.domain.claims import Claim
from reputable.domain.digests import digest
from reputable.domain.errors import InvalidInput
from reputable.domain.sources import SourceReference
from reputable.domain.times import Micros
from reputable.domain.verdicts import Verdict
from reputable.ingest import claim_review
from reputable.ingest.records import JSON_LINES, read_records
from reputable.ingest.rows import (
    Record,
    Reject,
    flag_in,
    number_in,
    reason_of,
    text_in,
    texts_in,
    time_in,
)

COLUMNS = ("claim", "source", "truthfulness", "claimed_at", "reviewed_at")
UNPROVEN = "unproven"
UNNAMED_REVIEWER = "unnamed reviewer"
_C1_CONTROLS = re.compile("[\x80-\x9f]")
_COLUMN_OF = {
    "claim.text": "claim",
    "claim.source_name": "source",
    "claim.claim_time": "claimed_at",
    "claim.context": "context",
    "claim.topics": "topics",
    "verdict.truthfulness": "truthfulness",
    "verdict.review_time": "reviewed_at",
    "verdict.reviewer": "reviewer",
    "verdict.label": "label",
    "verdict.url": "url",
}


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """A verdict of a file, in canonical form; `id` is "" where the file gives none.

    `mended` rows were not taken as they stand: a C1 control became a space, or an early review late.
    """

    line: int
    id: str
    verdict: Verdict
    crowd_source: bool = False
    mended: bool = False

    def request_id(self) -> str:
        """An idempotency key: the same row has the same one, whichever file it stands in."""
        verdict = self.verdict
        found = digest(
            "row", self.id, verdict.claim.source.name, verdict.claim.form(), verdict.truthfulness,
            verdict.reviewer, verdict.reviewed_at, verdict.label, verdict.url, size=20,
        )  # fmt: skip
        return f"row-{found.hex()}"


def read_verdicts(
    path: Path | str,
    *,
    reviewer: str = UNNAMED_REVIEWER,
    now: Micros | None = None,
    take_early_reviews: bool = False,
) -> Iterator[VerdictRow | Reject]:
    """Yield a row or a reject for each record of the file, in its order.

    Args:
        path: A .csv, .jsonl, .ndjson, .parquet, .json or .jsonld file; the last two hold
            ClaimReview (schema.org), where `line` counts the reviews.
        reviewer: Who checked, where a row does not say.
        now: Times more than 5 minutes after it are refused; the clock's by default.
        take_early_reviews: Take a review dated before its claim as made when the claim was, rather
            than reject the row.

    Raises:
        FileRefusedError: The file cannot be opened, has another format or lacks a column.
    """
    path = Path(path)
    moment = time.time_ns() // 1000 if now is None else now
    for record in _records(path):
        if isinstance(record, Reject):
            yield record
            continue
        try:
            yield _row(record, reviewer, moment, take_early_reviews=take_early_reviews)
        except InvalidInput as error:
            yield Reject(record.line, reason_of(error, _COLUMN_OF))


def _records(path: Path) -> Iterator[Record | Reject]:
    suffix = path.suffix.lower()
    if suffix in claim_review.SUFFIXES:
        yield from claim_review.read_reviews(path)
        return
    required = () if suffix in JSON_LINES else COLUMNS
    for record in read_records(path, required):
        if isinstance(record, Record) and claim_review.is_review(record.values):
            yield claim_review.record_of(record.line, record.values)
        elif isinstance(record, Record) and (missing := _missing(record.values)):
            yield Reject(record.line, f"lacks {', '.join(missing)}")
        else:
            yield record


def _missing(values: Mapping[str, object]) -> list[str]:
    return [column for column in COLUMNS if column not in values]


def _row(record: Record, reviewer: str, now: Micros, *, take_early_reviews: bool) -> VerdictRow:
    values = {column: _without_c1(value) for column, value in record.values.items()}
    reviewed_at, claimed_at = time_in(values, "reviewed_at"), time_in(values, "claimed_at")
    if reviewed_at is None:
        raise InvalidInput("reviewed_at", "is empty; give the date the claim was checked")
    mended = values != record.values
    if take_early_reviews and claimed_at is not None and reviewed_at < claimed_at:
        reviewed_at, mended = claimed_at, True
    verdict = Verdict(
        claim=Claim(
            text=text_in(values, "claim"),
            source=SourceReference(name=text_in(values, "source")),
            claimed_at=claimed_at,
            context=text_in(values, "context"),
            topics=texts_in(values, "topics"),
        ),
        truthfulness=_truthfulness(values),
        reviewer=text_in(values, "reviewer").strip() or reviewer,
        reviewed_at=reviewed_at,
        label=text_in(values, "label"),
        url=text_in(values, "url").strip(),
    )
    crowd_source = flag_in(values, "crowd_source")
    return VerdictRow(record.line, text_in(values, "id").strip(), verdict.checked(now), crowd_source, mended)


def _without_c1(value: object) -> object:
    if isinstance(value, list):
        return [_without_c1(item) for item in value]
    return _C1_CONTROLS.sub(" ", value) if isinstance(value, str) else value


def _truthfulness(values: Mapping[str, object]) -> float | None:
    if text_in(values, "truthfulness").strip().lower() == UNPROVEN:
        return None
    return number_in(values, "truthfulness")
