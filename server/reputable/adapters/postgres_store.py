"""The SQL that a group of writes needs in PostgreSQL: two round trips, whatever their number."""

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import AsyncCursor

from reputable.adapters.ledger_rows import Row, entry_row, finding_row, read_receipt, read_source
from reputable.adapters.ledger_state import Head, Held, Plan, State
from reputable.adapters.postgres_database import Connection
from reputable.application.ports import Write
from reputable.domain.entries import SHARED_KINDS, EntryKind
from reputable.domain.verdicts import Standing

_LOCK = "SELECT revision, shared_revision FROM ledger_state FOR UPDATE"
_RECEIPTS = """
    SELECT principal, request_id, request_digest, revision, source_revision, record_digest, recorded_at, source_id
    FROM entry JOIN unnest(%s::text[], %s::text[]) AS wanted (principal, request_id) USING (principal, request_id)"""
_HEADS = """
    SELECT source_id, source_revision, chain_digest, record_digest FROM source_head
    WHERE source_id = ANY (%s::text[])"""
_LAST_STANDING = """
    SELECT source_id, key, reviewer, revision, digest
    FROM unnest(%s::text[], %b::bytea[], %s::text[]) AS wanted (source_id, key, reviewer)
    CROSS JOIN LATERAL (
        SELECT revision, digest FROM finding f
        WHERE (f.source_id, f.key, f.reviewer) = (wanted.source_id, wanted.key, wanted.reviewer) AND retracted_at = 0
        ORDER BY revision DESC LIMIT 1
    ) AS last"""
_SUBJECTS_OF = """
    SELECT DISTINCT f.revision, f.source_id, f.key, f.reviewer, f.digest, f.retracted_at
    FROM finding target JOIN finding f
        ON (f.source_id, f.key, f.reviewer) = (target.source_id, target.key, target.reviewer)
    WHERE target.revision = ANY (%s::bigint[]) AND (f.retracted_at = 0 OR f.revision = ANY (%s::bigint[]))
    ORDER BY f.revision"""
_SOURCES = """
    SELECT s.source_id, s.name, s.kind, s.merged_into, s.revision,
        e.revision, e.source_revision, e.record_digest, e.recorded_at, e.source_id
    FROM source s JOIN entry e ON e.revision = s.revision WHERE s.source_id = ANY (%s::text[])"""
_NAMES = "SELECT name, source_id FROM source_name WHERE name = ANY (%s::text[])"
_STANDINGS = """
    SELECT s.reviewer, s.standing, e.revision, e.source_revision, e.record_digest, e.recorded_at, e.source_id
    FROM standing s JOIN entry e ON e.revision = s.revision WHERE s.reviewer = ANY (%s::text[])"""
_EPOCHS = """
    SELECT p.number, e.revision, e.source_revision, e.record_digest, e.recorded_at, e.source_id
    FROM epoch p JOIN entry e ON e.revision = p.revision WHERE p.number = ANY (%s::bigint[])"""

_INSERT_ENTRIES = """
    INSERT INTO entry SELECT * FROM unnest(%b::bigint[], %b::text[], %b::text[], %b::bigint[], %b::bigint[],
        %b::text[], %b::text[], %b::bytea[], %b::bytea[], %b::bytea[], %b::bytea[], %b::bytea[], %b::bytea[])"""
_INSERT_FINDINGS = """
    INSERT INTO finding (revision, reviewer, key, reviewed_at, truthfulness, levels, unproven_count, period_start,
        claimed_at, context, topics, source_id, digest)
    SELECT * FROM unnest(%b::bigint[], %b::text[], %b::bytea[], %b::bigint[], %b::double precision[], %b::text[],
        %b::bigint[], %b::bigint[], %b::bigint[], %b::text[], %b::text[], %b::text[], %b::bytea[])"""
_MARK_RETRACTED = """
    UPDATE finding SET retracted_at = done.by FROM unnest(%b::bigint[], %b::bigint[]) AS done (by, revision)
    WHERE finding.revision = done.revision"""
_SET_HEADS = """
    INSERT INTO source_head SELECT * FROM unnest(%b::text[], %b::bigint[], %b::bytea[], %b::bytea[])
    ON CONFLICT (source_id) DO UPDATE SET source_revision = excluded.source_revision,
        chain_digest = excluded.chain_digest, record_digest = excluded.record_digest"""
_SET_SOURCES = """
    INSERT INTO source (source_id, name, kind, merged_into, revision)
    SELECT * FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::bigint[])
    ON CONFLICT (source_id) DO UPDATE SET kind = excluded.kind, merged_into = excluded.merged_into"""
_INSERT_NAMES = "INSERT INTO source_name SELECT * FROM unnest(%b::text[], %b::text[])"
_SET_STANDINGS = """
    INSERT INTO standing SELECT * FROM unnest(%b::text[], %b::text[], %b::bigint[])
    ON CONFLICT (reviewer) DO UPDATE SET standing = excluded.standing, revision = excluded.revision"""
