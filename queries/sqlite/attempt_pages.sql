-- Question: when was each mail tried, with which outcome, from which mailbox, to how many?
-- The answer comes in pages of 1,000 rows, each one large value, since a row of its own costs the program more than the
-- database. A page holds the number of its rows, then column after column, all divided by '|'; NULL is '␀'. The program
-- counts the dividers, and reads a page again row by row where a value itself holds one. It leaves out the last three
-- columns where the log has none of them.
-- Columns: first and next (keys), page (status, sent_date, sender, recipient, cc, bcc, finished_at).
-- Index: none; reads the table once in the order of its keys. Right: SELECT.
WITH RECURSIVE page (first, next) AS (
  SELECT
    (SELECT min(rowid) FROM email_log),
    (SELECT rowid FROM email_log ORDER BY rowid LIMIT 1 OFFSET 1000)
  UNION ALL
  SELECT
    next,
    (SELECT rowid FROM email_log WHERE rowid > next ORDER BY rowid LIMIT 1 OFFSET 999)
  FROM page WHERE next IS NOT NULL
)
SELECT first, next, (
  SELECT CAST(count(*)
    || '|' || group_concat(coalesce(status, '␀'), '|')
    || '|' || group_concat(coalesce(sent_date, ''), '|')
    || '|' || group_concat(coalesce(sender, '␀'), '|')
    || '|' || group_concat(coalesce(recipient, ''), '|')
    || '|' || group_concat(coalesce(cc, ''), '|')
    || '|' || group_concat(coalesce(bcc, ''), '|')
    || '|' || group_concat(coalesce(finished_at, ''), '|')
    AS BLOB)
  FROM email_log
  WHERE rowid >= first AND rowid <= coalesce(next - 1, 9223372036854775807)
) AS page
FROM page;
