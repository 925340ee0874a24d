-- Question: what is the last time in the log?
-- Columns: sent_date.
-- Index: (sent_date), or (status, sent_date) where it is asked for one status word. Right: SELECT.
SELECT max(sent_date) AS sent_date
FROM email_log;
