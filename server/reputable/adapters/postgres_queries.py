"""The SQL that reads the ledger in PostgreSQL; each function is one round trip and sees one snapshot."""

from collections.abc import Sequence

from reputable.adapters.ledger_rows import (
    Row,
    read_entry,
    read_finding,
    read_receipt,
    read_registered_source,
    read_standing_change,
)
from reputable.adapters.postgres_database import Connection
from reputable.application import payloads
from reputable.application.ports import (
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
from reputable.domain.findings import Finding

# ruff: noqa: S608 - Only constants are put into SQL; values are bound.

_ENTRY = """
    SELECT revision, kind, source_id, source_revision, recorded_at, principal, request_id, request_digest, payload,
        salt, previous_digest, digest
    FROM entry """
_HEADS = """
    SELECT s.revision, s.shared_revision, h.source_id, h.source_revision, h.record_digest, h.chain_digest
    FROM ledger_state s LEFT JOIN source_head h ON h.source_id = ANY (%s::text[])"""
_FINDINGS = """
    SELECT s.revision, s.shared_revision, h.source_id, h.source_revision, h.record_digest, h.chain_digest,
        f.revision, f.reviewer, f.key, f.reviewed_at, f.truthfulness, f.levels, f.unproven_count, f.period_start,
        f.claimed_at, f.context, f.topics, f.retracted_at
    FROM ledger_state s
    LEFT JOIN source_head h ON h.source_id = ANY (%s::text[])
    LEFT JOIN finding f ON f.source_id = h.source_id
    ORDER BY f.revision"""
_SOURCES = """
    SELECT e.revision, e.kind, e.payload, s.source_id, s.name, s.kind, s.merged_into, s.revision
    FROM entry e JOIN source s ON s.source_id = e.source_id
    WHERE e.kind IN ('source', 'merge', 'standing', 'epoch') AND e.kind IN ('source', 'merge') AND e.revision > %s
    ORDER BY e.revision"""
_STANDING_CHANGES = """
    SELECT revision, payload FROM entry
    WHERE source_id = %s AND kind = 'standing' AND revision > %s ORDER BY source_revision"""
_EPOCHS = """
    SELECT e.payload, e.revision FROM epoch p JOIN entry e ON e.revision = p.revision
    WHERE p.number > %s ORDER BY p.number"""
_RECORDED = """
    SELECT request_digest, revision, source_revision, record_digest, recorded_at, source_id
    FROM entry WHERE principal = %s AND request_id = %s"""
_REVIEWED_BY = "SELECT revision, source_id FROM finding WHERE reviewer = %s AND retracted_at = 0 "
HISTORY = """
    SELECT f.revision, f.source_id, e.payload
    FROM (
        WITH standing AS MATERIALIZED (
            SELECT DISTINCT ON (source_id, key, reviewer)
                revision, source_id, reviewed_at, reviewer = ANY (%(reviewers)s::text[]) AS named
            FROM finding
            WHERE revision <= %(revision)s AND (retracted_at = 0 OR retracted_at > %(revision)s)
                AND reviewed_at < %(before)s AND period_start IS NULL
            ORDER BY source_id, key, reviewer, revision DESC
        ),
        reserved AS (
            SELECT revision FROM standing WHERE named ORDER BY reviewed_at DESC, revision DESC LIMIT %(reserved)s
        )
        SELECT revision, source_id, reviewed_at FROM standing
        ORDER BY (revision IN (SELECT revision FROM reserved)) DESC, reviewed_at DESC, revision DESC LIMIT %(most)s
    ) f JOIN entry e ON e.revision = f.revision
    ORDER BY f.reviewed_at, f.revision"""
"""(revision, source id, payload) of LedgerReader.history's verdicts, by `history_values`; scorecards supersede none."""
_COUNTS = """
    SELECT (SELECT count(*) FROM entry), (SELECT count(*) FROM finding), (SELECT count(*) FROM source_head),
        (SELECT count(*) FROM source), (SELECT count(*) FROM source_name), (SELECT count(*) FROM standing),
        (SELECT count(*) FROM epoch)"""


async def state(db: Connection) -> LedgerState:
    """See LedgerReader.state."""
    return (await heads(db, []))[0]


async def heads(db: Connection, source_ids: Sequence[str]) -> tuple[LedgerState, dict[str, SourceHead]]:
    """See LedgerReader.heads."""
    rows = await (await db.execute(_HEADS, (list(source_ids),))).fetchall()
    return LedgerState(*rows[0][:2]), {row[2]: SourceHead(*row[2:]) for row in rows if row[2] is not None}


async def findings(db: Connection, source_ids: Sequence[str]) -> tuple[LedgerState, dict[str, SourceFindings]]:
    """See LedgerReader.findings."""
    rows = await (await db.execute(_FINDINGS, (list(source_ids),))).fetchall()
    found = {row[2]: SourceFindings(SourceHead(*row[2:6]), []) for row in rows if row[2] is not None}
    parts: dict[str, list[Finding]] = {source_id: [] for source_id in found}
    for row in rows:
        if row[6] is not None:
            parts[row[2]].append(read_finding(row[6:]))
    return LedgerState(*rows[0][:2]), {i: SourceFindings(part.head, parts[i]) for i, part in found.items()}


async def registered_sources(db: Connection, after_revision: int) -> list[RegisteredSource]:
    """See LedgerReader.registered_sources."""
    return [read_registered_source(row) async for row in await db.execute(_SOURCES, (after_revision,))]


async def standing_changes(db: Connection, after_revision: int) -> list[StandingChange]:
    """See LedgerReader.standing_changes."""
    rows = await db.execute(_STANDING_CHANGES, (LEDGER_CHAIN, after_revision))
    return [read_standing_change(row) async for row in rows]


async def epochs(db: Connection, after_number: int) -> list[PriorEpoch]:
    """See LedgerReader.epochs."""
    rows = await db.execute(_EPOCHS, (after_number,))
    return [payloads.parse_epoch(payload, revision) async for payload, revision in rows]


async def entries_at(db: Connection, revisions: Sequence[int]) -> dict[int, Entry]:
    """See LedgerReader.entries_at."""
    rows = await db.execute(_ENTRY + "WHERE revision = ANY (%s::bigint[])", (list(revisions),))
    return {row[0]: read_entry(row) async for row in rows}


async def entries(db: Connection, chain: str | None, before: int | None, after: int, limit: int) -> list[Entry]:
    """See LedgerReader.entries."""
    values = {"chain": chain, "revision": after if before is None else before, "limit": limit}
    way, order = (">", "ASC") if before is None else ("<", "DESC")
    condition, column = f"revision {way} %(revision)s", "revision"
    if chain is not None:
        column = "source_revision"
        condition += f""" AND source_id = %(chain)s AND source_revision {way} coalesce(
            (SELECT source_revision FROM entry WHERE revision = %(revision)s AND source_id = %(chain)s),
            {"0" if before is None else "9223372036854775807"})"""  # Where a page before ended: no row is read twice.
    sql = f"{_ENTRY} WHERE {condition} ORDER BY {column} {order} LIMIT %(limit)s"
    return [read_entry(row) async for row in await db.execute(sql, values)]


async def recorded(db: Connection, principal: str, request_id: str) -> tuple[bytes, Receipt] | None:
    """See LedgerReader.recorded."""
    row: Row | None = await (await db.execute(_RECORDED, (principal, request_id))).fetchone()
    return None if row is None else (row[0], read_receipt(row[1:]))


async def retractions(db: Connection, revisions: Sequence[int]) -> dict[int, int]:
    """See LedgerReader.retractions."""
    sql = "SELECT revision, retracted_at FROM finding WHERE revision = ANY (%s::bigint[]) AND retracted_at > 0"
    return dict(await (await db.execute(sql, (list(revisions),))).fetchall())


async def reviewed_by(db: Connection, reviewer: str, source_id: str) -> list[tuple[int, str]]:
    """See LedgerReader.reviewed_by."""
    sql = _REVIEWED_BY + ("AND source_id = %s ORDER BY revision" if source_id else "ORDER BY revision")
    rows = await db.execute(sql, (reviewer, source_id) if source_id else (reviewer,))
    return [(row[0], row[1]) async for row in rows]


async def finding_digests(db: Connection, source_id: str) -> dict[int, bytes]:
    """See LedgerReader.finding_digests."""
    rows = await db.execute("SELECT revision, digest FROM finding WHERE source_id = %s", (source_id,))
    return dict(await rows.fetchall())


async def counts(db: Connection) -> LedgerCounts:
    """See LedgerReader.counts."""
    row: Row = (await (await db.execute(_COUNTS)).fetchall())[0]
    return LedgerCounts(*row)
