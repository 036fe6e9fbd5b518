-- The log. Everything below it is derived from it.
CREATE TABLE entry (
    revision INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    source_id TEXT NOT NULL,
    source_revision INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL, -- Microseconds since 1970, UTC.
    principal TEXT NOT NULL,
    request_id TEXT, -- NULL: sent without one.
    request_digest BLOB NOT NULL,
    payload BLOB NOT NULL, -- JSON.
    salt BLOB NOT NULL,
    previous_digest BLOB NOT NULL,
    digest BLOB NOT NULL,
    record_digest BLOB NOT NULL, -- Of the source, after this row.
    UNIQUE (principal, request_id),
    UNIQUE (source_id, source_revision)
) STRICT;

CREATE INDEX entry_shared ON entry (revision) WHERE kind IN ('source', 'merge', 'standing', 'epoch');

CREATE TRIGGER entry_is_not_updated BEFORE UPDATE ON entry
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;

CREATE TRIGGER entry_is_not_deleted BEFORE DELETE ON entry
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;

CREATE TABLE finding (
    revision INTEGER PRIMARY KEY,
    source_id TEXT NOT NULL,
    reviewer TEXT NOT NULL,
    key BLOB NOT NULL,
    reviewed_at INTEGER NOT NULL,
    truthfulness REAL, -- Of a single verdict; NULL: unproven, or a scorecard.
    levels TEXT, -- Of a scorecard, JSON; NULL: a single verdict.
    unproven_count INTEGER NOT NULL,
    period_start INTEGER,
    claimed_at INTEGER,
    context TEXT NOT NULL,
    topics TEXT NOT NULL, -- One a line.
    digest BLOB NOT NULL,
    retracted_at INTEGER NOT NULL DEFAULT 0 -- The revision of the retraction.
) STRICT;

CREATE INDEX finding_subject ON finding (source_id, key, reviewer);

CREATE TABLE source_head (
    source_id TEXT PRIMARY KEY,
    source_revision INTEGER NOT NULL,
    chain_digest BLOB NOT NULL,
    record_digest BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE source (
    source_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    merged_into TEXT NOT NULL DEFAULT '',
    revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE source_name (
    name TEXT PRIMARY KEY, -- Canonical.
    source_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE standing (
    reviewer TEXT PRIMARY KEY,
    standing TEXT NOT NULL,
    revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE epoch (
    number INTEGER PRIMARY KEY,
    revision INTEGER NOT NULL
) STRICT;

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
