// Errors: what PostgreSQL says, with Oracle's number and in Oracle's words.
#include "standin.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

// a name of PostgreSQL's as Oracle has it
static void put_oracle_name(Text *text, const char *name, size_t length) {
  bool upper = false, lower = false;
  for (size_t i = 0; i < length; i++) {
    upper |= isupper((unsigned char)name[i]) != 0;
    lower |= islower((unsigned char)name[i]) != 0;
  }
  for (size_t i = 0; i < length; i++) {
    unsigned char letter = (unsigned char)name[i];
    char turned = (char)(upper && lower ? letter : lower ? toupper(letter) : tolower(letter));
    text_add(text, &turned, 1);
  }
}

char *oracle_name(const char *name) {
  Text text = {0};
  put_oracle_name(&text, name ? name : "", name ? strlen(name) : 0);
  return text_take(&text);
}

// `column t.x does not exist` or `column "x" of relation "t" does not exist`: "T"."X"
static int invalid_identifier(Error *error, const char *said) {
  const char *start = strstr(said, "column ");
  if (!start) return fail(error, 904, "invalid identifier");
  start = strchr(start, ' ') + 1;
  Text name = {0};
  bool quoted = false;
  text_put(&name, "\"");
  const char *end = start;
  for (; *end && (quoted || (*end != ' ' && *end != '(')); end++) {
    if (*end == '"')
      quoted = !quoted;
    else if (*end == '.' && !quoted)
      text_put(&name, "\".\"");
    else
      put_oracle_name(&name, end, 1);
  }
  text_put(&name, "\"");
  fail(error, 904, "%s: invalid identifier", name.text);
  text_free(&name);
  return OCI_ERROR;
}

static bool has(const char *text, const char *part) { return text && strstr(text, part) != NULL; }

// whether a message says a type; the names of columns stand in quotes there
static bool names_type(const char *said, const char *type) {
  for (const char *at = strstr(said, type); at; at = strstr(at + 1, type))
    if (at > said && strchr(" (", at[-1]) && strchr(" ,)", at[strlen(type)])) return true;
  return false;
}

// types that do not go together: what Oracle says depends on which
static int mismatch(Error *error, const char *said) {
  bool moment = has(said, "date") || has(said, "timestamp") || has(said, "tstz") || has(said, "tsltz");
  bool text = has(said, "text") || has(said, "varchar2") || has(said, "character");
  if (has(said, "clob") || has(said, "blob")) return fail(error, 932, "inconsistent datatypes: expected - got CLOB");
  static const char *const OPAQUE[][2] = {{"long", "LONG"}, {"json", "JSON"}, {"vector", "VECTOR"}, {"xmltype", "XMLTYPE"}};
  for (size_t i = 0; i < sizeof OPAQUE / sizeof *OPAQUE; i++) {
    if (!names_type(said, OPAQUE[i][0])) continue;
    if (i == 0 && (has(said, "equality") || has(said, "ordering"))) return fail(error, 997, "illegal use of LONG datatype");
    return fail(error, 932, "inconsistent datatypes: expected CHAR got %s", OPAQUE[i][1]);
  }
  bool set = has(said, "UNION") || has(said, "INTERSECT") || has(said, "EXCEPT");
  if (has(said, "cannot be matched")) { // of a CASE, a COALESCE or a set operator
    if (has(said, " nvarchar2") && (has(said, " text") || has(said, " varchar2") || has(said, " character"))) return fail(error, 12704, "character set mismatch");
    if (!set) return fail(error, 932, "inconsistent datatypes: %s", said);
  }
  if (moment && text) return fail(error, 1861, "literal does not match format string");
  if (set) return fail(error, 1790, "expression must have same datatype as corresponding expression");
  if (text && (has(said, "numeric") || has(said, "integer") || has(said, "bigint")))
    return fail(error, 1722, "invalid number");
  if (has(said, "boolean")) return fail(error, 920, "invalid relational operator");
  return fail(error, 932, "inconsistent datatypes: %s", said);
}

