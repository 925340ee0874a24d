-- Functions and operators as Oracle has them: the empty text is NULL, a division is exact, a date and a number add up.
SET search_path = oracle, pg_catalog;
CREATE TABLE oracle.dual (dummy oracle.varchar2(1));
INSERT INTO oracle.dual VALUES ('X');
GRANT SELECT ON oracle.dual TO PUBLIC;

CREATE FUNCTION oracle.setting(text) RETURNS text LANGUAGE sql STABLE AS 'SELECT nullif(current_setting(''oracle.'' || $1, true), '''')';

-- numbers
CREATE FUNCTION oracle.to_number(text) RETURNS numeric LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
  IF $1 !~ '^ *[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)? *$' THEN RAISE EXCEPTION 'ORA-01722: invalid number'; END IF;
  RETURN numeric_in(textout(pg_catalog.btrim($1)), 0, -1);
END $$;
CREATE FUNCTION oracle.to_number(numeric) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1';
CREATE FUNCTION oracle.to_number(text, text) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS 'SELECT pg_catalog.to_number($1, $2)';
CREATE FUNCTION oracle.to_number(oracle.varchar2) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS 'SELECT oracle.to_number($1::text)';
CREATE CAST (text AS numeric) WITH FUNCTION oracle.to_number(text) AS ASSIGNMENT;
CREATE CAST (oracle.varchar2 AS numeric) WITH FUNCTION oracle.to_number(oracle.varchar2) AS ASSIGNMENT;
CREATE FUNCTION oracle.to_number(oracle.nvarchar2) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS 'SELECT oracle.to_number($1::text)';
CREATE CAST (oracle.nvarchar2 AS numeric) WITH FUNCTION oracle.to_number(oracle.nvarchar2) AS ASSIGNMENT;
CREATE FUNCTION oracle.to_char(numeric) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
  $$ SELECT CASE WHEN t ~ '^-?0\.' THEN replace(t, '0.', '.') ELSE t END FROM (SELECT pg_catalog.trim_scale($1)::text AS t) AS x $$;
CREATE FUNCTION oracle.to_char(numeric, text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
  $$ SELECT CASE WHEN upper($2) = 'TM9' OR upper($2) = 'TM' THEN oracle.to_char($1) ELSE pg_catalog.to_char($1, $2) END $$;
CREATE FUNCTION oracle.number_varchar2(numeric) RETURNS oracle.varchar2 LANGUAGE sql IMMUTABLE STRICT AS 'SELECT oracle.to_char($1)::oracle.varchar2';
CREATE CAST (numeric AS oracle.varchar2) WITH FUNCTION oracle.number_varchar2(numeric) AS ASSIGNMENT;
CREATE FUNCTION oracle.number_nvarchar2(numeric) RETURNS oracle.nvarchar2 LANGUAGE sql IMMUTABLE STRICT AS 'SELECT oracle.to_char($1)::oracle.nvarchar2';
CREATE CAST (numeric AS oracle.nvarchar2) WITH FUNCTION oracle.number_nvarchar2(numeric) AS ASSIGNMENT;
DO $$
DECLARE
  l text; r text;
BEGIN
  FOREACH l IN ARRAY ARRAY['int2', 'int4', 'int8'] LOOP
    FOREACH r IN ARRAY ARRAY['int2', 'int4', 'int8'] LOOP
      EXECUTE format('CREATE FUNCTION oracle.divide(%s, %s) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS ''SELECT $1::numeric OPERATOR(pg_catalog./) $2::numeric''', l, r);
      EXECUTE format('CREATE OPERATOR oracle./ (LEFTARG = %s, RIGHTARG = %s, FUNCTION = oracle.divide)', l, r);
    END LOOP;
  END LOOP;
