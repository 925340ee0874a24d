// Queries and changes of rows: one block for what stands between two parentheses, clause by clause.
#include "sql.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

typedef enum { NONE, WITH_LIST, SELECT_LIST, FROM_LIST, WHERE_PART, GROUP_LIST, ORDER_LIST, SET_LIST, INTO_PART, VALUES_PART, RETURNING_PART, LIMITS, LOCKS } Clause;

typedef struct {
  Clause clause;
  bool top, query, fetches, groups, distinct;
  int list_start;        // of the select list
  int limit_from, limit_to; // the operand of ROWNUM <=
  bool limit_below;
  int aliases[64];
  int alias_count;
} Block;

static const char *const KEYWORDS[] = {
    "SELECT", "DISTINCT", "ALL", "FROM", "WHERE", "AND", "OR", "NOT", "IN", "IS", "NULL", "LIKE", "ESCAPE", "BETWEEN",
    "EXISTS", "ANY", "SOME", "CASE", "WHEN", "THEN", "ELSE", "END", "GROUP", "BY", "HAVING", "ORDER", "ASC", "DESC",
    "NULLS", "FIRST", "LAST", "UNION", "INTERSECT", "JOIN", "INNER", "LEFT", "RIGHT", "FULL", "OUTER", "CROSS",
    "NATURAL", "ON", "USING", "WITH", "AS", "INSERT", "INTO", "VALUES", "UPDATE", "SET", "DELETE", "OVER", "PARTITION",
    "ROWS", "RANGE", "UNBOUNDED", "PRECEDING", "FOLLOWING", "CURRENT", "ROW", "FETCH", "NEXT", "ONLY", "OFFSET", "FOR",
    "NOWAIT", "SKIP", "LOCKED", "OF", "DEFAULT", "DAY", "HOUR", "MINUTE", "SECOND", "YEAR", "MONTH", "TO", "AT", "TIME",
    "ZONE", "ROLLUP", "CUBE", "GROUPING", "SETS", "LATERAL", "INTERVAL", "TABLE"};

// names that Oracle does not take unquoted
static const char *const RESERVED[] = {
    "ACCESS", "ADD", "ALL", "ALTER", "AND", "ANY", "AS", "ASC", "AUDIT", "BETWEEN", "BY", "CHAR", "CHECK", "CLUSTER",
    "COLUMN", "COMMENT", "COMPRESS", "CONNECT", "CREATE", "CURRENT", "DATE", "DECIMAL", "DEFAULT", "DELETE", "DESC",
    "DISTINCT", "DROP", "ELSE", "EXCLUSIVE", "EXISTS", "FILE", "FLOAT", "FOR", "FROM", "GRANT", "GROUP", "HAVING",
    "IDENTIFIED", "IMMEDIATE", "IN", "INCREMENT", "INDEX", "INITIAL", "INSERT", "INTEGER", "INTERSECT", "INTO", "IS",
    "LEVEL", "LIKE", "LOCK", "LONG", "MAXEXTENTS", "MINUS", "MLSLABEL", "MODE", "MODIFY", "NOAUDIT", "NOCOMPRESS",
    "NOT", "NOWAIT", "NULL", "NUMBER", "OF", "OFFLINE", "ON", "ONLINE", "OPTION", "OR", "ORDER", "PCTFREE", "PRIOR",
    "PUBLIC", "RAW", "RENAME", "RESOURCE", "REVOKE", "ROW", "ROWID", "ROWNUM", "ROWS", "SELECT", "SESSION", "SET",
    "SHARE", "SIZE", "SMALLINT", "START", "SUCCESSFUL", "SYNONYM", "SYSDATE", "TABLE", "THEN", "TO", "TRIGGER", "UID",
    "UNION", "UNIQUE", "UPDATE", "USER", "VALIDATE", "VALUES", "VARCHAR", "VARCHAR2", "VIEW", "WHENEVER", "WHERE",
    "WITH"};

