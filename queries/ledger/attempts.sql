-- Question: how did the attempts of sending a mail again end?
-- Binds: log_table, row_id.
-- Columns: sent_date, run_id, ended_at, outcome, reply, class, message_id.
-- Index: (log_table, row_id, sent_date). Right: SELECT.
SELECT sent_date, run_id, ended_at, outcome, reply, class, message_id
FROM mailthrottle_attempt
WHERE log_table = $1 AND row_id = $2
ORDER BY mailthrottle_attempt.ended_at;
