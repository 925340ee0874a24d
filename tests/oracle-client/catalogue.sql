-- The views of the catalogue, as far as a program sensibly asks. One sees what one has a right on.
SET search_path = oracle, pg_catalog;

CREATE FUNCTION oracle.name_of_role(text) RETURNS text LANGUAGE sql STABLE AS $$ SELECT oracle.turned(pg_catalog.replace($1, concat('@', current_database()), '')) $$;

CREATE VIEW oracle.visible AS
SELECT c.oid, c.relname, n.nspname, c.relkind, c.relowner, oracle.turned(n.nspname::text) AS owner, oracle.turned(c.relname::text) AS name,
  c.reltuples, c.relkind = 'v' AND coalesce('security_invoker=true' = ANY (c.reloptions), false) AS is_synonym
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'oracle') AND n.nspname NOT LIKE 'pg\_%'
  AND (pg_catalog.pg_has_role(c.relowner, 'USAGE') OR pg_catalog.has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE')
    OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE'));

CREATE VIEW oracle.all_tables AS
SELECT owner::oracle.varchar2(128) AS owner, name::oracle.varchar2(128) AS table_name, 'USERS'::oracle.varchar2(30) AS tablespace_name,
  CASE WHEN reltuples >= 0 THEN reltuples::numeric END AS num_rows, 'VALID'::oracle.varchar2(8) AS status, 'N'::oracle.varchar2(1) AS temporary
FROM oracle.visible WHERE relkind IN ('r', 'p');
CREATE VIEW oracle.user_tables AS SELECT table_name, tablespace_name, num_rows, status, temporary FROM oracle.all_tables WHERE owner::text = oracle.username();

CREATE VIEW oracle.all_views AS
SELECT owner::oracle.varchar2(128) AS owner, name::oracle.varchar2(128) AS view_name FROM oracle.visible WHERE relkind = 'v' AND NOT is_synonym;
CREATE VIEW oracle.user_views AS SELECT view_name FROM oracle.all_views WHERE owner::text = oracle.username();

CREATE VIEW oracle.all_synonyms AS
SELECT v.owner::oracle.varchar2(128) AS owner, v.name::oracle.varchar2(128) AS synonym_name, oracle.turned(tn.nspname::text)::oracle.varchar2(128) AS table_owner,
  oracle.turned(t.relname::text)::oracle.varchar2(128) AS table_name, NULL::oracle.varchar2(128) AS db_link
FROM oracle.visible v
JOIN pg_catalog.pg_rewrite r ON r.ev_class = v.oid
JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjsubid = 1 AND d.refobjid <> v.oid
JOIN pg_catalog.pg_class t ON t.oid = d.refobjid JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
WHERE v.is_synonym;
CREATE VIEW oracle.user_synonyms AS SELECT synonym_name, table_owner, table_name, db_link FROM oracle.all_synonyms WHERE owner::text = oracle.username();

CREATE VIEW oracle.all_dependencies AS
SELECT DISTINCT v.owner::oracle.varchar2(128) AS owner, v.name::oracle.varchar2(128) AS name, 'VIEW'::oracle.varchar2(19) AS type,
  t.owner::oracle.varchar2(128) AS referenced_owner, t.name::oracle.varchar2(128) AS referenced_name,
  (CASE WHEN t.relkind = 'v' THEN 'VIEW' ELSE 'TABLE' END)::oracle.varchar2(19) AS referenced_type
FROM oracle.visible v
JOIN pg_catalog.pg_rewrite r ON r.ev_class = v.oid
JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> v.oid
JOIN oracle.visible t ON t.oid = d.refobjid
WHERE v.relkind = 'v' AND NOT v.is_synonym;

CREATE VIEW oracle.indexes AS
SELECT v.owner, v.name, i.indexrelid, i.indrelid, oracle.turned(c.relname::text) AS index_name, i.indisunique, i.indisvalid, i.indkey, i.indisprimary
FROM oracle.visible v JOIN pg_catalog.pg_index i ON i.indrelid = v.oid JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid;

CREATE VIEW oracle.all_objects AS
SELECT owner::oracle.varchar2(128) AS owner, name::oracle.varchar2(128) AS object_name,
  (CASE WHEN is_synonym THEN 'SYNONYM' WHEN relkind = 'v' THEN 'VIEW' ELSE 'TABLE' END)::oracle.varchar2(23) AS object_type, 'VALID'::oracle.varchar2(7) AS status, oid::bigint::numeric AS object_id
FROM oracle.visible
UNION ALL
SELECT owner::oracle.varchar2(128), index_name::oracle.varchar2(128), 'INDEX'::oracle.varchar2(23), 'VALID'::oracle.varchar2(7), indexrelid::bigint::numeric FROM oracle.indexes;
CREATE VIEW oracle.user_objects AS SELECT object_name, object_type, status, object_id FROM oracle.all_objects WHERE owner::text = oracle.username();

-- the check that keeps a text's size says how the size was stated: $size$bytes$NAME and so on
CREATE VIEW oracle.all_tab_cols AS
SELECT v.owner::oracle.varchar2(128) AS owner, v.name::oracle.varchar2(128) AS table_name, oracle.turned(a.attname::text)::oracle.varchar2(128) AS column_name,
  (CASE WHEN t.typname IN ('varchar2', 'text', 'varchar', 'name') THEN 'VARCHAR2' WHEN t.typname = 'bpchar' THEN 'CHAR'
    WHEN t.typname IN ('numeric', 'int2', 'int4', 'int8') THEN 'NUMBER' WHEN t.typname = 'float8' THEN 'BINARY_DOUBLE' WHEN t.typname = 'float4' THEN 'BINARY_FLOAT'
    WHEN t.typname = 'timestamp' THEN concat('TIMESTAMP(', d.digits, ')') WHEN t.typname = 'tstz' THEN concat('TIMESTAMP(', d.digits, ') WITH TIME ZONE')
    WHEN t.typname = 'tsltz' THEN concat('TIMESTAMP(', d.digits, ') WITH LOCAL TIME ZONE') WHEN t.typname = 'interval' THEN 'INTERVAL DAY(2) TO SECOND(6)'
    ELSE pg_catalog.upper(t.typname::text) END)::oracle.varchar2(128) AS data_type,
  (CASE WHEN t.typname IN ('varchar2', 'bpchar', 'raw') THEN CASE WHEN a.atttypmod >= 4 THEN a.atttypmod - 4 ELSE 4000 END WHEN t.typname = 'nvarchar2' THEN 2 * (a.atttypmod - 4) WHEN t.typname = 'date' THEN 7 WHEN t.typname IN ('timestamp', 'tsltz') THEN 11 WHEN t.typname = 'tstz' THEN 13
    WHEN t.typname IN ('clob', 'blob') THEN 4000 ELSE 22 END)::numeric AS data_length,
  CASE WHEN t.typname = 'numeric' AND a.atttypmod >= 4 THEN ((a.atttypmod - 4) >> 16)::numeric END AS data_precision,
  CASE WHEN t.typname = 'numeric' AND a.atttypmod >= 4 THEN ((((a.atttypmod - 4) & 2047) # 1024) - 1024)::numeric WHEN t.typname IN ('timestamp', 'tstz', 'tsltz') THEN d.digits::numeric END AS data_scale,
  (CASE WHEN a.attnotnull THEN 'N' ELSE 'Y' END)::oracle.varchar2(1) AS nullable,
  pg_catalog.row_number() OVER (PARTITION BY v.oid ORDER BY a.attnum)::numeric AS column_id,
  (CASE WHEN t.typname = 'varchar2' AND s.stated = 'chars' THEN s.length WHEN t.typname IN ('varchar2', 'nvarchar2', 'bpchar') THEN a.atttypmod - 4 ELSE 0 END)::numeric AS char_length,
  (CASE WHEN t.typname = 'nvarchar2' OR s.stated = 'chars' THEN 'C' WHEN t.typname IN ('varchar2', 'bpchar') THEN 'B' END)::oracle.varchar2(1) AS char_used,
  (CASE WHEN pg_get_expr(def.adbin, def.adrelid) LIKE '%identity$%' THEN 'YES' ELSE 'NO' END)::oracle.varchar2(3) AS identity_column,
  'NO'::oracle.varchar2(3) AS hidden_column, 'NO'::oracle.varchar2(3) AS virtual_column,
  pg_get_expr(def.adbin, def.adrelid)::oracle.varchar2(4000) AS data_default
FROM oracle.visible v
JOIN pg_catalog.pg_attribute a ON a.attrelid = v.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_attrdef def ON def.adrelid = a.attrelid AND def.adnum = a.attnum
LEFT JOIN LATERAL (SELECT split_part(k.conname::text, '$', 3) AS stated, (regexp_match(pg_get_constraintdef(k.oid), '<= ([0-9]+)'))[1]::int AS length
  FROM pg_catalog.pg_constraint k WHERE k.conrelid = a.attrelid AND k.contype = 'c' AND k.conkey = ARRAY[a.attnum] AND k.conname LIKE '$size$%') s ON true
CROSS JOIN LATERAL (SELECT CASE WHEN a.atttypmod >= 0 AND t.typname NOT IN ('varchar2', 'nvarchar2') THEN a.atttypmod ELSE 6 END AS digits) d
WHERE NOT v.is_synonym;
CREATE VIEW oracle.all_tab_columns AS SELECT * FROM oracle.all_tab_cols;
CREATE VIEW oracle.user_tab_columns AS SELECT * FROM oracle.all_tab_cols WHERE owner::text = oracle.username();
CREATE VIEW oracle.user_tab_cols AS SELECT * FROM oracle.all_tab_cols WHERE owner::text = oracle.username();

CREATE VIEW oracle.all_indexes AS
SELECT owner::oracle.varchar2(128) AS owner, index_name::oracle.varchar2(128) AS index_name, (CASE WHEN 0 = ANY (indkey) THEN 'FUNCTION-BASED NORMAL' ELSE 'NORMAL' END)::oracle.varchar2(27) AS index_type,
  owner::oracle.varchar2(128) AS table_owner, name::oracle.varchar2(128) AS table_name, 'TABLE'::oracle.varchar2(11) AS table_type,
  (CASE WHEN indisunique THEN 'UNIQUE' ELSE 'NONUNIQUE' END)::oracle.varchar2(9) AS uniqueness, (CASE WHEN indisvalid THEN 'VALID' ELSE 'UNUSABLE' END)::oracle.varchar2(8) AS status,
  'VISIBLE'::oracle.varchar2(9) AS visibility
FROM oracle.indexes;
CREATE VIEW oracle.user_indexes AS SELECT * FROM oracle.all_indexes WHERE owner::text = oracle.username();
-- Oracle gives a computed column of an index a name of its own, and computes UTC of a time with a zone
CREATE VIEW oracle.all_ind_columns AS
SELECT i.owner::oracle.varchar2(128) AS index_owner, i.index_name::oracle.varchar2(128) AS index_name, i.owner::oracle.varchar2(128) AS table_owner, i.name::oracle.varchar2(128) AS table_name,
  coalesce(oracle.turned(CASE WHEN a.atttypid <> 'oracle.tstz'::regtype THEN a.attname::text END), concat('SYS_NC', pg_catalog.lpad(k.position::text, 5, '0'), '$'))::oracle.varchar2(4000) AS column_name, k.position::numeric AS column_position, 'ASC'::oracle.varchar2(4) AS descend
FROM oracle.indexes i CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, position)
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND k.attnum <> 0;
CREATE VIEW oracle.all_ind_expressions AS
SELECT i.owner::oracle.varchar2(128) AS index_owner, i.index_name::oracle.varchar2(128) AS index_name, i.owner::oracle.varchar2(128) AS table_owner, i.name::oracle.varchar2(128) AS table_name,
  (CASE WHEN k.attnum = 0 THEN pg_get_indexdef(i.indexrelid, k.position::int, true) ELSE concat('SYS_EXTRACT_UTC("', oracle.turned(a.attname::text), '")') END)::oracle.long AS column_expression, k.position::numeric AS column_position
FROM oracle.indexes i CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, position)
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND k.attnum <> 0
WHERE k.attnum = 0 OR a.atttypid = 'oracle.tstz'::regtype;
CREATE VIEW oracle.user_ind_columns AS SELECT index_name, table_name, column_name, column_position, descend FROM oracle.all_ind_columns WHERE index_owner::text = oracle.username();

CREATE VIEW oracle.constraints AS
SELECT v.owner, v.name, oracle.turned(k.conname::text) AS constraint_name, k.* FROM oracle.visible v JOIN pg_catalog.pg_constraint k ON k.conrelid = v.oid
WHERE k.contype IN ('p', 'u', 'c', 'f') AND k.conname NOT LIKE '$size$%';
CREATE VIEW oracle.all_constraints AS
SELECT owner::oracle.varchar2(128) AS owner, constraint_name::oracle.varchar2(128) AS constraint_name,
  (CASE contype WHEN 'p' THEN 'P' WHEN 'u' THEN 'U' WHEN 'c' THEN 'C' ELSE 'R' END)::oracle.varchar2(1) AS constraint_type,
  name::oracle.varchar2(128) AS table_name, 'ENABLED'::oracle.varchar2(8) AS status, pg_get_constraintdef(oid)::oracle.varchar2(4000) AS search_condition_vc
FROM oracle.constraints
UNION ALL
SELECT v.owner::oracle.varchar2(128), concat('SYS_C', v.oid, a.attnum)::oracle.varchar2(128), 'C'::oracle.varchar2(1), v.name::oracle.varchar2(128), 'ENABLED'::oracle.varchar2(8),
  format('"%s" IS NOT NULL', oracle.turned(a.attname::text))::oracle.varchar2(4000)
FROM oracle.visible v JOIN pg_catalog.pg_attribute a ON a.attrelid = v.oid AND a.attnum > 0 AND a.attnotnull AND NOT a.attisdropped
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = v.oid AND i.indisprimary AND a.attnum = ANY (i.indkey));
CREATE VIEW oracle.user_constraints AS SELECT * FROM oracle.all_constraints WHERE owner::text = oracle.username();
CREATE VIEW oracle.all_cons_columns AS
SELECT k.owner::oracle.varchar2(128) AS owner, k.constraint_name::oracle.varchar2(128) AS constraint_name, k.name::oracle.varchar2(128) AS table_name,
  oracle.turned(a.attname::text)::oracle.varchar2(4000) AS column_name, p.position::numeric AS position
