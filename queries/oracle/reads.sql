-- Question: which tables and views does this view read? Nothing for a table.
-- Binds: the schema and the name, with a dot between.
-- Columns: name.
-- Index: none. Right: none.
SELECT DISTINCT referenced_owner || '.' || referenced_name AS name
FROM all_dependencies
WHERE owner || '.' || name = :1 AND type IN ('VIEW', 'MATERIALIZED VIEW') AND referenced_type IN ('TABLE', 'VIEW');
