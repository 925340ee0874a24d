-- Question: which mails have these status words, to whom did they go, and what did the server say? The mapping chooses the rows
-- by status word and window.
-- Columns: id, status, sent_date, sender, recipient, subject, error_message, message_id, cc, bcc.
-- Index: (status, sent_date). Right: SELECT.
SELECT id, status, sent_date, sender, recipient, subject, error_message, message_id, cc, bcc
FROM email_log;
