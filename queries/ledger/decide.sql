-- Question: none; a person decides about a row of the log that the ledger does not know yet.
-- Binds: log_table, row_id, sent_date, stage, status, recipients, log_due, settled_by, now, next_at, same_as, same_by.
-- Columns: none.
-- Index: the primary key. Right: INSERT.
INSERT INTO mailthrottle_mail
  (log_table, row_id, sent_date, run_id, stage, status, attempts, recipients, log_due, settled_by, settled_at, changed_at, next_at,
  same_as, same_by)
VALUES ($1, $2, $3, 'by hand', $4, $5, 0, $6, $7, $8, $9, $9, CAST($10 AS NUMERIC(19)), $11, $12);
