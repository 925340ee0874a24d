-- Question: which runs were there, and what became of their mails?
-- Columns: id, identity, started_by, started_at, ended_at, reason, sent, deferred, refused, doubt.
-- Index: none. Right: SELECT.
SELECT run.id, run.identity, run.started_by, CAST(run.started_at AS TEXT) AS started_at,
  CAST(run.ended_at AS TEXT) AS ended_at, run.reason,
  CAST((SELECT count(*) FROM mailthrottle_attempt AS a WHERE a.run_id = run.id AND a.outcome = 'sent') AS TEXT) AS sent,
  CAST((SELECT count(*) FROM mailthrottle_attempt AS a WHERE a.run_id = run.id AND a.outcome = 'deferred') AS TEXT) AS deferred,
  CAST((SELECT count(*) FROM mailthrottle_attempt AS a WHERE a.run_id = run.id AND a.outcome = 'refused') AS TEXT) AS refused,
  CAST((SELECT count(*) FROM mailthrottle_attempt AS a WHERE a.run_id = run.id AND a.outcome = 'doubt') AS TEXT) AS doubt
FROM mailthrottle_run AS run
ORDER BY run.started_at DESC;
