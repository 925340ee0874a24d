-- Question: which tables and views are there, and which have a key the program can page by?
-- Columns: name, has_key.
-- Index: none. Right: none.
SELECT name, type = 'table' AND NOT wr AS has_key
FROM pragma_table_list
WHERE schema = 'main' AND type IN ('table', 'view', 'virtual') AND name NOT LIKE 'sqlite\_%' ESCAPE '\'
ORDER BY name;
