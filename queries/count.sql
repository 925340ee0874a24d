-- Question: how many rows are there?
-- Columns: row_count.
-- Index: (status, sent_date) for a window. Right: SELECT.
SELECT count(*) AS row_count
FROM email_log;
