-- Question: how does the column write its times? The newest and the oldest 500 rows tell.
-- Columns: value, is_number.
-- Index: none. Right: SELECT.
SELECT CAST(sent_date AS TEXT) AS value, typeof(sent_date) IN ('integer', 'real') AS is_number
FROM (SELECT sent_date FROM email_log WHERE sent_date IS NOT NULL ORDER BY rowid DESC LIMIT 500)
UNION ALL
SELECT CAST(sent_date AS TEXT), typeof(sent_date) IN ('integer', 'real')
FROM (SELECT sent_date FROM email_log WHERE sent_date IS NOT NULL ORDER BY rowid LIMIT 500);
