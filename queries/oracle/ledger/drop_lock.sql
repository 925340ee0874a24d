-- Question: none; takes the row of a lock away, by whoever holds it.
-- Binds: name.
-- Columns: none.
-- Index: the primary key. Right: DELETE.
DELETE FROM mailthrottle_lock
WHERE name = $1;
