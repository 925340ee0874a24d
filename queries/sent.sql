-- Question: which mails were sent, to whom, with which subject and id? The mapping chooses the rows by status word and window.
-- Columns: status, sent_date, recipient, subject, message_id.
-- Index: (status, sent_date). Right: SELECT.
SELECT status, sent_date, recipient, subject, message_id
FROM email_log;
