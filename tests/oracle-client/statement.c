// Statements: prepared, bound, executed once or for a batch, described, fetched.
#include "standin.h"
#include "oci.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MODE_COMMIT = 0x20, MODE_BATCH_ERRORS = 0x80 };

// the statement of the last batch, for its errors: the driver asks for them with its error handle alone
static _Thread_local Statement *batch;

static void forget_answer(Statement *statement) {
  PQclear(statement->result);
  statement->result = NULL;
  statement->row = statement->fetched = statement->arrived = statement->round_trips = 0;
  statement->all_arrived = false;
  statement->affected = 0;
  free(statement->affected_each);
  statement->affected_each = NULL;
  for (uint32_t i = 0; i < statement->error_count; i++) free(statement->errors[i].message);
  free(statement->errors);
  free(statement->error_rows);
  statement->errors = NULL;
  statement->error_rows = NULL;
  statement->error_count = 0;
}

static void forget_columns(Statement *statement) {
  for (int i = 0; i < statement->column_count; i++) free(statement->columns[i].name);
  free(statement->columns);
  statement->columns = NULL;
  statement->column_count = 0;
}

// how many binds are of national form
static int national_binds(const Translation *translation) {
  int count = 0;
  for (int i = 0; i < translation->count; i++) {
    const Place *place = translation->occurrences[i].place;
    count += place && place->form == FORM_NATIONAL;
  }
  return count;
}

// a query's line comes when it is done with, for only then is it known how often the server was asked for rows
static void trace_query(Statement *statement) {
  if (!statement->pending) return;
  statement->pending = false;
  trace(statement->service->session, statement->text, statement->translation.count, national_binds(&statement->translation), statement->row, statement->round_trips, NULL);
}

void statement_free(Statement *statement) {
  trace_query(statement);
  if (batch == statement) batch = NULL;
  forget_answer(statement);
  forget_columns(statement);
  for (int i = 0; i < statement->translation.count; i++) {
    bool again = false; // a place bound by name serves several occurrences
    for (int j = 0; j < i; j++) again |= statement->translation.occurrences[j].place == statement->translation.occurrences[i].place;
    if (!again) free(statement->translation.occurrences[i].place);
  }
  for (int i = 0; i < statement->define_count; i++) free(statement->defines[i]);
  free(statement->defines);
  translation_free(&statement->translation);
  free(statement->text);
  free(statement);
}

EXPORT int OCIStmtPrepare2(void *service, void **made, void *error UNUSED, const char *text, uint32_t length,
                           const char *key UNUSED, uint32_t key_length UNUSED, uint32_t language UNUSED,
                           uint32_t mode UNUSED) {
  Statement *statement = allocate(sizeof *statement);
  statement->kind = HTYPE_STMT;
  statement->prefetch = 1;
  statement->service = service;
  statement->text = copy_text(text, length);
  const Session *session = statement->service->session;
  translate(&statement->translation, statement->text, session->user, session->server ? session->server->service : "");
  *made = statement;
  return OCI_SUCCESS;
}

EXPORT int OCIStmtRelease(void *statement, void *error UNUSED, const char *key UNUSED, uint32_t key_length UNUSED,
                          uint32_t mode UNUSED) {
  statement_free(statement);
  return OCI_SUCCESS;
}

static void fill_place(Place *place, void *values, int64_t size, uint16_t type, void *indicators, uint32_t *lengths,
                       uint16_t *codes, bool dynamic) {
  place->values = values;
  place->size = size;
  place->type = type;
  place->form = FORM_IMPLICIT;
  place->indicators = indicators;
  place->lengths = lengths;
  place->codes = codes;
  place->dynamic = dynamic;
}

enum { DATA_AT_EXEC = 2, DYNAMIC_FETCH = 2 };

