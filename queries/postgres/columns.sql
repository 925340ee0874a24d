-- Question: which columns does a table or view have, and of which types? A domain counts as the type it is made of.
-- Columns: name, type, is_enum.
-- Index: none. Right: none.
SELECT a.attname AS name, format_type(t.oid, NULL) AS type, t.typtype = 'e' AS is_enum
FROM pg_catalog.pg_attribute AS a
JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_type AS declared ON declared.oid = a.atttypid
JOIN pg_catalog.pg_type AS t ON t.oid = CASE declared.typtype WHEN 'd' THEN declared.typbasetype ELSE declared.oid END
WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum;
