-- Question: how many rows are there?
-- Columns: rows.
-- Index: (status, sent_date) for a window. Right: SELECT.
SELECT count(*) AS rows
FROM email_log;
