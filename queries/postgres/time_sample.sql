-- Question: how does the column write its times? The first rows tell.
-- Columns: value.
-- Index: none. Right: SELECT.
SELECT sent_date::text AS value
FROM email_log
WHERE sent_date IS NOT NULL
LIMIT 1000;
