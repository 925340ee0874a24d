-- Question: how does the column write its times, and how long are its lists of recipients? The newest and the oldest 500
-- rows tell.
-- Columns: is_number, value, width (characters).
-- Index: none. Right: SELECT.
SELECT typeof(sent_date) IN ('integer', 'real') AS is_number, CAST(sent_date AS TEXT) AS value,
  coalesce(length(recipient), 0) AS width
FROM (SELECT sent_date, recipient FROM email_log WHERE sent_date IS NOT NULL ORDER BY rowid DESC LIMIT 500)
UNION ALL
SELECT typeof(sent_date) IN ('integer', 'real'), CAST(sent_date AS TEXT), coalesce(length(recipient), 0)
FROM (SELECT sent_date, recipient FROM email_log WHERE sent_date IS NOT NULL ORDER BY rowid LIMIT 500);
