// What the rooms of the stand-in share: handles, values, errors, and who does what.
#ifndef STANDIN_H
#define STANDIN_H

#include <libpq-fe.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPORT __attribute__((visibility("default")))
#define UNUSED __attribute__((unused))

// what OCI functions return
enum { OCI_SUCCESS = 0, OCI_ERROR = -1, OCI_INVALID_HANDLE = -2, OCI_NO_DATA = 100, OCI_CONTINUE = -24200 };

// kinds of handles and descriptors
enum {
  HTYPE_ENV = 1, HTYPE_ERROR = 2, HTYPE_SVCCTX = 3, HTYPE_STMT = 4, HTYPE_BIND = 5, HTYPE_DEFINE = 6,
  HTYPE_DESCRIBE = 7, HTYPE_SERVER = 8, HTYPE_SESSION = 9, HTYPE_TRANS = 10,
  DTYPE_LOB = 50, DTYPE_PARAM = 53, DTYPE_ROWID = 54,
  DTYPE_TIMESTAMP = 68, DTYPE_TIMESTAMP_TZ = 69, DTYPE_TIMESTAMP_LTZ = 70
};

// the data types of the interface
enum {
  SQLT_CHR = 1, SQLT_NUM = 2, SQLT_INT = 3, SQLT_VNU = 6, SQLT_LNG = 8, SQLT_DAT = 12, SQLT_BFLOAT = 21,
  SQLT_BDOUBLE = 22, SQLT_BIN = 23, SQLT_LBI = 24, SQLT_UIN = 68, SQLT_AFC = 96, SQLT_NTY = 108, SQLT_CLOB = 112, SQLT_BLOB = 113,
  SQLT_JSON = 119, SQLT_VECTOR = 127,
  SQLT_ODT = 156, SQLT_TIMESTAMP = 187, SQLT_TIMESTAMP_TZ = 188, SQLT_INTERVAL_DS = 190, SQLT_TIMESTAMP_LTZ = 232
};

// forms of characters: of the database, and national
enum { FORM_IMPLICIT = 1, FORM_NATIONAL = 2 };

// kinds of statements, as the interface numbers them
enum {
  STMT_OTHER = 0, STMT_SELECT = 1, STMT_UPDATE = 2, STMT_DELETE = 3, STMT_INSERT = 4, STMT_CREATE = 5, STMT_DROP = 6,
  STMT_ALTER = 7, STMT_BEGIN = 8, STMT_DECLARE = 9, STMT_EXPLAIN = 15, STMT_ROLLBACK = 17, STMT_COMMIT = 21
};

// text that grows
typedef struct {
  char *text;
  size_t length, room;
} Text;