_INSERT_EPOCHS = "INSERT INTO epoch SELECT * FROM unnest(%b::bigint[], %b::bigint[])"
_SET_STATE = "UPDATE ledger_state SET revision = %s, shared_revision = greatest(shared_revision, %s)"

_Cursor = AsyncCursor[Row]


async def begin(connection: Connection, writes: Sequence[Write]) -> State:
    """Begin a transaction, wait for the others' to end, and read what the ledger holds of all that `writes` touch."""
    others = [write for write in writes if write.finding is None]
    found = [write for write in writes if write.finding is not None]
    async with connection.pipeline():
        await connection.execute("BEGIN")
        lock = await connection.execute(_LOCK)
        receipts = await connection.execute(_RECEIPTS, _columns([(w.principal, w.request_id) for w in writes], 2))
        heads = await connection.execute(_HEADS, ([*{w.chain for w in writes}],))
        subjects = {(w.chain, w.finding.key, w.finding.reviewer) for w in found if w.finding is not None}
        standing = await connection.execute(_LAST_STANDING, _columns(subjects, 3)) if subjects else None
        names = [*{name for w in writes if w.names for name in w.names}]
        named = await connection.execute(_NAMES, (names,)) if names else None
        read_others = await _begin_others(connection, others) if others else None
    row = await lock.fetchone()
    state = State(revision=0 if row is None else row[0])
    async for row in receipts:
        state.receipts[row[0], row[1]] = (row[2], read_receipt(row[3:]))
    async for row in heads:
        state.heads[row[0]] = Head(*row[1:])
    if standing is not None:
        async for source_id, key, reviewer, revision, digest in standing:
            state.standing_findings[source_id, key, reviewer] = {revision: digest}
    if named is not None:
        state.names.update(await named.fetchall())
    if read_others is not None:
        await _read_others(read_others, state)
    return state


async def _begin_others(connection: Connection, others: Iterable[Write]) -> dict[str, _Cursor]:
    targets = [w.retracts for w in others if w.kind is EntryKind.RETRACTION]
    sources = {w.chain for w in others if w.source is not None} | {w.merge_into for w in others if w.merge_into}
    wanted: dict[str, tuple[str, tuple[list[Any], ...]]] = {
        "targets": (_SUBJECTS_OF, (targets, targets)),
        "sources": (_SOURCES, ([*sources],)),
        "standings": (_STANDINGS, ([w.standing[0] for w in others if w.standing is not None],)),
        "epochs": (_EPOCHS, ([w.epoch.number for w in others if w.epoch is not None],)),
    }
    return {name: await connection.execute(sql, values) for name, (sql, values) in wanted.items() if values[0]}


async def _read_others(cursors: dict[str, _Cursor], state: State) -> None:
    rows = {name: await cursor.fetchall() for name, cursor in cursors.items()}
    whole = {(source_id, key, reviewer) for _, source_id, key, reviewer, _, _ in rows.get("targets", ())}
    state.standing_findings.update({subject: {} for subject in whole})
    for revision, source_id, key, reviewer, digest, retracted_at in rows.get("targets", ()):
        subject = (source_id, key, reviewer)
        state.held[revision] = Held(subject, digest, retracted_at)
        if not retracted_at:
            state.standing_findings[subject][revision] = digest
    for row in rows.get("sources", ()):
        state.sources[row[0]] = (read_source(row[:5]), read_receipt(row[5:]))
    for row in rows.get("standings", ()):
        state.standings[row[0]] = (Standing(row[1]), read_receipt(row[2:]))
    for row in rows.get("epochs", ()):
        state.epochs[row[0]] = read_receipt(row[1:])


async def commit(connection: Connection, plan: Plan) -> None:
    """Write what was planned and commit; durable when this returns."""
    heads = [(i, head.source_revision, head.chain_digest, head.record_digest) for i, head in plan.heads.items()]
    sources = [(s.id, s.name, s.kind.value, s.merged_into, s.revision) for s in plan.sources.values()]
    standings = [(r, standing.value, revision) for r, (standing, revision) in plan.standings.items()]
    shared = [e.receipt.revision for e in plan.entries if e.write.kind in SHARED_KINDS]
    tables: tuple[tuple[str, Sequence[Row]], ...] = (
        (_INSERT_ENTRIES, [*map(entry_row, plan.entries)]),
        (_INSERT_FINDINGS, [*map(finding_row, plan.findings)]),
        (_MARK_RETRACTED, plan.retracted),
        (_SET_HEADS, heads),
        (_SET_SOURCES, sources),
        (_INSERT_NAMES, plan.names),
        (_SET_STANDINGS, standings),
        (_INSERT_EPOCHS, plan.epochs),
    )
    async with connection.pipeline():
        for sql, rows in tables:
            if rows:
                await connection.execute(sql, _columns(rows, len(rows[0])))
        if plan.entries:
            last = plan.entries[-1].receipt.revision
            await connection.execute(_SET_STATE, (last, max(shared, default=0)))
        await connection.execute("COMMIT")


def _columns(rows: Iterable[Row], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]
