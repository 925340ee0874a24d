-- Question: none; puts the row of a lock there, unless it is.
-- Binds: name.
-- Columns: none.
-- Index: the primary key. Right: INSERT.
INSERT INTO mailthrottle_lock (name)
SELECT $1 FROM dual
WHERE NOT EXISTS (SELECT 1 FROM mailthrottle_lock held WHERE held.name = $1);
