-- Question: which tables and views are there, and which are found without their schema?
-- Columns: schema, name, is_visible.
-- Index: none. Right: none.
SELECT n.nspname AS schema, c.relname AS name, pg_table_is_visible(c.oid) AS is_visible
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY n.nspname, c.relname;
