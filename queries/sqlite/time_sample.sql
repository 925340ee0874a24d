-- Question: how does the column write its times? The newest 500 rows tell.
-- Columns: is_number, value.
-- Index: none. Right: SELECT.
SELECT typeof(sent_date) IN ('integer', 'real') AS is_number, CAST(sent_date AS TEXT) AS value
FROM email_log
WHERE sent_date IS NOT NULL
ORDER BY rowid DESC
LIMIT 500;
