-- How many mails of each status are there, and when were the first and the last?
SELECT status, count(*), min(sent_date), max(sent_date)
FROM email_log
GROUP BY status
ORDER BY status;
