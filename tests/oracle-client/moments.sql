-- Dates and timestamps: now, arithmetic, formats, zones.
SET search_path = oracle, pg_catalog;

-- the clock of the database's host, which neither the session's zone nor the database's moves
CREATE FUNCTION oracle.host_zone() RETURNS text LANGUAGE sql STABLE AS $$ SELECT coalesce(oracle.setting('host_zone'), 'UTC') $$;
CREATE FUNCTION oracle.sysdate() RETURNS oracle.date LANGUAGE sql STABLE AS 'SELECT (statement_timestamp() AT TIME ZONE oracle.host_zone())::oracle.date';
CREATE FUNCTION oracle.zone_minutes(timestamptz, text) RETURNS int LANGUAGE sql STABLE STRICT AS $$ SELECT (extract(epoch FROM ($1 AT TIME ZONE $2) - ($1 AT TIME ZONE 'UTC')) / 60)::int $$;
CREATE FUNCTION oracle.systimestamp() RETURNS oracle.tstz LANGUAGE sql STABLE AS 'SELECT oracle.make_tstz(statement_timestamp(), oracle.zone_minutes(statement_timestamp(), oracle.host_zone()))';
CREATE FUNCTION oracle.current_date() RETURNS oracle.date LANGUAGE sql STABLE AS 'SELECT statement_timestamp()::timestamp::oracle.date';
CREATE FUNCTION oracle.current_timestamp() RETURNS oracle.tstz LANGUAGE sql STABLE AS 'SELECT oracle.in_session(statement_timestamp())';
CREATE FUNCTION oracle.localtimestamp() RETURNS oracle.timestamp LANGUAGE sql STABLE AS 'SELECT statement_timestamp()::timestamp::oracle.timestamp';

CREATE FUNCTION oracle.days(numeric) RETURNS int8 LANGUAGE sql IMMUTABLE STRICT AS 'SELECT (pg_catalog.round($1 * 86400) * 1000000)::int8';
CREATE FUNCTION oracle.add(oracle.date, numeric) RETURNS oracle.date LANGUAGE sql IMMUTABLE STRICT AS 'SELECT ($1::int8 + oracle.days($2))::oracle.date';
CREATE FUNCTION oracle.add(numeric, oracle.date) RETURNS oracle.date LANGUAGE sql IMMUTABLE STRICT AS 'SELECT oracle.add($2, $1)';
CREATE FUNCTION oracle.less(oracle.date, numeric) RETURNS oracle.date LANGUAGE sql IMMUTABLE STRICT AS 'SELECT ($1::int8 - oracle.days($2))::oracle.date';
CREATE FUNCTION oracle.less(oracle.date, oracle.date) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS 'SELECT ($1::int8 - $2::int8)::numeric / 86400000000';
CREATE OPERATOR oracle.+ (LEFTARG = oracle.date, RIGHTARG = numeric, FUNCTION = oracle.add);
CREATE OPERATOR oracle.+ (LEFTARG = numeric, RIGHTARG = oracle.date, FUNCTION = oracle.add);
CREATE OPERATOR oracle.- (LEFTARG = oracle.date, RIGHTARG = numeric, FUNCTION = oracle.less);
CREATE OPERATOR oracle.- (LEFTARG = oracle.date, RIGHTARG = oracle.date, FUNCTION = oracle.less);
-- a timestamp and a number make a date
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['timestamp', 'tstz', 'tsltz'] LOOP
    EXECUTE format('CREATE FUNCTION oracle.add(oracle.%1$I, numeric) RETURNS oracle.date LANGUAGE sql STABLE STRICT AS ''SELECT oracle.add(oracle.date_of($1), $2)''', name);
    EXECUTE format('CREATE FUNCTION oracle.less(oracle.%1$I, numeric) RETURNS oracle.date LANGUAGE sql STABLE STRICT AS ''SELECT oracle.less(oracle.date_of($1), $2)''', name);
    EXECUTE format('CREATE OPERATOR oracle.+ (LEFTARG = oracle.%1$I, RIGHTARG = numeric, FUNCTION = oracle.add)', name);
    EXECUTE format('CREATE OPERATOR oracle.- (LEFTARG = oracle.%1$I, RIGHTARG = numeric, FUNCTION = oracle.less)', name);
  END LOOP;