EXPORT int OCIBindByPos2(void *statement_, void **bind, void *error, uint32_t position, void *values, int64_t size,
                         uint16_t type, void *indicators, uint32_t *lengths, uint16_t *codes,
                         uint32_t most_elements UNUSED, uint32_t *elements UNUSED, uint32_t mode) {
  Statement *statement = statement_;
  if (position < 1 || position > (uint32_t)statement->translation.count)
    return fail(error, 1036, "illegal variable name/number");
  Occurrence *occurrence = &statement->translation.occurrences[position - 1];
  if (!occurrence->place) occurrence->place = allocate(sizeof(Place));
  occurrence->place->kind = HTYPE_BIND;
  fill_place(occurrence->place, values, size, type, indicators, lengths, codes, mode & DATA_AT_EXEC);
  *bind = occurrence->place;
  return OCI_SUCCESS;
}

EXPORT int OCIBindByName2(void *statement_, void **bind, void *error, const char *name, int32_t length, void *values,
                          int64_t size, uint16_t type, void *indicators, uint32_t *lengths, uint16_t *codes,
                          uint32_t most_elements UNUSED, uint32_t *elements UNUSED, uint32_t mode) {
  Statement *statement = statement_;
  Place *place = NULL;
  if (length > 0 && *name == ':') name++, length--;
  for (int i = 0; i < statement->translation.count; i++) {
    Occurrence *occurrence = &statement->translation.occurrences[i];
    if (strlen(occurrence->name) != (size_t)length || strncasecmp(occurrence->name, name, (size_t)length) != 0) continue;
    if (!place) place = occurrence->place ? occurrence->place : allocate(sizeof(Place));
    occurrence->place = place;
  }
  if (!place) return fail(error, 1036, "illegal variable name/number");
  place->kind = HTYPE_BIND;
  fill_place(place, values, size, type, indicators, lengths, codes, mode & DATA_AT_EXEC);
  *bind = place;
  return OCI_SUCCESS;
}

EXPORT int OCIBindDynamic(void *bind, void *error UNUSED, void *in_context, void *in, void *out_context, void *out) {
  Place *place = bind;
  place->in_context = in_context;
  place->in = (InCallback)in;
  place->out_context = out_context;
  place->out = (OutCallback)out;
  return OCI_SUCCESS;
}

EXPORT int OCIDefineByPos2(void *statement_, void **define, void *error, uint32_t position, void *values, uint64_t size,
                           uint16_t type, void *indicators, uint32_t *lengths, uint16_t *codes, uint32_t mode) {
  Statement *statement = statement_;
  if (position < 1 || position > (uint32_t)statement->column_count)
    return fail(error, 1007, "variable not in select list");
  if (statement->define_count < statement->column_count) {
    statement->defines = realloc(statement->defines, (size_t)statement->column_count * sizeof(Place *));
    if (!statement->defines) abort();
    while (statement->define_count < statement->column_count) statement->defines[statement->define_count++] = NULL;
  }
  Place **place = &statement->defines[position - 1];
  if (!*place) *place = allocate(sizeof(Place));
  (*place)->kind = HTYPE_DEFINE;
  fill_place(*place, values, (int64_t)size, type, indicators, lengths, codes, mode & DYNAMIC_FETCH);
  *define = *place;
  return OCI_SUCCESS;
}

EXPORT int OCIDefineDynamic(void *define, void *error UNUSED, void *context, void *callback) {
  Place *place = define;
  place->out_context = context;
  place->define = (DefineCallback)callback;
  return OCI_SUCCESS;
}

EXPORT int OCIStmtGetBindInfo(void *statement_, void *error UNUSED, uint32_t size, uint32_t start, int32_t *found,
                              char *names[], uint8_t name_lengths[], char *indicators[], uint8_t indicator_lengths[],
                              uint8_t duplicates[], void **binds) {
  const Translation *translation = &((Statement *)statement_)->translation;
  if (translation->count == 0 || start > (uint32_t)translation->count) return OCI_NO_DATA;
  uint32_t given = 0;
  for (uint32_t i = start - 1; i < (uint32_t)translation->count && given < size; i++, given++) {
    names[given] = translation->occurrences[i].name;
    name_lengths[given] = (uint8_t)strlen(names[given]);
    indicators[given] = NULL;
    indicator_lengths[given] = 0;
    binds[given] = NULL;
    duplicates[given] = 0;
    for (uint32_t j = 0; j < i; j++) duplicates[given] |= strcmp(translation->occurrences[j].name, names[given]) == 0;
  }
  bool all = start - 1 + given >= (uint32_t)translation->count;
  *found = all ? translation->count : -translation->count;
  return OCI_SUCCESS;
}