END $$;
CREATE FUNCTION oracle.mod(numeric, numeric) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS 'SELECT CASE WHEN $2 = 0 THEN $1 ELSE pg_catalog.mod($1, $2) END';
CREATE FUNCTION oracle.round(numeric) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS 'SELECT pg_catalog.round($1)';
CREATE FUNCTION oracle.round(numeric, numeric) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS 'SELECT pg_catalog.round($1, $2::int)';
CREATE FUNCTION oracle.trunc(numeric) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS 'SELECT pg_catalog.trunc($1)';
CREATE FUNCTION oracle.trunc(numeric, numeric) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS 'SELECT pg_catalog.trunc($1, $2::int)';
CREATE FUNCTION oracle.random_value() RETURNS numeric LANGUAGE sql VOLATILE AS 'SELECT pg_catalog.random()::numeric';
CREATE FUNCTION oracle.ora_hash(text) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS 'SELECT (pg_catalog.hashtext($1)::int8 & 4294967295)::numeric';
CREATE FUNCTION oracle.ora_hash(text, numeric) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS 'SELECT pg_catalog.mod(oracle.ora_hash($1), $2 + 1)';
CREATE FUNCTION oracle.greatest(VARIADIC anycompatiblearray) RETURNS anycompatible LANGUAGE sql IMMUTABLE AS 'SELECT CASE WHEN bool_or(x IS NULL) THEN NULL ELSE max(x) END FROM unnest($1) AS x';
CREATE FUNCTION oracle.least(VARIADIC anycompatiblearray) RETURNS anycompatible LANGUAGE sql IMMUTABLE AS 'SELECT CASE WHEN bool_or(x IS NULL) THEN NULL ELSE min(x) END FROM unnest($1) AS x';
-- two alone, as a query mostly has them, without a list for each row
CREATE FUNCTION oracle.greatest(anycompatible, anycompatible) RETURNS anycompatible LANGUAGE sql IMMUTABLE STRICT AS 'SELECT CASE WHEN $1 >= $2 THEN $1 ELSE $2 END';
CREATE FUNCTION oracle.least(anycompatible, anycompatible) RETURNS anycompatible LANGUAGE sql IMMUTABLE STRICT AS 'SELECT CASE WHEN $1 <= $2 THEN $1 ELSE $2 END';

-- of a VARCHAR2 and an NVARCHAR2 the second becomes what the first is; `alike` is for the results of DECODE and NVL2
CREATE FUNCTION oracle.nvl(anycompatible, anycompatible) RETURNS anycompatible LANGUAGE sql IMMUTABLE AS 'SELECT coalesce($1, $2)';
CREATE FUNCTION oracle.alike(anycompatible, anycompatible) RETURNS anycompatible LANGUAGE sql IMMUTABLE AS 'SELECT $2';
DO $$
DECLARE
  f record; l text; r text;
BEGIN
  FOR f IN SELECT * FROM (VALUES ('nvl', 'coalesce($1, $2::%1$s)'), ('alike', '$2::%1$s'),
      ('greatest', 'CASE WHEN $1::text >= $2::text THEN $1 ELSE $2::%1$s END'), ('least', 'CASE WHEN $1::text <= $2::text THEN $1 ELSE $2::%1$s END')) AS v(name, body) LOOP
    FOREACH l IN ARRAY ARRAY['text', 'oracle.nvarchar2'] LOOP
      FOREACH r IN ARRAY ARRAY['text', 'oracle.nvarchar2'] LOOP
        EXECUTE format('CREATE FUNCTION oracle.%I(%s, %s) RETURNS %s LANGUAGE sql IMMUTABLE %s AS %L', f.name, l, r, l,
          CASE WHEN f.name IN ('greatest', 'least') THEN 'STRICT' ELSE '' END, 'SELECT ' || format(f.body, l));
      END LOOP;
    END LOOP;
  END LOOP;
  FOREACH l IN ARRAY ARRAY['smaller', 'larger'] LOOP
    EXECUTE format('CREATE FUNCTION oracle.nvarchar2_%1$s(oracle.nvarchar2, oracle.nvarchar2) RETURNS oracle.nvarchar2 LANGUAGE internal IMMUTABLE STRICT AS ''text_%1$s''', l);
    EXECUTE format('CREATE AGGREGATE oracle.%s(oracle.nvarchar2) (SFUNC = oracle.nvarchar2_%s, STYPE = oracle.nvarchar2)', CASE l WHEN 'larger' THEN 'max' ELSE 'min' END, l);
  END LOOP;
END $$;
DO $$
DECLARE
  name text; kind text;
BEGIN
  FOREACH name IN ARRAY ARRAY['nvl', 'alike'] LOOP
    FOREACH kind IN ARRAY ARRAY['long', 'json', 'vector', 'xmltype'] LOOP
      EXECUTE format('CREATE FUNCTION oracle.%1$I(oracle.%2$I, oracle.%2$I) RETURNS oracle.%2$I LANGUAGE sql AS $body$ SELECT oracle.fail(932, ''inconsistent datatypes: expected CHAR got %3$s'')::oracle.%2$I $body$', name, kind, upper(kind));
    END LOOP;
  END LOOP;
