-- Question: is a table there?
-- Columns: is_there (yes).
-- Index: none. Right: none.
SELECT 'yes' AS is_there
FROM sqlite_schema
WHERE type = 'table' AND name = $1;
