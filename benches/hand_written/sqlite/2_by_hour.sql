-- How many mails were tried in each hour, and how many of them failed?
SELECT substr(sent_date, 1, 13) AS hour, count(*) AS attempts, sum(status = 'F') AS failed
FROM email_log
GROUP BY hour
ORDER BY hour;
