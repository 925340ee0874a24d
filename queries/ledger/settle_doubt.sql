-- Question: none; a person decides about a mail in doubt. No row changed: it is not in doubt any more.
-- Binds: log_table, row_id, sent_date, stage, log_due, settled_by, now, next_at.
-- Columns: none.
-- Index: the primary key. Right: UPDATE.
UPDATE mailthrottle_mail
SET stage = $4, log_due = $5, settled_by = $6, settled_at = $7, changed_at = $7, next_at = CAST($8 AS NUMERIC(19))
WHERE log_table = $1 AND row_id = $2 AND sent_date = $3 AND stage = 'doubt';
