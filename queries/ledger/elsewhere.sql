-- Question: where is the ledger of this database's log, if not beside it?
-- Columns: ledger.
-- Index: none. Right: SELECT.
SELECT ledger
FROM mailthrottle_elsewhere;
