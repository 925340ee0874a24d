-- Question: which database is this, whatever it is called?
-- Columns: identity.
-- Index: none. Right: none.
SELECT 'postgres:' || (SELECT system_identifier FROM pg_control_system()) || '/' || d.oid AS identity
FROM pg_catalog.pg_database AS d
WHERE d.datname = current_database();
