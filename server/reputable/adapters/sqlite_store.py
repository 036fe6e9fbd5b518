"""The SQL that a group of writes needs: load what it touches, store what was planned."""

from array import array
from collections.abc import Iterable, Sequence

import apsw

from reputable.adapters.ledger_rows import RECEIPT_COLUMNS, Row, entry_row, finding_row, read_receipt, read_source
from reputable.adapters.ledger_state import Head, Held, Plan, PlannedFinding, State, Subject
from reputable.adapters.sqlite_file import subject_digest
from reputable.application.ports import Write
from reputable.domain.entries import LEDGER_CHAIN, EntryKind
from reputable.domain.verdicts import Standing

_LAST_REVISION = "SELECT coalesce(max(revision), 0) FROM entry"
_RECEIPTS = (
    f"SELECT request_id, request_digest, {RECEIPT_COLUMNS} FROM entry WHERE principal = ? AND request_id IN carray(?)"  # noqa: S608 - Constants.
)
_HEADS = "SELECT source_id, source_revision, chain_digest, record_digest FROM source_head WHERE source_id IN carray(?)"
_LAST_STANDING = """
    SELECT source_id, key, reviewer, max(revision), digest FROM finding
    WHERE subject IN carray(?) AND retracted_at = 0 GROUP BY source_id, key, reviewer"""
_ALL_STANDING = """
    SELECT source_id, key, reviewer, revision, digest FROM finding
    WHERE subject IN carray(?) AND retracted_at = 0 ORDER BY revision"""
_HELD = "SELECT revision, source_id, key, reviewer, digest, retracted_at FROM finding WHERE revision = ?"
_SOURCES = """
    SELECT s.source_id, s.name, s.kind, s.merged_into, s.revision,
        e.revision, e.source_revision, e.record_digest, e.recorded_at, e.source_id
    FROM source s JOIN entry e ON e.revision = s.revision WHERE s.source_id = ?"""
_NAMES = "SELECT name, source_id FROM source_name WHERE name = ?"
_STANDINGS = """
    SELECT s.reviewer, s.standing, e.revision, e.source_revision, e.record_digest, e.recorded_at, e.source_id
    FROM standing s JOIN entry e ON e.revision = s.revision WHERE s.reviewer = ?"""
_EPOCHS = """
    SELECT p.number, e.revision, e.source_revision, e.record_digest, e.recorded_at, e.source_id
    FROM epoch p JOIN entry e ON e.revision = p.revision WHERE p.number = ?"""

_INSERT_ENTRY = "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_FINDING = """
    INSERT INTO finding (revision, reviewer, key, reviewed_at, truthfulness, levels, unproven_count, period_start,
        claimed_at, context, topics, source_id, digest, subject)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_MARK_RETRACTED = "UPDATE finding SET retracted_at = ? WHERE revision = ?"
_SET_HEAD = "INSERT OR REPLACE INTO source_head VALUES (?, ?, ?, ?)"
_SET_SOURCE = "INSERT OR REPLACE INTO source (source_id, name, kind, merged_into, revision) VALUES (?, ?, ?, ?, ?)"
_INSERT_NAME = "INSERT INTO source_name VALUES (?, ?)"
_SET_STANDING = "INSERT OR REPLACE INTO standing VALUES (?, ?, ?)"
_INSERT_EPOCH = "INSERT INTO epoch VALUES (?, ?)"


def load(connection: apsw.Connection, writes: Sequence[Write]) -> State:
    """What the ledger holds of all that `writes` touch."""
    many = connection.executemany
    state = State(revision=connection.execute(_LAST_REVISION).get)
    for principal in {write.principal for write in writes}:
        keys = tuple(write.request_id for write in writes if write.principal == principal and write.request_id)
        for row in connection.execute(_RECEIPTS, (principal, apsw.carray(keys))) if keys else ():
            state.receipts[principal, row[0]] = (row[1], read_receipt(row[2:]))
    for row in connection.execute(_HEADS, (apsw.carray((*{write.chain for write in writes},)),)):
        state.heads[row[0]] = Head(*row[1:])
    _load_findings(connection, writes, state)
    names = {(name,) for write in writes if write.names for name in write.names}
    state.names.update(many(_NAMES, names))
    if any(write.finding is None for write in writes):
        _load_others(connection, writes, state)
    return state


def _load_findings(connection: apsw.Connection, writes: Iterable[Write], state: State) -> None:
    subjects: list[Subject] = []
    targets: list[tuple[int]] = []
    for write in writes:
        if write.finding is not None and write.chain in state.heads:
            subjects.append((write.chain, write.finding.key, write.finding.reviewer))
        elif write.kind is EntryKind.RETRACTION:
            targets.append((write.retracts,))
    _load_standing(connection, _LAST_STANDING, subjects, state)
    if targets:
        for revision, source_id, key, reviewer, digest, retracted_at in connection.executemany(_HELD, targets):
            state.held[revision] = Held((source_id, key, reviewer), digest, retracted_at)
        _load_standing(connection, _ALL_STANDING, {held.subject for held in state.held.values()}, state)


def _load_standing(connection: apsw.Connection, sql: str, subjects: Iterable[Subject], state: State) -> None:
    found: dict[Subject, dict[int, bytes]] = {}
    digests = array("q", [subject_digest(*subject) for subject in subjects])
    if not digests:
        return
    for source_id, key, reviewer, revision, digest in connection.execute(sql, (apsw.carray(digests),)):
        found.setdefault((source_id, key, reviewer), {})[revision] = digest
    state.standing_findings.update(found)


def _load_others(connection: apsw.Connection, writes: Iterable[Write], state: State) -> None:
    many = connection.executemany
    others = [write for write in writes if write.finding is None]
    if any(write.chain == LEDGER_CHAIN for write in others):
        reviewers = {(write.standing[0],) for write in others if write.standing is not None}
        for row in many(_STANDINGS, reviewers):
            state.standings[row[0]] = (Standing(row[1]), read_receipt(row[2:]))
        for row in many(_EPOCHS, {(write.epoch.number,) for write in others if write.epoch is not None}):
            state.epochs[row[0]] = read_receipt(row[1:])
    sources = {write.chain for write in others if write.source is not None} | {write.merge_into for write in others}
    for row in many(_SOURCES, [(source_id,) for source_id in sources]):
        state.sources[row[0]] = (read_source(row[:5]), read_receipt(row[5:]))


def _finding_row(planned: PlannedFinding) -> Row:
    finding = planned.finding
    return (*finding_row(planned), subject_digest(planned.source_id, finding.key, finding.reviewer))


def store(connection: apsw.Connection, plan: Plan) -> None:
    """Write what was planned; the transaction is the caller's."""
    many = connection.executemany
    many(_INSERT_ENTRY, map(entry_row, plan.entries))
    many(_INSERT_FINDING, map(_finding_row, plan.findings))
    many(_MARK_RETRACTED, plan.retracted)
    many(
        _SET_HEAD,
        ((i, head.source_revision, head.chain_digest, head.record_digest) for i, head in plan.heads.items()),
    )
    many(_SET_SOURCE, ((s.id, s.name, s.kind.value, s.merged_into, s.revision) for s in plan.sources.values()))
    many(_INSERT_NAME, plan.names)
    many(_SET_STANDING, ((r, standing.value, revision) for r, (standing, revision) in plan.standings.items()))
    many(_INSERT_EPOCH, plan.epochs)
