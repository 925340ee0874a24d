// A statement of Oracle's as one of PostgreSQL's, or the number with which Oracle would refuse it.
#include "sql.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

// the first refusal counts; what is translated after it is thrown away
void refuse(Translator *t, int code, const char *format, ...) {
  if (t->out->code) return;
  Text message = {0};
  va_list values;
  va_start(values, format);
  text_format_list(&message, format, values);
  va_end(values);
  t->out->code = code;
  t->out->message = text_take(&message);
}

bool is(const Translator *t, int at, const char *word) {
  return at >= 0 && at < t->count && t->tokens[at].kind == WORD && strcmp(t->tokens[at].text, word) == 0;
}

bool symbol(const Translator *t, int at, const char *text) {
  return at >= 0 && at < t->count && t->tokens[at].kind == SYMBOL && strcmp(t->tokens[at].text, text) == 0;
}

void put_space(Translator *t) {
  if (t->sql.length && t->sql.text[t->sql.length - 1] != ' ' && t->sql.text[t->sql.length - 1] != '(')
    text_put(&t->sql, " ");
}

// Oracle keeps unquoted names in upper case, PostgreSQL in lower: a name all of one case changes it
void put_name(Text *text, const Token *token) {
  bool upper = false, lower = false;
  for (const char *at = token->text; *at; at++) {
    upper |= isupper((unsigned char)*at) != 0;
    lower |= islower((unsigned char)*at) != 0;
  }
  text_put(text, "\"");
  for (const char *at = token->text; *at; at++) {
    unsigned char letter = (unsigned char)*at;
    char turned = (char)(upper && lower ? letter : upper ? tolower(letter) : toupper(letter));
    if (turned == '"') text_put(text, "\"");
    text_add(text, &turned, 1);
  }
  text_put(text, "\"");
}

// every place of a bind in Oracle's text is a parameter of its own, wherever it comes to stand in PostgreSQL's
static void find_binds(Translator *t) {
  Translation *translation = t->out;
  translation->occurrences = allocate(((size_t)t->count + 1) * sizeof(Occurrence));
  for (int at = 0; at < t->count; at++) {
    const char *name = t->tokens[at].text;
    if (t->tokens[at].kind == BIND) translation->occurrences[translation->count++] = (Occurrence){copy_text(name, strlen(name)), false, NULL};
  }
}

// gives the parameter's number
int put_bind(Translator *t, int at, bool out) {
  int number = 0;
  for (int i = 0; i <= at; i++) number += t->tokens[i].kind == BIND;
  if (out) // what is returned stands after all else
    t->out->occurrences[number - 1].out = true;
  else
    text_format(&t->sql, "$%d", number);
  return number;
}

static int kind_of(const Translator *t) {
  static const struct {
    const char *word;
    int type;
    Manner manner;
  } KINDS[] = {
      {"SELECT", STMT_SELECT, RUN_QUERY},   {"WITH", STMT_SELECT, RUN_QUERY},    {"INSERT", STMT_INSERT, RUN_CHANGE},
      {"UPDATE", STMT_UPDATE, RUN_CHANGE},  {"DELETE", STMT_DELETE, RUN_CHANGE}, {"MERGE", STMT_OTHER, RUN_CHANGE},
      {"EXPLAIN", STMT_EXPLAIN, RUN_PLAN},
      {"CREATE", STMT_CREATE, RUN_DEFINITION}, {"DROP", STMT_DROP, RUN_DEFINITION}, {"ALTER", STMT_ALTER, RUN_DEFINITION},
      {"BEGIN", STMT_BEGIN, RUN_COMMAND},   {"DECLARE", STMT_DECLARE, RUN_COMMAND},
      {"COMMIT", STMT_COMMIT, RUN_COMMAND}, {"ROLLBACK", STMT_ROLLBACK, RUN_COMMAND},
      {"TRUNCATE", STMT_OTHER, RUN_DEFINITION}, {"GRANT", STMT_OTHER, RUN_DEFINITION},
      {"REVOKE", STMT_OTHER, RUN_DEFINITION},   {"COMMENT", STMT_OTHER, RUN_DEFINITION},
      {"SET", STMT_OTHER, RUN_COMMAND},     {"SAVEPOINT", STMT_OTHER, RUN_COMMAND}, {"LOCK", STMT_OTHER, RUN_CHANGE}};
  int first = 0;
  while (symbol(t, first, "(")) first++;
  for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++)
    if (is(t, first, KINDS[i].word)) {
      t->out->manner = KINDS[i].manner;
      return KINDS[i].type;
    }
  return -1;
}

// a user's name as the catalogue has it
static char *own_name(const char *user) {
  size_t length = strlen(user);
  if (length > 1 && *user == '"') return copy_text(user + 1, length - 2);
  char *name = copy_text(user, length);
  for (char *at = name; *at; at++) *at = (char)toupper((unsigned char)*at);
  return name;
}

// EXPLAIN PLAN [SET STATEMENT_ID = '...'] FOR query: PostgreSQL's plan
static void explain(Translator *t) {
  int query = 2;
  while (query < t->count && !is(t, query - 1, "FOR")) query++;
  if (!is(t, 1, "PLAN")) refuse(t, 900, "invalid SQL statement");
  if (!is(t, query, "SELECT") && !is(t, query, "WITH")) refuse(t, 905, "missing keyword");
  text_put(&t->sql, "EXPLAIN (COSTS OFF) ");
  block(t, query, t->count, false);
}

static void put_statement(Translator *t) {
  int type = kind_of(t);
  t->out->type = type < 0 ? STMT_OTHER : type;
  if (type < 0)
    refuse(t, 900, "invalid SQL statement");
  else if (type == STMT_BEGIN || type == STMT_DECLARE)
    refuse(t, 6550, "line 1, column 1: the stand-in knows no PL/SQL");
  else if (type == STMT_EXPLAIN)
    explain(t);
  else if (is(t, 0, "MERGE"))
    refuse(t, 3001, "unimplemented feature: MERGE (in the stand-in)");
  else if (!definition_or_command(t))
    block(t, 0, t->count, true);
}

void translate(Translation *translation, const char *text, const char *user, const char *database) {
  *translation = (Translation){.lock_wait = -1};
  char *owner = own_name(user);
  Translator t = {.text = text, .out = translation, .user = owner, .database = database};
  if (tokenize(&t)) {
    find_binds(&t);
    put_statement(&t);
  }
  // a driver asks for the binds also of what is then refused
  if (t.after.length) text_add(&t.sql, t.after.text, t.after.length);
  text_free(&t.after);
  translation->sql_length = t.sql.length;
  translation->sql = text_take(&t.sql);
  tokens_free(&t);
  free(owner);
}

void translation_free(Translation *translation) {
  free(translation->sql);
  free(translation->message);
  for (int i = 0; i < translation->count; i++) free(translation->occurrences[i].name);
  free(translation->occurrences);
  for (int i = 0; i < translation->name_count; i++) free(translation->names[i]);
  free(translation->names);
  *translation = (Translation){0};
}
