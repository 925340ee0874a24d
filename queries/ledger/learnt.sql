-- Question: none; the log has learnt about a mail.
-- Binds: log_table, row_id, sent_date.
-- Columns: none.
-- Index: the primary key. Right: UPDATE.
UPDATE mailthrottle_mail
SET log_due = NULL
WHERE log_table = $1 AND row_id = $2 AND sent_date = $3;
