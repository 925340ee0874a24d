-- Question: none; a person decides that a mail which was put off shall not go. It keeps the time it was put off to, by which it is
-- told from a dropped doubt. No row changed: it is not put off any more.
-- Binds: log_table, row_id, sent_date, settled_by, now.
-- Columns: none.
-- Index: the primary key. Right: UPDATE.
UPDATE mailthrottle_mail
SET stage = 'dropped', settled_by = $4, settled_at = $5, changed_at = $5, next_at = COALESCE(next_at, $5)
WHERE log_table = $1 AND row_id = $2 AND sent_date = $3 AND stage = 'deferred';