END $$;
CREATE FUNCTION oracle.nvl(character, character) RETURNS character LANGUAGE sql IMMUTABLE AS 'SELECT coalesce($1, $2)';
CREATE FUNCTION oracle.alike(character, character) RETURNS character LANGUAGE sql IMMUTABLE AS 'SELECT $2';

-- a number beside a text is what the text reads as; a CHAR beside a VARCHAR2 keeps its blanks
DO $$
DECLARE
  op record;
BEGIN
  FOR op IN SELECT * FROM (VALUES ('eq', '='), ('ne', '<>'), ('lt', '<'), ('le', '<='), ('gt', '>'), ('ge', '>=')) AS o(name, sign) LOOP
    EXECUTE format('CREATE FUNCTION oracle.mixed_%1$s(numeric, text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS ''SELECT $1 OPERATOR(pg_catalog.%2$s) oracle.to_number($2)''', op.name, op.sign);
    EXECUTE format('CREATE FUNCTION oracle.mixed_%1$s(text, numeric) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS ''SELECT oracle.to_number($1) OPERATOR(pg_catalog.%2$s) $2''', op.name, op.sign);
    EXECUTE format('CREATE FUNCTION oracle.mixed_%1$s(character, text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS ''SELECT oracle.char_text($1) OPERATOR(pg_catalog.%2$s) $2''', op.name, op.sign);
    EXECUTE format('CREATE FUNCTION oracle.mixed_%1$s(text, character) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS ''SELECT $1 OPERATOR(pg_catalog.%2$s) oracle.char_text($2)''', op.name, op.sign);
    EXECUTE format('CREATE OPERATOR oracle.%2$s (LEFTARG = numeric, RIGHTARG = text, FUNCTION = oracle.mixed_%1$s)', op.name, op.sign);
    EXECUTE format('CREATE OPERATOR oracle.%2$s (LEFTARG = text, RIGHTARG = numeric, FUNCTION = oracle.mixed_%1$s)', op.name, op.sign);
    EXECUTE format('CREATE OPERATOR oracle.%2$s (LEFTARG = character, RIGHTARG = text, FUNCTION = oracle.mixed_%1$s)', op.name, op.sign);
    EXECUTE format('CREATE OPERATOR oracle.%2$s (LEFTARG = text, RIGHTARG = character, FUNCTION = oracle.mixed_%1$s)', op.name, op.sign);
  END LOOP;
END $$;

