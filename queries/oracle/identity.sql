-- Question: which database is this?
-- Columns: identity.
-- Index: none. Right: none.
SELECT 'oracle:' || SYS_CONTEXT('USERENV', 'DB_UNIQUE_NAME') || '/' || SYS_CONTEXT('USERENV', 'CON_NAME') AS identity
FROM dual;