// the parameters of one execution
typedef struct {
  int count;
  Oid *types;
  char **values;
  int *lengths, *formats;
} Parameters;

static void parameters_free(Parameters *parameters) {
  for (int i = 0; i < parameters->count; i++) free(parameters->values[i]);
  free(parameters->types);
  free(parameters->values);
  free(parameters->lengths);
  free(parameters->formats);
}

static int gather(Statement *statement, Error *error, uint32_t iteration, Parameters *parameters) {
  const Translation *translation = &statement->translation;
  size_t room = (size_t)translation->count;
  *parameters = (Parameters){.types = allocate(room * sizeof(Oid)), .values = allocate(room * sizeof(char *)),
                             .lengths = allocate(room * sizeof(int)), .formats = allocate(room * sizeof(int))};
  for (int i = 0; i < translation->count; i++) {
    const Occurrence *occurrence = &translation->occurrences[i];
    if (!occurrence->place) return fail(error, 1008, "not all variables bound");
    if (occurrence->out) continue;
    int at = parameters->count++;
    if (value_from_bind(statement->service->session, error, occurrence->place, iteration, &parameters->types[at],
                        &parameters->values[at], &parameters->lengths[at], &parameters->formats[at]) != OCI_SUCCESS)
      return OCI_ERROR;
  }
  return OCI_SUCCESS;
}

static PGresult *run_once(Statement *statement, Error *error, uint32_t iteration) {
  Parameters parameters = {0};
  PGresult *result = NULL;
  if (gather(statement, error, iteration, &parameters) == OCI_SUCCESS)
    result = run(statement->service->session, error, statement->translation.sql, parameters.count, parameters.types,
                 (const char *const *)parameters.values, parameters.lengths, parameters.formats);
  parameters_free(&parameters);
  return result;
}

static int describe_answer(Statement *statement, Error *error) {
  const Translation *translation = &statement->translation;
  forget_columns(statement);
  statement->column_count = PQnfields(statement->result);
  statement->columns = allocate((size_t)statement->column_count * sizeof(Column));
  for (int i = 0; i < statement->column_count; i++) {
    Column *column = &statement->columns[i];
    column->kind = DTYPE_PARAM;
    describe(statement->service->session, column, PQftype(statement->result, i), PQfmod(statement->result, i));
    if (column->type == 252) return fail(error, 923, "FROM keyword not found where expected");
    const char *name = PQfname(statement->result, i);
    bool own = translation->name_count == statement->column_count && translation->names[i];
    column->name = own ? copy_text(translation->names[i], strlen(translation->names[i])) : oracle_name(name);
  }
  return OCI_SUCCESS;
}

// a failed statement is undone alone: before each one stands a savepoint
static int guarded(Session *session, Error *error, bool begin) {
  if (begin && transaction_begin(session, error, READ_WRITE, "BEGIN ISOLATION LEVEL READ COMMITTED") != OCI_SUCCESS)
    return OCI_ERROR;
  return run_simple(session, error, "SAVEPOINT statement");
}

// what comes after an error must not hide it
static void undo(Session *session, bool begun) {
  Error ignored = {0};
  if (begun) {
    transaction_end(session, &ignored, false);
  } else if (!session->dead) {
    session->break_asked = false;
    run_simple(session, &ignored, "ROLLBACK TO SAVEPOINT statement");
    run_simple(session, &ignored, "RELEASE SAVEPOINT statement");
  }
  free(ignored.message);
}

// What a network would have to carry: the answer as a whole is here already. The execution brings the rows that are
// prefetched, a fetch what its array still lacks; that no more rows follow is known when fewer came than were asked for.
static void ask_for_rows(Statement *statement, int64_t up_to) {
  int64_t all = PQntuples(statement->result);
  statement->round_trips++;
  statement->all_arrived = up_to > all;
  statement->arrived = (int)(up_to > all ? all : up_to);
}

