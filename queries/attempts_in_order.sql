-- Question: when was each mail tried, with which outcome, from which mailbox, to how many? Oldest first.
-- Columns: status, sent_date, sender, recipient, cc, bcc, finished_at.
-- Index: (sent_date), else the database sorts. Right: SELECT.
SELECT status, sent_date, sender, recipient, cc, bcc, finished_at
FROM email_log
ORDER BY sent_date;
