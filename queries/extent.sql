-- Question: what are the first and the last time in the log?
-- Columns: first, last.
-- Index: (sent_date), or (status, sent_date) where it is asked for one status word. Right: SELECT.
SELECT
  (SELECT min(sent_date) FROM email_log) AS first,
  (SELECT max(sent_date) FROM email_log) AS last;
