-- Question: how long are lists of recipients? The newest and the oldest 500 rows tell.
-- Columns: width (characters, of the longest).
-- Index: none. Right: SELECT.
SELECT coalesce(max(width), 0) AS width
FROM (
  SELECT length(recipient) AS width
  FROM (SELECT recipient FROM email_log WHERE sent_date IS NOT NULL ORDER BY rowid DESC LIMIT 500)
  UNION ALL
  SELECT length(recipient)
  FROM (SELECT recipient FROM email_log WHERE sent_date IS NOT NULL ORDER BY rowid LIMIT 500)
);
