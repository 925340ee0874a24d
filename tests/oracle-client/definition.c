// Definitions, rights, and the commands of a session and a transaction.
#include "sql.h"

#include <stdlib.h>
#include <string.h>

static int find(const Translator *t, int from, int to, const char *word) {
  for (int i = from; i < to; i++) {
    if (symbol(t, i, "(")) i = t->tokens[i].match;
    if (is(t, i, word)) return i;
  }
  return to;
}

static int next_comma(const Translator *t, int from, int to) {
  for (int i = from; i < to; i++) {
    if (symbol(t, i, "(")) i = t->tokens[i].match;
    if (symbol(t, i, ",")) return i;
  }
  return to;
}

// the next of several statements that one of Oracle's becomes
static void next_statement(Translator *t) { text_add(&t->sql, "", 1); }

// [schema.]name; gives the token after it
static int put_object(Translator *t, int at) {
  const Token *token = &t->tokens[at];
  if ((token->kind != WORD && token->kind != QUOTED) || is(t, at, "PUBLIC")) refuse(t, 903, "invalid table name");
  if (strcmp(token->text, "PUBLIC") == 0 && symbol(t, at + 1, ".")) refuse(t, 942, "table or view does not exist");
  put_name(&t->sql, token);
  if (!symbol(t, at + 1, ".")) return at + 1;
  text_put(&t->sql, ".");
  put_name(&t->sql, &t->tokens[at + 2]);
  return at + 3;
}

// a user's role carries the database's name, for roles belong to the whole server
static void put_role(Translator *t, int at) {
  if (is(t, at, "PUBLIC")) {
    text_put(&t->sql, "PUBLIC");
    return;
  }
  put_name(&t->sql, &t->tokens[at]);
  t->sql.length--;
  text_format(&t->sql, "@%s\"", t->database);
}

// a name as a string, for the functions that define users
static void put_role_text(Translator *t, int at) {
  Text name = {0};
  put_name(&name, &t->tokens[at]);
  text_put(&t->sql, "'");
  text_add(&t->sql, name.text + 1, name.length - 2);
  text_put(&t->sql, "'");
  text_free(&name);
}

static void put_literal(Translator *t, const char *text) {
  text_put(&t->sql, "'");
  for (; *text; text++) text_add(&t->sql, *text == '\'' ? "''" : text, *text == '\'' ? 2 : 1);
  text_put(&t->sql, "'");
}

static void refuse_if_not_exists(Translator *t, int at, int code, const char *message) {
  if (is(t, at, "IF") && (is(t, at + 1, "NOT") || is(t, at + 1, "EXISTS"))) refuse(t, code, "%s", message);
}

// the check that keeps a text to its size; its name tells the catalogue how the size was stated
static void put_size_check(Translator *t, int column, const char *size) {
  Text name = {0}, label = {0};
  const char *length = strchr(size, ' ') + 1;
  bool bytes = strncmp(size, "bytes", 5) == 0;
  put_name(&name, &t->tokens[column]);
  text_format(&label, "$size$%.*s$%s", (int)strcspn(size, " "), size, t->tokens[column].text);
  const char *measure = bytes ? "octet_length" : "char_length";
  int table = t->table, owned = symbol(t, table + 1, ".");
  Text whole = {0};
  text_format(&whole, "\"%s\".\"%s\".\"%s\"", owned ? t->tokens[table].text : t->user, t->tokens[owned ? table + 2 : table].text, t->tokens[column].text);
  text_format(&t->sql, " CONSTRAINT \"%s\" CHECK (%s IS NULL OR pg_catalog.%s(%s::text) <= %s OR oracle.too_large(", label.text, name.text, measure, name.text, length);
  put_literal(t, whole.text);
  text_format(&t->sql, ", pg_catalog.%s(%s::text), %s))", measure, name.text, length);
  text_free(&whole);
  text_free(&name);
  text_free(&label);
}

// [schema.]name, with something before the name and after it
static void put_beside_table(Translator *t, Text *to, const char *before, int column) {
  int name = t->table;
  if (symbol(t, name + 1, ".")) {
    put_name(to, &t->tokens[name]);
    text_put(to, ".");
    name += 2;
  }
  Text table = {0}, own = {0};
  put_name(&table, &t->tokens[name]);
  if (column >= 0) put_name(&own, &t->tokens[column]);
  text_format(to, "\"%s%.*s%s%.*s\"", before, (int)table.length - 2, table.text + 1, column >= 0 ? "$" : "",
              column >= 0 ? (int)own.length - 2 : 0, column >= 0 ? own.text + 1 : "");
  text_free(&table);
  text_free(&own);
}

