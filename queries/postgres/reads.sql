-- Question: which tables and views does this view read? Nothing for a table.
-- Binds: the schema and the name, with a dot between.
-- Columns: name.
-- Index: none. Right: none.
SELECT DISTINCT of_other.nspname || '.' || other.relname AS name
FROM pg_catalog.pg_class AS view
JOIN pg_catalog.pg_namespace AS of_view ON of_view.oid = view.relnamespace
JOIN pg_catalog.pg_rewrite AS rule ON rule.ev_class = view.oid
JOIN pg_catalog.pg_depend AS depend
  ON depend.classid = 'pg_catalog.pg_rewrite'::regclass AND depend.objid = rule.oid
  AND depend.refclassid = 'pg_catalog.pg_class'::regclass
JOIN pg_catalog.pg_class AS other ON other.oid = depend.refobjid AND other.oid <> view.oid
JOIN pg_catalog.pg_namespace AS of_other ON of_other.oid = other.relnamespace
WHERE of_view.nspname || '.' || view.relname = $1;
