-- Question: before which time may nothing go for an identity, and why?
-- Binds: identity.
-- Columns: pause_until, reason.
-- Index: the primary key. Right: SELECT.
SELECT pause_until, reason
FROM mailthrottle_pace
WHERE identity = $1 AND pause_until IS NOT NULL;
