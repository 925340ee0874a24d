-- Question: which runs have not ended, or died without a word?
-- Columns: id, started_by.
-- Index: none. Right: SELECT.
SELECT id, started_by
FROM mailthrottle_run
WHERE ended_at IS NULL
ORDER BY started_at;
