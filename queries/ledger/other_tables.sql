-- Question: of which other tables and views does this ledger know rows?
-- Binds: log_table.
-- Columns: log_table.
-- Index: the primary key. Right: SELECT.
SELECT DISTINCT log_table
FROM mailthrottle_mail
WHERE log_table <> $1
ORDER BY log_table;