// words that stand for a value, without brackets
static const struct {
  const char *word, *sql;
} VALUES[] = {{"SYSDATE", "oracle.sysdate()"},
              {"SYSTIMESTAMP", "oracle.systimestamp()"},
              {"CURRENT_DATE", "oracle.current_date()"},
              {"CURRENT_TIMESTAMP", "oracle.current_timestamp()"},
              {"LOCALTIMESTAMP", "oracle.localtimestamp()"},
              {"SESSIONTIMEZONE", "oracle.sessiontimezone()"},
              {"DBTIMEZONE", "oracle.dbtimezone()"},
              {"USER", "oracle.username()"},
              {"UID", "0"},
              {"ROWNUM", "row_number() OVER ()"},
              {"LEVEL", "\"level\""},
              {"MINUS", "EXCEPT"},
              {"UNIQUE", "DISTINCT"}};

static bool listed(const char *const *list, size_t count, const Token *token) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(list[i], token->text) == 0) return true;
  return false;
}

static bool is_keyword(const Token *token) { return listed(KEYWORDS, sizeof KEYWORDS / sizeof *KEYWORDS, token); }
static bool is_reserved(const Token *token) { return listed(RESERVED, sizeof RESERVED / sizeof *RESERVED, token); }

static bool is_name(const Translator *t, int at) {
  const Token *token = &t->tokens[at];
  return token->kind == QUOTED || (token->kind == WORD && !is_reserved(token) && !is_keyword(token));
}

// the names of the answer's columns: of an expression without an alias its own text, blanks taken out
static char *name_of_item(const Translator *t, int from, int to) {
  const Token *last = &t->tokens[to - 1];
  bool plain = to - from == 1 || symbol(t, to - 2, ".") || is(t, to - 2, "AS");
  bool alias = to - from > 1 && (last->kind == QUOTED || last->kind == WORD) && !symbol(t, to - 2, ".") && !is(t, to - 1, "END") && !is(t, to - 1, "NULL") &&
               (t->tokens[to - 2].kind != SYMBOL || symbol(t, to - 2, ")"));
  if ((plain && (last->kind == WORD || last->kind == QUOTED) && !(to - from == 1 && last->kind == WORD && is_keyword(last))) || alias) return copy_text(last->text, strlen(last->text));
  Text text = {0};
  for (size_t at = t->tokens[from].start; at < last->end; at++)
    if (!isspace((unsigned char)t->text[at])) {
      char letter = (char)toupper((unsigned char)t->text[at]);
      text_add(&text, &letter, 1);
    }
  if (text.length > 128) text.text[128] = 0;
  return text_take(&text);
}

static void add_name(Translation *out, char *name) {
  out->names = realloc(out->names, ((size_t)out->name_count + 1) * sizeof(char *));
  if (!out->names) abort();
  out->names[out->name_count++] = name;
}

static void name_columns(Translator *t, int from, int to) {
  if (is(t, from, "DISTINCT") || is(t, from, "UNIQUE") || is(t, from, "ALL")) from++;
  int start = from;
  bool star = false;
  for (int i = from; i <= to; i++) {
    if (i < to && symbol(t, i, "(")) {
      i = t->tokens[i].match;
    } else if (i == to || symbol(t, i, ",")) {
      if (i == start) {
        refuse(t, 936, "missing expression");
        return;
      }
      star |= symbol(t, i - 1, "*");
      add_name(t->out, name_of_item(t, start, i));
      start = i + 1;
    }
  }
  if (!star) return;
  for (int i = 0; i < t->out->name_count; i++) free(t->out->names[i]);
  t->out->name_count = 0; // PostgreSQL's names do
}

static void end_list(Translator *t, Block *b, int at) {
  if (b->clause != SELECT_LIST) return;
  refuse(t, at == b->list_start ? 936 : 923, at == b->list_start ? "missing expression" : "FROM keyword not found where expected");
}

static void start_query(Translator *t, Block *b, int at) {
  b->clause = SELECT_LIST;
  b->query = true;
  b->list_start = at + 1;
  b->alias_count = 0;
  b->distinct |= is(t, at + 1, "DISTINCT");
}

static void start_from(Translator *t, Block *b, int at) {
  if (b->clause == SELECT_LIST) {
    if (at == b->list_start) refuse(t, 936, "missing expression");
    if (b->top && t->out->name_count == 0) name_columns(t, b->list_start, at);
  }
  b->clause = FROM_LIST;
}

