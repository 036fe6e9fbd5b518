-- A finding is found by eight bytes that stand for its source, key and reviewer: the index on these is smaller, and a
-- batch of verdicts changes fewer pages. A source's findings are found by its entries.
ALTER TABLE finding ADD COLUMN subject INTEGER NOT NULL DEFAULT 0;
UPDATE finding SET subject = subject_digest(source_id, key, reviewer);
DROP INDEX finding_subject;
CREATE INDEX finding_subject ON finding (subject);
