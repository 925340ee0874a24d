-- Question: none; the last piece of a message that took long is about to be handed over. No row changed: the claim is lost, or a
-- person has decided meanwhile, so it must not be.
-- Binds: log_table, row_id, sent_date, run_id, message_id, now.
-- Columns: none.
-- Index: the primary key. Right: UPDATE.
UPDATE mailthrottle_mail
SET changed_at = $6
WHERE log_table = $1 AND row_id = $2 AND sent_date = $3 AND run_id = $4 AND message_id = $5 AND stage = 'data';
