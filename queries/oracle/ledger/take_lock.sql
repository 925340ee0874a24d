-- Question: may this session have the lock?
-- Binds: name.
-- Columns: name.
-- Index: the primary key. Right: SELECT, UPDATE.
SELECT name
FROM mailthrottle_lock
WHERE name = $1
FOR UPDATE NOWAIT;
