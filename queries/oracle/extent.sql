-- Question: what are the first and the last time in the log?
-- Columns: first_at, last_at.
-- Index: (sent_date). Right: SELECT.
SELECT MIN(sent_date) AS first_at, MAX(sent_date) AS last_at
FROM email_log;
