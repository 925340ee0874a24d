-- Question: none; a run takes a mail, unless another has it, it is done with, or it must wait. A further attempt of a mail (same_as)
-- is taken also where it was refused before. A row that went as the same content of another is taken where a person names it
-- (named = 1). No row changed: not taken. A mail that is there is updated by the first statement; the second inserts one that is
-- not, and is refused (ORA-00001) where it is there and may not be taken, or another session was quicker.
-- Binds: log_table, row_id, sent_date, run_id, status, attempts, recipients, now, same_as, same_by, named, content, message_tie, outside_tie.
-- Columns: none.
-- Index: the primary key. Right: INSERT, UPDATE.
UPDATE mailthrottle_mail
SET run_id = $4, stage = 'claimed', status = $5, recipients = $7, changed_at = $8, same_as = $9, same_by = $10, content = $12,
  message_tie = $13, outside_tie = $14, next_at = NULL, log_due = NULL
WHERE log_table = $1 AND row_id = $2 AND sent_date = $3
  AND ((stage = 'deferred' AND (next_at IS NULL OR next_at <= $8 OR run_id = $4))
    OR (stage = 'refused' AND $9 IS NOT NULL)
    OR (stage = 'sent' AND same_by = 'content' AND $11 = 1));
INSERT INTO mailthrottle_mail
  (log_table, row_id, sent_date, run_id, stage, status, attempts, recipients, changed_at, same_as, same_by, content, message_tie,
  outside_tie)
VALUES ($1, $2, $3, $4, 'claimed', $5, $6, $7, $8, $9, $10, $12, $13, $14);
