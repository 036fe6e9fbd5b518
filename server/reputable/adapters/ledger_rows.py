"""The ledger's values as columns and back, the same for every database."""

import json
import secrets
from functools import lru_cache
from typing import Any

from reputable.adapters.ledger_state import PlannedEntry, PlannedFinding
from reputable.application import payloads
from reputable.application.ports import (
    HistoricalVerdict,
    Identity,
    Latest,
    Receipt,
    RegisteredSource,
    StandingChange,
    Write,
)
from reputable.application.writes import entry_write
from reputable.domain.entries import Entry, EntryKind
from reputable.domain.errors import LedgerCorrupt, LedgerUnavailable
from reputable.domain.findings import Finding, one_claim
from reputable.domain.freshness import LEDGER_ID_LENGTH
from reputable.domain.sources import Source, SourceKind
from reputable.domain.times import Micros
from reputable.domain.verdicts import Level

Row = tuple[Any, ...]

ENTRY_COLUMNS = (
    "revision, kind, source_id, source_revision, recorded_at, principal, request_id, request_digest, payload, "
    "salt, previous_digest, digest"
)
FINDING_COLUMNS = (
    "revision, reviewer, key, reviewed_at, truthfulness, levels, unproven_count, period_start, claimed_at, context, "
    "topics, retracted_at"
)
RECEIPT_COLUMNS = "revision, source_revision, record_digest, recorded_at, source_id"


KEY_SIZE = 32
_ID_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


def new_identity() -> Identity:
    """An identity for a new ledger."""
    return Identity(
        ledger_id="".join(secrets.choice(_ID_ALPHABET) for _ in range(LEDGER_ID_LENGTH)),
        record_key=secrets.token_bytes(KEY_SIZE),
        cache_key=secrets.token_bytes(KEY_SIZE),
    )


def history_values(reviewed_before: Micros, at_revision: int, latest: Latest) -> dict[str, Any]:
    """What the SQL for LedgerReader.history is given."""
    return {
        "before": reviewed_before,
        "revision": at_revision,
        "reviewers": list(latest.reviewers),
        "reserved": latest.reserved,
        "most": latest.most,
    }


def entry_row(entry: PlannedEntry) -> Row:
    """ENTRY_COLUMNS, then the record digest."""
    write, receipt = entry.write, entry.receipt
    return (
        receipt.revision, write.kind.value, write.chain, receipt.source_revision, receipt.recorded_at,
        write.principal, write.request_id or None, write.request_digest, write.payload, entry.salt,
        entry.previous_digest, entry.digest, receipt.record_digest,
    )  # fmt: skip


def finding_row(planned: PlannedFinding) -> Row:
    """FINDING_COLUMNS without retracted_at, then the source's id and the digest."""
    finding = planned.finding
    single = finding.period_start is None
    return (
        planned.revision, finding.reviewer, finding.key, finding.reviewed_at,
        finding.levels[0].truthfulness if single and finding.levels else None,
        None if single else json.dumps([(level.truthfulness, level.count) for level in finding.levels]),
        finding.unproven_count, finding.period_start, finding.claimed_at, finding.context,
        "\n".join(finding.topics), planned.source_id, planned.digest,
    )  # fmt: skip


def read_entry(row: Row) -> Entry:
    """An entry from ENTRY_COLUMNS."""
    kind = EntryKind(row[1])
    return Entry(row[0], kind, row[2], row[3], row[4], row[5], row[6] or "", *(bytes(part) for part in row[7:12]))


def read_finding(row: Row) -> Finding:
    """A finding from FINDING_COLUMNS."""
    (revision, reviewer, key, reviewed_at, truthfulness, levels, unproven_count, period_start, claimed_at, context,
     topics, retracted_at) = row  # fmt: skip
    if levels is not None:
        counted = tuple(Level(float(level), count) for level, count in json.loads(levels))
    else:
        counted = () if truthfulness is None else one_claim(truthfulness)
    split = tuple(topics.split("\n")) if topics else ()
    return Finding(
        revision, _shared(reviewer), bytes(key), reviewed_at, counted, unproven_count, period_start, claimed_at,
        _shared(context), split, retracted_at,
    )  # fmt: skip


@lru_cache(maxsize=1024)
def _shared(text: str) -> str:
    """The same string object for equal strings: findings of one reviewer share its name."""
    return text


def read_receipt(row: Row) -> Receipt:
    """A duplicate's receipt from RECEIPT_COLUMNS."""
    return Receipt(row[0], row[1], bytes(row[2]), row[3], row[4], duplicate=True)


def read_source(row: Row) -> Source:
    """A source from (id, name, kind, merged_into, revision)."""
    source_id, name, kind, merged_into, revision = row
    return Source(source_id, name, SourceKind(kind), (), merged_into, revision)


def read_registered_source(row: Row) -> RegisteredSource:
    """What a SOURCE or MERGE row says, from (revision, kind, payload) and the source's columns."""
    revision, kind, payload = row[:3]
    source = read_source(row[3:])
    if kind == EntryKind.MERGE.value:
        return RegisteredSource(revision, source)
    said, _ = payloads.parse_source(bytes(payload))
    return RegisteredSource(revision, Source(said.id, said.name, said.kind, said.aliases, "", source.revision))


def read_standing_change(row: Row) -> StandingChange:
    """What a STANDING row says, from (revision, payload)."""
    reviewer, standing = payloads.parse_standing(bytes(row[1]))
    return StandingChange(row[0], reviewer, standing)


def read_historical_verdict(row: Row) -> HistoricalVerdict:
    """A verdict from (revision, source id, payload)."""
    return HistoricalVerdict(row[0], row[1], payloads.parse_verdict(bytes(row[2])))


def readable_write(entry: Entry) -> Write:
    """The write that a row was made from; LedgerCorrupt when it cannot be read."""
    try:
        return entry_write(entry)
    except (ValueError, KeyError, TypeError) as error:
        message = f"row {entry.revision} cannot be copied: its payload cannot be read; run `reputable ledger verify`"
        raise LedgerCorrupt(message) from error


def closed() -> LedgerUnavailable:
    """The error that callers see when the service is stopping."""
    return LedgerUnavailable("the ledger is closed; the service is stopping")
