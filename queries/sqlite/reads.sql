-- Question: which tables and views does this view name? Nothing for a table.
-- Binds: the schema and the name, with a dot between.
-- Columns: name.
-- Index: none. Right: none.
SELECT 'main.' || other.name AS name
FROM sqlite_schema AS view
JOIN sqlite_schema AS other
  ON other.type IN ('table', 'view') AND other.name <> view.name
  AND lower(view.sql || ' ') GLOB '*[^a-z0-9_]' || lower(other.name) || '[^a-z0-9_]*'
WHERE view.type = 'view' AND 'main.' || view.name = ?1;