// GENERATED [ALWAYS | BY DEFAULT [ON NULL]] AS IDENTITY [(...)]: a sequence that belongs to the column, for PostgreSQL
// has none of its own for NUMBER
static int identity(Translator *t, int at, int to) {
  Text sequence = {0}, table = {0}, column = {0};
  put_beside_table(t, &sequence, "identity$", t->column);
  put_beside_table(t, &table, "", -1);
  put_name(&column, &t->tokens[t->column]);
  text_put(&t->sql, " NOT NULL");
  text_add(&t->after, "", 1);
  text_format(&t->after, "CREATE SEQUENCE %s OWNED BY %s.%s", sequence.text, table.text, column.text);
  int start = find(t, at, to, "IDENTITY") + 2;
  if (is(t, start, "START") && is(t, start + 1, "WITH")) text_format(&t->after, " START WITH %s", t->tokens[start + 2].text);
  text_add(&t->after, "", 1);
  text_format(&t->after, "ALTER TABLE %s ALTER COLUMN %s SET DEFAULT pg_catalog.nextval('%s')", table.text, column.text, sequence.text);
  text_add(&t->after, "", 1);
  text_format(&t->after, "GRANT USAGE ON SEQUENCE %s TO PUBLIC", sequence.text);
  text_free(&sequence);
  text_free(&table);
  text_free(&column);
  while (at < to && !is(t, at, "IDENTITY")) at++;
  return symbol(t, at + 1, "(") ? t->tokens[at + 1].match + 1 : at + 1;
}

// what may stand between parts of a definition and changes nothing here
static bool without_effect(const Translator *t, int at) {
  return is(t, at, "ENABLE") || is(t, at, "VALIDATE") || is(t, at, "DISABLE");
}

// PostgreSQL lets a query show what depends on a primary key that it groups by, but not on one that is deferrable
static bool end_primary(Translator *t) {
  text_put(&t->sql, " DEFERRABLE");
  return false;
}

// DEFAULT x, NOT NULL, keys, checks
static void put_constraints(Translator *t, int at, int to) {
  bool primary = false;
  while (at < to) {
    if (primary && !is(t, at, "KEY") && !symbol(t, at, "(")) primary = end_primary(t);
    if (is(t, at, "GENERATED")) {
      at = identity(t, at, to);
    } else if (is(t, at, "DEFAULT")) {
      int end = at + 1;
      if (is(t, end, "ON") && is(t, end + 1, "NULL")) at = end += 2;
      while (end < to && !is(t, end, "NOT") && !is(t, end, "NULL") && !is(t, end, "PRIMARY") && !is(t, end, "UNIQUE") && !is(t, end, "CHECK") && !is(t, end, "CONSTRAINT"))
        end = symbol(t, end, "(") ? t->tokens[end].match + 1 : end + 1;
      if (end == at + 1 && is(t, end, "NULL")) end++;
      text_put(&t->sql, " DEFAULT (");
      block(t, at + 1, end, false);
      text_put(&t->sql, ")");
      at = end;
    } else if (is(t, at, "CONSTRAINT")) {
      text_put(&t->sql, " CONSTRAINT ");
      put_name(&t->sql, &t->tokens[at + 1]);
      at += 2;
    } else if (is(t, at, "REFERENCES")) { // is not kept: PostgreSQL wants a key that is not deferrable
      at += symbol(t, at + 2, ".") ? 4 : 2;
      if (symbol(t, at, "(")) at = t->tokens[at].match + 1;
    } else if (symbol(t, at, "(")) {
      text_put(&t->sql, " (");
      block(t, at + 1, t->tokens[at].match, false);
      text_put(&t->sql, ")");
      at = t->tokens[at].match + 1;
    } else if (without_effect(t, at)) {
      at++;
    } else if (t->tokens[at].kind == WORD && (strchr("NPUCKODS", t->tokens[at].text[0]) || is(t, at, "ON"))) {
      primary |= is(t, at, "PRIMARY");
      text_format(&t->sql, " %s", t->tokens[at].text);
      at++;
    } else {
      refuse(t, 907, "missing right parenthesis");
      return;
    }
  }
  if (primary) end_primary(t);
}