FROM oracle.constraints k CROSS JOIN LATERAL unnest(k.conkey) WITH ORDINALITY AS p(attnum, position)
JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = p.attnum;
CREATE VIEW oracle.user_cons_columns AS SELECT * FROM oracle.all_cons_columns WHERE owner::text = oracle.username();

CREATE VIEW oracle.all_users AS
SELECT name::oracle.varchar2(128) AS username, id AS user_id, oracle.sysdate() AS created, 'NO'::oracle.varchar2(3) AS common,
  maintained::oracle.varchar2(1) AS oracle_maintained FROM (
  SELECT oracle.name_of_role(rolname::text) AS name, oid::bigint::numeric AS id, 'N' AS maintained FROM pg_catalog.pg_roles WHERE rolname LIKE concat('%@', current_database())
  UNION ALL SELECT 'SYS', 0::numeric, 'Y') AS u;
CREATE VIEW oracle.user_users AS SELECT username, user_id, created, 'OPEN'::oracle.varchar2(32) AS account_status FROM oracle.all_users WHERE username::text = oracle.username();

CREATE VIEW oracle.all_tab_privs AS
SELECT oracle.name_of_role(pg_catalog.pg_get_userbyid(x.grantor)::text)::oracle.varchar2(128) AS grantor,
  (CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE oracle.name_of_role(pg_catalog.pg_get_userbyid(x.grantee)::text) END)::oracle.varchar2(128) AS grantee,
  v.owner::oracle.varchar2(128) AS table_schema, v.name::oracle.varchar2(128) AS table_name, x.privilege_type::oracle.varchar2(40) AS privilege,
  (CASE WHEN x.is_grantable THEN 'YES' ELSE 'NO' END)::oracle.varchar2(3) AS grantable
