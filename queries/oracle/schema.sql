-- Question: in which schema are names without one looked up?
-- Columns: schema_name.
-- Index: none. Right: none.
SELECT SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') AS schema_name
FROM dual;
