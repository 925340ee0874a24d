-- Which mails failed, newest first?
SELECT id, status, sent_date, sender, recipient, subject, error_message
FROM email_log
WHERE status = 'F'
ORDER BY sent_date DESC;