static int query(Statement *statement, Error *error) {
  Session *session = statement->service->session;
  bool locking = statement->translation.manner == RUN_LOCKING;
  bool begin = locking && session->transaction == NO_TRANSACTION;
  bool inside = begin || session->transaction != NO_TRANSACTION;
  if (inside && guarded(session, error, begin) != OCI_SUCCESS) return OCI_ERROR;
  if (statement->translation.lock_wait >= 0) {
    Text limit = {0};
    text_format(&limit, "SET LOCAL lock_timeout = %d", statement->translation.lock_wait * 1000 + 1);
    run_simple(session, error, limit.text);
    text_free(&limit);
  }
  statement->result = run_once(statement, error, 0);
  if (!statement->result) {
    if (error->code == 54 && statement->translation.lock_wait >= 0)
      fail(error, 30006, "resource busy; acquire with WAIT timeout expired");
    if (inside) undo(session, begin);
    return OCI_ERROR;
  }
  if (statement->translation.lock_wait >= 0) run_simple(session, error, "SET LOCAL lock_timeout = 0");
  if (inside && run_simple(session, error, "RELEASE SAVEPOINT statement") != OCI_SUCCESS) return OCI_ERROR;
  statement->pending = true;
  ask_for_rows(statement, (int64_t)statement->prefetch);
  return describe_answer(statement, error);
}

// the plan of a query is kept in the session, for DBMS_XPLAN; Oracle writes it to a table
static int plan(Statement *statement, Error *error) {
  Session *session = statement->service->session;
  if (session->transaction == READ_ONLY) return fail(error, 1456, "may not perform insert/delete/update operation inside a READ ONLY transaction");
  if (query(statement, error) != OCI_SUCCESS) return OCI_ERROR;
  Text lines = {0};
  for (int i = 0; i < PQntuples(statement->result); i++) text_format(&lines, "%s%s", i ? "\n" : "", PQgetvalue(statement->result, i, 0));
  statement->pending = false;
  const char *values[] = {lines.text};
  PGresult *kept = run(session, error, "SELECT set_config('oracle.plan', $1, false)", 1, NULL, values, NULL, NULL);
  PQclear(kept);
  text_free(&lines);
  return kept ? OCI_SUCCESS : OCI_ERROR;
}

// gives the values of RETURNING ... INTO to the driver
static int give_back(Statement *statement, Error *error, const PGresult *result, uint32_t iteration) {
  int column = 0;
  for (int i = 0; i < statement->translation.count; i++) {
    const Occurrence *occurrence = &statement->translation.occurrences[i];
    if (!occurrence->out) continue;
    occurrence->place->rows_returned = (uint32_t)PQntuples(result);
    for (int row = 0; row < PQntuples(result); row++) {
      const char *value = PQgetisnull(result, row, column) ? NULL : PQgetvalue(result, row, column);
      if (value_to_place(error, statement->service->session, occurrence->place, iteration, (uint32_t)row, true,
                         PQftype(result, column), value, PQgetlength(result, row, column)) != OCI_SUCCESS)
        return OCI_ERROR;
    }
    column++;
  }
  return OCI_SUCCESS;
}

static int change_once(Statement *statement, Error *error, uint32_t iteration, bool give) {
  PGresult *result = run_once(statement, error, iteration);
  if (!result) return OCI_ERROR;
  uint64_t rows = strtoull(PQcmdTuples(result), NULL, 10);
  statement->affected += rows;
  statement->affected_each[iteration] = rows;
  int status = give && statement->translation.returning ? give_back(statement, error, result, iteration) : OCI_SUCCESS;
  PQclear(result);
  return status;
}

static void keep_batch_error(Statement *statement, Error *error, uint32_t row) {
  size_t count = statement->error_count + 1;
  statement->errors = realloc(statement->errors, count * sizeof(Error));
  statement->error_rows = realloc(statement->error_rows, count * sizeof(uint32_t));
  if (!statement->errors || !statement->error_rows) abort();
  statement->errors[count - 1] = (Error){.code = error->code, .message = copy_text(error->message, strlen(error->message))};
  statement->error_rows[count - 1] = row;
  statement->error_count = (uint32_t)count;
}

