"""The SQL that reads the ledger; each function sees what its connection's transaction sees."""

import json
from collections.abc import Iterator, Sequence

import apsw

from reputable.adapters.ledger_rows import (
    ENTRY_COLUMNS,
    FINDING_COLUMNS,
    RECEIPT_COLUMNS,
    Row,
    history_values,
    read_entry,
    read_finding,
    read_receipt,
    read_registered_source,
    read_standing_change,
)
from reputable.adapters.sqlite_file import subject_digest
from reputable.application import payloads
from reputable.application.ports import (
    Latest,
    LedgerCounts,
    LedgerState,
    Receipt,
    RegisteredSource,
    SourceFindings,
    SourceHead,
    StandingChange,
)
from reputable.domain.entries import LEDGER_CHAIN, Entry
from reputable.domain.epochs import PriorEpoch
from reputable.domain.times import Micros

# ruff: noqa: S608 - Only the constants above are put into SQL; values are bound.

_OF_SOURCE = "FROM entry e CROSS JOIN finding f USING (revision) WHERE e.source_id = ? AND f.source_id = e.source_id"
"""The findings of a source, found by its entries."""
_SHARED = "kind IN ('source', 'merge', 'standing', 'epoch')"


def state(db: apsw.Connection) -> LedgerState:
    """See LedgerReader.state."""
    row: Row = db.execute(
        "SELECT coalesce((SELECT max(revision) FROM entry), 0), "
        f"coalesce((SELECT max(revision) FROM entry WHERE {_SHARED}), 0)"
    ).get
    return LedgerState(*row)


def heads(db: apsw.Connection, source_ids: Sequence[str]) -> tuple[LedgerState, dict[str, SourceHead]]:
    """See LedgerReader.heads."""
    rows = db.executemany(
        "SELECT source_id, source_revision, record_digest, chain_digest FROM source_head WHERE source_id = ?",
        [(source_id,) for source_id in source_ids],
    )
    return state(db), {row[0]: SourceHead(*row) for row in rows}


def findings(db: apsw.Connection, source_ids: Sequence[str]) -> tuple[LedgerState, dict[str, SourceFindings]]:
    """See LedgerReader.findings."""
    now, found = heads(db, source_ids)
    sql = f"SELECT {FINDING_COLUMNS} {_OF_SOURCE} ORDER BY source_revision"
    return now, {
        i: SourceFindings(head, [read_finding(row) for row in db.execute(sql, (i,))]) for i, head in found.items()
    }


def registered_sources(db: apsw.Connection, after_revision: int) -> list[RegisteredSource]:
    """See LedgerReader.registered_sources."""
    rows = db.execute(
        "SELECT e.revision, e.kind, e.payload, s.source_id, s.name, s.kind, s.merged_into, s.revision "
        "FROM entry e CROSS JOIN source s ON s.source_id = e.source_id "
        f"WHERE e.{_SHARED} AND e.kind IN ('source', 'merge') AND e.revision > ? ORDER BY e.revision",
        (after_revision,),
    )
    return [read_registered_source(row) for row in rows]


def standing_changes(db: apsw.Connection, after_revision: int) -> list[StandingChange]:
    """See LedgerReader.standing_changes."""
    rows = db.execute(
        "SELECT revision, payload FROM entry WHERE source_id = ? AND kind = 'standing' AND revision > ? "
        "ORDER BY source_revision",
        (LEDGER_CHAIN, after_revision),
    )
    return [read_standing_change(row) for row in rows]


def epochs(db: apsw.Connection, after_number: int) -> list[PriorEpoch]:
    """See LedgerReader.epochs."""
    rows = db.execute(
        "SELECT e.payload, e.revision FROM epoch p CROSS JOIN entry e ON e.revision = p.revision "
        "WHERE p.number > ? ORDER BY p.number",
        (after_number,),
    )
    return [payloads.parse_epoch(payload, revision) for payload, revision in rows]


def entries_at(db: apsw.Connection, revisions: Sequence[int]) -> dict[int, Entry]:
    """See LedgerReader.entries_at."""
    rows = db.executemany(f"SELECT {ENTRY_COLUMNS} FROM entry WHERE revision = ?", [(r,) for r in revisions])
    return {row[0]: read_entry(row) for row in rows}