// a function that is known, or an operator, but not for these types
static int undefined_function(Error *error, const char *said) {
  const char *paren = has(said, "function ") ? strchr(said, '(') : NULL;
  return mismatch(error, paren ? paren : said);
}

// whether the user has any right on the relation that PostgreSQL keeps from him
static bool has_some_right(Session *session, const char *said) {
  const char *kinds[] = {"permission denied for table ", "permission denied for view ", "must be owner of table ",
                         "must be owner of view "};
  const char *name = NULL;
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds && !name; i++)
    if (strncmp(said, kinds[i], strlen(kinds[i])) == 0) name = said + strlen(kinds[i]);
  if (!name) return false;
  Error ignored = {0};
  const char *values[] = {name};
  if (session->transaction != NO_TRANSACTION) run_simple(session, &ignored, "ROLLBACK TO SAVEPOINT statement");
  PGresult *result =
      run(session, &ignored,
          "SELECT 1 FROM pg_catalog.pg_class c WHERE relname = $1 AND relkind IN ('r', 'v', 'p') AND "
          "pg_catalog.has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE')",
          1, NULL, values, NULL, NULL);
  bool some = result && PQntuples(result) > 0;
  PQclear(result);
  free(ignored.message);
  return some;
}

static int denied(Session *session, Error *error, const char *said, const char *sql) {
  char *kept = copy_text(said, strlen(said));
  bool defines = strncasecmp(sql, "SELECT", 6) != 0 && strncasecmp(sql, "INSERT", 6) != 0 &&
                 strncasecmp(sql, "UPDATE", 6) != 0 && strncasecmp(sql, "DELETE", 6) != 0 &&
                 strncasecmp(sql, "WITH", 4) != 0;
  bool some = (defines && strncmp(kept, "permission denied for schema", 28) == 0) || has_some_right(session, kept);
  free(kept);
  if (some) return fail(error, 1031, "insufficient privileges");
  return fail(error, 942, "table or view does not exist");
}

static int raised(Error *error, const char *said) {
  int code = 20000, length = 0;
  if (sscanf(said, "ORA-%5d: %n", &code, &length) == 1 && length > 0) return fail(error, code, "%s", said + length);
  return fail(error, 20001, "%s", said);
}

static int violated(Error *error, int code, const char *what, const PGresult *result) {
  char *schema = oracle_name(PQresultErrorField(result, PG_DIAG_SCHEMA_NAME));
  char *name = oracle_name(PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME));
  fail(error, code, "%s (%s.%s) violated", what, schema, name);
  free(schema);
  free(name);
  return OCI_ERROR;
}

static int not_null(Error *error, const PGresult *result, const char *sql) {
  char *schema = oracle_name(PQresultErrorField(result, PG_DIAG_SCHEMA_NAME));
  char *table = oracle_name(PQresultErrorField(result, PG_DIAG_TABLE_NAME));
  char *column = oracle_name(PQresultErrorField(result, PG_DIAG_COLUMN_NAME));
  bool update = strncmp(sql, "UPDATE", 6) == 0;
  if (update)
    fail(error, 1407, "cannot update (\"%s\".\"%s\".\"%s\") to NULL", schema, table, column);
  else
    fail(error, 1400, "cannot insert NULL into (\"%s\".\"%s\".\"%s\")", schema, table, column);
  free(schema);
  free(table);
  free(column);
  return OCI_ERROR;
}

static int input_syntax(Error *error, const char *said) {
  if (has(said, "type bigint")) return fail(error, 1861, "literal does not match format string");
  return fail(error, 1722, "invalid number");
}

static int grouping(Error *error, const char *sql) {
  if (has(sql, "GROUP")) return fail(error, 979, "not a GROUP BY expression");
  return fail(error, 937, "not a single-group group function");
}

static int cancelled(Session *session, Error *error) {
  if (session->timed_out) return fail(error, 3136, "inbound connection timed out");
  return fail(error, 1013, "user requested cancel of current operation");
}

