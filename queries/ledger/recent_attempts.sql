-- Question: when did the ledger's runs offer messages to the server lately, whatever became of them?
-- Binds: identity, since.
-- Columns: at.
-- Index: (ended_at) of the attempts, (stage, changed_at) of the mails. Right: SELECT.
SELECT attempt.ended_at AS at
FROM mailthrottle_attempt attempt
JOIN mailthrottle_run run ON run.id = attempt.run_id
WHERE run.identity = $1 AND attempt.ended_at >= $2
UNION ALL
SELECT mail.changed_at AS at
FROM mailthrottle_mail mail
JOIN mailthrottle_run run ON run.id = mail.run_id
WHERE run.identity = $1 AND mail.changed_at >= $2 AND mail.same_as IS NULL AND mail.stage IN ('data', 'doubt')
  AND NOT EXISTS (SELECT 1 FROM mailthrottle_attempt attempt WHERE attempt.log_table = mail.log_table AND attempt.row_id = mail.row_id
    AND attempt.run_id = mail.run_id AND attempt.ended_at >= mail.changed_at);
