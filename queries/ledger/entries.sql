-- Question: of how many rows of a log does this ledger know?
-- Binds: log_table.
-- Columns: entries.
-- Index: the primary key. Right: SELECT.
SELECT count(*) AS entries
FROM mailthrottle_mail
WHERE log_table = $1;
