-- Question: to how many recipients did the ledger's runs hand over messages lately, and when?
-- Binds: identity, since.
-- Columns: changed_at, recipients.
-- Index: (stage, changed_at). Right: SELECT.
SELECT mail.changed_at, mail.recipients
FROM mailthrottle_mail mail
JOIN mailthrottle_run run ON run.id = mail.run_id
WHERE mail.stage IN ('sent', 'data', 'doubt') AND mail.same_as IS NULL AND run.identity = $1 AND mail.changed_at >= $2
ORDER BY mail.changed_at;
