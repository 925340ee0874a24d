-- Question: in which other schemas is a ledger of this log? The ledger's tables say it in a comment, which every role may read.
-- Binds: the comment.
-- Columns: schema.
-- Index: none. Right: none.
SELECT n.nspname::text AS schema
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relname = 'mailthrottle_mail' AND c.oid IS DISTINCT FROM to_regclass('mailthrottle_mail')
  AND obj_description(c.oid, 'pg_class') = $1
ORDER BY n.nspname;