// a star goes with nothing else unless a table stands before it
static void check_star(Translator *t, const Block *b, int at) {
  if (b->clause != SELECT_LIST || symbol(t, at - 1, ".")) return;
  bool first = at == b->list_start || (at == b->list_start + 1 && t->tokens[at - 1].kind == WORD && is_keyword(&t->tokens[at - 1]));
  if (first && symbol(t, at + 1, ",")) refuse(t, 923, "FROM keyword not found where expected");
  if (symbol(t, at - 1, ",")) refuse(t, 936, "missing expression");
}

// whether the select list puts rows together, which would come before the limit
static bool aggregates(const Translator *t, const Block *b, int to) {
  static const char *const NAMES[] = {"COUNT", "SUM", "MIN", "MAX", "AVG", "LISTAGG"};
  for (int i = b->list_start; i < to && !is(t, i, "FROM"); i++)
    for (size_t name = 0; name < sizeof NAMES / sizeof *NAMES; name++)
      if (is(t, i, NAMES[name]) && symbol(t, i + 1, "(") && !is(t, t->tokens[i + 1].match + 1, "OVER")) return true;
  return false;
}

// [AND] ROWNUM <= n
static int row_limit(Translator *t, Block *b, int at, int to) {
  bool below = symbol(t, at + 1, "<");
  if (b->clause != WHERE_PART || at + 2 >= to || (!below && !symbol(t, at + 1, "<=") && !symbol(t, at + 1, "="))) return 0;
  if (!b->query) refuse(t, 3001, "unimplemented feature: ROWNUM in a change");
  if (aggregates(t, b, at)) refuse(t, 3001, "unimplemented feature: ROWNUM beside an aggregate");
  b->limit_from = at + 2;
  b->limit_to = symbol(t, at + 2, "(") ? t->tokens[at + 2].match + 1 : at + 3;
  b->limit_below = below;
  text_put(&t->sql, "TRUE");
  return b->limit_to;
}

// a number of rows: a parameter comes as NUMBER, which PostgreSQL does not take there
static void put_count(Translator *t, int from, int to) {
  text_put(&t->sql, "(pg_catalog.floor((");
  block(t, from, to, false);
  text_put(&t->sql, ")::numeric)::bigint)");
}

static int limits(Translator *t, Block *b, int at, int to) {
  bool offset = is(t, at, "OFFSET");
  text_put(&t->sql, offset ? "OFFSET " : "FETCH FIRST ");
  int from = offset ? at + 1 : at + 2;
  if (!offset && !is(t, at + 1, "FIRST") && !is(t, at + 1, "NEXT")) refuse(t, 933, "SQL command not properly ended");
  int end = symbol(t, from, "(") ? t->tokens[from].match + 1 : from + 1;
  if (!offset && (is(t, from, "ROW") || is(t, from, "ROWS"))) {
    text_put(&t->sql, "1");
    end = from;
  } else {
    put_count(t, from, end > to ? to : end);
  }
  if (!is(t, end, "ROW") && !is(t, end, "ROWS")) refuse(t, 933, "SQL command not properly ended");
  if (!offset && !is(t, end + 1, "ONLY")) refuse(t, 933, "SQL command not properly ended");
  text_put(&t->sql, offset ? " ROWS" : " ROWS ONLY");
  b->clause = LIMITS;
  b->fetches = true;
  return offset ? end + 1 : end + 2;
}

// FOR UPDATE [OF columns] [NOWAIT | WAIT n | SKIP LOCKED]
static int lock(Translator *t, Block *b, int at, int to) {
  if (b->fetches || b->groups || b->distinct || b->limit_to)
    refuse(t, 2014, "cannot select FOR UPDATE from view with DISTINCT, GROUP BY, etc.");
  if (b->top) t->out->manner = RUN_LOCKING;
  at += 2;
  int of = at;
  if (is(t, at, "OF")) // Oracle names columns, PostgreSQL tables; the columns stand where they change nothing
    for (at++; at < to && !is(t, at, "NOWAIT") && !is(t, at, "SKIP") && !is(t, at, "WAIT"); at++) {
      bool starts = is(t, at - 1, "OF") || symbol(t, at - 1, ","), ends = at + 1 >= to || t->tokens[at + 1].kind != SYMBOL || symbol(t, at + 1, ",");
      if (starts) text_put(&t->sql, b->clause == ORDER_LIST ? ", (" : "ORDER BY (");
      b->clause = ORDER_LIST;
      if (symbol(t, at, "."))
        text_put(&t->sql, ".");
      else if (!symbol(t, at, ","))
        put_name(&t->sql, &t->tokens[at]);
      if (ends && t->tokens[at].kind != SYMBOL) text_put(&t->sql, " IS NULL AND FALSE)");
    }
  b->clause = LOCKS;
  text_put(&t->sql, " FOR UPDATE");
  const char *before = " OF ";
  for (; of < at; of++)
    if (symbol(t, of + 1, ".") && !symbol(t, of - 1, ".")) {
      text_put(&t->sql, before);
      put_name(&t->sql, &t->tokens[of]);
      before = ", ";
    }
  if (is(t, at, "WAIT")) {
    t->out->lock_wait = atoi(t->tokens[at + 1].text);
    return at + 2;
  }
  return at;
}

