-- Question: when was each mail of a small window tried, with which outcome, from which mailbox, to how many?
-- The answer comes as one value, of the same form as a page of attempt_pages.sql.
-- Columns: page (status, sent_date, sender, recipient, cc, bcc, finished_at).
-- Index: (status, sent_date). Right: SELECT.
SELECT CAST(count(*)
    || '|' || group_concat(coalesce(status, '␀'), '|')
    || '|' || group_concat(coalesce(sent_date, ''), '|')
    || '|' || group_concat(coalesce(sender, '␀'), '|')
    || '|' || group_concat(coalesce(recipient, ''), '|')
    || '|' || group_concat(coalesce(cc, ''), '|')
    || '|' || group_concat(coalesce(bcc, ''), '|')
    || '|' || group_concat(coalesce(finished_at, ''), '|')
    AS BLOB) AS page
FROM email_log;
