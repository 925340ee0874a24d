-- Question: which mails of a table did this ledger deal with last?
-- Binds: log_table.
-- Columns: row_id, content.
-- Index: the primary key. Right: SELECT.
SELECT row_id, content
FROM (
  SELECT row_id, content, row_number() OVER (ORDER BY changed_at DESC, row_id) AS place
  FROM mailthrottle_mail
  WHERE log_table = $1 AND content IS NOT NULL AND stage IN ('claimed', 'data', 'doubt', 'sent')
) newest
WHERE place <= 20;
