-- Question: which columns does a table or view have, generated ones included?
-- Columns: name.
-- Index: none. Right: none.
SELECT name
FROM pragma_table_xinfo(?1)
ORDER BY cid;
