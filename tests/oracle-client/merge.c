// MERGE: Oracle writes the condition of an action after it, PostgreSQL before it.
#include "sql.h"

#include <stddef.h>

static int find(const Translator *t, int from, int to, const char *word) {
  for (int i = from; i < to; i++) {
    if (symbol(t, i, "(")) i = t->tokens[i].match;
    if (is(t, i, word)) return i;
  }
  return to;
}

// the columns without the alias of the table, each with its value
static void assignments(Translator *t, int from, int to) {
  for (int i = from; i < to;) {
    while (symbol(t, i + 1, ".")) i += 2;
    put_name(&t->sql, &t->tokens[i]);
    int end = i + 1;
    while (end < to && !symbol(t, end, ",")) end = symbol(t, end, "(") ? t->tokens[end].match + 1 : end + 1;
    block(t, i + 1, end, false);
    if (end < to) text_put(&t->sql, ", ");
    i = end + 1;
  }
}

static void names(Translator *t, int from, int to) {
  for (int i = from; i < to; i++) {
    if (symbol(t, i + 1, ".")) {
      i++;
    } else if (symbol(t, i, ",")) {
      text_put(&t->sql, ", ");
    } else {
      put_name(&t->sql, &t->tokens[i]);
    }
  }
}

static void action(Translator *t, int from, int to) {
  int then = find(t, from, to, "THEN"), where = find(t, then, to, "WHERE");
  if (then == to || (!is(t, then + 1, "UPDATE") && !is(t, then + 1, "INSERT"))) {
    refuse(t, 905, "missing keyword");
    return;
  }
  text_put(&t->sql, is(t, from + 1, "NOT") ? " WHEN NOT MATCHED" : " WHEN MATCHED");
  if (where < to) {
    text_put(&t->sql, " AND (");
    block(t, where + 1, to, false);
    text_put(&t->sql, ")");
  }
  if (is(t, then + 1, "UPDATE")) {
    text_put(&t->sql, " THEN UPDATE SET ");
    assignments(t, then + 3, where);
    return;
  }
  int values = find(t, then, where, "VALUES");
  text_put(&t->sql, " THEN INSERT ");
  if (symbol(t, then + 2, "(")) {
    text_put(&t->sql, "(");
    names(t, then + 3, t->tokens[then + 2].match);
    text_put(&t->sql, ")");
  }
  block(t, values, where, false);
}

void merge(Translator *t) {
  int on = find(t, 0, t->count, "ON"), when = find(t, 0, t->count, "WHEN");
  if (on == t->count || !symbol(t, on + 1, "(")) {
    refuse(t, 969, "missing ON keyword");
    return;
  }
  int using = find(t, 0, on, "USING");
  text_put(&t->sql, "MERGE INTO ");
  for (int i = 2; i < using; i++) {
    if (is(t, i, "AS")) refuse(t, 926, "missing VALUES keyword");
    if (symbol(t, i, ".")) {
      text_put(&t->sql, ".");
    } else {
      if (!symbol(t, i - 1, ".")) text_put(&t->sql, " ");
      put_name(&t->sql, &t->tokens[i]);
    }
  }
  text_put(&t->sql, " USING ");
  if (find(t, using, on, "AS") < on) refuse(t, 905, "missing keyword");
  block(t, using + 1, on, false);
  text_put(&t->sql, " ON ");
  block(t, on + 1, when, false);
  while (when < t->count) {
    int next = find(t, when + 1, t->count, "WHEN");
    action(t, when, next);
    when = next;
  }
}
