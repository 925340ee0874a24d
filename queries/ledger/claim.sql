-- Question: none; a run takes a mail, unless another has it, it is done with, or it must wait. A further attempt of a mail (same_as)
-- is taken also where it was refused before. A row that went as the same content of another is taken where a person names it
-- (named = 1). No row changed: not taken.
-- Binds: log_table, row_id, sent_date, run_id, status, attempts, recipients, now, same_as, same_by, named, content, message_tie, outside_tie.
-- Columns: none.
-- Index: the primary key. Right: INSERT, UPDATE.
INSERT INTO mailthrottle_mail AS mail
  (log_table, row_id, sent_date, run_id, stage, status, attempts, recipients, changed_at, same_as, same_by, content, message_tie,
  outside_tie)
VALUES ($1, $2, $3, $4, 'claimed', $5, $6, $7, $8, $9, $10, $12, $13, $14)
ON CONFLICT (log_table, row_id, sent_date) DO UPDATE
SET run_id = excluded.run_id, stage = 'claimed', status = excluded.status, recipients = excluded.recipients,
  changed_at = excluded.changed_at, same_as = excluded.same_as, same_by = excluded.same_by, content = excluded.content,
  message_tie = excluded.message_tie, outside_tie = excluded.outside_tie,
  next_at = NULL, log_due = NULL
WHERE (mail.stage = 'deferred' AND (mail.next_at IS NULL OR mail.next_at <= excluded.changed_at OR mail.run_id = excluded.run_id))
  OR (mail.stage = 'refused' AND excluded.same_as IS NOT NULL)
  OR (mail.stage = 'sent' AND mail.same_by = 'content' AND $11 = 1);
