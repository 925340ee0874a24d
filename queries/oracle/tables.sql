-- Question: which tables and views may this user read, and which are found without their schema? For the words of an error.
-- Columns: owner, object_name, is_visible.
-- Index: none. Right: none.
SELECT owner, object_name,
  CASE WHEN owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') THEN 'true' ELSE 'false' END AS is_visible
FROM all_objects
WHERE object_type IN ('TABLE', 'VIEW', 'MATERIALIZED VIEW')
  AND owner NOT IN (SELECT username FROM all_users WHERE oracle_maintained = 'Y')
ORDER BY CASE WHEN owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') THEN 0 ELSE 1 END, owner, object_name;
