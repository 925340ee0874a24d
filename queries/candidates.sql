-- Question: which mails failed, or went out, and what is there to send again? The mapping chooses the rows by status word
-- and window.
-- Columns: id, status, sent_date, sender, recipient, subject, error_message, message_id, cc, bcc, has_body.
-- Index: (status, sent_date). Right: SELECT.
SELECT id, status, sent_date, sender, recipient, subject, error_message, message_id, cc, bcc,
  CASE WHEN body_text IS NOT NULL OR body_html IS NOT NULL OR "raw" IS NOT NULL THEN 'yes' END AS has_body
FROM email_log;
