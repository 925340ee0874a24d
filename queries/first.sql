-- Question: what is the first time in the log?
-- Columns: sent_date.
-- Index: (sent_date), or (status, sent_date) where it is asked for one status word. Right: SELECT.
SELECT min(sent_date) AS sent_date
FROM email_log;
