// Functions: those the stand-in knows of Oracle's, and where they are found. Any other one is an invalid identifier.
#include "sql.h"

#include <stdlib.h>
#include <string.h>

typedef int Special(Translator *t, int at);

static Special cast, extract, trim, decode, nvl2, listagg, in_utc, json_serialize, row_id;

typedef struct {
  const char *name, *target;
  Special *special;
} Function;

static const Function FUNCTIONS[] = {
    {"CAST", NULL, cast}, {"EXTRACT", NULL, extract}, {"TRIM", NULL, trim}, {"DECODE", NULL, decode},
    {"NVL2", NULL, nvl2}, {"LISTAGG", NULL, listagg},
    {"NVL", "oracle.nvl", NULL}, {"COALESCE", "coalesce", NULL}, {"NULLIF", "nullif", NULL},
    {"GREATEST", "oracle.greatest", NULL}, {"LEAST", "oracle.least", NULL},
    {"COUNT", "pg_catalog.count", NULL}, {"SUM", "sum", NULL}, {"AVG", "avg", NULL}, {"MIN", "min", NULL},
    {"MAX", "max", NULL}, {"STDDEV", "stddev", NULL}, {"VARIANCE", "variance", NULL}, {"MEDIAN", "oracle.median", NULL},
    {"ROW_NUMBER", "row_number", NULL}, {"RANK", "rank", NULL}, {"DENSE_RANK", "dense_rank", NULL},
    {"LAG", "lag", NULL}, {"LEAD", "lead", NULL}, {"FIRST_VALUE", "first_value", NULL},
    {"LAST_VALUE", "last_value", NULL}, {"NTILE", "ntile", NULL}, {"PERCENTILE_CONT", "percentile_cont", NULL},
    {"PERCENTILE_DISC", "percentile_disc", NULL},
    {"UPPER", "oracle.upper", NULL}, {"LOWER", "oracle.lower", NULL}, {"INITCAP", "initcap", NULL},
    {"LENGTH", "oracle.length", NULL}, {"LENGTHB", "oracle.lengthb", NULL}, {"SUBSTR", "oracle.substr", NULL},
    {"SUBSTRB", "oracle.substrb", NULL}, {"INSTR", "oracle.instr", NULL}, {"REPLACE", "oracle.replace", NULL},
    {"TRANSLATE", "oracle.translate", NULL}, {"LTRIM", "oracle.ltrim", NULL}, {"RTRIM", "oracle.rtrim", NULL},
    {"LPAD", "oracle.lpad", NULL}, {"RPAD", "oracle.rpad", NULL}, {"CONCAT", "oracle.concat", NULL},
    {"CHR", "oracle.chr", NULL}, {"ASCII", "ascii", NULL}, {"REVERSE", "reverse", NULL},
    {"REGEXP_LIKE", "oracle.regexp_like", NULL}, {"REGEXP_COUNT", "oracle.regexp_count", NULL},
    {"REGEXP_SUBSTR", "oracle.regexp_substr", NULL}, {"REGEXP_REPLACE", "oracle.regexp_replace", NULL},
    {"REGEXP_INSTR", "oracle.regexp_instr", NULL},
    {"TO_CHAR", "oracle.to_char", NULL}, {"TO_DATE", "oracle.to_date", NULL}, {"TO_NUMBER", "oracle.to_number", NULL},
    {"TO_TIMESTAMP", "oracle.to_timestamp", NULL}, {"TO_TIMESTAMP_TZ", "oracle.to_timestamp_tz", NULL},
    {"TO_CLOB", "oracle.to_clob", NULL}, {"TO_NCHAR", "oracle.to_nchar", NULL}, {"TO_NCLOB", "oracle.to_nclob", NULL}, {"JSON_VALUE", "oracle.json_value", NULL},
    {"JSON_QUERY", "oracle.json_query", NULL}, {"ROWIDTOCHAR", NULL, row_id}, {"TO_BLOB", "oracle.to_blob", NULL},
    {"SYS_EXTRACT_UTC", NULL, in_utc}, {"FROM_TZ", "oracle.from_tz", NULL},
    {"NUMTODSINTERVAL", "oracle.numtodsinterval", NULL}, {"ADD_MONTHS", "oracle.add_months", NULL},
    {"TRUNC", "oracle.trunc", NULL}, {"ROUND", "oracle.round", NULL}, {"CEIL", "ceil", NULL}, {"FLOOR", "floor", NULL},
    {"ABS", "abs", NULL}, {"SIGN", "sign", NULL}, {"MOD", "oracle.mod", NULL}, {"POWER", "power", NULL},
    {"SQRT", "sqrt", NULL}, {"EXP", "exp", NULL}, {"LN", "ln", NULL},
    {"SYS_CONTEXT", "oracle.sys_context", NULL}, {"RAWTOHEX", "oracle.rawtohex", NULL},
    {"HEXTORAW", "oracle.hextoraw", NULL}, {"EMPTY_CLOB", "oracle.empty_clob", NULL},
    {"EMPTY_BLOB", "oracle.empty_blob", NULL}, {"ORA_HASH", "oracle.ora_hash", NULL},
    {"SYS_GUID", "oracle.sys_guid", NULL}, {"USERENV", "oracle.userenv", NULL}, {"NLSSORT", "oracle.nlssort", NULL},
    {"STANDARD_HASH", "oracle.standard_hash", NULL}, {"DUMP", "oracle.dump", NULL},
    {"JSON_SERIALIZE", NULL, json_serialize}};