// FROM DUAL CONNECT BY LEVEL <= n: numbers from 1 on
static int generator(Translator *t, Block *b, int at, int to) {
  if (!is(t, at + 1, "DUAL") || !is(t, at + 2, "CONNECT") || !is(t, at + 3, "BY") || !is(t, at + 4, "LEVEL") || !symbol(t, at + 5, "<=")) return 0;
  start_from(t, b, at);
  int end = at + 6;
  while (end < to && !is(t, end, "ORDER") && !is(t, end, "UNION")) end = symbol(t, end, "(") ? t->tokens[end].match + 1 : end + 1;
  text_put(&t->sql, "FROM pg_catalog.generate_series(1, ");
  put_count(t, at + 6, end);
  text_put(&t->sql, ") AS dual(level)");
  return end;
}

static void group_item(Translator *t, const Block *b, int at, int to) {
  bool starts = is(t, at - 1, "BY") || symbol(t, at - 1, ",");
  bool ends = at + 1 >= to || symbol(t, at + 1, ",") || is(t, at + 1, "HAVING") || is(t, at + 1, "ORDER") || is(t, at + 1, "FETCH");
  if (!starts || !ends) return;
  if (t->tokens[at].kind == NUMBER) refuse(t, 979, "not a GROUP BY expression");
  if (t->tokens[at].kind != WORD && t->tokens[at].kind != QUOTED) return;
  for (int i = 0; i < b->alias_count; i++)
    if (strcmp(t->tokens[b->aliases[i]].text, t->tokens[at].text) == 0) {
      // PostgreSQL would take the alias; an expression takes only a column
      text_put(&t->sql, ", (");
      put_name(&t->sql, &t->tokens[at]);
      text_put(&t->sql, " IS NULL)");
      return;
    }
}

// PUBLIC has synonyms, found by their bare names; it is no schema
static void refuse_public(Translator *t, const Block *b, int at) {
  bool relation = b->clause == FROM_LIST || b->clause == INTO_PART || (at == 1 && is(t, 0, "UPDATE"));
  if (!relation || strcmp(t->tokens[at].text, "PUBLIC") != 0 || !symbol(t, at + 1, ".")) return;
  bool quoted = t->tokens[at].kind == QUOTED;
  refuse(t, quoted ? 942 : 903, quoted ? "table or view does not exist" : "invalid table name");
}

// SET x.a = ..., y.x.a = ...: PostgreSQL wants the bare column
static int skip_qualifier(const Translator *t, const Block *b, int at) {
  if (b->clause != SET_LIST || !(is(t, at - 1, "SET") || symbol(t, at - 1, ","))) return at;
  int name = at;
  while (symbol(t, name + 1, ".")) name += 2;
  return symbol(t, name + 1, "=") ? name : at;
}

static int returning(Translator *t, int at, int to) {
  int into = at + 1;
  while (into < to && !is(t, into, "INTO")) into = symbol(t, into, "(") ? t->tokens[into].match + 1 : into + 1;
  if (into >= to) {
    refuse(t, 925, "missing INTO keyword");
    return to;
  }
  text_put(&t->sql, "RETURNING ");
  block(t, at + 1, into, false);
  t->out->returning = true;
  for (int i = into + 1; i < to; i++) {
    if (t->tokens[i].kind == BIND)
      put_bind(t, i, true);
    else if (!symbol(t, i, ","))
      refuse(t, 933, "SQL command not properly ended");
  }
  return to;
}

