-- Question: which tables and views may this user read, and which are found without their schema? For the words of an error.
-- Columns: owner, object_name, place (own or NULL).
-- Index: none. Right: none.
SELECT owner, object_name,
  CASE WHEN owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') THEN 'own' END AS place
FROM all_objects
WHERE object_type IN ('TABLE', 'VIEW', 'MATERIALIZED VIEW')
  AND owner NOT IN (SELECT username FROM all_users WHERE oracle_maintained = 'Y')
ORDER BY CASE WHEN owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') THEN 0 ELSE 1 END, owner, object_name;
