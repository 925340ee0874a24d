-- Question: when was each mail tried, with which outcome, from which mailbox, to how many?
-- The answer comes as one text, a line a row, since a few large values cross into the program many times faster than
-- many small rows. Fields are divided by the control character US, lines by RS, NULL is NUL; "rows" lets the program
-- notice where a value itself holds such a character.
-- Columns: rows, last_key, lines (status, sent_date, sender, recipients, finished_at).
-- Index: none for the whole table, (status, sent_date) for a window. Right: SELECT.
SELECT
  count(*) AS rows,
  max(rowid) AS last_key,
  CAST(group_concat(
    coalesce(status, char(0)) || char(31)
      || coalesce(sent_date, '') || char(31)
      || coalesce(sender, char(0)) || char(31)
      || coalesce(recipient, '') || coalesce(';' || cc, '') || coalesce(';' || bcc, '') || char(31)
      || coalesce(finished_at, ''),
    char(30)
  ) AS BLOB) AS lines
FROM email_log;
