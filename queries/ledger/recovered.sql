-- Question: which mails went out by the ledger, and which are in doubt?
-- Binds: log_table.
-- Columns: row_id, sent_date, stage.
-- Index: the primary key. Right: SELECT.
SELECT row_id, sent_date, stage
FROM mailthrottle_mail
WHERE log_table = $1 AND stage IN ('sent', 'doubt', 'data');
