-- Question: what may the asking role do with a table, and why?
-- Columns: may_use (its schema), may_select, may_write, is_granted (the right to write, to the role itself), is_owner, kind.
-- Index: none. Right: none.
SELECT
  has_schema_privilege(n.oid, 'USAGE') AS may_use,
  has_table_privilege(c.oid, 'SELECT') OR has_any_column_privilege(c.oid, 'SELECT') AS may_select,
  has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE') OR has_any_column_privilege(c.oid, 'INSERT, UPDATE')
    AS may_write,
  EXISTS (
    SELECT 1
    FROM aclexplode(c.relacl) AS acl
    JOIN pg_catalog.pg_roles AS r ON r.oid = acl.grantee
    WHERE r.rolname = current_user AND acl.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')
  ) AS is_granted,
  pg_has_role(c.relowner, 'USAGE') AS is_owner,
  c.relkind::text AS kind
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = $2;