def entries(db: apsw.Connection, chain: str | None, before: int | None, after: int, limit: int) -> list[Entry]:
    """See LedgerReader.entries."""
    values = {"chain": chain, "revision": after if before is None else before, "limit": limit}
    way, order = (">", "ASC") if before is None else ("<", "DESC")
    condition, column = f"revision {way} :revision", "revision"
    if chain is not None:
        column = "source_revision"
        condition += f""" AND source_id = :chain AND source_revision {way} coalesce(
            (SELECT source_revision FROM entry WHERE revision = :revision AND source_id = :chain),
            {"0" if before is None else "9223372036854775807"})"""  # Where a page before ended: no row is read twice.
    sql = f"SELECT {ENTRY_COLUMNS} FROM entry WHERE {condition} ORDER BY {column} {order} LIMIT :limit"
    return [read_entry(row) for row in db.execute(sql, values)]


def recorded(db: apsw.Connection, principal: str, request_id: str) -> tuple[bytes, Receipt] | None:
    """See LedgerReader.recorded."""
    sql = f"SELECT request_digest, {RECEIPT_COLUMNS} FROM entry WHERE principal = ? AND request_id = ?"
    for row in db.execute(sql, (principal, request_id)):
        return row[0], read_receipt(row[1:])
    return None


def retractions(db: apsw.Connection, revisions: Sequence[int]) -> dict[int, int]:
    """See LedgerReader.retractions."""
    sql = "SELECT revision, retracted_at FROM finding WHERE revision = ? AND retracted_at > 0"
    return dict(db.executemany(sql, [(r,) for r in revisions]))


def reviewed_by(db: apsw.Connection, reviewer: str, source_id: str) -> list[tuple[int, str]]:
    """See LedgerReader.reviewed_by."""
    if source_id:
        sql = (
            f"SELECT revision, f.source_id {_OF_SOURCE} AND reviewer = ? AND retracted_at = 0 ORDER BY source_revision"
        )
        return list(db.execute(sql, (source_id, reviewer)))
    sql = "SELECT revision, source_id FROM finding WHERE reviewer = ? AND retracted_at = 0 ORDER BY revision"
    return list(db.execute(sql, (reviewer,)))


def history(db: apsw.Connection, reviewed_before: Micros, at_revision: int, latest: Latest) -> Iterator[Row]:
    """(revision, source id, payload) of LedgerReader.history's verdicts; scorecards supersede none of them."""
    held = "revision <= :revision AND (retracted_at = 0 OR retracted_at > :revision) AND reviewed_at < :before"
    values = history_values(reviewed_before, at_revision, latest)
    rows: Iterator[Row] = db.execute(
        f"""
        SELECT f.revision, f.source_id, e.payload
        FROM (
            WITH standing AS MATERIALIZED (
                SELECT max(revision) AS revision, source_id, reviewed_at,
                    reviewer IN (SELECT value FROM json_each(:reviewers)) AS named
                FROM finding WHERE {held} AND period_start IS NULL GROUP BY source_id, key, reviewer
            ),
            reserved AS (
                SELECT revision FROM standing WHERE named ORDER BY reviewed_at DESC, revision DESC LIMIT :reserved
            )
            SELECT revision, source_id, reviewed_at FROM standing
            ORDER BY revision IN reserved DESC, reviewed_at DESC, revision DESC LIMIT :most
        ) f CROSS JOIN entry e ON e.revision = f.revision
        ORDER BY f.reviewed_at, f.revision
        """,
        values | {"reviewers": json.dumps(values["reviewers"])},
    )
    return rows


def finding_digests(db: apsw.Connection, source_id: str) -> dict[int, bytes]:
    """See LedgerReader.finding_digests."""
    rows = db.execute(f"SELECT revision, f.digest, subject, key, reviewer {_OF_SOURCE}", (source_id,))
    return {row[0]: row[1] for row in rows if row[2] == subject_digest(source_id, *row[3:])}


def counts(db: apsw.Connection) -> LedgerCounts:
    """See LedgerReader.counts."""
    tables = ("entry", "finding", "source_head", "source", "source_name", "standing", "epoch")
    row: Row = db.execute("SELECT " + ", ".join(f"(SELECT count(*) FROM {table})" for table in tables)).get
    return LedgerCounts(*row)
