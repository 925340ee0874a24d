-- Question: which runs were there, and what became of their mails?
-- Columns: id, identity, started_by, started_at, ended_at, reason, sent, deferred, refused, doubt.
-- Index: none. Right: SELECT.
SELECT run.id, run.identity, run.started_by, run.started_at,
  run.ended_at, run.reason,
  (SELECT count(*) FROM mailthrottle_attempt a WHERE a.run_id = run.id AND a.outcome = 'sent') AS sent,
  (SELECT count(*) FROM mailthrottle_attempt a WHERE a.run_id = run.id AND a.outcome = 'deferred') AS deferred,
  (SELECT count(*) FROM mailthrottle_attempt a WHERE a.run_id = run.id AND a.outcome = 'refused') AS refused,
  (SELECT count(*) FROM mailthrottle_attempt a WHERE a.run_id = run.id AND a.outcome = 'doubt') AS doubt
FROM mailthrottle_run run
ORDER BY run.started_at DESC;
