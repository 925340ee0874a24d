-- Question: none; writes down an attempt that has ended.
-- Binds: log_table, row_id, sent_date, run_id, ended_at, outcome, reply, class, message_id.
-- Columns: none.
-- Index: none. Right: INSERT.
INSERT INTO mailthrottle_attempt (log_table, row_id, sent_date, run_id, ended_at, outcome, reply, class, message_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);
