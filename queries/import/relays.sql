-- Question: is this the log of a mail server, and where did it deliver to most? No row: it is none.
-- Columns: relay, NULL where none is named.
-- Index: none; it looks at some thousand rows. Right: SELECT on mailthrottle_import and email_log.
SELECT mail.relay
FROM mailthrottle_import AS file
LEFT JOIN (SELECT relay, source FROM main.email_log WHERE relay LIKE '%[%' LIMIT 10000) AS mail ON mail.source = file.id
WHERE file.format IN ('postfix', 'postqueue', 'exim', 'sendmail')
GROUP BY mail.relay
ORDER BY mail.relay IS NULL, count(*) DESC
LIMIT 1;
