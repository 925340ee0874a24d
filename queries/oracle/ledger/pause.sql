-- Question: none; nothing goes for an identity before a time. An earlier time does not take the place of a later one: the first
-- statement changes a pause that is there, the second makes one that is not, and is refused (ORA-00001) where a later one is.
-- Binds: identity, pause_until, reason.
-- Columns: none.
-- Index: the primary key. Right: INSERT, UPDATE.
UPDATE mailthrottle_pace
SET pause_until = $2, reason = $3
WHERE identity = $1 AND (pause_until IS NULL OR pause_until < $2);
INSERT INTO mailthrottle_pace (identity, pause_until, reason)
VALUES ($1, $2, $3);