// DATE '...', TIMESTAMP '...'
static int moment_literal(Translator *t, int at) {
  if (t->tokens[at + 1].kind != STRING) return 0;
  if (!is(t, at, "DATE") && !is(t, at, "TIMESTAMP")) return 0;
  const char *text = t->tokens[at + 1].text;
  const char *time = strchr(text, ':');
  bool zone = time && (strchr(time, '+') || strchr(time, '-') || strpbrk(time, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
  text_put(&t->sql, is(t, at, "DATE") ? "oracle.date_literal('" : zone ? "oracle.tstz_literal('" : "oracle.timestamp_literal('");
  for (; *text; text++) text_add(&t->sql, *text == '\'' ? "''" : text, *text == '\'' ? 2 : 1);
  text_put(&t->sql, "')");
  return at + 2;
}

// whether a literal is a result of CASE or COALESCE or a column of a query: it is a text there whatever stands beside it
static bool is_result(const Translator *t, const Block *b, int at) {
  bool ends = t->tokens[at + 1].kind != SYMBOL || symbol(t, at + 1, ",") || symbol(t, at + 1, ")");
  if (!ends) return false;
  if (is(t, at - 1, "THEN") || is(t, at - 1, "ELSE")) return true;
  if (b->clause == SELECT_LIST) return at == b->list_start || symbol(t, at - 1, ",") || is(t, at - 1, "DISTINCT") || is(t, at - 1, "ALL");
  int open = at - 1;
  if (!symbol(t, open, ",") && !symbol(t, open, "(")) return false;
  while (open >= 0 && !symbol(t, open, "(")) open = symbol(t, open, ")") ? t->tokens[open].match - 1 : open - 1;
  return is(t, open - 1, "COALESCE");
}

static void put_string(Translator *t, const Block *b, int at) {
  const char *text = t->tokens[at].text;
  if (!*text) {
    text_put(&t->sql, "NULL");
    return;
  }
  text_put(&t->sql, "'");
  for (; *text; text++) text_add(&t->sql, *text == '\'' ? "''" : text, *text == '\'' ? 2 : 1);
  text_put(&t->sql, "'");
  if (strchr("nN", t->text[t->tokens[at].start]))
    text_put(&t->sql, "::oracle.nvarchar2");
  else if (is(t, at - 2, "DUMP"))
    text_put(&t->sql, "::bpchar");
  else if (is_result(t, b, at))
    text_put(&t->sql, "::text");
}

// a clause begins, or words with a meaning of their own; gives the next token, or 0 where the word is not one of them
static int clause_word(Translator *t, Block *b, int at, int to) {
  if (is(t, at, "SELECT")) start_query(t, b, at);
  if (is(t, at, "INTERVAL") && t->tokens[at + 1].kind == STRING && !is(t, at + 2, "DAY") && !is(t, at + 2, "HOUR") && !is(t, at + 2, "MINUTE") && !is(t, at + 2, "SECOND") &&
      !is(t, at + 2, "YEAR") && !is(t, at + 2, "MONTH"))
    refuse(t, 30089, "missing or invalid <datetime field>");
  if (is(t, at, "WITH") && (at == 0 || !b->query)) b->clause = WITH_LIST;
  if (is(t, at, "FROM")) {
    if (b->clause == SET_LIST) refuse(t, 933, "SQL command not properly ended");
    int next = generator(t, b, at, to);
    if (next) return next;
    start_from(t, b, at);
  }
  if (is(t, at, "WHERE") || is(t, at, "HAVING")) {
    end_list(t, b, at);
    b->clause = WHERE_PART;
  }
  if (is(t, at, "GROUP") && is(t, at + 1, "BY")) {
    end_list(t, b, at);
    b->clause = GROUP_LIST;
    b->groups = true;
  }
  if (is(t, at, "ORDER") && is(t, at + 1, "BY") && b->clause != NONE) {
    end_list(t, b, at);
    b->clause = ORDER_LIST;
    if (b->limit_to) refuse(t, 3001, "unimplemented feature: ROWNUM beside ORDER BY");
  }
  if (is(t, at, "UNION") || is(t, at, "MINUS") || is(t, at, "INTERSECT") || is(t, at, "EXCEPT")) {
    end_list(t, b, at);
    if (is(t, at, "EXCEPT")) refuse(t, 933, "SQL command not properly ended");
    if (b->limit_to) refuse(t, 3001, "unimplemented feature: ROWNUM beside a set operator");
    b->distinct = true;
    b->clause = NONE;
  }
  if (is(t, at, "UPDATE") && at == 0) b->clause = FROM_LIST;
  if (is(t, at, "SET") && !b->query) b->clause = SET_LIST;
  if (is(t, at, "INTO")) b->clause = INTO_PART;
  if (is(t, at, "VALUES")) b->clause = VALUES_PART;
  if (is(t, at, "RETURNING") || (is(t, at, "RETURN") && b->top)) return returning(t, at, to);
  if ((is(t, at, "FETCH") || is(t, at, "OFFSET")) && b->query && b->clause != SELECT_LIST) return limits(t, b, at, to);
  if (is(t, at, "FOR") && is(t, at + 1, "UPDATE")) return lock(t, b, at, to);
  if (is(t, at, "DELETE") && at == 0 && !is(t, at + 1, "FROM")) {
    text_put(&t->sql, "DELETE FROM");
    b->clause = FROM_LIST;
    return at + 1;
  }
  return 0;
}

static void alias(Translator *t, Block *b, int at) {
  if (b->clause == FROM_LIST) refuse(t, 933, "SQL command not properly ended");
  if (b->clause != SELECT_LIST) return;
  const Token *name = &t->tokens[at + 1];
  if (name->kind == WORD && is_reserved(name)) refuse(t, 923, "FROM keyword not found where expected");
  if (name->kind != WORD && name->kind != QUOTED) refuse(t, 923, "FROM keyword not found where expected");
  if (b->alias_count < 64) b->aliases[b->alias_count++] = at + 1;
}

static bool is_relation(const Translator *t, const Block *b, int at) {
  return (b->clause == INTO_PART && symbol(t, at + 1, "(")) || (b->clause == WITH_LIST && (is(t, at - 1, "WITH") || symbol(t, at - 1, ",")));
}

// `name AS (...)` in WITH, whose query reads what has its own name
static void refuse_recursion(Translator *t, const Block *b, int at) {
  if (!is_relation(t, b, at) || b->clause != WITH_LIST || !is(t, at + 1, "AS") || !symbol(t, at + 2, "(")) return;
  bool from = false;
  for (int i = at + 3; i < t->tokens[at + 2].match; i++) {
    if (t->tokens[i].kind == WORD && is_keyword(&t->tokens[i])) from = (is(t, i, "FROM") && !is(t, i - 3, "EXTRACT")) || is(t, i, "JOIN");
    bool relation = from && (is(t, i - 1, "FROM") || is(t, i - 1, "JOIN") || symbol(t, i - 1, ","));
    if (relation && strcmp(t->tokens[i].text, t->tokens[at].text) == 0 && !symbol(t, i + 1, ".") && t->tokens[i].kind <= QUOTED)
      refuse(t, 32039, "recursive WITH clause must have column alias list");
  }
}

static int word(Translator *t, Block *b, int at, int to) {
  const Token *token = &t->tokens[at];
  bool after_dot = symbol(t, at - 1, "."), before_dot = symbol(t, at + 1, ".");
  if (after_dot && is_reserved(token)) refuse(t, 1747, "invalid user.table.column, table.column, or column specification");
  if (after_dot || (is(t, at - 1, "AS") && b->clause != WITH_LIST && b->clause != NONE)) {
    if (after_dot && symbol(t, at + 1, "(") && b->clause != INTO_PART) refuse(t, 904, "\"%s\": invalid identifier", token->text);
    put_name(&t->sql, token);
    return at + 1;
  }
  refuse_public(t, b, at);
  int next = moment_literal(t, at);
  if (next) return next;
  if (is_function(t, at) && !is_relation(t, b, at)) return function_call(t, at);
  if (is(t, at, "SYS") && before_dot) return at + 2;
  if (is(t, at, "TRUE") || is(t, at, "FALSE")) refuse(t, 904, "\"%s\": invalid identifier", token->text);
  next = before_dot ? 0 : clause_word(t, b, at, to);
  if (next) return next;
  if (is(t, at, "TABLE") && b->clause == FROM_LIST && symbol(t, at + 1, "(")) { // a function that gives rows
    block(t, at + 2, t->tokens[at + 1].match, false);
    return t->tokens[at + 1].match + 1;
  }
  if (is(t, at, "AS")) alias(t, b, at);
  if (is(t, at, "ROWNUM") && (next = row_limit(t, b, at, to)) != 0) return next;
  for (size_t i = 0; i < sizeof VALUES / sizeof *VALUES; i++)
    if (is(t, at, VALUES[i].word) && !before_dot) {
      text_put(&t->sql, VALUES[i].sql);
      return at + 1;
    }
  if (!before_dot && is_keyword(token)) {
    text_put(&t->sql, token->text);
    return at + 1;
  }
  if (is_reserved(token)) refuse(t, 936, "missing expression");
  if (is(t, at, "CONFLICT") && is(t, at - 1, "ON")) refuse(t, 933, "SQL command not properly ended");
  if (symbol(t, at + 1, "(") && !is_relation(t, b, at)) refuse(t, 904, "\"%s\": invalid identifier", token->text);
  int name = skip_qualifier(t, b, at);
  put_name(&t->sql, &t->tokens[name]);
  if (b->clause == GROUP_LIST) group_item(t, b, at, to);
  return name + 1;
}

// what stands in parentheses; a table made of a query needs an alias before PostgreSQL 16
static int parenthesis(Translator *t, const Block *b, int at, int to) {
  int close = t->tokens[at].match;
  if (symbol(t, at + 1, "+") && close == at + 2) refuse(t, 3001, "unimplemented feature: (+)");
  text_put(&t->sql, "(");
  block(t, at + 1, close, false);
  text_put(&t->sql, ")");
  bool table = b->clause == FROM_LIST && (is(t, at + 1, "SELECT") || is(t, at + 1, "WITH")) && (symbol(t, at - 1, ",") || is(t, at - 1, "FROM") || is(t, at - 1, "JOIN"));
  if (table && (close + 1 >= to || !is_name(t, close + 1))) text_format(&t->sql, " \"derived %d\"", ++t->derived);
  return close + 1;
}

static int symbols(Translator *t, const Block *b, int at, int to) {
  if (symbol(t, at, "(")) {
    if (b->clause == VALUES_PART && symbol(t, t->tokens[at].match + 1, ",")) refuse(t, 933, "SQL command not properly ended");
    return parenthesis(t, b, at, to);
  }
  if (symbol(t, at, "*")) check_star(t, b, at);
  if (symbol(t, at, "||"))
    text_put(&t->sql, "OPERATOR(oracle.||)");
  else if (symbol(t, at, "!=") || symbol(t, at, "^="))
    text_put(&t->sql, "<>");
  else if (symbol(t, at, "[") || symbol(t, at, "%") || symbol(t, at, "@"))
    refuse(t, 911, "invalid character");
  else
    text_put(&t->sql, t->tokens[at].text);
  return at + 1;
}

static int one(Translator *t, Block *b, int at, int to) {
  const Token *token = &t->tokens[at];
  if (!symbol(t, at, ".") && !symbol(t, at - 1, ".") && !symbol(t, at, ",")) put_space(t);
  refuse_recursion(t, b, at);
  switch (token->kind) {
  case WORD: return word(t, b, at, to);
  case QUOTED:
    refuse_public(t, b, at);
    put_name(&t->sql, &t->tokens[skip_qualifier(t, b, at)]);
    if (b->clause == GROUP_LIST) group_item(t, b, at, to);
    return skip_qualifier(t, b, at) + 1;
  case STRING: put_string(t, b, at); return at + 1;
  case NUMBER:
    if (b->clause == GROUP_LIST) group_item(t, b, at, to);
    text_put(&t->sql, token->text);
    return at + 1;
  case BIND: put_bind(t, at, false); return at + 1;
  default: return symbols(t, b, at, to);
  }
}

void block(Translator *t, int from, int to, bool top) {
  Block b = {.top = top};
  for (int at = from; at < to && !t->out->code;) at = one(t, &b, at, to);
  end_list(t, &b, to);
  if (!b.limit_to) return;
  if (b.groups || b.distinct || b.fetches) refuse(t, 3001, "unimplemented feature: ROWNUM beside GROUP BY or DISTINCT");
  text_put(&t->sql, " LIMIT ");
  put_count(t, b.limit_from, b.limit_to);
  if (b.limit_below) text_put(&t->sql, " - 1");
}