FROM oracle.visible v JOIN pg_catalog.pg_class c ON c.oid = v.oid CROSS JOIN LATERAL aclexplode(c.relacl) AS x
WHERE x.grantee <> c.relowner AND (x.grantee = 0 OR x.grantee = session_user::regrole::oid OR pg_catalog.pg_has_role(c.relowner, 'USAGE'));
CREATE VIEW oracle.user_tab_privs AS
SELECT grantee, table_schema AS owner, table_name, grantor, privilege, grantable FROM oracle.all_tab_privs;
CREATE VIEW oracle.session_privs AS
SELECT p.privilege::oracle.varchar2(40) AS privilege FROM (
  SELECT 'CREATE SESSION' AS privilege
  UNION ALL SELECT p.name FROM (VALUES ('CREATE TABLE'), ('CREATE VIEW')) AS p(name)
  WHERE coalesce((SELECT has_schema_privilege(n.oid, 'CREATE') FROM pg_catalog.pg_namespace n WHERE n.nspname::text = oracle.turned(oracle.username())), false)) AS p;
CREATE VIEW oracle.session_roles AS SELECT ''::oracle.varchar2(128) AS role WHERE false;
CREATE VIEW oracle.user_role_privs AS SELECT ''::oracle.varchar2(128) AS username, ''::oracle.varchar2(128) AS granted_role WHERE false;
CREATE VIEW oracle.user_sys_privs AS SELECT oracle.username()::oracle.varchar2(128) AS username, privilege FROM oracle.session_privs;
CREATE VIEW oracle.product_component_version AS
SELECT 'Oracle Database 19c Enterprise Edition '::oracle.varchar2(80) AS product, '19.0.0.0.0'::oracle.varchar2(80) AS version,
  '19.22.0.0.0'::oracle.varchar2(80) AS version_full, 'Production'::oracle.varchar2(80) AS status;
