-- Question: which columns has each index of a table, in their order? Those of a part of the rows do not count.
-- Columns: index, column (NULL where it is an expression).
-- Index: none. Right: none.
SELECT i.indexrelid::regclass::text AS index, a.attname AS column
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS c ON c.oid = i.indrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, place)
LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = k.attnum
WHERE n.nspname = $1 AND c.relname = $2 AND i.indisvalid AND i.indpred IS NULL AND k.place <= i.indnkeyatts
ORDER BY i.indexrelid, k.place;