// the ones whose words are always the same
static const struct {
  const char *state;
  int code;
  const char *text;
} SIMPLE[] = {
    {"40P01", 60, "deadlock detected while waiting for resource"},
    {"40001", 8177, "can't serialize access for this transaction"},
    {"55P03", 54, "resource busy and acquire with NOWAIT specified or timeout expired"},
    {"25006", 1456, "may not perform insert/delete/update operation inside a READ ONLY transaction"},
    {"42P01", 942, "table or view does not exist"},
    {"3F000", 942, "table or view does not exist"},
    {"42601", 933, "SQL command not properly ended"},
    {"42702", 918, "column ambiguously defined"},
    {"42P09", 918, "column ambiguously defined"},
    {"42701", 957, "duplicate column name"},
    {"42P07", 955, "name is already used by an existing object"},
    {"42710", 1920, "user name or other object name conflicts with another"},
    {"42P06", 955, "name is already used by an existing object"},
    {"42704", 902, "invalid datatype"},
    {"42622", 972, "identifier is too long"},
    {"42P10", 1785, "ORDER BY item must be the number of a SELECT-list expression"},
    {"22003", 1438, "value larger than specified precision allowed for this column"},
    {"22012", 1476, "divisor is equal to zero"},
    {"22008", 1843, "not a valid month"},
    {"22007", 1861, "literal does not match format string"},
    {"22001", 12899, "value too large for column"},
    {"21000", 1427, "single-row subquery returns more than one row"},
    {"2201B", 12726, "unmatched bracket in regular expression"},
    {"0A000", 2014, "cannot select FOR UPDATE from view with DISTINCT, GROUP BY, etc."},
    {"57P01", 28, "your session has been killed"},
    {"57P02", 3113, "end-of-file on communication channel"},
    {"57P03", 1033, "ORACLE initialization or shutdown in progress"},
    {"25P03", 2396, "exceeded maximum idle time, please connect again"},
    {"53100", 1653, "unable to extend table in tablespace"},
    {"53200", 4030, "out of process memory"},
    {"54000", 1795, "maximum number of expressions in a list is 1000"},
    {"3B001", 1086, "savepoint never established in this session or is invalid"},
};

int fail_from(Session *session, Error *error, const PGresult *result, const char *sql) {
  const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char *said = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  if (!state) return fail(error, 3113, "end-of-file on communication channel");
  if (!said) said = "";
  if (strcmp(state, "P0001") == 0 || strncmp(said, "ORA-", 4) == 0) return raised(error, said);
  if (strcmp(state, "57014") == 0) return cancelled(session, error);
  // two that make the same table at the same moment
  const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
  if (strcmp(state, "23505") == 0 && constraint && strncmp(constraint, "pg_", 3) == 0)
    return fail(error, 955, "name is already used by an existing object");
  if (strcmp(state, "23505") == 0) return violated(error, 1, "unique constraint", result);
  if (strcmp(state, "23514") == 0) return violated(error, 2290, "check constraint", result);
  if (strcmp(state, "23502") == 0) return not_null(error, result, sql);
  if (strcmp(state, "42501") == 0) return denied(session, error, said, sql);
  if (strcmp(state, "42703") == 0) return invalid_identifier(error, said);
  if (strcmp(state, "42883") == 0) return undefined_function(error, said);
  if (strcmp(state, "42804") == 0 || strcmp(state, "42846") == 0) return mismatch(error, said);
  if (strcmp(state, "22P02") == 0) return input_syntax(error, said);
  if (strcmp(state, "42803") == 0) return grouping(error, sql);
  for (size_t i = 0; i < sizeof SIMPLE / sizeof *SIMPLE; i++)
    if (strcmp(state, SIMPLE[i].state) == 0) return fail(error, SIMPLE[i].code, "%s", SIMPLE[i].text);
  return fail(error, 600, "internal error code, arguments: [stand-in], [%s], [%s]", state, said);
}
