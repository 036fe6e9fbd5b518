-- The log. Everything below it is derived from it.
CREATE TABLE entry (
    revision bigint PRIMARY KEY,
    kind text NOT NULL,
    source_id text NOT NULL,
    source_revision bigint NOT NULL,
    recorded_at bigint NOT NULL, -- Microseconds since 1970, UTC.
    principal text NOT NULL,
    request_id text, -- NULL: sent without one.
    request_digest bytea NOT NULL,
    payload bytea NOT NULL, -- JSON.
    salt bytea NOT NULL,
    previous_digest bytea NOT NULL,
    digest bytea NOT NULL,
    record_digest bytea NOT NULL, -- Of the source, after this row.
    UNIQUE (principal, request_id),
    UNIQUE (source_id, source_revision)
);

CREATE INDEX entry_shared ON entry (revision) WHERE kind IN ('source', 'merge', 'standing', 'epoch');

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only';
END
$$;

CREATE TRIGGER entry_is_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON entry
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The last revisions. Who appends holds its one row until the commit: revisions have no gap and
-- become visible in their order.
CREATE TABLE ledger_state (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    revision bigint NOT NULL,
    shared_revision bigint NOT NULL
);

INSERT INTO ledger_state (revision, shared_revision) VALUES (0, 0);

CREATE TABLE finding (
    revision bigint PRIMARY KEY,
    source_id text NOT NULL,
    reviewer text NOT NULL,
    key bytea NOT NULL,
    reviewed_at bigint NOT NULL,
    truthfulness double precision, -- Of a single verdict; NULL: unproven, or a scorecard.
    levels text, -- Of a scorecard, JSON; NULL: a single verdict.
    unproven_count bigint NOT NULL,
    period_start bigint,
    claimed_at bigint,
    context text NOT NULL,
    topics text NOT NULL, -- One a line.
    digest bytea NOT NULL,
    retracted_at bigint NOT NULL DEFAULT 0 -- The revision of the retraction.
);

CREATE INDEX finding_subject ON finding (source_id, key, reviewer);

CREATE TABLE source_head (
    source_id text PRIMARY KEY,
    source_revision bigint NOT NULL,
    chain_digest bytea NOT NULL,
    record_digest bytea NOT NULL
);

CREATE TABLE source (
    source_id text PRIMARY KEY,
    name text NOT NULL,
    kind text NOT NULL,
    merged_into text NOT NULL DEFAULT '',
    revision bigint NOT NULL
);

CREATE TABLE source_name (
    name text PRIMARY KEY, -- Canonical.
    source_id text NOT NULL
);

CREATE TABLE standing (
    reviewer text PRIMARY KEY,
    standing text NOT NULL,
    revision bigint NOT NULL
);

CREATE TABLE epoch (
    number bigint PRIMARY KEY,
    revision bigint NOT NULL
);

CREATE TABLE meta (
    name text PRIMARY KEY,
    value bytea NOT NULL
);