static bool is_table_constraint(const Translator *t, int at) {
  return is(t, at, "CONSTRAINT") || (is(t, at, "PRIMARY") && is(t, at + 1, "KEY")) || (is(t, at, "UNIQUE") && symbol(t, at + 1, "(")) ||
         (is(t, at, "CHECK") && symbol(t, at + 1, "(")) || (is(t, at, "FOREIGN") && is(t, at + 1, "KEY"));
}

static const char *const NOT_COLUMNS[] = {"SIZE", "DATE", "NUMBER", "LEVEL", "MODE", "USER", "COMMENT", "ROWS", "ROW", "FILE",
                                          "SESSION", "TABLE", "INDEX", "ORDER", "GROUP", "FROM", "TO", "BY", "ACCESS", "UID"};

static void column(Translator *t, int from, int to) {
  if (is_table_constraint(t, from)) {
    put_constraints(t, from, to);
    return;
  }
  for (size_t i = 0; i < sizeof NOT_COLUMNS / sizeof *NOT_COLUMNS; i++)
    if (is(t, from, NOT_COLUMNS[i])) refuse(t, 904, ": invalid identifier");
  if (t->tokens[from].kind != WORD && t->tokens[from].kind != QUOTED) refuse(t, 904, ": invalid identifier");
  t->column = from;
  put_name(&t->sql, &t->tokens[from]);
  text_put(&t->sql, " ");
  Text check = {0};
  int after = from + 1 < to && !is(t, from + 1, "GENERATED") ? put_type(t, from + 1, &check) : from + 1;
  if (after == from + 1) text_put(&t->sql, "numeric");
  if (check.text) put_size_check(t, from, check.text);
  put_constraints(t, after, to);
  text_free(&check);
}

static void columns(Translator *t, int from, int to) {
  for (int at = from; at < to;) {
    int end = next_comma(t, at, to);
    column(t, at, end);
    if (end < to) text_put(&t->sql, ", ");
    at = end + 1;
  }
}

static void create_table(Translator *t, int at) {
  refuse_if_not_exists(t, at, 922, "missing or invalid option");
  text_put(&t->sql, "CREATE TABLE ");
  t->table = at;
  at = put_object(t, at);
  if (symbol(t, at, "(")) {
    text_put(&t->sql, " (");
    columns(t, at + 1, t->tokens[at].match);
    text_put(&t->sql, ")");
    return;
  }
  if (!is(t, at, "AS")) {
    refuse(t, 922, "missing or invalid option");
    return;
  }
  text_put(&t->sql, " AS ");
  block(t, at + 1, t->count, false);
}

static void create_view(Translator *t, int at, bool replace) {
  refuse_if_not_exists(t, at, 922, "missing or invalid option");
  text_format(&t->sql, "CREATE %s VIEW ", replace ? "OR REPLACE" : "");
  at = put_object(t, at);
  if (symbol(t, at, "(")) {
    text_put(&t->sql, " (");
    block(t, at + 1, t->tokens[at].match, false);
    text_put(&t->sql, ")");
    at = t->tokens[at].match + 1;
  }
  if (!is(t, at, "AS")) refuse(t, 905, "missing keyword");
  text_put(&t->sql, " AS ");
  block(t, at + 1, t->count, false);
}

static void create_index(Translator *t, int at, bool unique) {
  refuse_if_not_exists(t, at, 953, "missing or invalid index name");
  text_format(&t->sql, "CREATE %s INDEX ", unique ? "UNIQUE" : "");
  if (symbol(t, at + 1, ".")) at += 2;
  put_name(&t->sql, &t->tokens[at]);
  if (!is(t, at + 1, "ON")) refuse(t, 969, "missing ON keyword");
  text_put(&t->sql, " ON ");
  at = put_object(t, at + 2);
  if (!symbol(t, at, "(")) {
    refuse(t, 906, "missing left parenthesis");
    return;
  }
  text_put(&t->sql, " (");
  int close = t->tokens[at].match;
  for (int i = at + 1; i < close;) {
    int end = next_comma(t, i, close);
    bool plain = end == i + 1 || is(t, i + 1, "DESC") || is(t, i + 1, "ASC");
    if (!plain) text_put(&t->sql, "(");
    block(t, i, end, false);
    text_put(&t->sql, plain ? "" : ")");
    if (end < close) text_put(&t->sql, ", ");
    i = end + 1;
  }
  text_put(&t->sql, ")");
}

