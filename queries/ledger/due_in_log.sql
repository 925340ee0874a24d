-- Question: which mails has the log still to learn about?
-- Binds: log_table.
-- Columns: row_id, sent_date, status, log_due, stage, content.
-- Index: (log_due). Right: SELECT.
SELECT row_id, sent_date, status, log_due, stage, content
FROM mailthrottle_mail
WHERE log_table = $1 AND log_due IS NOT NULL
ORDER BY changed_at, row_id;