END $$;
CREATE FUNCTION oracle.add(oracle.date, interval) RETURNS oracle.date LANGUAGE sql IMMUTABLE STRICT AS 'SELECT (($1::timestamp) + $2)::oracle.date';
CREATE FUNCTION oracle.less(oracle.date, interval) RETURNS oracle.date LANGUAGE sql IMMUTABLE STRICT AS 'SELECT (($1::timestamp) - $2)::oracle.date';
CREATE FUNCTION oracle.add(oracle.timestamp, interval) RETURNS oracle.timestamp LANGUAGE sql IMMUTABLE STRICT AS 'SELECT (($1::timestamp) + $2)::oracle.timestamp';
CREATE FUNCTION oracle.less(oracle.timestamp, interval) RETURNS oracle.timestamp LANGUAGE sql IMMUTABLE STRICT AS 'SELECT (($1::timestamp) - $2)::oracle.timestamp';
CREATE FUNCTION oracle.add(oracle.tstz, interval) RETURNS oracle.tstz LANGUAGE sql STABLE STRICT AS 'SELECT oracle.make_tstz(oracle.instant($1) + $2, oracle.offset_minutes($1))';
CREATE FUNCTION oracle.less(oracle.tstz, interval) RETURNS oracle.tstz LANGUAGE sql STABLE STRICT AS 'SELECT oracle.make_tstz(oracle.instant($1) - $2, oracle.offset_minutes($1))';
CREATE FUNCTION oracle.add(oracle.tsltz, interval) RETURNS oracle.tsltz LANGUAGE sql STABLE STRICT AS 'SELECT (($1::timestamptz) + $2)::oracle.tsltz';
CREATE FUNCTION oracle.less(oracle.tsltz, interval) RETURNS oracle.tsltz LANGUAGE sql STABLE STRICT AS 'SELECT (($1::timestamptz) - $2)::oracle.tsltz';
CREATE FUNCTION oracle.less(oracle.timestamp, oracle.timestamp) RETURNS interval LANGUAGE sql IMMUTABLE STRICT AS 'SELECT ($1::timestamp) - ($2::timestamp)';
CREATE FUNCTION oracle.less(oracle.tstz, oracle.tstz) RETURNS interval LANGUAGE sql IMMUTABLE STRICT AS 'SELECT oracle.instant($1) - oracle.instant($2)';
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['date', 'timestamp', 'tstz', 'tsltz'] LOOP
    EXECUTE format('CREATE OPERATOR oracle.+ (LEFTARG = oracle.%I, RIGHTARG = interval, FUNCTION = oracle.add)', name);
    EXECUTE format('CREATE OPERATOR oracle.- (LEFTARG = oracle.%I, RIGHTARG = interval, FUNCTION = oracle.less)', name);
  END LOOP;
END $$;
CREATE OPERATOR oracle.- (LEFTARG = oracle.timestamp, RIGHTARG = oracle.timestamp, FUNCTION = oracle.less);
CREATE OPERATOR oracle.- (LEFTARG = oracle.tstz, RIGHTARG = oracle.tstz, FUNCTION = oracle.less);
CREATE FUNCTION oracle.numtodsinterval(numeric, text) RETURNS interval LANGUAGE sql IMMUTABLE STRICT AS
  $$ SELECT make_interval(secs => ($1 * CASE pg_catalog.upper($2) WHEN 'DAY' THEN 86400 WHEN 'HOUR' THEN 3600 WHEN 'MINUTE' THEN 60 WHEN 'SECOND' THEN 1 END)::float8) $$;
