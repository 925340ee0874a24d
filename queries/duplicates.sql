-- Question: which ids have several rows? Among a bounded number of rows, which the mapping chooses.
-- Columns: id, row_count.
-- Index: none. Right: SELECT.
SELECT id, count(*) AS row_count
FROM email_log
GROUP BY id
HAVING count(*) > 1
ORDER BY id;