// a view that asks with the rights of the one who asks: what a synonym comes to
static void create_synonym(Translator *t, int at, bool replace, bool is_public) {
  if (replace) { // its columns may be others than they were
    text_format(&t->sql, "DROP VIEW IF EXISTS %s", is_public ? "public." : "");
    put_object(t, at);
    next_statement(t);
  }
  text_format(&t->sql, "CREATE VIEW %s", is_public ? "public." : "");
  at = put_object(t, at);
  if (!is(t, at, "FOR")) refuse(t, 905, "missing keyword");
  text_put(&t->sql, " WITH (security_invoker = true) AS SELECT * FROM ");
  put_object(t, at + 1);
  if (!is_public) return;
  next_statement(t);
  text_put(&t->sql, "GRANT SELECT, INSERT, UPDATE, DELETE ON public.");
  put_name(&t->sql, &t->tokens[at - 1]);
  text_put(&t->sql, " TO PUBLIC");
}

static void create_user(Translator *t, int at) {
  int by = find(t, at, t->count, "BY");
  if (by + 1 >= t->count) refuse(t, 905, "missing keyword");
  text_put(&t->sql, "SELECT oracle.create_user(");
  put_role_text(t, at);
  text_put(&t->sql, ", ");
  put_literal(t, by < t->count ? t->tokens[by + 1].text : "");
  text_put(&t->sql, ")");
}

static void create(Translator *t) {
  int at = 1;
  bool replace = is(t, at, "OR") && is(t, at + 1, "REPLACE");
  if (replace) at += 2;
  bool is_public = is(t, at, "PUBLIC"), unique = is(t, at, "UNIQUE");
  if (is(t, at, "GLOBAL") && is(t, at + 1, "TEMPORARY")) at += 2;
  if (is_public || unique || is(t, at, "FORCE")) at++;
  if (is(t, at, "TABLE")) create_table(t, at + 1);
  else if (is(t, at, "VIEW")) create_view(t, at + 1, replace);
  else if (is(t, at, "INDEX")) create_index(t, at + 1, unique);
  else if (is(t, at, "SYNONYM")) create_synonym(t, at + 1, replace, is_public);
  else if (is(t, at, "USER")) create_user(t, at + 1);
  else refuse(t, 901, "invalid CREATE command");
}

static void drop(Translator *t) {
  int at = is(t, 1, "PUBLIC") ? 2 : 1;
  static const char *const KINDS[][2] = {{"TABLE", "TABLE"}, {"VIEW", "VIEW"}, {"INDEX", "INDEX"}, {"SYNONYM", "VIEW"}};
  refuse_if_not_exists(t, at + 1, 933, "SQL command not properly ended");
  for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++)
    if (is(t, at, KINDS[i][0])) {
      text_format(&t->sql, "DROP %s %s", KINDS[i][1], at == 2 ? "public." : "");
      int after = put_object(t, at + 1);
      if (is(t, after, "CASCADE") || is(t, at, "TABLE")) text_put(&t->sql, " CASCADE");
      return;
    }
  if (is(t, at, "USER")) {
    text_put(&t->sql, "SELECT oracle.drop_user(");
    put_role_text(t, at + 1);
    text_put(&t->sql, ")");
    return;
  }
  refuse(t, 950, "invalid DROP option");
}

// ADD (a type, ...), MODIFY (a type | NOT NULL), DROP COLUMN a | CONSTRAINT c, RENAME COLUMN a TO b | TO t
static void alter_table(Translator *t) {
  text_put(&t->sql, "ALTER TABLE ");
  t->table = 2;
  int at = put_object(t, 2), to = t->count;
  text_put(&t->sql, " ");
  bool add = is(t, at, "ADD"), modify = is(t, at, "MODIFY");
  int from = at + 1;
  if ((add || modify) && symbol(t, from, "(")) {
    to = t->tokens[from].match;
    from++;
  }
  if (add) {
    for (int i = from; i < to;) {
      int end = next_comma(t, i, to);
      text_put(&t->sql, is_table_constraint(t, i) ? "ADD " : "ADD COLUMN ");
      column(t, i, end);
      if (end < to) text_put(&t->sql, ", ");
      i = end + 1;
    }
  } else if (modify) {
    text_put(&t->sql, "ALTER COLUMN ");
    put_name(&t->sql, &t->tokens[from]);
    if (is(t, from + 1, "NOT") || is(t, from + 1, "NULL")) {
      text_put(&t->sql, is(t, from + 1, "NOT") ? " SET NOT NULL" : " DROP NOT NULL");
    } else {
      text_put(&t->sql, " TYPE ");
      put_type(t, from + 1, NULL);
    }
  } else if (is(t, at, "DROP")) {
    bool constraint = is(t, at + 1, "CONSTRAINT");
    int name = constraint || is(t, at + 1, "COLUMN") ? at + 2 : at + 3;
    if (symbol(t, at + 1, "(")) name = at + 2;
    text_put(&t->sql, constraint ? "DROP CONSTRAINT " : "DROP COLUMN ");
    put_name(&t->sql, &t->tokens[name]);
  } else if (is(t, at, "RENAME")) {
    text_put(&t->sql, "RENAME ");
    int name = at + 1;
    if (is(t, name, "COLUMN")) {
      put_name(&t->sql, &t->tokens[name + 1]);
      name += 2;
    }
    text_put(&t->sql, " TO ");
    put_name(&t->sql, &t->tokens[name + 1]);
  } else {
    refuse(t, 1735, "invalid ALTER TABLE option");
  }
}

