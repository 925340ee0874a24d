-- Question: none; a run begins.
-- Binds: id, identity, started_by, started_at.
-- Columns: none.
-- Index: none. Right: INSERT.
INSERT INTO mailthrottle_run (id, identity, started_by, started_at)
VALUES ($1, $2, $3, $4);