EXPORT void text_add(Text *text, const char *more, size_t length);
EXPORT void text_put(Text *text, const char *more);
EXPORT void text_format(Text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
EXPORT void text_format_list(Text *text, const char *format, va_list values);
EXPORT char *text_take(Text *text);
EXPORT void text_free(Text *text);
EXPORT void *allocate(size_t size);
EXPORT char *copy_text(const char *from, size_t length);

// an error as Oracle words it; the message has the number in front
typedef struct Error {
  uint32_t kind;
  int code;
  char *message;
  uint32_t row; // of a batch
  struct Environment *environment;
  struct Error *next; // of its environment, which frees those that are left
} Error;

EXPORT int fail(Error *error, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

// the PostgreSQL types that stand for Oracle's; their numbers differ from database to database
typedef struct {
  Oid date, timestamp, tstz, tsltz, varchar2, nvarchar2, clob, raw, blob, longs, json, vector, xmltype;
} Types;

typedef enum { NO_TRANSACTION, READ_WRITE, READ_ONLY } Transaction;

typedef struct {
  uint32_t kind;
  char *host, *port, *service;
  int connect_timeout;
  bool tls; // asked for by tcps:, which is only told, not done
  struct Session *session;
} Server;

// a login and its connection
typedef struct Session {
  uint32_t kind;
  char *user, *password;
  PGconn *connection;
  Server *server;
  Types types;
  Transaction transaction;
  uint32_t call_timeout; // milliseconds
  int number;            // in the trace
  int wake[2];           // a pipe that a break writes to
  atomic_bool break_asked;
  bool timed_out, dead;
  pthread_mutex_t one_at_a_time;
} Session;

// a service context
typedef struct {
  uint32_t kind;
  Server *server;
  Session *session;
  uint32_t cache_size;
} Service;

typedef struct Environment {
  uint32_t kind;
  pthread_mutex_t lock;
  Error *errors;
} Environment;

typedef struct {
  uint32_t kind;
  char *text; // UTF-8, or bytes
  size_t length;
  bool temporary, binary;
} Lob;

// a moment in one of the three kinds of timestamp, its fields in its own zone
typedef struct {
  uint32_t kind;
  int16_t year;
  uint8_t month, day, hour, minute, second;
  uint32_t nanosecond;
  int offset; // minutes east
} Moment;

typedef int32_t (*InCallback)(void *context, void *bind, uint32_t iteration, uint32_t index, void **buffer,
                              uint32_t *length, uint8_t *piece, void **indicator);
typedef int32_t (*OutCallback)(void *context, void *bind, uint32_t iteration, uint32_t index, void **buffer,
                               uint32_t **length, uint8_t *piece, void **indicator, uint16_t **code);
typedef int32_t (*DefineCallback)(void *context, void *define, uint32_t row, void **buffer, uint32_t **length,
                                  uint8_t *piece, void **indicator, uint16_t **code);

// where a value comes from or goes to
typedef struct {
  uint32_t kind;
  uint16_t type;
  uint8_t form; // of its characters
  char *values;
  int64_t size;
  int16_t *indicators;
  uint32_t *lengths;
  uint16_t *codes;
  bool dynamic;
  uint32_t rows_returned;
  void *in_context, *out_context;
  InCallback in;
  OutCallback out;
  DefineCallback define;
} Place;

// a `:name` in a statement
typedef struct {
  char *name; // upper case unless quoted
  bool out;   // after INTO
  Place *place;
} Occurrence;

// a column of an answer
typedef struct {
  uint32_t kind;
  char *name;
  uint16_t type, size, characters;
  int16_t precision;
  int8_t scale;
  uint8_t nullable, form;
} Column;

typedef enum { RUN_QUERY, RUN_LOCKING, RUN_PLAN, RUN_CHANGE, RUN_DEFINITION, RUN_COMMAND } Manner;

typedef enum {
  DO_NOTHING, DO_COMMIT, DO_ROLLBACK, DO_SAVEPOINT, DO_ROLLBACK_TO, DO_READ_ONLY, DO_SERIALIZABLE, DO_READ_WRITE
} Command;

// what became of a statement
typedef struct {
  int type;
  Manner manner;
  Command command;
  char *sql;            // for PostgreSQL; of several, separated by a NUL, of a definition
  size_t sql_length;
  Occurrence *occurrences;
  int count;
  bool returning;
  char **names; // of the columns, where the text of an expression is one; else NULL
  int name_count;
  int lock_wait; // seconds, or -1
  int code;      // of the refusal, or 0
  char *message;
} Translation;

typedef struct {
  uint32_t kind;
  Service *service;
  char *text;
  Translation translation;
  Place **defines;
  int define_count;
  PGresult *result;
  Column *columns;
  int column_count;
  int row, fetched;
  uint64_t affected;
  uint64_t *affected_each;
  uint32_t iterations;
  int arrived;       // rows of the answer that the client has
  bool all_arrived;  // and knows to be all
  int round_trips;   // to the server, for the answer
  uint32_t prefetch; // rows that come with the execution
  bool pending; // executed, its line not yet in the trace
  Error *errors; // of a batch, one for each row that failed
  uint32_t *error_rows;
  uint32_t error_count;
} Statement;

// connect.c
int parse_connect_string(Server *server, Error *error, const char *text, size_t length);
int session_begin(Session *session, Server *server, Error *error);
void session_end(Session *session);

// run.c
PGresult *run(Session *session, Error *error, const char *sql, int count, const Oid *types, const char *const *values,
              const int *lengths, const int *formats);
int run_simple(Session *session, Error *error, const char *sql);
int transaction_end(Session *session, Error *error, bool commit);
int transaction_begin(Session *session, Error *error, Transaction kind, const char *how);

// errors.c
char *oracle_name(const char *name);
int fail_from(Session *session, Error *error, const PGresult *result, const char *sql);

// translate.c
void translate(Translation *translation, const char *text, const char *user, const char *database);
void translation_free(Translation *translation);

// values.c
int value_from_bind(Session *session, Error *error, Place *place, uint32_t iteration, Oid *type, char **value,
                    int *length, int *format);
int value_to_place(Error *error, const Session *session, Place *place, uint32_t row, uint32_t index, bool returning,
                   Oid type, const char *value, int length);
void describe(const Session *session, Column *column, Oid type, int modifier);
void decode_bytes(const char *text, int length, Text *bytes);

// number.c and datetime.c, in the second library
EXPORT int64_t micros_of(const Moment *moment);
EXPORT void moment_of(Moment *moment, int64_t micros);
EXPORT void number_to_oracle(const char *text, unsigned char *number);
EXPORT void number_to_text(const unsigned char *number, Text *text);

// trace.c: what the environment asks for
void trace(const Session *session, const char *text, int binds, int national, int64_t rows, int round_trips, const Error *error);
bool told_to_refuse(const char *what);

#endif