static const Function PACKAGED[] = {
    {"DBMS_LOB.SUBSTR", "oracle.dbms_lob_substr", NULL}, {"DBMS_LOB.GETLENGTH", "oracle.dbms_lob_getlength", NULL},
    {"DBMS_LOB.INSTR", "oracle.dbms_lob_instr", NULL}, {"UTL_RAW.CAST_TO_VARCHAR2", "oracle.cast_to_varchar2", NULL},
    {"UTL_RAW.CAST_TO_RAW", "oracle.cast_to_raw", NULL}, {"DBMS_RANDOM.VALUE", "oracle.random_value", NULL},
    {"DBMS_XPLAN.DISPLAY", "oracle.display_plan", NULL}};

static const Function *plain(const Translator *t, int at) {
  if (!symbol(t, at + 1, "(")) return NULL;
  for (size_t i = 0; i < sizeof FUNCTIONS / sizeof *FUNCTIONS; i++)
    if (is(t, at, FUNCTIONS[i].name)) return &FUNCTIONS[i];
  return NULL;
}

static const Function *packaged(const Translator *t, int at) {
  if (!symbol(t, at + 1, ".") || t->tokens[at + 2].kind != WORD) return NULL;
  Text name = {0};
  text_format(&name, "%s.%s", t->tokens[at].text, t->tokens[at + 2].text);
  const Function *found = NULL;
  for (size_t i = 0; i < sizeof PACKAGED / sizeof *PACKAGED; i++)
    if (strcmp(name.text, PACKAGED[i].name) == 0) found = &PACKAGED[i];
  text_free(&name);
  return found;
}

bool is_function(const Translator *t, int at) {
  return t->tokens[at].kind == WORD && (plain(t, at) || packaged(t, at));
}

static int call(Translator *t, const char *target, int open) {
  int close = t->tokens[open].match;
  text_put(&t->sql, target);
  text_put(&t->sql, "(");
  block(t, open + 1, close, false);
  text_put(&t->sql, ")");
  return close + 1;
}

int function_call(Translator *t, int at) {
  const Function *function = plain(t, at);
  if (function) return function->special ? function->special(t, at) : call(t, function->target, at + 1);
  function = packaged(t, at);
  if (symbol(t, at + 3, "(")) return call(t, function->target, at + 3);
  text_format(&t->sql, "%s()", function->target);
  return at + 3;
}

