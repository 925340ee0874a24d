-- Question: none; adds attempts. One that is there already stays as it is, but for an error text that has grown since.
-- Columns: none. The program repeats the brackets for many rows at once.
-- Index: email_log (import_hash). Right: INSERT and UPDATE on email_log.
INSERT INTO email_log (status, sent_date, sender, recipient, subject, error_message, message_id, queued_at, queue_id,
  relay, dsn, delay, delays, stage, note, source, line, import_hash)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (import_hash) DO UPDATE SET error_message = excluded.error_message
WHERE length(excluded.error_message) > length(email_log.error_message);