// without a wish for batch errors the rows before the one that failed stay
static int change(Statement *statement, Error *error, uint32_t iterations, bool keep_errors) {
  Session *session = statement->service->session;
  bool begin = session->transaction == NO_TRANSACTION;
  statement->iterations = iterations;
  statement->affected_each = allocate(iterations * sizeof(uint64_t));
  if (guarded(session, error, begin) != OCI_SUCCESS) return OCI_ERROR;
  for (uint32_t i = 0; i < iterations; i++) {
    if (change_once(statement, error, i, true) == OCI_SUCCESS) {
      if (iterations > 1 && (run_simple(session, error, "RELEASE SAVEPOINT statement") != OCI_SUCCESS || run_simple(session, error, "SAVEPOINT statement") != OCI_SUCCESS))
        return OCI_ERROR;
      continue;
    }
    if (keep_errors && !session->dead) {
      keep_batch_error(statement, error, i);
      Error ignored = {0};
      run_simple(session, &ignored, "ROLLBACK TO SAVEPOINT statement");
      free(ignored.message);
      continue;
    }
    undo(session, begin && i == 0);
    return OCI_ERROR;
  }
  return run_simple(session, error, "RELEASE SAVEPOINT statement");
}

// a definition commits before and after itself; one of Oracle's may be several of PostgreSQL's
static int definition(Statement *statement, Error *error) {
  Session *session = statement->service->session;
  const Translation *translation = &statement->translation;
  if (transaction_end(session, error, true) != OCI_SUCCESS) return OCI_ERROR;
  if (run_simple(session, error, "BEGIN") != OCI_SUCCESS) return OCI_ERROR;
  for (const char *sql = translation->sql; sql < translation->sql + translation->sql_length; sql += strlen(sql) + 1)
    if (run_simple(session, error, sql) != OCI_SUCCESS) {
      Error ignored = {0};
      run_simple(session, &ignored, "ROLLBACK");
      free(ignored.message);
      return OCI_ERROR;
    }
  return run_simple(session, error, "COMMIT");
}

