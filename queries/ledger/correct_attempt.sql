-- Question: none; what came of the last attempt of a mail in a run is final now.
-- Binds: log_table, row_id, sent_date, run_id, outcome.
-- Columns: none.
-- Index: (log_table, row_id, sent_date). Right: UPDATE.
UPDATE mailthrottle_attempt
SET outcome = $5
WHERE log_table = $1 AND row_id = $2 AND sent_date = $3 AND run_id = $4
  AND ended_at = (SELECT max(last.ended_at) FROM mailthrottle_attempt last
    WHERE last.log_table = $1 AND last.row_id = $2 AND last.sent_date = $3 AND last.run_id = $4);
