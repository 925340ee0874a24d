-- Question: of which database's log is this the ledger?
-- Columns: identity.
-- Index: none. Right: SELECT.
SELECT identity
FROM mailthrottle_log;
