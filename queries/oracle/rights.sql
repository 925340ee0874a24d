-- Question: by what may this user write to a table?
-- Binds: owner, table_name.
-- Columns: way (own, granted, role, system), privilege.
-- Index: none. Right: none.
SELECT 'own' AS way, 'ALL' AS privilege
FROM dual
WHERE SYS_CONTEXT('USERENV', 'SESSION_USER') = :1
UNION ALL
SELECT CASE WHEN grantee = SYS_CONTEXT('USERENV', 'SESSION_USER') THEN 'granted' ELSE 'role' END, privilege
FROM all_tab_privs
WHERE table_schema = :1 AND table_name = :2 AND privilege IN ('INSERT', 'UPDATE', 'DELETE')
  AND (
    grantee IN (SYS_CONTEXT('USERENV', 'SESSION_USER'), 'PUBLIC')
    OR grantee IN (SELECT role FROM session_roles)
  )
UNION ALL
SELECT 'system', privilege
FROM session_privs
WHERE privilege IN ('INSERT ANY TABLE', 'UPDATE ANY TABLE', 'DELETE ANY TABLE');
