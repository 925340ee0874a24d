-- Question: none; nothing goes for an identity before a time. An earlier time does not take the place of a later one.
-- Binds: identity, pause_until, reason.
-- Columns: none.
-- Index: the primary key. Right: INSERT, UPDATE.
MERGE INTO mailthrottle_pace pace
USING dual
ON (pace.identity = $1)
WHEN MATCHED THEN UPDATE
SET pace.pause_until = $2, pace.reason = $3
WHERE pace.pause_until IS NULL OR pace.pause_until < $2
WHEN NOT MATCHED THEN INSERT
  (identity, pause_until, reason)
VALUES ($1, $2, $3);
