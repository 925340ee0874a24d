-- Question: is a table of the user's own there?
-- Binds: table_name.
-- Columns: is_there (yes).
-- Index: none. Right: none.
SELECT 'yes' AS is_there
FROM all_tables
WHERE owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') AND table_name = UPPER(:1);
