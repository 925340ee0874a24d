-- Question: when was each mail tried, with which outcome, from which mailbox, to how many? Oldest first. For times
-- that are texts or numbers, and for pairs of status and mailbox that attempt_pairs.sql cannot tell apart. Recipients are counted
-- here and texts cut, since the client keeps room for the longest text of each row of an answer.
-- Columns: status, sent_date, sender, recipients, finished_at.
-- Index: (sent_date), else the database sorts. Right: SELECT.
SELECT CAST(TO_CHAR(SUBSTR(status, 1, 100)) AS VARCHAR2(100)) AS status, sent_date,
  CAST(TO_CHAR(SUBSTR(sender, 1, 400)) AS VARCHAR2(400)) AS sender,
  CASE
    WHEN INSTR(recipient, '@') > 0 THEN LENGTH(recipient) - NVL(LENGTH(REPLACE(recipient, '@')), 0)
    WHEN LENGTH(REPLACE(REPLACE(recipient, ';'), ' ')) > 0 THEN 1
    ELSE 0
  END + CASE
    WHEN INSTR(cc, '@') > 0 THEN LENGTH(cc) - NVL(LENGTH(REPLACE(cc, '@')), 0)
    WHEN LENGTH(REPLACE(REPLACE(cc, ';'), ' ')) > 0 THEN 1
    ELSE 0
  END + CASE
    WHEN INSTR(bcc, '@') > 0 THEN LENGTH(bcc) - NVL(LENGTH(REPLACE(bcc, '@')), 0)
    WHEN LENGTH(REPLACE(REPLACE(bcc, ';'), ' ')) > 0 THEN 1
    ELSE 0
  END AS recipients,
  finished_at
FROM email_log
ORDER BY sent_date;
