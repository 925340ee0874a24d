-- Question: none; nothing goes for an identity before a time. An earlier time does not take the place of a later one.
-- Binds: identity, pause_until, reason.
-- Columns: none.
-- Index: the primary key. Right: INSERT, UPDATE.
INSERT INTO mailthrottle_pace AS pace (identity, pause_until, reason)
VALUES ($1, $2, $3)
ON CONFLICT (identity) DO UPDATE
SET pause_until = excluded.pause_until, reason = excluded.reason
WHERE pace.pause_until IS NULL OR pace.pause_until < excluded.pause_until;