CREATE FUNCTION oracle.add_months(oracle.date, numeric) RETURNS oracle.date LANGUAGE sql IMMUTABLE STRICT AS 'SELECT (($1::timestamp) + make_interval(months => $2::int))::oracle.date';

-- formats: one that Oracle does not know is refused, not printed as it stands
CREATE FUNCTION oracle.check_format(format text, fraction boolean) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
  bare text := regexp_replace(format, '"[^"]*"', '', 'g');
BEGIN
  IF bare !~* '^(FM|FX|SYYYY|YYYY|RRRR|IYYY|YYY|YY|RR|Y|Q|MONTH|MON|MM|RM|WW|IW|W|DDD|DD|DAY|DY|D|J|HH24|HH12|HH|MI|SSSSS|SS|FF[1-9]?|TZH|TZM|TZR|TZD|A\.M\.|P\.M\.|AM|PM|X|[-/,.;: ])*$'
    OR (NOT fraction AND bare ~* 'FF|TZ') THEN
    RAISE EXCEPTION 'ORA-01821: date format not recognized';
  END IF;
  RETURN regexp_replace(regexp_replace(regexp_replace(format, 'RRRR', 'YYYY', 'gi'), 'RR', 'YY', 'gi'), 'FF(?![1-9])', 'FF6', 'gi');
END $$;
-- SYYYY has a sign before the year, a blank or a minus: PostgreSQL says AD or BC, which is then replaced. All of it is strict
-- and uses the moment once, so that PostgreSQL works a constant format out once and not for each row.
CREATE FUNCTION oracle.written(timestamp, text) RETURNS text LANGUAGE sql STABLE STRICT AS
  $$ SELECT pg_catalog.replace(pg_catalog.replace(
    pg_catalog.to_char($1, regexp_replace(regexp_replace(regexp_replace(regexp_replace($2, 'FF7', 'FF6"0"', 'gi'), 'FF8', 'FF6"00"', 'gi'), 'FF9', 'FF6"000"', 'gi'), 'SYYYY', E'"\u0001"BCYYYY', 'gi')),
    E'\u0001AD', ' '), E'\u0001BC', '-') $$;
