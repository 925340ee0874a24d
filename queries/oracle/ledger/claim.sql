-- Question: none; a run takes a mail, unless another has it, it is done with, or it must wait. A further attempt of a mail (same_as)
-- is taken also where it was refused before. A row that went as the same content of another is taken where a person names it
-- (named = 1). No row changed: not taken.
-- Binds: log_table, row_id, sent_date, run_id, status, attempts, recipients, now, same_as, same_by, named, content, message_tie, outside_tie.
-- Columns: none.
-- Index: the primary key. Right: INSERT, UPDATE.
MERGE INTO mailthrottle_mail mail
USING dual
ON (mail.log_table = $1 AND mail.row_id = $2 AND mail.sent_date = $3)
WHEN MATCHED THEN UPDATE
SET mail.run_id = $4, mail.stage = 'claimed', mail.status = $5, mail.recipients = $7, mail.changed_at = $8,
  mail.same_as = $9, mail.same_by = $10, mail.content = $12,
  mail.message_tie = $13, mail.outside_tie = $14, mail.next_at = NULL, mail.log_due = NULL
WHERE (mail.stage = 'deferred' AND (mail.next_at IS NULL OR mail.next_at <= $8 OR mail.run_id = $4))
  OR (mail.stage = 'refused' AND $9 IS NOT NULL)
  OR (mail.stage = 'sent' AND mail.same_by = 'content' AND $11 = 1)
WHEN NOT MATCHED THEN INSERT
  (log_table, row_id, sent_date, run_id, stage, status, attempts, recipients, changed_at, same_as, same_by, content, message_tie,
  outside_tie)
VALUES ($1, $2, $3, $4, 'claimed', $5, $6, $7, $8, $9, $10, $12, $13, $14);
