-- Question: which of these mails have an error text? The mapping chooses them by status word and window.
-- Columns: id, status, sent_date, sender, recipient, subject, error_message, message_id, cc, bcc.
-- Index: (status, sent_date). Right: SELECT.
SELECT id, status, sent_date, sender, recipient, subject, error_message, message_id, cc, bcc
FROM email_log
WHERE length(trim(error_message)) > 0;
