-- Question: what does the ledger know of the mails of a log?
-- Binds: log_table.
-- Columns: row_id, sent_date, run_id, stage, status, attempts, message_id, next_at, reply, class, changed_at, recipients, settled_by,
-- same_as, same_by, content, message_tie, outside_tie.
-- Index: the primary key. Right: SELECT.
SELECT row_id, sent_date, run_id, stage, status, attempts, message_id, next_at,
  reply, class, changed_at, recipients, settled_by, same_as, same_by, content, message_tie, outside_tie
FROM mailthrottle_mail
WHERE log_table = $1
ORDER BY changed_at, row_id;
