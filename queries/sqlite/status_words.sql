-- Question: which status words are there? Jumps from one to the next through the index, without a look at every row.
-- Columns: status (NULL is asked for apart).
-- Index: (status, sent_date). Right: SELECT.
WITH RECURSIVE word (status) AS (
  SELECT min(status) FROM email_log
  UNION ALL
  SELECT (SELECT min(email_log.status) FROM email_log WHERE email_log.status > word.status)
  FROM word WHERE word.status IS NOT NULL
)
SELECT status FROM word WHERE status IS NOT NULL;
