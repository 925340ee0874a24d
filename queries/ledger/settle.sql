-- Question: none; an attempt has ended. What the server said is written also where the mail was put in doubt meanwhile, or is to go
-- again, as long as no other run has taken it. A refusal that was noted becomes final. No row changed: the claim was lost.
-- Binds: log_table, row_id, sent_date, run_id, stage, attempts, next_at, reply, class, now, log_due.
-- Columns: none.
-- Index: the primary key. Right: UPDATE.
UPDATE mailthrottle_mail
SET stage = $5, attempts = $6, next_at = CAST($7 AS NUMERIC(19)), reply = $8, class = $9, changed_at = $10, log_due = $11
WHERE log_table = $1 AND row_id = $2 AND sent_date = $3 AND run_id = $4
  AND (stage IN ('claimed', 'data') OR (stage IN ('doubt', 'deferred') AND $5 IN ('sent', 'refused')));
