-- Question: none; a run has ended, or is found to have died.
-- Binds: id, ended_at, reason.
-- Columns: none.
-- Index: the primary key. Right: UPDATE.
UPDATE mailthrottle_run
SET ended_at = $2, reason = $3
WHERE id = $1 AND ended_at IS NULL;
