-- Question: is it a table, that can have an index?
-- Binds: owner, table_name.
-- Columns: table_name.
-- Index: none. Right: none.
SELECT table_name
FROM all_tables
WHERE owner = :1 AND table_name = :2;
