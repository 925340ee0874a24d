-- Question: what does the log keep of these mails, so that they can be sent again? The mapping chooses the rows by key.
-- Columns: id, status, sent_date, error_message, sender, recipient, cc, bcc, reply_to, subject, body_text, body_html, raw,
-- attachments, message_id.
-- Index: the key. Right: SELECT.
SELECT id, status, sent_date, error_message, sender, recipient, cc, bcc, reply_to, subject, body_text, body_html, "raw",
  attachments, message_id
FROM email_log;
