-- Question: is a table there, and may the role read it?
-- Columns: is_there (yes, or closed where it may not be read).
-- Index: none. Right: none.
SELECT CASE WHEN has_table_privilege(to_regclass($1), 'SELECT') THEN 'yes' ELSE 'closed' END AS is_there
WHERE to_regclass($1) IS NOT NULL;
