-- Question: none; lets the log's database remember that its ledger is elsewhere, so that no second one is begun.
-- Columns: none.
-- Index: none. Right: CREATE.
CREATE TABLE mailthrottle_elsewhere (
  ledger VARCHAR(1000) NOT NULL
);
