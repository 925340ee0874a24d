-- Question: none; notes how far a file was read, in the transaction that adds its rows.
-- Columns: none.
-- Index: the key. Right: UPDATE on mailthrottle_import.
UPDATE mailthrottle_import
SET path = ?2, imported_at = ?3, position = ?4, lines = ?5, tail = ?6
WHERE id = ?1;
