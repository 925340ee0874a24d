-- Question: which status words are there? Jumps from one to the next through the index, without a look at every row.
-- Columns: status (NULL is asked for apart).
-- Index: (status, sent_date). Right: SELECT.
WITH RECURSIVE word (status) AS (
  (SELECT status FROM email_log WHERE status IS NOT NULL ORDER BY status LIMIT 1)
  UNION ALL
  SELECT (SELECT email_log.status FROM email_log WHERE email_log.status > word.status ORDER BY email_log.status LIMIT 1)
  FROM word WHERE word.status IS NOT NULL
)
SELECT status::text AS status FROM word WHERE status IS NOT NULL;
