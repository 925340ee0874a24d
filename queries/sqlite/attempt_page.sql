-- Question: when was each mail of a small window tried, with which outcome, from which mailbox, to how many?
-- The answer comes as one row of large values, each the values of a column divided by '|', as in attempt_pages.sql.
-- Columns: rows, status, sent_date, sender, recipient, cc, bcc, finished_at.
-- Index: (status, sent_date). Right: SELECT.
SELECT
    count(*) AS rows
    , group_concat(coalesce(status, '␀'), '|') AS status
    , group_concat(coalesce(sent_date, ''), '|') AS sent_date
    , group_concat(coalesce(sender, '␀'), '|') AS sender
    , group_concat(coalesce(recipient, ''), '|') AS recipient
    , group_concat(coalesce(cc, ''), '|') AS cc
    , group_concat(coalesce(bcc, ''), '|') AS bcc
    , group_concat(coalesce(finished_at, ''), '|') AS finished_at
FROM email_log;
