// Type names: Oracle's, as the types of the schema `oracle` that stand for them.
#include "sql.h"

#include <stdlib.h>
#include <string.h>

// a length in parentheses, with CHAR or BYTE; gives the token after it
static int length_of(Translator *t, int at, int *length, bool *characters) {
  *length = -1;
  *characters = false;
  if (!symbol(t, at, "(")) return at;
  int close = t->tokens[at].match;
  *length = atoi(t->tokens[at + 1].text);
  *characters = is(t, at + 2, "CHAR");
  return close + 1;
}

// the size of a text stands in a check that says what is wrong as Oracle does
static int sized_text(Translator *t, int at, Text *check, bool national) {
  int length;
  bool characters;
  int after = length_of(t, at + 1, &length, &characters);
  if (length < 0) {
    refuse(t, 906, "missing left parenthesis");
    return after;
  }
  if (length < 1) refuse(t, 1723, "zero-length columns are not allowed");
  if (length > (national ? 2000 : 4000)) refuse(t, 910, "specified length too long for its datatype");
  if (national)
    text_format(&t->sql, "oracle.nvarchar2(%d)", length);
  else
    text_format(&t->sql, "oracle.varchar2(%d)", characters && length * 4 <= 4000 ? length * 4 : characters ? 4000 : length);
  if (check) text_format(check, "%s %d", national ? "national" : characters ? "chars" : "bytes", length);
  return after;
}

static int number_type(Translator *t, int at) {
  text_put(&t->sql, "numeric");
  if (!symbol(t, at + 1, "(")) return at + 1;
  int close = t->tokens[at + 1].match;
  const char *digits = t->tokens[at + 2].text;
  text_put(&t->sql, "(");
  text_put(&t->sql, strcmp(digits, "*") == 0 ? "38" : digits);
  if (close > at + 3) {
    text_put(&t->sql, ",");
    for (int i = at + 4; i < close; i++) text_put(&t->sql, t->tokens[i].text);
  }
  text_put(&t->sql, ")");
  return close + 1;
}

static int timestamp_type(Translator *t, int at) {
  int digits;
  bool ignored;
  int after = length_of(t, at + 1, &digits, &ignored);
  const char *name = "timestamp";
  if (is(t, after, "WITH") && is(t, after + 1, "LOCAL")) {
    name = "tsltz";
    after += 4;
  } else if (is(t, after, "WITH") && is(t, after + 1, "TIME")) {
    name = "tstz";
    after += 3;
  }
  text_format(&t->sql, "oracle.%s", name);
  if (digits >= 0) text_format(&t->sql, "(%d)", digits > 6 ? 6 : digits);
  return after;
}

static int sized(Translator *t, int at, const char *name, int without) {
  int length;
  bool ignored;
  int after = length_of(t, at + 1, &length, &ignored);
  text_format(&t->sql, "%s(%d)", name, length < 0 ? without : length);
  return after;
}

// gives the token after the type; in `check` how a text's length is counted
int put_type(Translator *t, int at, Text *check) {
  static const struct {
    const char *name, *type;
  } PLAIN[] = {{"DATE", "oracle.date"},      {"CLOB", "oracle.clob"},      {"NCLOB", "oracle.clob"},
               {"BLOB", "oracle.blob"},      {"INTEGER", "numeric(38)"},   {"INT", "numeric(38)"},
               {"SMALLINT", "numeric(38)"},  {"REAL", "double precision"}, {"BINARY_DOUBLE", "double precision"},
               {"BINARY_FLOAT", "real"},     {"LONG", "oracle.long"},      {"ROWID", "text"},
               {"JSON", "oracle.json"},      {"XMLTYPE", "oracle.xmltype"}};
  if (is(t, at, "SYS") && symbol(t, at + 1, ".")) at += 2;
  if (is(t, at, "VECTOR")) {
    text_put(&t->sql, "oracle.vector");
    return symbol(t, at + 1, "(") ? t->tokens[at + 1].match + 1 : at + 1;
  }
  for (size_t i = 0; i < sizeof PLAIN / sizeof *PLAIN; i++)
    if (is(t, at, PLAIN[i].name)) {
      text_put(&t->sql, PLAIN[i].type);
      return at + 1;
    }
  if (is(t, at, "VARCHAR2") || is(t, at, "VARCHAR")) return sized_text(t, at, check, false);
  if (is(t, at, "NVARCHAR2")) return sized_text(t, at, check, true);
  if (is(t, at, "NCHAR")) return sized(t, at, "oracle.nvarchar2", 1);
  if (is(t, at, "NUMBER") || is(t, at, "DECIMAL") || is(t, at, "NUMERIC") || is(t, at, "DEC")) return number_type(t, at);
  if (is(t, at, "FLOAT")) {
    int length;
    bool ignored;
    text_put(&t->sql, "numeric");
    return length_of(t, at + 1, &length, &ignored);
  }
  if (is(t, at, "TIMESTAMP")) return timestamp_type(t, at);
  if (is(t, at, "CHAR")) return sized(t, at, "character", 1);
  if (is(t, at, "RAW")) return sized(t, at, "oracle.raw", 2000);
  if (is(t, at, "INTERVAL")) {
    text_put(&t->sql, "interval");
    while (at < t->count && (is(t, at, "INTERVAL") || is(t, at, "DAY") || is(t, at, "TO") || is(t, at, "SECOND") || symbol(t, at, "("))) at = symbol(t, at, "(") ? t->tokens[at].match + 1 : at + 1;
    return at;
  }
  refuse(t, 902, "invalid datatype");
  return symbol(t, at + 1, "(") ? t->tokens[at + 1].match + 1 : at + 1;
}
