-- Question: which tables and views are there, with which columns, and which column is a key by itself?
-- Columns: schema, table, is_visible, is_readable, rows (about; NULL where the server does not know), column, key (1 the
-- primary key, 0 another one, else NULL), type, is_enum.
-- Index: none. Right: none.
SELECT n.nspname AS schema, c.relname AS table, pg_table_is_visible(c.oid) AS is_visible,
  has_schema_privilege(n.oid, 'USAGE') AND has_column_privilege(c.oid, a.attnum, 'SELECT') AS is_readable,
  CASE WHEN c.reltuples >= 0 AND c.relkind <> 'v' THEN c.reltuples::bigint END AS rows,
  a.attname AS column,
  (
    SELECT max(i.indisprimary::int)
    FROM pg_catalog.pg_index AS i
    WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
      AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum
  ) AS key,
  format_type(t.oid, NULL) AS type, t.typtype = 'e' AS is_enum
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_catalog.pg_type AS declared ON declared.oid = a.atttypid
JOIN pg_catalog.pg_type AS t ON t.oid = CASE declared.typtype WHEN 'd' THEN declared.typbasetype ELSE declared.oid END
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY n.nspname, c.relname, a.attnum;
