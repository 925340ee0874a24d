-- Question: which columns has a table, and of which types? For a table with a type that the driver does not know.
-- Binds: owner, table_name.
-- Columns: column_name, data_type, data_scale.
-- Index: none. Right: none.
SELECT column_name, data_type, data_scale
FROM all_tab_columns
WHERE owner = :1 AND table_name = :2
ORDER BY column_id;