static int command(Statement *statement, Error *error) {
  Session *session = statement->service->session;
  const Translation *translation = &statement->translation;
  bool sets = translation->command == DO_READ_ONLY || translation->command == DO_SERIALIZABLE || translation->command == DO_READ_WRITE;
  if (sets && session->transaction != NO_TRANSACTION)
    return fail(error, 1453, "SET TRANSACTION must be first statement of transaction");
  switch (translation->command) {
  case DO_COMMIT: return transaction_end(session, error, true);
  case DO_ROLLBACK: return transaction_end(session, error, false);
  case DO_READ_ONLY: // the snapshot is taken here, not at the first query
    if (transaction_begin(session, error, READ_ONLY, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") != OCI_SUCCESS) return OCI_ERROR;
    return run_simple(session, error, "SELECT 1");
  case DO_SERIALIZABLE:
    if (transaction_begin(session, error, READ_WRITE, "BEGIN ISOLATION LEVEL REPEATABLE READ") != OCI_SUCCESS) return OCI_ERROR;
    return run_simple(session, error, "SELECT 1");
  case DO_READ_WRITE: return transaction_begin(session, error, READ_WRITE, "BEGIN ISOLATION LEVEL READ COMMITTED");
  case DO_SAVEPOINT:
    if (session->transaction == NO_TRANSACTION &&
        transaction_begin(session, error, READ_WRITE, "BEGIN ISOLATION LEVEL READ COMMITTED") != OCI_SUCCESS)
      return OCI_ERROR;
    return run_simple(session, error, translation->sql);
  case DO_ROLLBACK_TO: {
    if (session->transaction == NO_TRANSACTION) return fail(error, 1086, "savepoint never established in this session or is invalid");
    if (guarded(session, error, false) != OCI_SUCCESS) return OCI_ERROR;
    int status = run_simple(session, error, translation->sql);
    if (status != OCI_SUCCESS) undo(session, false);
    return status;
  }
  case DO_NOTHING:
    for (const char *sql = translation->sql; sql < translation->sql + translation->sql_length; sql += strlen(sql) + 1)
      if (run_simple(session, error, sql) != OCI_SUCCESS) return OCI_ERROR;
    return OCI_SUCCESS;
  }
  return OCI_SUCCESS;
}

static int execute(Statement *statement, Error *error, uint32_t iterations, uint32_t mode) {
  const Translation *translation = &statement->translation;
  if (translation->code) return fail(error, translation->code, "%s", translation->message);
  if (national_binds(translation) && told_to_refuse("national"))
    return fail(error, 12704, "character set mismatch (the stand-in was told to refuse binds of national form)");
  switch (translation->manner) {
  case RUN_QUERY:
  case RUN_LOCKING: return query(statement, error);
  case RUN_PLAN: return plan(statement, error);
  case RUN_CHANGE: return change(statement, error, iterations ? iterations : 1, mode & MODE_BATCH_ERRORS);
  case RUN_DEFINITION: return definition(statement, error);
  case RUN_COMMAND: return command(statement, error);
  }
  return OCI_SUCCESS;
}

EXPORT int OCIStmtExecute(void *service, void *statement_, void *error_, uint32_t iterations, uint32_t from UNUSED,
                          const void *snapshot UNUSED, void *snapshot_after UNUSED, uint32_t mode) {
  Statement *statement = statement_;
  Error *error = error_;
  Session *session = ((Service *)service)->session;
  pthread_mutex_lock(&session->one_at_a_time);
  statement->service = service;
  session->break_asked = false;
  error->code = 0;
  trace_query(statement);
  forget_answer(statement);
  batch = statement;
  int status = execute(statement, error, iterations, mode);
  if (status == OCI_SUCCESS && mode & MODE_COMMIT) status = transaction_end(session, error, true);
  if (!statement->pending || status != OCI_SUCCESS)
    trace(session, statement->text, statement->translation.count, national_binds(&statement->translation), (int64_t)statement->affected, 1, status == OCI_SUCCESS ? NULL : error);
  if (status != OCI_SUCCESS) statement->pending = false;
  pthread_mutex_unlock(&session->one_at_a_time);
  return status;
}

enum { FETCH_NEXT = 2 };

static int fetch_row(Statement *statement, Error *error, uint32_t to) {
  for (int column = 0; column < statement->define_count; column++) {
    if (!statement->defines[column]) continue;
    bool null = PQgetisnull(statement->result, statement->row, column);
    if (value_to_place(error, statement->service->session, statement->defines[column], to, 0, false,
                       PQftype(statement->result, column), null ? NULL : PQgetvalue(statement->result, statement->row, column),
                       PQgetlength(statement->result, statement->row, column)) != OCI_SUCCESS)
      return OCI_ERROR;
  }
  statement->row++;
  return OCI_SUCCESS;
}

EXPORT int OCIStmtFetch2(void *statement_, void *error, uint32_t rows, uint16_t orientation, int32_t offset UNUSED,
                         uint32_t mode UNUSED) {
  Statement *statement = statement_;
  statement->fetched = 0;
  if (!statement->result) return fail(error, 1002, "fetch out of sequence");
  if (orientation != FETCH_NEXT) return fail(error, 24391, "invalid fetch operation");
  int64_t up_to = (int64_t)statement->row + rows;
  if (up_to > statement->arrived && !statement->all_arrived) ask_for_rows(statement, up_to);
  while ((uint32_t)statement->fetched < rows && statement->row < PQntuples(statement->result)) {
    if (fetch_row(statement, error, (uint32_t)statement->fetched) != OCI_SUCCESS) return OCI_ERROR;
    statement->fetched++;
  }
  return (uint32_t)statement->fetched < rows ? OCI_NO_DATA : OCI_SUCCESS;
}

uint32_t batch_error_row(const void *error) { return ((const Error *)error)->row; }

bool batch_error(const void *from UNUSED, uint32_t index, void *to_) {
  Error *to = to_;
  if (!batch || index >= batch->error_count) return false;
  free(to->message);
  to->code = batch->errors[index].code;
  to->message = copy_text(batch->errors[index].message, strlen(batch->errors[index].message));
  to->row = batch->error_rows[index];
  return true;
}
