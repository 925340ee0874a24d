-- Question: which SQLite is it?
-- Columns: version.
-- Index: none. Right: none.
SELECT 'SQLite ' || sqlite_version() AS version;