// the token at this depth that the word is, or -1
static int find(const Translator *t, int from, int to, const char *word) {
  for (int i = from; i < to; i++) {
    if (symbol(t, i, "(")) i = t->tokens[i].match;
    if (is(t, i, word)) return i;
  }
  return -1;
}

static int comma(const Translator *t, int from, int to) {
  for (int i = from; i < to; i++) {
    if (symbol(t, i, "(")) i = t->tokens[i].match;
    if (symbol(t, i, ",")) return i;
  }
  return to;
}

// CAST(x AS type)
static int cast(Translator *t, int at) {
  int close = t->tokens[at + 1].match, as = find(t, at + 2, close, "AS");
  if (as < 0) {
    refuse(t, 905, "missing keyword");
    return close + 1;
  }
  text_put(&t->sql, "CAST(");
  block(t, at + 2, as, false);
  text_put(&t->sql, " AS ");
  int after = put_type(t, as + 1, NULL);
  if (after != close) refuse(t, 907, "missing right parenthesis");
  text_put(&t->sql, ")");
  return close + 1;
}

// EXTRACT(field FROM x)
static int extract(Translator *t, int at) {
  int close = t->tokens[at + 1].match;
  static const char *const FIELDS[] = {"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND", "TIMEZONE_HOUR", "TIMEZONE_MINUTE", "TIMEZONE_REGION", "TIMEZONE_ABBR"};
  bool known = false;
  for (size_t i = 0; i < sizeof FIELDS / sizeof *FIELDS; i++) known |= is(t, at + 2, FIELDS[i]);
  if (!known || !is(t, at + 3, "FROM")) refuse(t, 907, "missing right parenthesis");
  text_format(&t->sql, "oracle.extract('%s', ", t->tokens[at + 2].text);
  block(t, at + 4, close, false);
  text_put(&t->sql, ")");
  return close + 1;
}

// TRIM([[LEADING | TRAILING | BOTH] [c] FROM] x)
static int trim(Translator *t, int at) {
  int close = t->tokens[at + 1].match, from = find(t, at + 2, close, "FROM");
  const char *target = is(t, at + 2, "LEADING") ? "oracle.ltrim" : is(t, at + 2, "TRAILING") ? "oracle.rtrim" : "oracle.btrim";
  if (from < 0) return call(t, "oracle.btrim", at + 1);
  int mark = is(t, at + 2, "LEADING") || is(t, at + 2, "TRAILING") || is(t, at + 2, "BOTH") ? at + 3 : at + 2;
  text_format(&t->sql, "%s(", target);
  block(t, from + 1, close, false);
  if (mark < from) {
    text_put(&t->sql, ", ");
    block(t, mark, from, false);
  }
  text_put(&t->sql, ")");
  return close + 1;
}

static Text aside(Translator *t, int from, int to) {
  Text before = t->sql;
  t->sql = (Text){0};
  block(t, from, to, false);
  Text text = t->sql;
  t->sql = before;
  return text;
}

// a result, as the type of the first one
static void put_alike(Translator *t, int first, int first_end, int from, int to) {
  text_put(&t->sql, " oracle.alike(");
  block(t, first, first_end, false);
  text_put(&t->sql, ", ");
  block(t, from, to, false);
  text_put(&t->sql, ")");
}

// DECODE(x, a, b, ..., otherwise), where NULL is NULL
static int decode(Translator *t, int at) {
  int close = t->tokens[at + 1].match, first = comma(t, at + 2, close), next = first + 1;
  int result = comma(t, next, close) + 1, result_end = comma(t, result, close);
  Text tested = aside(t, at + 2, first);
  text_put(&t->sql, "CASE");
  while (next < close) {
    int end = comma(t, next, close);
    if (end >= close) {
      text_put(&t->sql, " ELSE");
      put_alike(t, result, result_end, next, close);
      break;
    }
    text_format(&t->sql, " WHEN %s IS NOT DISTINCT FROM", tested.text);
    block(t, next, end, false);
    text_put(&t->sql, " THEN");
    next = comma(t, end + 1, close);
    put_alike(t, result, result_end, end + 1, next);
    next++;
  }
  text_put(&t->sql, " END");
  text_free(&tested);
  return close + 1;
}