CREATE VIEW oracle.nls_session_parameters AS
SELECT p.name::oracle.varchar2(30) AS parameter, coalesce(oracle.setting(pg_catalog.lower(p.name)), p.usual)::oracle.varchar2(64) AS value
FROM (VALUES ('NLS_DATE_FORMAT', 'DD-MON-RR'), ('NLS_TIMESTAMP_FORMAT', 'DD-MON-RR HH.MI.SSXFF AM'), ('NLS_TIMESTAMP_TZ_FORMAT', 'DD-MON-RR HH.MI.SSXFF AM TZR'),
  ('NLS_NUMERIC_CHARACTERS', '.,'), ('NLS_LANGUAGE', 'AMERICAN'), ('NLS_TERRITORY', 'AMERICA'), ('NLS_SORT', 'BINARY'), ('NLS_COMP', 'BINARY')) AS p(name, usual);
CREATE VIEW oracle.nls_database_parameters AS
SELECT p.name::oracle.varchar2(30) AS parameter, p.value::oracle.varchar2(64) AS value FROM (VALUES ('NLS_CHARACTERSET', 'AL32UTF8'), ('NLS_NCHAR_CHARACTERSET', 'AL16UTF16')) AS p(name, value);
CREATE VIEW oracle."v$timezone_file" AS SELECT 'timezlrg_32.dat'::oracle.varchar2(20) AS filename, 32::numeric AS version, 0::numeric AS con_id;
-- the own session's, unless the database's setting says that a user may not see it
CREATE FUNCTION oracle.banners() RETURNS SETOF text LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF oracle.setting('may_see_connections') = 'no' THEN PERFORM oracle.fail(942, 'table or view does not exist'); END IF;
  RETURN QUERY SELECT concat(b.banner, ' for Linux: Version 19.0.0.0.0 - Production')
  FROM (VALUES ('TCP/IP NT Protocol Adapter'), ('Encryption service'), (CASE WHEN oracle.setting('encryption') IS NOT NULL THEN concat(oracle.setting('encryption'), ' Encryption service adapter') END)) AS b(banner)
  WHERE b.banner IS NOT NULL;
END $$;
CREATE VIEW oracle."v$session_connect_info" AS
SELECT pg_backend_pid()::numeric AS sid, banner::oracle.varchar2(4000) AS network_service_banner FROM oracle.banners() AS b(banner);

DO $$
DECLARE
  name text;
BEGIN
  FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'oracle'::regnamespace AND relkind = 'v' LOOP
    EXECUTE format('GRANT SELECT ON oracle.%I TO PUBLIC', name);
  END LOOP;
END $$;