static void alter_user(Translator *t) {
  if (!is(t, 3, "ACCOUNT")) refuse(t, 922, "missing or invalid option");
  text_put(&t->sql, "SELECT oracle.lock_user(");
  put_role_text(t, 2);
  text_put(&t->sql, is(t, 4, "LOCK") ? ", true)" : ", false)");
}

static void session_setting(Translator *t, int at) {
  const Token *name = &t->tokens[at], *value = &t->tokens[at + 2];
  if (name->kind != WORD || !symbol(t, at + 1, "=")) {
    refuse(t, 922, "missing or invalid option");
    return;
  }
  if (is(t, at, "CURRENT_SCHEMA")) {
    text_put(&t->sql, "SELECT oracle.set_schema(");
    put_role_text(t, at + 2);
    text_put(&t->sql, ")");
    return;
  }
  bool known = strncmp(name->text, "NLS_", 4) == 0 || strcmp(name->text, "TIME_ZONE") == 0 || strcmp(name->text, "STATISTICS_LEVEL") == 0 ||
               strcmp(name->text, "ISOLATION_LEVEL") == 0 || strcmp(name->text, "DDL_LOCK_TIMEOUT") == 0;
  if (!known) refuse(t, 2248, "invalid option for ALTER SESSION");
  text_put(&t->sql, "SELECT oracle.set_session(");
  put_literal(t, name->text);
  text_put(&t->sql, ", ");
  put_literal(t, value->text);
  text_put(&t->sql, ")");
}

// several settings may follow one another; each becomes a statement of its own
static void alter_session(Translator *t) {
  t->out->manner = RUN_COMMAND;
  t->out->command = DO_NOTHING;
  if (!is(t, 2, "SET")) {
    refuse(t, 922, "missing or invalid option");
    return;
  }
  for (int at = 3; at < t->count && !t->out->code; at += 3) {
    if (at > 3) next_statement(t);
    session_setting(t, at);
  }
}

static void alter(Translator *t) {
  if (is(t, 1, "SESSION")) alter_session(t);
  else if (is(t, 1, "TABLE")) alter_table(t);
  else if (is(t, 1, "USER")) alter_user(t);
  else refuse(t, 940, "invalid ALTER command");
}

// GRANT SELECT, UPDATE (a, b) ON t TO u; GRANT CREATE TABLE TO u
static void grant(Translator *t, bool give) {
  int on = find(t, 0, t->count, "ON"), to = find(t, 0, t->count, give ? "TO" : "FROM");
  if (to + 1 >= t->count) {
    refuse(t, give ? 987 : 905, "missing or invalid username(s)");
    return;
  }
  int option = find(t, to, t->count, "WITH");
  if (on >= to) {
    text_format(&t->sql, "SELECT oracle.grant_system(%s, ", give ? "true" : "false");
    Text rights = {0};
    for (int i = 1; i < to; i++) text_format(&rights, "%s%s", t->tokens[i].text, symbol(t, i + 1, ",") ? "" : " ");
    put_literal(t, rights.text);
    text_free(&rights);
    text_put(&t->sql, ", ");
    put_role_text(t, to + 1);
    text_put(&t->sql, ")");
    return;
  }
  text_put(&t->sql, give ? "GRANT " : "REVOKE ");
  for (int i = 1; i < on; i++) {
    if (is(t, i, "READ"))
      text_put(&t->sql, "SELECT");
    else if (symbol(t, i, "(")) {
      text_put(&t->sql, "(");
      for (int j = i + 1; j < t->tokens[i].match; j++) {
        if (symbol(t, j, ","))
          text_put(&t->sql, ", ");
        else
          put_name(&t->sql, &t->tokens[j]);
      }
      text_put(&t->sql, ")");
      i = t->tokens[i].match;
    } else
      text_format(&t->sql, "%s ", t->tokens[i].text);
  }
  text_put(&t->sql, " ON ");
  put_object(t, on + 1);
  text_put(&t->sql, give ? " TO " : " FROM ");
  for (int i = to + 1; i < option; i++) {
    if (symbol(t, i, ","))
      text_put(&t->sql, ", ");
    else
      put_role(t, i);
  }
}

