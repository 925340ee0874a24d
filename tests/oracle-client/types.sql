-- The types of the stand-in: Oracle's, made of PostgreSQL's own functions, each a type of its own so that it keeps its
-- name through expressions, views and aggregates. Moments are whole numbers of microseconds since 2000.
SET client_min_messages = warning;
CREATE SCHEMA oracle;
-- who only looks whether a service is there, after a login that failed
DO $$
BEGIN
  CREATE ROLE "stand-in" LOGIN PASSWORD 'stand-in';
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;
GRANT USAGE ON SCHEMA oracle TO PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO PUBLIC;
SET search_path = oracle, pg_catalog;

CREATE FUNCTION oracle.fail(code int, message text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING message = 'ORA-' || lpad(code::text, 5, '0') || ': ' || message, errcode = 'P0001';
END $$;

DO $$
DECLARE
  moment record;
BEGIN
  FOR moment IN SELECT * FROM (VALUES ('date', 'd', ''), ('timestamp', 't', ', TYPMOD_IN = timestamptypmodin, TYPMOD_OUT = timestamptypmodout'),
      ('tstz', 'z', ', TYPMOD_IN = timestamptypmodin, TYPMOD_OUT = timestamptypmodout'),
      ('tsltz', 'l', ', TYPMOD_IN = timestamptypmodin, TYPMOD_OUT = timestamptypmodout')) AS m(name, category, typmod) LOOP
    EXECUTE format('CREATE TYPE oracle.%I', moment.name);
    EXECUTE format('CREATE FUNCTION oracle.%1$s_in(cstring) RETURNS oracle.%1$I LANGUAGE internal IMMUTABLE STRICT AS ''int8in''', moment.name);
    EXECUTE format('CREATE FUNCTION oracle.%1$s_out(oracle.%1$I) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS ''int8out''', moment.name);
    EXECUTE format('CREATE TYPE oracle.%1$I (INPUT = oracle.%1$s_in, OUTPUT = oracle.%1$s_out, LIKE = int8, CATEGORY = %2$L%3$s)',
      moment.name, moment.category, moment.typmod);
    EXECUTE format('CREATE CAST (oracle.%I AS int8) WITHOUT FUNCTION', moment.name);
    EXECUTE format('CREATE CAST (int8 AS oracle.%I) WITHOUT FUNCTION', moment.name);
  END LOOP;
END $$;

-- comparing, ordering, the least and the greatest; an offset does not count, only the moment
DO $$
DECLARE
  name text;
  op record;
  shift text;
BEGIN
  FOREACH name IN ARRAY ARRAY['date', 'timestamp', 'tstz', 'tsltz'] LOOP
    shift := CASE WHEN name = 'tstz' THEN ' >> 7' ELSE '' END;
    FOR op IN SELECT * FROM (VALUES ('eq', '=', '=', '<>', 'eqsel', 'eqjoinsel'), ('ne', '<>', '<>', '=', 'neqsel', 'neqjoinsel'),
        ('lt', '<', '>', '>=', 'scalarltsel', 'scalarltjoinsel'), ('le', '<=', '>=', '>', 'scalarlesel', 'scalarlejoinsel'),
        ('gt', '>', '<', '<=', 'scalargtsel', 'scalargtjoinsel'), ('ge', '>=', '<=', '<', 'scalargesel', 'scalargejoinsel'))
        AS o(name, sign, turned, opposite, restrict, joins) LOOP
      IF name = 'tstz' THEN
        EXECUTE format('CREATE FUNCTION oracle.tstz_%s(oracle.tstz, oracle.tstz) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS ''SELECT ($1::int8 >> 7) OPERATOR(pg_catalog.%s) ($2::int8 >> 7)''', op.name, op.sign);
      ELSE
        EXECUTE format('CREATE FUNCTION oracle.%1$s_%2$s(oracle.%1$I, oracle.%1$I) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT AS ''int8%2$s''', name, op.name);
      END IF;
      EXECUTE format('CREATE OPERATOR oracle.%1$s (LEFTARG = oracle.%2$I, RIGHTARG = oracle.%2$I, FUNCTION = oracle.%2$s_%3$s, COMMUTATOR = OPERATOR(oracle.%4$s), NEGATOR = OPERATOR(oracle.%5$s), RESTRICT = %6$s, JOIN = %7$s%8$s)',
        op.sign, name, op.name, op.turned, op.opposite, op.restrict, op.joins, CASE WHEN op.name = 'eq' AND name <> 'tstz' THEN ', HASHES, MERGES' WHEN op.name = 'eq' THEN ', MERGES' ELSE '' END);
    END LOOP;
    EXECUTE format('CREATE FUNCTION oracle.%1$s_cmp(oracle.%1$I, oracle.%1$I) RETURNS int4 LANGUAGE sql IMMUTABLE STRICT AS ''SELECT pg_catalog.btint8cmp($1::int8%2$s, $2::int8%2$s)''', name, shift);
    EXECUTE format('CREATE OPERATOR CLASS oracle.%1$s_ops DEFAULT FOR TYPE oracle.%1$I USING btree AS OPERATOR 1 oracle.<, OPERATOR 2 oracle.<=, OPERATOR 3 oracle.=, OPERATOR 4 oracle.>=, OPERATOR 5 oracle.>, FUNCTION 1 oracle.%1$s_cmp(oracle.%1$I, oracle.%1$I)', name);
    IF name <> 'tstz' THEN
      EXECUTE format('CREATE FUNCTION oracle.%1$s_hash(oracle.%1$I) RETURNS int4 LANGUAGE internal IMMUTABLE STRICT AS ''hashint8''', name);
      EXECUTE format('CREATE OPERATOR CLASS oracle.%1$s_hash_ops DEFAULT FOR TYPE oracle.%1$I USING hash AS OPERATOR 1 oracle.=, FUNCTION 1 oracle.%1$s_hash(oracle.%1$I)', name);
    END IF;
    EXECUTE format('CREATE FUNCTION oracle.%1$s_smaller(oracle.%1$I, oracle.%1$I) RETURNS oracle.%1$I LANGUAGE internal IMMUTABLE STRICT AS ''int8smaller''', name);
    EXECUTE format('CREATE FUNCTION oracle.%1$s_larger(oracle.%1$I, oracle.%1$I) RETURNS oracle.%1$I LANGUAGE internal IMMUTABLE STRICT AS ''int8larger''', name);
    EXECUTE format('CREATE AGGREGATE oracle.min(oracle.%1$I) (SFUNC = oracle.%1$s_smaller, STYPE = oracle.%1$I, SORTOP = OPERATOR(oracle.<))', name);
    EXECUTE format('CREATE AGGREGATE oracle.max(oracle.%1$I) (SFUNC = oracle.%1$s_larger, STYPE = oracle.%1$I, SORTOP = OPERATOR(oracle.>))', name);
  END LOOP;
END $$;

-- PostgreSQL's own moments have the same form
CREATE CAST (oracle.date AS timestamp) WITHOUT FUNCTION;
CREATE CAST (timestamp AS oracle.timestamp) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (oracle.timestamp AS timestamp) WITHOUT FUNCTION;
CREATE CAST (timestamptz AS oracle.tsltz) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (oracle.tsltz AS timestamptz) WITHOUT FUNCTION;
CREATE FUNCTION oracle.to_seconds(timestamp) RETURNS oracle.date LANGUAGE sql IMMUTABLE STRICT AS 'SELECT date_trunc(''second'', $1)::oracle.timestamp::int8::oracle.date';
CREATE CAST (timestamp AS oracle.date) WITH FUNCTION oracle.to_seconds(timestamp) AS ASSIGNMENT;

-- a moment with an offset: the instant, and in the lowest seven bits the offset in quarters of an hour
CREATE FUNCTION oracle.instant(oracle.tstz) RETURNS timestamptz LANGUAGE sql IMMUTABLE STRICT AS 'SELECT ($1::int8 >> 7)::oracle.tsltz::timestamptz';
CREATE FUNCTION oracle.offset_minutes(oracle.tstz) RETURNS int LANGUAGE sql IMMUTABLE STRICT AS 'SELECT ((($1::int8 & 127) - 64) * 15)::int4';
CREATE FUNCTION oracle.make_tstz(timestamptz, int) RETURNS oracle.tstz LANGUAGE sql IMMUTABLE STRICT AS 'SELECT ($1::oracle.tsltz::int8 * 128 + pg_catalog.div($2::numeric, 15)::int8 + 64)::oracle.tstz';
CREATE FUNCTION oracle.local_fields(oracle.tstz) RETURNS timestamp LANGUAGE sql IMMUTABLE STRICT AS 'SELECT (oracle.instant($1) AT TIME ZONE ''UTC'') + make_interval(mins => oracle.offset_minutes($1))';
CREATE FUNCTION oracle.in_session(timestamptz) RETURNS oracle.tstz LANGUAGE sql STABLE STRICT AS 'SELECT oracle.make_tstz($1, div(extract(timezone FROM $1), 60)::int)';

CREATE FUNCTION oracle.date_of(oracle.timestamp) RETURNS oracle.date LANGUAGE sql IMMUTABLE STRICT AS 'SELECT ($1::timestamp)::oracle.date';
CREATE FUNCTION oracle.date_of(oracle.tstz) RETURNS oracle.date LANGUAGE sql IMMUTABLE STRICT AS 'SELECT oracle.local_fields($1)::oracle.date';
CREATE FUNCTION oracle.date_of(oracle.tsltz) RETURNS oracle.date LANGUAGE sql STABLE STRICT AS 'SELECT ($1::timestamptz::timestamp)::oracle.date';
CREATE FUNCTION oracle.timestamp_of(oracle.tstz) RETURNS oracle.timestamp LANGUAGE sql IMMUTABLE STRICT AS 'SELECT oracle.local_fields($1)::oracle.timestamp';
CREATE FUNCTION oracle.timestamp_of(oracle.tsltz) RETURNS oracle.timestamp LANGUAGE sql STABLE STRICT AS 'SELECT ($1::timestamptz::timestamp)::oracle.timestamp';
CREATE FUNCTION oracle.tstz_of(oracle.date) RETURNS oracle.tstz LANGUAGE sql STABLE STRICT AS 'SELECT oracle.in_session($1::timestamp::timestamptz)';
CREATE FUNCTION oracle.tstz_of(oracle.timestamp) RETURNS oracle.tstz LANGUAGE sql STABLE STRICT AS 'SELECT oracle.in_session($1::timestamp::timestamptz)';
CREATE FUNCTION oracle.tstz_of(oracle.tsltz) RETURNS oracle.tstz LANGUAGE sql STABLE STRICT AS 'SELECT oracle.in_session($1::timestamptz)';
CREATE FUNCTION oracle.tsltz_of(oracle.date) RETURNS oracle.tsltz LANGUAGE sql STABLE STRICT AS 'SELECT ($1::timestamp::timestamptz)::oracle.tsltz';
CREATE FUNCTION oracle.tsltz_of(oracle.timestamp) RETURNS oracle.tsltz LANGUAGE sql STABLE STRICT AS 'SELECT ($1::timestamp::timestamptz)::oracle.tsltz';
CREATE FUNCTION oracle.tsltz_of(oracle.tstz) RETURNS oracle.tsltz LANGUAGE sql IMMUTABLE STRICT AS 'SELECT oracle.instant($1)::oracle.tsltz';
CREATE CAST (oracle.date AS oracle.timestamp) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (oracle.date AS oracle.tstz) WITH FUNCTION oracle.tstz_of(oracle.date) AS IMPLICIT;
CREATE CAST (oracle.timestamp AS oracle.tstz) WITH FUNCTION oracle.tstz_of(oracle.timestamp) AS IMPLICIT;
CREATE CAST (oracle.tsltz AS oracle.tstz) WITH FUNCTION oracle.tstz_of(oracle.tsltz) AS IMPLICIT;
CREATE CAST (oracle.timestamp AS oracle.date) WITH FUNCTION oracle.date_of(oracle.timestamp) AS ASSIGNMENT;
CREATE CAST (oracle.tstz AS oracle.date) WITH FUNCTION oracle.date_of(oracle.tstz) AS ASSIGNMENT;
CREATE CAST (oracle.tsltz AS oracle.date) WITH FUNCTION oracle.date_of(oracle.tsltz) AS ASSIGNMENT;
CREATE CAST (oracle.tstz AS oracle.timestamp) WITH FUNCTION oracle.timestamp_of(oracle.tstz) AS ASSIGNMENT;
CREATE CAST (oracle.tsltz AS oracle.timestamp) WITH FUNCTION oracle.timestamp_of(oracle.tsltz) AS ASSIGNMENT;
CREATE CAST (oracle.date AS oracle.tsltz) WITH FUNCTION oracle.tsltz_of(oracle.date) AS ASSIGNMENT;
CREATE CAST (oracle.timestamp AS oracle.tsltz) WITH FUNCTION oracle.tsltz_of(oracle.timestamp) AS ASSIGNMENT;
CREATE CAST (oracle.tstz AS oracle.tsltz) WITH FUNCTION oracle.tsltz_of(oracle.tstz) AS ASSIGNMENT;

-- fewer digits of a second
CREATE FUNCTION oracle.timestamp_digits(oracle.timestamp, int4) RETURNS oracle.timestamp LANGUAGE internal IMMUTABLE STRICT AS 'timestamp_scale';
CREATE FUNCTION oracle.tsltz_digits(oracle.tsltz, int4) RETURNS oracle.tsltz LANGUAGE internal IMMUTABLE STRICT AS 'timestamptz_scale';
CREATE CAST (oracle.timestamp AS oracle.timestamp) WITH FUNCTION oracle.timestamp_digits(oracle.timestamp, int4) AS IMPLICIT;
CREATE CAST (oracle.tsltz AS oracle.tsltz) WITH FUNCTION oracle.tsltz_digits(oracle.tsltz, int4) AS IMPLICIT;

-- texts and bytes
DO $$
DECLARE
  kind record;
BEGIN
  FOR kind IN SELECT * FROM (VALUES ('varchar2', 'text', 'S', ', COLLATABLE = true, TYPMOD_IN = varchartypmodin, TYPMOD_OUT = varchartypmodout'),
      ('nvarchar2', 'text', 'n', ', COLLATABLE = true, TYPMOD_IN = varchartypmodin, TYPMOD_OUT = varchartypmodout'),
      ('clob', 'text', 'c', ', COLLATABLE = true'), ('raw', 'bytea', 'r', ', TYPMOD_IN = varchartypmodin, TYPMOD_OUT = varchartypmodout'),
      ('blob', 'bytea', 'b', ''), ('long', 'text', 'g', ''), ('json', 'text', 'j', ''), ('vector', 'text', 'v', ''), ('xmltype', 'text', 'x', '')) AS k(name, base, category, typmod) LOOP
    EXECUTE format('CREATE TYPE oracle.%I', kind.name);
    EXECUTE format('CREATE FUNCTION oracle.%1$s_in(cstring) RETURNS oracle.%1$I LANGUAGE internal IMMUTABLE STRICT AS %2$L', kind.name, kind.base || 'in');
    EXECUTE format('CREATE FUNCTION oracle.%1$s_out(oracle.%1$I) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS %2$L', kind.name, kind.base || 'out');
    EXECUTE format('CREATE TYPE oracle.%1$I (INPUT = oracle.%1$s_in, OUTPUT = oracle.%1$s_out, LIKE = %2$s, CATEGORY = %3$L%4$s)', kind.name, kind.base, kind.category, kind.typmod);
  END LOOP;
END $$;
CREATE CAST (oracle.varchar2 AS text) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (text AS oracle.varchar2) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (varchar AS oracle.varchar2) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (oracle.clob AS text) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (text AS oracle.clob) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (oracle.varchar2 AS oracle.clob) WITHOUT FUNCTION AS ASSIGNMENT;
-- a national text is a text to every function and operator, but a CASE, a COALESCE or a UNION does not take both
CREATE CAST (oracle.nvarchar2 AS text) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (text AS oracle.nvarchar2) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (oracle.nvarchar2 AS oracle.varchar2) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (oracle.varchar2 AS oracle.nvarchar2) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (oracle.nvarchar2 AS oracle.clob) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (oracle.clob AS oracle.nvarchar2) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (oracle.raw AS bytea) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (bytea AS oracle.raw) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (oracle.blob AS bytea) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (bytea AS oracle.blob) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (oracle.raw AS oracle.blob) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (oracle.blob AS oracle.raw) WITHOUT FUNCTION AS ASSIGNMENT;

-- a CLOB that is longer than the VARCHAR2 asked for is refused, a VARCHAR2 is cut
CREATE FUNCTION oracle.clob_varchar2(oracle.clob, int4, boolean) RETURNS oracle.varchar2 LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN $3 AND $2 >= 4 AND octet_length($1::text) > $2 - 4
    THEN oracle.fail(22835, format('Buffer too small for CLOB to CHAR or BLOB to RAW conversion (actual: %s, maximum: %s)', octet_length($1::text), $2 - 4))
    ELSE nullif($1::text, '') END::oracle.varchar2 $$;
CREATE CAST (oracle.clob AS oracle.varchar2) WITH FUNCTION oracle.clob_varchar2(oracle.clob, int4, boolean) AS ASSIGNMENT;
-- a LONG, a JSON, a VECTOR and an XMLTYPE are written and read, and no text
DO $$
DECLARE
  kind text; base text;
BEGIN
  FOREACH kind IN ARRAY ARRAY['long', 'json', 'vector', 'xmltype'] LOOP
    FOREACH base IN ARRAY ARRAY['text', 'oracle.varchar2', 'oracle.nvarchar2', 'oracle.clob'] LOOP
      EXECUTE format('CREATE CAST (%s AS oracle.%I) WITHOUT FUNCTION AS ASSIGNMENT', base, kind);
    END LOOP;
    -- without these PostgreSQL would go by the way it is written
    FOREACH base IN ARRAY ARRAY['text', 'character', 'oracle.varchar2'] LOOP
      EXECUTE format('CREATE FUNCTION oracle.%1$s_%2$s(oracle.%1$I) RETURNS %3$s LANGUAGE sql AS $body$ SELECT oracle.fail(932, ''inconsistent datatypes: expected CHAR got %4$s'')::%3$s $body$', kind, split_part(base, '.', -1), base, upper(kind));
      EXECUTE format('CREATE CAST (oracle.%1$I AS %3$s) WITH FUNCTION oracle.%1$s_%2$s(oracle.%1$I) AS ASSIGNMENT', kind, split_part(base, '.', -1), base);
    END LOOP;
  END LOOP;
END $$;
-- a stated length cuts where it is asked for, and only there: a column's is kept by its check
CREATE FUNCTION oracle.varchar2_length(oracle.varchar2, int4, boolean) RETURNS oracle.varchar2 LANGUAGE sql IMMUTABLE AS
  'SELECT CASE WHEN $3 AND $2 >= 4 THEN nullif("left"($1::text, $2 - 4), '''')::oracle.varchar2 ELSE $1 END';
CREATE CAST (oracle.varchar2 AS oracle.varchar2) WITH FUNCTION oracle.varchar2_length(oracle.varchar2, int4, boolean) AS IMPLICIT;
CREATE FUNCTION oracle.nvarchar2_length(oracle.nvarchar2, int4, boolean) RETURNS oracle.nvarchar2 LANGUAGE sql IMMUTABLE AS
  'SELECT oracle.varchar2_length($1::oracle.varchar2, $2, $3)::oracle.nvarchar2';
CREATE CAST (oracle.nvarchar2 AS oracle.nvarchar2) WITH FUNCTION oracle.nvarchar2_length(oracle.nvarchar2, int4, boolean) AS IMPLICIT;

-- CHAR keeps its blanks, and is equal to a VARCHAR2 only with them
CREATE FUNCTION oracle.char_text(character) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS 'SELECT textin(bpcharout($1))';
CREATE FUNCTION oracle.char_varchar2(character) RETURNS oracle.varchar2 LANGUAGE sql IMMUTABLE STRICT AS 'SELECT oracle.char_text($1)::oracle.varchar2';
CREATE CAST (character AS oracle.varchar2) WITH FUNCTION oracle.char_varchar2(character) AS ASSIGNMENT;
CREATE FUNCTION oracle.char_nvarchar2(character) RETURNS oracle.nvarchar2 LANGUAGE sql IMMUTABLE STRICT AS 'SELECT oracle.char_text($1)::oracle.nvarchar2';
CREATE CAST (character AS oracle.nvarchar2) WITH FUNCTION oracle.char_nvarchar2(character) AS ASSIGNMENT;
CREATE FUNCTION oracle.nvarchar2_char(oracle.nvarchar2) RETURNS character LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1::text::bpchar';
CREATE CAST (oracle.nvarchar2 AS character) WITH FUNCTION oracle.nvarchar2_char(oracle.nvarchar2) AS ASSIGNMENT;
