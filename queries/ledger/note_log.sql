-- Question: none; remembers of which database's log this is the ledger.
-- Binds: identity, noted_at.
-- Columns: none.
-- Index: none. Right: INSERT.
INSERT INTO mailthrottle_log (identity, noted_at)
VALUES ($1, $2);
