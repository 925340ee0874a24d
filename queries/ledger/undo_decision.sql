-- Question: none; takes back a decision about a row that the ledger knew nothing else of. No row changed: there is none.
-- Binds: log_table, row_id, sent_date.
-- Columns: none.
-- Index: the primary key. Right: DELETE.
DELETE FROM mailthrottle_mail
WHERE log_table = $1 AND row_id = $2 AND sent_date = $3 AND stage = 'dropped' AND run_id = 'by hand';