static int nvl2(Translator *t, int at) {
  int close = t->tokens[at + 1].match, first = comma(t, at + 2, close), second = comma(t, first + 1, close);
  text_put(&t->sql, "CASE WHEN");
  block(t, at + 2, first, false);
  text_put(&t->sql, " IS NOT NULL THEN");
  block(t, first + 1, second, false);
  text_put(&t->sql, " ELSE");
  put_alike(t, first + 1, second, second + 1, close);
  text_put(&t->sql, " END");
  return close + 1;
}

// JSON_SERIALIZE(x [RETURNING CLOB | VARCHAR2 [(n)]])
static int json_serialize(Translator *t, int at) {
  int close = t->tokens[at + 1].match, returning = find(t, at + 2, close, "RETURNING");
  bool clob = returning >= 0 && is(t, returning + 1, "CLOB"), sized = returning >= 0 && symbol(t, returning + 2, "(");
  const char *size = clob ? "NULL" : sized ? t->tokens[returning + 3].text : "4000";
  text_put(&t->sql, "CAST(oracle.json_serialize(");
  block(t, at + 2, returning < 0 ? close : returning, false);
  text_format(&t->sql, ", %s) AS oracle.%s)", size, clob ? "clob" : "varchar2");
  return close + 1;
}

// LISTAGG(x, c) WITHIN GROUP (ORDER BY y)
static int listagg(Translator *t, int at) {
  int close = t->tokens[at + 1].match;
  text_put(&t->sql, "oracle.listagg(");
  block(t, at + 2, close, false);
  if (!is(t, close + 1, "WITHIN") || !is(t, close + 2, "GROUP") || !symbol(t, close + 3, "(")) {
    text_put(&t->sql, ")");
    return close + 1;
  }
  int end = t->tokens[close + 3].match;
  text_put(&t->sql, " ");
  block(t, close + 4, end, false);
  text_put(&t->sql, ")");
  return end + 1;
}

// the type TIMESTAMP WITH TIME ZONE, with no fewer digits of a second than the stand-in has
static bool zoned(const Translator *t, int from, int to) {
  int next = from + 1, digits = 6;
  if (symbol(t, next, "(")) {
    digits = atoi(t->tokens[next + 1].text);
    next = t->tokens[next].match + 1;
  }
  return is(t, from, "TIMESTAMP") && is(t, next, "WITH") && is(t, next + 1, "TIME") && next + 3 == to && digits >= 6;
}

// SYS_EXTRACT_UTC(x); with a CAST in it both are one step, for in between no year after 4000 would go
static int in_utc(Translator *t, int at) {
  int close = t->tokens[at + 1].match;
  bool casts = is(t, at + 2, "CAST") && symbol(t, at + 3, "(") && t->tokens[at + 3].match == close - 1;
  int as = casts ? find(t, at + 4, close - 1, "AS") : -1;
  if (as < 0 || !zoned(t, as + 1, close - 1)) return call(t, "oracle.sys_extract_utc", at + 1);
  text_put(&t->sql, "oracle.cast_in_utc(");
  block(t, at + 4, as, false);
  text_put(&t->sql, ")");
  return close + 1;
}

// ROWIDTOCHAR([t.]ROWID)
static int row_id(Translator *t, int at) {
  int close = t->tokens[at + 1].match;
  if (!is(t, close - 1, "ROWID")) refuse(t, 932, "inconsistent datatypes: expected ROWID");
  text_put(&t->sql, "(");
  if (symbol(t, at + 3, ".")) {
    put_name(&t->sql, &t->tokens[at + 2]);
    text_put(&t->sql, ".");
  }
  text_put(&t->sql, "ctid)::text");
  return close + 1;
}