-- texts
CREATE FUNCTION oracle.to_char(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1';
CREATE FUNCTION oracle.to_char(oracle.clob) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1::text';
CREATE FUNCTION oracle.to_clob(text) RETURNS oracle.clob LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1::oracle.clob';
CREATE FUNCTION oracle.to_nclob(text) RETURNS oracle.clob LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1::oracle.clob';
CREATE FUNCTION oracle.to_nchar(text) RETURNS oracle.nvarchar2 LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1::oracle.nvarchar2';
CREATE FUNCTION oracle.to_clob(oracle.clob) RETURNS oracle.clob LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1';
CREATE FUNCTION oracle.to_blob(oracle.raw) RETURNS oracle.blob LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1::oracle.blob';
CREATE FUNCTION oracle.empty_clob() RETURNS oracle.clob LANGUAGE sql IMMUTABLE AS 'SELECT ''''::text::oracle.clob';
CREATE FUNCTION oracle.empty_blob() RETURNS oracle.blob LANGUAGE sql IMMUTABLE AS 'SELECT ''''::bytea::oracle.blob';
CREATE FUNCTION oracle.cut(text, numeric, numeric) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
  SELECT nullif(CASE WHEN $3 < 1 OR -$2 > char_length($1) THEN ''
    WHEN $2 < 0 THEN pg_catalog.substr($1, char_length($1) + $2::int + 1, $3::int)
    ELSE pg_catalog.substr($1, CASE WHEN $2 < 1 THEN 1 ELSE $2::int END, $3::int) END, '') $$;
CREATE FUNCTION oracle.regexp_flags(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT concat(CASE WHEN $1 LIKE '%n%' AND $1 LIKE '%m%' THEN 'w' WHEN $1 LIKE '%m%' THEN 'n' WHEN $1 LIKE '%n%' THEN '' ELSE 'p' END,
    CASE WHEN $1 LIKE '%i%' THEN 'i' END, CASE WHEN $1 LIKE '%x%' THEN 'x' END) $$;

-- each for a VARCHAR2, an NVARCHAR2 and a CLOB; SAME is the type that it was given
DO $$
DECLARE
  f record;
  kind text;
  body text;
BEGIN
  FOR f IN SELECT * FROM (VALUES
      ('upper', '', 'SAME', 'pg_catalog.upper($1)'),
      ('lower', '', 'SAME', 'pg_catalog.lower($1)'),
      ('length', '', 'numeric', 'nullif(char_length($1), 0)::numeric'),
      ('lengthb', '', 'numeric', 'nullif(octet_length($1), 0)::numeric'),
      ('substr', ', numeric', 'SAME', 'oracle.cut($1, $2, 1000000000)'),
      ('substr', ', numeric, numeric', 'SAME', 'oracle.cut($1, $2, $3)'),
      ('instr', ', text', 'numeric', 'strpos($1, $2)::numeric'),
      ('instr', ', text, numeric', 'numeric', 'CASE WHEN strpos(pg_catalog.substr($1, $3::int), $2) = 0 THEN 0 ELSE strpos(pg_catalog.substr($1, $3::int), $2) + $3 - 1 END'),
      ('replace', ', text, text DEFAULT NULL', 'SAME', 'CASE WHEN $2 IS NULL THEN $1 ELSE nullif(pg_catalog.replace($1, $2, coalesce($3, '''')), '''') END'),
      ('btrim', ', text DEFAULT '' ''', 'SAME', 'nullif(pg_catalog.btrim($1, $2), '''')'),
      ('ltrim', ', text DEFAULT '' ''', 'SAME', 'nullif(pg_catalog.ltrim($1, $2), '''')'),
      ('rtrim', ', text DEFAULT '' ''', 'SAME', 'nullif(pg_catalog.rtrim($1, $2), '''')'),
      ('regexp_like', ', text, text DEFAULT NULL', 'boolean', 'pg_catalog.regexp_like($1, $2, oracle.regexp_flags($3))'),
      ('regexp_count', ', text, numeric DEFAULT 1, text DEFAULT NULL', 'numeric', 'pg_catalog.regexp_count($1, $2, $3::int, oracle.regexp_flags($4))::numeric'),
      ('regexp_substr', ', text, numeric DEFAULT 1, numeric DEFAULT 1, text DEFAULT NULL, numeric DEFAULT 0', 'SAME', 'nullif(pg_catalog.regexp_substr($1, $2, $3::int, $4::int, oracle.regexp_flags($5), $6::int), '''')'),
      ('regexp_replace', ', text, text DEFAULT NULL, numeric DEFAULT 1, numeric DEFAULT 0, text DEFAULT NULL', 'SAME', 'nullif(pg_catalog.regexp_replace($1, $2, coalesce($3, ''''), $4::int, $5::int, oracle.regexp_flags($6)), '''')'),
      ('regexp_instr', ', text', 'numeric', 'pg_catalog.regexp_instr($1, $2)::numeric')) AS v(name, args, gives, body) LOOP
    FOREACH kind IN ARRAY ARRAY['text', 'oracle.nvarchar2', 'oracle.clob'] LOOP
      body := CASE WHEN kind = 'text' THEN f.body ELSE replace(f.body, '$1', '$1::text') END;
      IF f.gives = 'SAME' THEN body := format('(%s)::text::%s', body, kind); END IF;
      EXECUTE format('CREATE FUNCTION oracle.%I(%s%s) RETURNS %s LANGUAGE sql IMMUTABLE AS %L', f.name, kind, f.args,
        CASE f.gives WHEN 'SAME' THEN kind ELSE f.gives END, 'SELECT ' || body);
    END LOOP;
  END LOOP;
END $$;
CREATE FUNCTION oracle.substrb(text, numeric, numeric) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT oracle.cut($1, $2, $3)';
CREATE FUNCTION oracle.translate(text, text, text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT nullif(pg_catalog.translate($1, $2, $3), '') $$;
CREATE FUNCTION oracle.lpad(text, numeric, text DEFAULT ' ') RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT nullif(pg_catalog.lpad($1, $2::int, $3), '') $$;
CREATE FUNCTION oracle.rpad(text, numeric, text DEFAULT ' ') RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT nullif(pg_catalog.rpad($1, $2::int, $3), '') $$;
CREATE FUNCTION oracle.lpad(numeric, numeric, text DEFAULT ' ') RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT nullif(pg_catalog.lpad(oracle.to_char($1), $2::int, $3), '') $$;
CREATE FUNCTION oracle.chr(numeric) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS 'SELECT pg_catalog.chr($1::int)';

-- NULL is nothing beside a text, and what is no CLOB has 4,000 bytes at most
CREATE FUNCTION oracle.joined_long(text, text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT nullif(coalesce($1, '') OPERATOR(pg_catalog.||) coalesce($2, ''), '') $$;
CREATE FUNCTION oracle.joined(text, text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN octet_length(coalesce($1, '')) + octet_length(coalesce($2, '')) > 4000
    THEN oracle.fail(1489, 'result of string concatenation is too long') ELSE oracle.joined_long($1, $2) END $$;
CREATE FUNCTION oracle.joined(numeric, text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT oracle.joined(oracle.to_char($1), $2)';
CREATE FUNCTION oracle.joined(text, numeric) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT oracle.joined($1, oracle.to_char($2))';
CREATE FUNCTION oracle.joined(oracle.clob, oracle.clob) RETURNS oracle.clob LANGUAGE sql IMMUTABLE AS 'SELECT oracle.joined_long($1::text, $2::text)::oracle.clob';
CREATE FUNCTION oracle.joined(oracle.clob, text) RETURNS oracle.clob LANGUAGE sql IMMUTABLE AS 'SELECT oracle.joined_long($1::text, $2)::oracle.clob';
CREATE FUNCTION oracle.joined(text, oracle.clob) RETURNS oracle.clob LANGUAGE sql IMMUTABLE AS 'SELECT oracle.joined_long($1, $2::text)::oracle.clob';
DO $$
DECLARE
  l text; r text;
BEGIN
  FOR l, r IN VALUES ('text', 'oracle.nvarchar2'), ('oracle.nvarchar2', 'text'), ('oracle.nvarchar2', 'oracle.nvarchar2') LOOP
    EXECUTE format('CREATE FUNCTION oracle.joined(%s, %s) RETURNS oracle.nvarchar2 LANGUAGE sql IMMUTABLE AS ''SELECT oracle.joined($1::text, $2::text)::oracle.nvarchar2''', l, r);
    EXECUTE format('CREATE OPERATOR oracle.|| (LEFTARG = %s, RIGHTARG = %s, FUNCTION = oracle.joined)', l, r);
  END LOOP;
END $$;
CREATE OPERATOR oracle.|| (LEFTARG = text, RIGHTARG = text, FUNCTION = oracle.joined);
CREATE OPERATOR oracle.|| (LEFTARG = numeric, RIGHTARG = text, FUNCTION = oracle.joined);
CREATE OPERATOR oracle.|| (LEFTARG = text, RIGHTARG = numeric, FUNCTION = oracle.joined);
CREATE OPERATOR oracle.|| (LEFTARG = oracle.clob, RIGHTARG = oracle.clob, FUNCTION = oracle.joined);
CREATE OPERATOR oracle.|| (LEFTARG = oracle.clob, RIGHTARG = text, FUNCTION = oracle.joined);
CREATE OPERATOR oracle.|| (LEFTARG = text, RIGHTARG = oracle.clob, FUNCTION = oracle.joined);
CREATE FUNCTION oracle.concat(text, text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT oracle.joined($1, $2)';
CREATE FUNCTION oracle.clob_like(oracle.clob, text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1::text LIKE $2';
CREATE FUNCTION oracle.clob_not_like(oracle.clob, text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1::text NOT LIKE $2';
CREATE OPERATOR oracle.~~ (LEFTARG = oracle.clob, RIGHTARG = text, FUNCTION = oracle.clob_like);
CREATE OPERATOR oracle.!~~ (LEFTARG = oracle.clob, RIGHTARG = text, FUNCTION = oracle.clob_not_like);
CREATE FUNCTION oracle.listagg_step(text, text, text) RETURNS text LANGUAGE sql IMMUTABLE AS
  $$ SELECT CASE WHEN $2 IS NULL THEN $1 WHEN $1 IS NULL THEN $2 ELSE concat($1, $3, $2) END $$;
CREATE FUNCTION oracle.listagg_step(text, text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT oracle.joined($1, $2)';
CREATE AGGREGATE oracle.listagg(text, text) (SFUNC = oracle.listagg_step, STYPE = text);
CREATE AGGREGATE oracle.listagg(text) (SFUNC = oracle.listagg_step, STYPE = text);

-- DUMP(x, 1017), or 1016 with every byte in hexadecimal; a literal is a CHAR
CREATE FUNCTION oracle.dumped(typ int, charset text, bytes bytea, format numeric) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN $3 IS NULL THEN 'NULL' ELSE concat('Typ=', $1, ' Len=', octet_length($3), ' CharacterSet=', $2, ': ', string_agg(CASE WHEN $4 = 1017 AND b BETWEEN 32 AND 126 THEN pg_catalog.chr(b) ELSE to_hex(b) END, ',' ORDER BY i)) END
  FROM (SELECT i, get_byte($3, i) AS b FROM generate_series(0, octet_length($3) - 1) AS i) AS bytes $$;
CREATE FUNCTION oracle.utf16(text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT AS
  $$ SELECT string_agg(int2send((CASE WHEN pg_catalog.ascii(c) > 32767 THEN pg_catalog.ascii(c) - 65536 ELSE pg_catalog.ascii(c) END)::int2), '' ORDER BY i) FROM string_to_table($1, NULL) WITH ORDINALITY AS x(c, i) $$;
CREATE FUNCTION oracle.dump(text, numeric) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT oracle.dumped(1, 'AL32UTF8', convert_to($1, 'UTF8'), $2) $$;
CREATE FUNCTION oracle.dump(character, numeric) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT oracle.dumped(96, 'AL32UTF8', convert_to(oracle.char_text($1), 'UTF8'), $2) $$;
CREATE FUNCTION oracle.dump(oracle.nvarchar2, numeric) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT oracle.dumped(1, 'AL16UTF16', oracle.utf16($1::text), $2) $$;

-- JSON_SERIALIZE is NULL where the text is longer than the VARCHAR2 asked for
CREATE FUNCTION oracle.json_serialize(oracle.json, int) RETURNS oracle.clob LANGUAGE sql IMMUTABLE AS
  $$ SELECT CASE WHEN octet_length(x) <= coalesce($2, octet_length(x)) THEN x::oracle.clob END FROM textin(oracle.json_out($1)) AS x $$;

-- what packages give
CREATE FUNCTION oracle.dbms_lob_substr(oracle.clob, numeric DEFAULT 32767, numeric DEFAULT 1) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT oracle.cut($1::text, $3, $2)';
CREATE FUNCTION oracle.dbms_lob_substr(oracle.blob, numeric DEFAULT 32767, numeric DEFAULT 1) RETURNS oracle.raw LANGUAGE sql IMMUTABLE AS 'SELECT pg_catalog.substr($1::bytea, $3::int, $2::int)::oracle.raw';
CREATE FUNCTION oracle.dbms_lob_getlength(oracle.clob) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT char_length($1::text)::numeric';
CREATE FUNCTION oracle.dbms_lob_getlength(oracle.blob) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT octet_length($1::bytea)::numeric';
CREATE FUNCTION oracle.dbms_lob_instr(oracle.clob, text) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT strpos($1::text, $2)::numeric';
CREATE FUNCTION oracle.length(oracle.blob) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT octet_length($1::bytea)::numeric';
CREATE FUNCTION oracle.length(oracle.raw) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT (2 * octet_length($1::bytea))::numeric';
CREATE FUNCTION oracle.rawtohex(bytea) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT pg_catalog.upper(encode($1, 'hex')) $$;
CREATE FUNCTION oracle.hextoraw(text) RETURNS oracle.raw LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT decode($1, 'hex')::oracle.raw $$;
CREATE FUNCTION oracle.cast_to_varchar2(bytea) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT convert_from($1, 'UTF8') $$;
CREATE FUNCTION oracle.cast_to_raw(text) RETURNS oracle.raw LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT convert_to($1, 'UTF8')::oracle.raw $$;
CREATE FUNCTION oracle.sys_guid() RETURNS oracle.raw LANGUAGE sql VOLATILE AS 'SELECT uuid_send(gen_random_uuid())::oracle.raw';
CREATE FUNCTION oracle.standard_hash(text, text) RETURNS oracle.raw LANGUAGE sql IMMUTABLE STRICT AS
  $$ SELECT (CASE WHEN pg_catalog.upper($2) = 'MD5' THEN decode(md5($1), 'hex') ELSE sha256(convert_to($1, 'UTF8')) END)::oracle.raw $$;
CREATE FUNCTION oracle.nlssort(text, text) RETURNS oracle.raw LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT convert_to($1, 'UTF8')::oracle.raw $$;
CREATE FUNCTION oracle.too_large(name text, actual int, maximum int) RETURNS boolean LANGUAGE plpgsql STRICT AS $$
BEGIN
  RAISE EXCEPTION 'ORA-12899: value too large for column % (actual: %, maximum: %)', name, actual, maximum;
END $$;

-- DBMS_XPLAN.DISPLAY of the last EXPLAIN PLAN: PostgreSQL's, whatever is asked for
CREATE FUNCTION oracle.display_plan(text DEFAULT NULL, text DEFAULT NULL, text DEFAULT NULL) RETURNS TABLE (plan_table_output oracle.varchar2) LANGUAGE sql STABLE AS
  $$ SELECT line::oracle.varchar2 FROM string_to_table(oracle.setting('plan'), E'\n') AS line $$;

-- the session
CREATE FUNCTION oracle.turned(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
  'SELECT CASE WHEN $1 = pg_catalog.lower($1) THEN pg_catalog.upper($1) WHEN $1 = pg_catalog.upper($1) THEN pg_catalog.lower($1) ELSE $1 END';
CREATE FUNCTION oracle.username() RETURNS text LANGUAGE sql STABLE AS $$ SELECT oracle.turned(pg_catalog.replace(session_user::text, concat('@', current_database()), '')) $$;
CREATE FUNCTION oracle.schema() RETURNS text LANGUAGE sql STABLE AS $$ SELECT oracle.turned(pg_catalog.btrim(split_part(current_setting('search_path'), ',', 1), ' "')) $$;
CREATE FUNCTION oracle.sys_context(namespace text, parameter text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN pg_catalog.upper($1) <> 'USERENV' THEN NULL ELSE CASE pg_catalog.upper($2)
    WHEN 'SESSION_USER' THEN oracle.username() WHEN 'CURRENT_USER' THEN oracle.username() WHEN 'CURRENT_SCHEMA' THEN oracle.schema()
    WHEN 'SERVICE_NAME' THEN current_database()::text WHEN 'INSTANCE_NAME' THEN current_database()::text
    WHEN 'DB_NAME' THEN pg_catalog.upper(current_database()) WHEN 'DB_UNIQUE_NAME' THEN pg_catalog.upper(current_database())
    WHEN 'CON_NAME' THEN pg_catalog.upper(current_database()) WHEN 'SERVER_HOST' THEN 'localhost' WHEN 'NETWORK_PROTOCOL' THEN coalesce(oracle.setting('network_protocol'), 'tcp')
    WHEN 'SESSIONID' THEN pg_backend_pid()::text WHEN 'SID' THEN pg_backend_pid()::text WHEN 'ISDBA' THEN 'FALSE'
    WHEN 'LANGUAGE' THEN 'AMERICAN_AMERICA.AL32UTF8' WHEN 'DATABASE_ROLE' THEN 'PRIMARY' WHEN 'CLIENT_PROGRAM_NAME' THEN current_setting('application_name')
    ELSE oracle.fail(2003, 'invalid USERENV parameter') END END $$;
CREATE FUNCTION oracle.userenv(text) RETURNS text LANGUAGE sql STABLE AS $$ SELECT oracle.sys_context('USERENV', $1) $$;
CREATE FUNCTION oracle.set_session(name text, value text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF name <> 'TIME_ZONE' THEN
    PERFORM set_config(concat('oracle.', pg_catalog.lower(name)), value, false);
    RETURN;
  END IF;
  PERFORM set_config('oracle.session_zone', value, false);
  IF value ~ '^[+-]?[0-9]{1,2}:[0-9]{2}$' THEN
    EXECUTE format('SET TIME ZONE INTERVAL %L HOUR TO MINUTE', value);
  ELSE
    PERFORM set_config('TimeZone', CASE WHEN value IN ('LOCAL', 'DBTIMEZONE') THEN 'UTC' ELSE value END, false);
  END IF;
EXCEPTION WHEN invalid_parameter_value THEN
  RAISE EXCEPTION 'ORA-01882: timezone region not found';
END $$;
CREATE FUNCTION oracle.set_schema(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = name) THEN RAISE EXCEPTION 'ORA-01435: user does not exist'; END IF;
  PERFORM set_config('search_path', format('%I, public, oracle, pg_catalog', name), false);
END $$;
CREATE FUNCTION oracle.sessiontimezone() RETURNS text LANGUAGE sql STABLE AS $$ SELECT coalesce(oracle.setting('session_zone'), '+00:00') $$;
CREATE FUNCTION oracle.dbtimezone() RETURNS text LANGUAGE sql STABLE AS $$ SELECT '+00:00' $$;

-- users, with the rights of the one who set up the stand-in, for the owner of a log alone
CREATE FUNCTION oracle.role_of(name text) RETURNS text LANGUAGE sql STABLE AS $$ SELECT CASE WHEN name = 'public' THEN 'public' ELSE concat(name, '@', current_database()) END $$;
CREATE FUNCTION oracle.may_define_users() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF NOT (SELECT rolcreaterole FROM pg_roles WHERE rolname = session_user) THEN RAISE EXCEPTION 'ORA-01031: insufficient privileges'; END IF;
  -- one after the other: PostgreSQL does not wait for another's change to the rights on a database
  PERFORM pg_advisory_xact_lock(1521);
END $$;
CREATE FUNCTION oracle.create_user(name text, password text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  PERFORM oracle.may_define_users();
  EXECUTE format('CREATE ROLE %I LOGIN PASSWORD %L', oracle.role_of(name), password);
  EXECUTE format('CREATE SCHEMA %I', name);
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO PUBLIC', name);
EXCEPTION WHEN duplicate_object THEN
  RAISE EXCEPTION 'ORA-01920: user name ''%'' conflicts with another user or role name', oracle.turned(name);
END $$;
CREATE FUNCTION oracle.drop_user(name text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  PERFORM oracle.may_define_users();
  EXECUTE format('DROP OWNED BY %I CASCADE', oracle.role_of(name));
  EXECUTE format('DROP SCHEMA %I CASCADE', name);
  EXECUTE format('DROP ROLE %I', oracle.role_of(name));
EXCEPTION WHEN undefined_object THEN
  RAISE EXCEPTION 'ORA-01918: user ''%'' does not exist', oracle.turned(name);
END $$;
CREATE FUNCTION oracle.lock_user(name text, locked boolean) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  PERFORM oracle.may_define_users();
  EXECUTE format('ALTER ROLE %I %s', oracle.role_of(name), CASE WHEN locked THEN 'NOLOGIN' ELSE 'LOGIN' END);
END $$;
-- CREATE SESSION is the right to connect, any other CREATE the right to make something in the own schema
CREATE FUNCTION oracle.grant_system(give boolean, rights text, name text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  part text;
  verb text := CASE WHEN give THEN 'GRANT' ELSE 'REVOKE' END;
  direction text := CASE WHEN give THEN 'TO' ELSE 'FROM' END;
BEGIN
  PERFORM oracle.may_define_users();
  FOREACH part IN ARRAY string_to_array(rights, ',') LOOP
    part := pg_catalog.btrim(part);
    IF part IN ('CREATE SESSION', 'CONNECT') THEN
      EXECUTE format('%s CONNECT ON DATABASE %I %s %I', verb, current_database(), direction, oracle.role_of(name));
    ELSIF part LIKE 'CREATE %' OR part = 'RESOURCE' THEN
      EXECUTE format('%s CREATE ON SCHEMA %I %s %I', verb, name, direction, oracle.role_of(name));
    ELSIF part NOT LIKE 'UNLIMITED %' AND part NOT LIKE 'ALTER SESSION' THEN
      RAISE EXCEPTION 'ORA-00990: missing or invalid privilege';
    END IF;
  END LOOP;
EXCEPTION WHEN undefined_object THEN
  RAISE EXCEPTION 'ORA-01917: user or role ''%'' does not exist', oracle.turned(name);
END $$;

-- a scalar, or an object or a list, inside a document; NULL where there is none, or no document
CREATE FUNCTION oracle.in_json(text, text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
  RETURN jsonb_path_query_first($1::jsonb, $2::jsonpath);
EXCEPTION WHEN OTHERS THEN RETURN NULL;
END $$;
CREATE FUNCTION oracle.json_value(text, text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
  $$ SELECT CASE WHEN jsonb_typeof(x) NOT IN ('object', 'array') THEN nullif(x #>> '{}', '') END FROM oracle.in_json($1, $2) AS x $$;
CREATE FUNCTION oracle.json_query(text, text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
  $$ SELECT CASE WHEN jsonb_typeof(x) IN ('object', 'array') THEN x::text END FROM oracle.in_json($1, $2) AS x $$;
DO $$
DECLARE
  kind text; name text;
BEGIN
  FOREACH kind IN ARRAY ARRAY['oracle.clob', 'oracle.json'] LOOP
    FOREACH name IN ARRAY ARRAY['json_value', 'json_query'] LOOP
      EXECUTE format('CREATE FUNCTION oracle.%1$s(%2$s, text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS ''SELECT oracle.%1$s($1::text, $2)''', name, kind);
    END LOOP;
  END LOOP;
END $$;