CREATE FUNCTION oracle.date_format() RETURNS text LANGUAGE sql STABLE AS $$ SELECT coalesce(oracle.setting('nls_date_format'), 'DD-MON-RR') $$;
CREATE FUNCTION oracle.timestamp_format() RETURNS text LANGUAGE sql STABLE AS $$ SELECT coalesce(oracle.setting('nls_timestamp_format'), 'DD-MON-RR HH.MI.SS.FF AM') $$;
CREATE FUNCTION oracle.timestamp_tz_format() RETURNS text LANGUAGE sql STABLE AS $$ SELECT coalesce(oracle.setting('nls_timestamp_tz_format'), 'DD-MON-RR HH.MI.SS.FF AM TZR') $$;
CREATE FUNCTION oracle.offset_text(int, text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
  SELECT regexp_replace(regexp_replace(regexp_replace($2, 'TZR', concat('"', h, ':', m, '"'), 'gi'), 'TZH', concat('"', h, '"'), 'gi'), 'TZM', concat('"', m, '"'), 'gi')
  FROM (SELECT concat(CASE WHEN $1 < 0 THEN '-' ELSE '+' END, pg_catalog.lpad(div(abs($1)::numeric, 60)::text, 2, '0')) AS h, pg_catalog.lpad((abs($1) % 60)::text, 2, '0') AS m) AS parts $$;
CREATE FUNCTION oracle.to_char(oracle.date, text) RETURNS text LANGUAGE sql STABLE STRICT AS 'SELECT oracle.written($1::timestamp, oracle.check_format($2, false))';
CREATE FUNCTION oracle.to_char(oracle.date) RETURNS text LANGUAGE sql STABLE STRICT AS 'SELECT oracle.to_char($1, oracle.date_format())';
CREATE FUNCTION oracle.to_char(oracle.timestamp, text) RETURNS text LANGUAGE sql STABLE STRICT AS 'SELECT oracle.written($1::timestamp, oracle.offset_text(0, oracle.check_format($2, true)))';
CREATE FUNCTION oracle.to_char(oracle.timestamp) RETURNS text LANGUAGE sql STABLE STRICT AS 'SELECT oracle.to_char($1, oracle.timestamp_format())';
CREATE FUNCTION oracle.to_char(oracle.tstz, text) RETURNS text LANGUAGE sql STABLE STRICT AS 'SELECT oracle.written(oracle.local_fields($1), oracle.offset_text(oracle.offset_minutes($1), oracle.check_format($2, true)))';
CREATE FUNCTION oracle.to_char(oracle.tstz) RETURNS text LANGUAGE sql STABLE STRICT AS 'SELECT oracle.to_char($1, oracle.timestamp_tz_format())';
CREATE FUNCTION oracle.to_char(oracle.tsltz, text) RETURNS text LANGUAGE sql STABLE STRICT AS 'SELECT oracle.to_char(oracle.tstz_of($1), $2)';
CREATE FUNCTION oracle.to_char(oracle.tsltz) RETURNS text LANGUAGE sql STABLE STRICT AS 'SELECT oracle.to_char($1, oracle.timestamp_format())';

-- reads a text by a format: the fields, and the offset or the name of a zone where one is given
CREATE FUNCTION oracle.read(input text, format text, fraction boolean, OUT moment timestamp, OUT zone text) LANGUAGE plpgsql STABLE STRICT AS $$
DECLARE
  rest text := input;
  todo text := format;
  part text;
  got text;
  year int := extract(year FROM pg_catalog.now());
  month int := extract(month FROM pg_catalog.now());
  day int := 1; hour int := 0; minute int := 0; second int := 0;
  micros numeric := 0;
  afternoon boolean;
  digits int;
BEGIN
  PERFORM oracle.check_format(format, fraction);
  WHILE todo <> '' LOOP
    IF todo ~ '^"' THEN
      part := (regexp_match(todo, '^"([^"]*)"'))[1];
      todo := pg_catalog.substr(todo, char_length(part) + 3);
      IF "left"(rest, char_length(part)) <> part THEN RAISE EXCEPTION 'ORA-01861: literal does not match format string'; END IF;
      rest := pg_catalog.substr(rest, char_length(part) + 1);
      CONTINUE;
    END IF;
    part := pg_catalog.upper((regexp_match(todo, '^(FM|FX|SYYYY|YYYY|RRRR|YYY|YY|RR|MONTH|MON|MM|DD|DAY|DY|HH24|HH12|HH|MI|SS|FF[1-9]?|TZH|TZM|TZR|A\.M\.|P\.M\.|AM|PM|.)', 'i'))[1]);
    todo := pg_catalog.substr(todo, char_length(part) + 1);
    CONTINUE WHEN part IN ('FM', 'FX');
    IF part ~ '^[-/,.;:X ]$' THEN
      IF rest ~ '^[^[:alnum:]]' THEN rest := pg_catalog.substr(rest, 2);
      ELSIF rest <> '' AND part <> ' ' THEN RAISE EXCEPTION 'ORA-01861: literal does not match format string'; END IF;
      CONTINUE;
    END IF;
    rest := pg_catalog.ltrim(rest);
    IF rest = '' THEN RAISE EXCEPTION 'ORA-01840: input value not long enough for date format'; END IF;
    got := CASE
      WHEN part IN ('YYYY', 'RRRR', 'SYYYY') THEN (regexp_match(rest, '^[0-9]{1,4}'))[1]
      WHEN part LIKE 'FF%' THEN (regexp_match(rest, '^[0-9]{1,9}'))[1]
      WHEN part IN ('MON', 'DY') THEN (regexp_match(rest, '^[A-Za-z]{3}'))[1]
      WHEN part IN ('MONTH', 'DAY') THEN (regexp_match(rest, '^[A-Za-z]+'))[1]
      WHEN part IN ('AM', 'PM', 'A.M.', 'P.M.') THEN (regexp_match(rest, '^[AaPp]\.?[Mm]\.?'))[1]
      WHEN part = 'TZH' THEN (regexp_match(rest, '^[+-]?[0-9]{1,2}'))[1]
      WHEN part = 'TZR' THEN (regexp_match(rest, '^[A-Za-z0-9_/:+-]+'))[1]
      ELSE (regexp_match(rest, '^[0-9]{1,2}'))[1] END;
    IF got IS NULL THEN
      IF part IN ('MON', 'MONTH', 'MM') THEN RAISE EXCEPTION 'ORA-01843: not a valid month'; END IF;
      IF part LIKE 'YY%' OR part LIKE 'RR%' THEN RAISE EXCEPTION 'ORA-01841: (full) year must be between -4713 and +9999, and not be 0'; END IF;
      RAISE EXCEPTION 'ORA-01858: a non-numeric character was found where a numeric was expected';
    END IF;
    rest := pg_catalog.substr(rest, char_length(got) + 1);
    CASE
      WHEN part IN ('YYYY', 'SYYYY') THEN year := got::int;
      WHEN part IN ('RRRR', 'RR', 'YY', 'YYY') THEN year := CASE WHEN char_length(got) > 2 THEN got::int WHEN part LIKE 'R%' AND got::int >= 50 THEN 1900 + got::int ELSE 2000 + got::int END;
      WHEN part = 'MM' THEN month := got::int;
      WHEN part IN ('MON', 'MONTH') THEN
        month := array_position(ARRAY['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'], pg_catalog.upper("left"(got, 3)));
        IF month IS NULL THEN RAISE EXCEPTION 'ORA-01843: not a valid month'; END IF;
      WHEN part = 'DD' THEN day := got::int;
      WHEN part IN ('HH24', 'HH12', 'HH') THEN hour := got::int;
      WHEN part = 'MI' THEN minute := got::int;
      WHEN part = 'SS' THEN second := got::int;
      WHEN part LIKE 'FF%' THEN micros := pg_catalog.rpad(got, 6, '0')::numeric;
      WHEN part ~ 'M' AND part ~ '^[AP]' THEN afternoon := got ~* '^p';
      WHEN part = 'TZH' THEN zone := CASE WHEN got ~ '^[+-]' THEN got ELSE concat('+', got) END;
      WHEN part = 'TZM' THEN zone := concat(zone, ':', got);
      WHEN part = 'TZR' THEN zone := got;
      ELSE NULL;
    END CASE;
  END LOOP;
  IF pg_catalog.btrim(rest) <> '' THEN RAISE EXCEPTION 'ORA-01830: date format picture ends before converting entire input string'; END IF;
  IF month NOT BETWEEN 1 AND 12 THEN RAISE EXCEPTION 'ORA-01843: not a valid month'; END IF;
  IF day NOT BETWEEN 1 AND 31 THEN RAISE EXCEPTION 'ORA-01847: day of month must be between 1 and last day of month'; END IF;
  IF hour > 23 THEN RAISE EXCEPTION 'ORA-01850: hour must be between 0 and 23'; END IF;
  IF minute > 59 THEN RAISE EXCEPTION 'ORA-01851: minutes must be between 0 and 59'; END IF;
  IF second > 59 THEN RAISE EXCEPTION 'ORA-01852: seconds must be between 0 and 59'; END IF;
  IF afternoon IS NOT NULL THEN hour := hour % 12 + CASE WHEN afternoon THEN 12 ELSE 0 END; END IF;
  moment := make_timestamp(year, month, day, hour, minute, 0) + make_interval(secs => (second + micros / 1000000)::float8);
EXCEPTION WHEN datetime_field_overflow THEN
  RAISE EXCEPTION 'ORA-01839: date not valid for month specified';
END $$;
CREATE FUNCTION oracle.with_zone(timestamp, text) RETURNS oracle.tstz LANGUAGE plpgsql STABLE AS $$
DECLARE
  sign int := CASE WHEN $2 LIKE '-%' THEN -1 ELSE 1 END;
  minutes int;
BEGIN
  IF $1 IS NULL THEN RETURN NULL; END IF;
  IF $2 IS NULL THEN RETURN oracle.in_session($1::timestamptz); END IF;
  IF $2 ~ '^[+-]?[0-9]{1,2}(:[0-9]{1,2})?$' THEN
    minutes := sign * (pg_catalog.ltrim(split_part($2, ':', 1), '+-')::int * 60 + coalesce(nullif(split_part($2, ':', 2), ''), '0')::int);
    RETURN oracle.make_tstz(($1 - make_interval(mins => minutes)) AT TIME ZONE 'UTC', minutes);
  END IF;
  IF $1 AT TIME ZONE $2 AT TIME ZONE $2 <> $1 THEN RAISE EXCEPTION 'ORA-01878: specified field not found in datetime or interval'; END IF;
  RETURN oracle.make_tstz($1 AT TIME ZONE $2, oracle.zone_minutes($1 AT TIME ZONE $2, $2));
EXCEPTION WHEN invalid_parameter_value THEN
  RAISE EXCEPTION 'ORA-01882: timezone region not found';
END $$;
CREATE FUNCTION oracle.to_date(text, text) RETURNS oracle.date LANGUAGE sql STABLE STRICT AS 'SELECT (r.moment)::oracle.date FROM oracle.read($1, $2, false) AS r';
CREATE FUNCTION oracle.to_date(text) RETURNS oracle.date LANGUAGE sql STABLE STRICT AS 'SELECT oracle.to_date($1, oracle.date_format())';
CREATE FUNCTION oracle.to_timestamp(text, text) RETURNS oracle.timestamp LANGUAGE sql STABLE STRICT AS 'SELECT (r.moment)::oracle.timestamp FROM oracle.read($1, $2, true) AS r';
CREATE FUNCTION oracle.to_timestamp(text) RETURNS oracle.timestamp LANGUAGE sql STABLE STRICT AS 'SELECT oracle.to_timestamp($1, oracle.timestamp_format())';
CREATE FUNCTION oracle.to_timestamp_tz(text, text) RETURNS oracle.tstz LANGUAGE sql STABLE STRICT AS 'SELECT oracle.with_zone(r.moment, r.zone) FROM oracle.read($1, $2, true) AS r';
CREATE FUNCTION oracle.to_timestamp_tz(text) RETURNS oracle.tstz LANGUAGE sql STABLE STRICT AS 'SELECT oracle.to_timestamp_tz($1, oracle.timestamp_tz_format())';
CREATE FUNCTION oracle.date_literal(text) RETURNS oracle.date LANGUAGE sql IMMUTABLE STRICT AS
  $$ SELECT (CASE WHEN $1 LIKE '-%' THEN concat(pg_catalog.substr($1, 2), ' BC') ELSE $1 END::timestamp)::oracle.date $$;
CREATE FUNCTION oracle.timestamp_literal(text) RETURNS oracle.timestamp LANGUAGE sql IMMUTABLE STRICT AS 'SELECT ($1::timestamp)::oracle.timestamp';
CREATE FUNCTION oracle.tstz_literal(text) RETURNS oracle.tstz LANGUAGE sql STABLE STRICT AS
  $$ SELECT oracle.with_zone(p[1]::timestamp, p[2]) FROM (SELECT regexp_match($1, '^(.*?[0-9]) *([+-][0-9:]+|[A-Za-z].*)$') AS p) AS parts $$;

-- a text where a date is wanted is read by the session's format
DO $$
DECLARE
  name record;
  base text;
BEGIN
  FOR name IN SELECT * FROM (VALUES ('date', 'to_date'), ('timestamp', 'to_timestamp'), ('tstz', 'to_timestamp_tz')) AS n(type, reader) LOOP
    FOREACH base IN ARRAY ARRAY['text', 'oracle.varchar2', 'oracle.nvarchar2'] LOOP
      IF base <> 'text' THEN EXECUTE format('CREATE FUNCTION oracle.%1$s(%3$s) RETURNS oracle.%2$I LANGUAGE sql STABLE STRICT AS ''SELECT oracle.%1$s($1::text)''', name.reader, name.type, base); END IF;
      EXECUTE format('CREATE CAST (%1$s AS oracle.%2$I) WITH FUNCTION oracle.%3$s(%1$s) AS ASSIGNMENT', base, name.type, name.reader);
    END LOOP;
    FOREACH base IN ARRAY ARRAY['varchar2', 'nvarchar2'] LOOP
      EXECUTE format('CREATE FUNCTION oracle.%1$s_%2$s(oracle.%1$I) RETURNS oracle.%2$I LANGUAGE sql STABLE STRICT AS ''SELECT oracle.to_char($1)::oracle.%2$I''', name.type, base);
      EXECUTE format('CREATE CAST (oracle.%1$I AS oracle.%2$I) WITH FUNCTION oracle.%1$s_%2$s(oracle.%1$I) AS ASSIGNMENT', name.type, base);
    END LOOP;
  END LOOP;
END $$;

CREATE FUNCTION oracle.sys_extract_utc(oracle.tstz) RETURNS oracle.timestamp LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT (oracle.instant($1) AT TIME ZONE 'UTC')::oracle.timestamp $$;
CREATE FUNCTION oracle.sys_extract_utc(oracle.date) RETURNS oracle.timestamp LANGUAGE sql STABLE AS $$ SELECT oracle.fail(30175, 'invalid type given for an argument')::oracle.timestamp $$;
-- SYS_EXTRACT_UTC(CAST(x AS TIMESTAMP WITH TIME ZONE)): what has no zone is in the session's
CREATE FUNCTION oracle.cast_in_utc(oracle.date) RETURNS oracle.timestamp LANGUAGE sql STABLE STRICT AS $$ SELECT ($1::timestamp::timestamptz AT TIME ZONE 'UTC')::oracle.timestamp $$;
CREATE FUNCTION oracle.cast_in_utc(oracle.timestamp) RETURNS oracle.timestamp LANGUAGE sql STABLE STRICT AS $$ SELECT ($1::timestamp::timestamptz AT TIME ZONE 'UTC')::oracle.timestamp $$;
CREATE FUNCTION oracle.cast_in_utc(oracle.tsltz) RETURNS oracle.timestamp LANGUAGE sql STABLE STRICT AS $$ SELECT ($1::timestamptz AT TIME ZONE 'UTC')::oracle.timestamp $$;
CREATE FUNCTION oracle.cast_in_utc(oracle.tstz) RETURNS oracle.timestamp LANGUAGE sql IMMUTABLE STRICT AS 'SELECT oracle.sys_extract_utc($1)';
CREATE FUNCTION oracle.cast_in_utc(text) RETURNS oracle.timestamp LANGUAGE sql STABLE STRICT AS 'SELECT oracle.sys_extract_utc(oracle.to_timestamp_tz($1))';
CREATE FUNCTION oracle.from_tz(oracle.timestamp, text) RETURNS oracle.tstz LANGUAGE sql STABLE STRICT AS 'SELECT oracle.with_zone($1::timestamp, $2)';
CREATE FUNCTION oracle.from_tz(oracle.date, text) RETURNS oracle.tstz LANGUAGE sql STABLE AS $$ SELECT oracle.fail(932, 'inconsistent datatypes: expected TIMESTAMP got DATE')::oracle.tstz $$;
-- AT TIME ZONE is this function, wherever it is looked for
CREATE FUNCTION oracle.at_zone(text, oracle.tstz) RETURNS oracle.tstz LANGUAGE sql STABLE STRICT AS
  $$ SELECT oracle.make_tstz(oracle.instant($2), CASE WHEN $1 ~ '^[+-]?[0-9]' THEN (split_part($1, ':', 1)::int * 60 + CASE WHEN $1 LIKE '-%' THEN -1 ELSE 1 END * coalesce(nullif(split_part($1, ':', 2), ''), '0')::int) ELSE oracle.zone_minutes(oracle.instant($2), $1) END) $$;
CREATE FUNCTION pg_catalog.timezone(text, oracle.tstz) RETURNS oracle.tstz LANGUAGE sql STABLE STRICT AS 'SELECT oracle.at_zone($1, $2)';
CREATE FUNCTION oracle.unit(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
  SELECT coalesce(CASE pg_catalog.upper($1) WHEN 'DD' THEN 'day' WHEN 'DDD' THEN 'day' WHEN 'J' THEN 'day' WHEN 'MM' THEN 'month' WHEN 'MON' THEN 'month' WHEN 'MONTH' THEN 'month'
    WHEN 'YYYY' THEN 'year' WHEN 'YEAR' THEN 'year' WHEN 'YY' THEN 'year' WHEN 'Q' THEN 'quarter' WHEN 'HH' THEN 'hour' WHEN 'HH24' THEN 'hour' WHEN 'HH12' THEN 'hour' WHEN 'MI' THEN 'minute' WHEN 'IW' THEN 'week' END,
    oracle.fail(1821, 'date format not recognized')) $$;
CREATE FUNCTION oracle.trunc(oracle.date, text DEFAULT 'DD') RETURNS oracle.date LANGUAGE sql IMMUTABLE STRICT AS 'SELECT date_trunc(oracle.unit($2), $1::timestamp)::oracle.date';
CREATE FUNCTION oracle.trunc(oracle.timestamp, text DEFAULT 'DD') RETURNS oracle.date LANGUAGE sql IMMUTABLE STRICT AS 'SELECT date_trunc(oracle.unit($2), $1::timestamp)::oracle.date';
CREATE FUNCTION oracle.trunc(oracle.tstz, text DEFAULT 'DD') RETURNS oracle.date LANGUAGE sql IMMUTABLE STRICT AS 'SELECT date_trunc(oracle.unit($2), oracle.local_fields($1))::oracle.date';
CREATE FUNCTION oracle.trunc(oracle.tsltz, text DEFAULT 'DD') RETURNS oracle.date LANGUAGE sql STABLE STRICT AS 'SELECT date_trunc(oracle.unit($2), $1::timestamptz::timestamp)::oracle.date';
CREATE FUNCTION oracle.round(oracle.date) RETURNS oracle.date LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT date_trunc('day', $1::timestamp + interval '12 hours')::oracle.date $$;
CREATE FUNCTION oracle.extract(text, oracle.date) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS
  $$ SELECT CASE WHEN $1 IN ('HOUR', 'MINUTE', 'SECOND') THEN oracle.fail(30076, 'invalid extract field for extract source')::numeric ELSE date_part($1, $2::timestamp)::numeric END $$;
CREATE FUNCTION oracle.extract(text, oracle.timestamp) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS 'SELECT date_part($1, $2::timestamp)::numeric';
CREATE FUNCTION oracle.extract(text, oracle.tstz) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS
  $$ SELECT CASE $1 WHEN 'TIMEZONE_HOUR' THEN div(oracle.offset_minutes($2)::numeric, 60) WHEN 'TIMEZONE_MINUTE' THEN (oracle.offset_minutes($2) % 60)::numeric ELSE date_part($1, oracle.instant($2) AT TIME ZONE 'UTC')::numeric END $$;
CREATE FUNCTION oracle.extract(text, interval) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS 'SELECT date_part($1, $2)::numeric';
