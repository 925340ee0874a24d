-- Question: none; remembers where the ledger of this database's log is.
-- Binds: ledger.
-- Columns: none.
-- Index: none. Right: INSERT.
INSERT INTO mailthrottle_elsewhere (ledger)
VALUES ($1);
