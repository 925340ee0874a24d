-- Question: what else does the ledger have of a row's key, with another time, that is not over?
-- Binds: log_table, row_id, sent_date.
-- Columns: stage, content.
-- Index: the primary key. Right: SELECT.
SELECT stage, content
FROM mailthrottle_mail
WHERE log_table = $1 AND row_id = $2 AND sent_date <> $3 AND stage IN ('claimed', 'data', 'doubt', 'sent');
