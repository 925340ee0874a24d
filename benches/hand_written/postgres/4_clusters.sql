-- In which clusters did mails fail, each failure at most ten seconds after the one before?
WITH gaps AS (
  SELECT sent_date, sent_date - lag(sent_date) OVER (ORDER BY sent_date) > interval '10 s' AS starts
  FROM email_log
  WHERE status = 'F'
),
islands AS (
  SELECT sent_date, sum(coalesce(starts, true)::int) OVER (ORDER BY sent_date) AS island
  FROM gaps
)
SELECT min(sent_date) AS first_at, max(sent_date) AS last_at, count(*) AS failures
FROM islands
GROUP BY island
HAVING count(*) >= 2
ORDER BY first_at;
