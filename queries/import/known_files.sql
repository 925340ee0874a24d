-- Question: how far was a file with this first line read before, the farthest first?
-- Columns: id, position, lines, tail.
-- Index: none, there are few files. Right: SELECT on mailthrottle_import.
SELECT id, position, lines, tail
FROM mailthrottle_import
WHERE head = ?1
ORDER BY position DESC;
