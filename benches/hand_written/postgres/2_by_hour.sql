-- How many mails were tried in each hour, and how many of them failed?
SELECT date_trunc('hour', sent_date) AS hour, count(*) AS attempts, count(*) FILTER (WHERE status = 'F') AS failed
FROM email_log
GROUP BY hour
ORDER BY hour;
