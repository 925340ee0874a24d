-- Question: how does the column write its times? The first rows tell.
-- Columns: sent_date.
-- Index: none. Right: SELECT.
SELECT sent_date
FROM email_log
WHERE sent_date IS NOT NULL
FETCH FIRST 1000 ROWS ONLY;
