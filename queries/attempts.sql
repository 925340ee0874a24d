-- Question: when was each mail tried, with which outcome, from which mailbox, to how many?
-- Columns: status, sent_date, sender, recipient, cc, bcc, finished_at.
-- Index: none. Right: SELECT.
SELECT status, sent_date, sender, recipient, cc, bcc, finished_at
FROM email_log;