static void set_transaction(Translator *t) {
  t->out->manner = RUN_COMMAND;
  if (is(t, 2, "READ") && is(t, 3, "ONLY")) t->out->command = DO_READ_ONLY;
  else if (is(t, 2, "READ") && is(t, 3, "WRITE")) t->out->command = DO_READ_WRITE;
  else if (is(t, 2, "ISOLATION")) t->out->command = is(t, 4, "SERIALIZABLE") ? DO_SERIALIZABLE : DO_READ_WRITE;
  else refuse(t, 900, "invalid SQL statement");
}

// COMMIT [WORK] [COMMENT '...'] [WRITE [IMMEDIATE | BATCH] [WAIT | NOWAIT]]
static void commit(Translator *t) {
  t->out->command = DO_COMMIT;
  for (int i = 1; i < t->count; i++)
    if (!is(t, i, "WORK") && !is(t, i, "WRITE") && !is(t, i, "IMMEDIATE") && !is(t, i, "BATCH") && !is(t, i, "WAIT") && !is(t, i, "NOWAIT") && !is(t, i, "COMMENT") && t->tokens[i].kind != STRING)
      refuse(t, 2185, "a token other than WORK follows COMMIT");
}

static void rollback(Translator *t) {
  int to = find(t, 0, t->count, "TO");
  t->out->command = to < t->count ? DO_ROLLBACK_TO : DO_ROLLBACK;
  if (to == t->count) return;
  text_put(&t->sql, "ROLLBACK TO SAVEPOINT ");
  put_name(&t->sql, &t->tokens[is(t, to + 1, "SAVEPOINT") ? to + 2 : to + 1]);
}

static void comment(Translator *t) {
  int end = find(t, 0, t->count, "IS");
  if (end + 1 >= t->count) refuse(t, 907, "missing IS keyword");
  text_format(&t->sql, "COMMENT ON %s ", t->tokens[2].text);
  for (int i = 3; i < end; i++) {
    if (symbol(t, i, "."))
      text_put(&t->sql, ".");
    else
      put_name(&t->sql, &t->tokens[i]);
  }
  text_put(&t->sql, " IS ");
  put_literal(t, t->tokens[end + 1].text);
}

static void lock_table(Translator *t) {
  text_put(&t->sql, "LOCK TABLE ");
  int at = put_object(t, 2);
  text_put(&t->sql, is(t, at + 1, "EXCLUSIVE") ? " IN EXCLUSIVE MODE" : " IN SHARE MODE");
  if (is(t, t->count - 1, "NOWAIT")) text_put(&t->sql, " NOWAIT");
}

// whether it was one of them
bool definition_or_command(Translator *t) {
  switch (t->out->type) {
  case STMT_CREATE: create(t); return true;
  case STMT_DROP: drop(t); return true;
  case STMT_ALTER: alter(t); return true;
  case STMT_COMMIT: commit(t); return true;
  case STMT_ROLLBACK: rollback(t); return true;
  case STMT_OTHER: break;
  default: return false;
  }
  if (is(t, 0, "GRANT")) grant(t, true);
  else if (is(t, 0, "REVOKE")) grant(t, false);
  else if (is(t, 0, "SET")) set_transaction(t);
  else if (is(t, 0, "COMMENT")) comment(t);
  else if (is(t, 0, "LOCK")) lock_table(t);
  else if (is(t, 0, "TRUNCATE")) {
    text_put(&t->sql, "TRUNCATE TABLE ");
    put_object(t, 2);
  } else if (is(t, 0, "SAVEPOINT")) {
    t->out->command = DO_SAVEPOINT;
    text_put(&t->sql, "SAVEPOINT ");
    put_name(&t->sql, &t->tokens[1]);
  }
  return true;
}
