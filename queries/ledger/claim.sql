-- Question: none; a run takes a mail, unless another has it, it is done with, or it must wait. No row changed: not taken.
-- Binds: log_table, row_id, sent_date, run_id, status, attempts, recipients, now.
-- Columns: none.
-- Index: the primary key. Right: INSERT, UPDATE.
INSERT INTO mailthrottle_mail AS mail
  (log_table, row_id, sent_date, run_id, stage, status, attempts, recipients, changed_at)
VALUES ($1, $2, $3, $4, 'claimed', $5, $6, $7, $8)
ON CONFLICT (log_table, row_id, sent_date) DO UPDATE
SET run_id = excluded.run_id, stage = 'claimed', status = excluded.status, recipients = excluded.recipients,
  changed_at = excluded.changed_at, next_at = NULL, log_due = NULL
WHERE mail.stage = 'deferred' AND (mail.next_at IS NULL OR mail.next_at <= excluded.changed_at OR mail.run_id = excluded.run_id);
