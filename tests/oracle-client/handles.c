// Handles and descriptors: making them, freeing them, and reading and setting what they carry.
#include "standin.h"
#include "oci.h"

#include <stdlib.h>
#include <string.h>

enum {
  ATTR_DATA_SIZE = 1, ATTR_DATA_TYPE = 2, ATTR_NAME = 4, ATTR_PRECISION = 5, ATTR_SCALE = 6, ATTR_SERVER = 6, ATTR_SCHEMA_NAME = 9, ATTR_PACKAGE_NAME = 12,
  ATTR_SESSION = 7, ATTR_IS_NULL = 7, ATTR_TRANS = 8, ATTR_ROW_COUNT = 9, ATTR_SQLFNCODE = 10, ATTR_PREFETCH_ROWS = 11, ATTR_PARAM_COUNT = 18, ATTR_USERNAME = 22,
  ATTR_PASSWORD = 23, ATTR_STMT_TYPE = 24, ATTR_CHARSET_ID = 31, ATTR_CHARSET_FORM = 32, ATTR_ROWS_RETURNED = 42,
  ATTR_NUM_DML_ERRORS = 73, ATTR_DML_ROW_OFFSET = 74, ATTR_REF_TDO = 110, ATTR_PARAM = 124, ATTR_PARSE_ERROR_OFFSET = 129, ATTR_SERVER_STATUS = 143,
  ATTR_STATEMENT = 144, ATTR_STMTCACHESIZE = 176, ATTR_BIND_COUNT = 190, ATTR_ROWS_FETCHED = 197, ATTR_TYPECODE = 216,
  ATTR_STMT_IS_RETURNING = 218, ATTR_CURRENT_SCHEMA = 224, ATTR_NUM_TYPE_ATTRS = 228, ATTR_NCHARSET_ID = 262, ATTR_CHAR_SIZE = 286,
  ATTR_UB8_ROW_COUNT = 457,
  ATTR_DML_ROW_COUNT_ARRAY = 469, ATTR_MAX_OPEN_CURSORS = 471, ATTR_ERROR_IS_RECOVERABLE = 472,
  ATTR_TRANSACTION_IN_PROGRESS = 484, ATTR_MAX_IDENTIFIER_LEN = 500, ATTR_CALL_TIMEOUT = 531, ATTR_JSON_COL = 534, ATTR_VECTOR_DIMENSION = 695, ATTR_VECTOR_FORMAT = 696, ATTR_VECTOR_PROPERTY = 697
};

enum { CHARSET_UTF8 = 873, SERVER_NORMAL = 1 };

static size_t size_of(uint32_t kind) {
  switch (kind) {
  case HTYPE_ENV: return sizeof(Environment);
  case HTYPE_ERROR: return sizeof(Error);
  case HTYPE_SVCCTX: return sizeof(Service);
  case HTYPE_STMT: return sizeof(Statement);
  case HTYPE_DESCRIBE: return sizeof(Column);
  case HTYPE_SERVER: return sizeof(Server);
  case HTYPE_SESSION: return sizeof(Session);
  case DTYPE_LOB: return sizeof(Lob);
  case DTYPE_TIMESTAMP:
  case DTYPE_TIMESTAMP_TZ:
  case DTYPE_TIMESTAMP_LTZ: return sizeof(Moment);
  default: return 0;
  }
}

EXPORT int OCIEnvNlsCreate(void **environment, uint32_t mode UNUSED, void *context UNUSED, void *allocate_ UNUSED,
                           void *reallocate UNUSED, void *release UNUSED, size_t extra UNUSED, void **memory UNUSED,
                           uint16_t charset UNUSED, uint16_t national UNUSED) {
  Environment *made = allocate(sizeof *made);
  made->kind = HTYPE_ENV;
  pthread_mutex_init(&made->lock, NULL);
  *environment = made;
  return OCI_SUCCESS;
}

// the driver leaves some of its error handles to their environment
static void keep_error(Environment *environment, Error *error) {
  pthread_mutex_lock(&environment->lock);
  error->environment = environment;
  error->next = environment->errors;
  environment->errors = error;
  pthread_mutex_unlock(&environment->lock);
}

static void free_error(Error *error) {
  Environment *environment = error->environment;
  if (environment) {
    pthread_mutex_lock(&environment->lock);
    Error **at = &environment->errors;
    while (*at && *at != error) at = &(*at)->next;
    if (*at) *at = error->next;
    pthread_mutex_unlock(&environment->lock);
  }
  free(error->message);
  free(error);
}

static void free_environment(Environment *environment) {
  while (environment->errors) free_error(environment->errors);
  pthread_mutex_destroy(&environment->lock);
  free(environment);
}

EXPORT int OCIHandleAlloc(const void *parent, void **handle, uint32_t kind, size_t extra UNUSED,
                          void **memory UNUSED) {
  size_t size = size_of(kind);
  if (!size) return OCI_INVALID_HANDLE;
  *handle = allocate(size);
  *(uint32_t *)*handle = kind;
  if (kind == HTYPE_ERROR && parent) keep_error((Environment *)parent, *handle);
  if (kind == HTYPE_SESSION) {
    Session *session = *handle;
    session->wake[0] = session->wake[1] = -1;
    pthread_mutex_init(&session->one_at_a_time, NULL);
  }
  return OCI_SUCCESS;
}

EXPORT int OCIHandleFree(void *handle, uint32_t kind) {
  if (!handle) return OCI_INVALID_HANDLE;
  if (kind == HTYPE_ERROR || kind == HTYPE_STMT || kind == HTYPE_ENV) {
    if (kind == HTYPE_ERROR) free_error(handle);
    if (kind == HTYPE_STMT) statement_free(handle);
    if (kind == HTYPE_ENV) free_environment(handle);
    return OCI_SUCCESS;
  }
  if (kind == HTYPE_SERVER) {
    Server *server = handle;
    free(server->host);
    free(server->port);
    free(server->service);
  }
  if (kind == HTYPE_SESSION) {
    Session *session = handle;
    session_end(session);
    free(session->user);
    free(session->password);
    pthread_mutex_destroy(&session->one_at_a_time);
  }
  free(handle);
  return OCI_SUCCESS;
}

EXPORT int OCIDescriptorAlloc(const void *parent UNUSED, void **descriptor, uint32_t kind, size_t extra UNUSED,
                              void **memory UNUSED) {
  return OCIHandleAlloc(NULL, descriptor, kind, 0, NULL);
}

EXPORT int OCIDescriptorFree(void *descriptor, uint32_t kind) {
  if (kind == DTYPE_PARAM) return OCI_SUCCESS; // belongs to its statement
  if (kind == DTYPE_LOB) free(((Lob *)descriptor)->text);
  free(descriptor);
  return OCI_SUCCESS;
}

// one block of memory for all, so that the first one frees them
EXPORT int OCIArrayDescriptorAlloc(const void *parent UNUSED, void **descriptors, uint32_t kind, uint32_t count,
                                   size_t extra UNUSED, void **memory UNUSED) {
  size_t size = size_of(kind);
  if (!size) return OCI_INVALID_HANDLE;
  char *block = allocate(size * count);
  for (uint32_t i = 0; i < count; i++) {
    descriptors[i] = block + i * size;
    *(uint32_t *)descriptors[i] = kind;
  }
  return OCI_SUCCESS;
}

EXPORT int OCIArrayDescriptorFree(void **descriptors, uint32_t kind UNUSED) {
  free(descriptors[0]);
  return OCI_SUCCESS;
}

static int give_text(const char *text, void *to, uint32_t *size) {
  *(const char **)to = text ? text : "";
  if (size) *size = text ? (uint32_t)strlen(text) : 0;
  return OCI_SUCCESS;
}

static int server_attribute(const Server *server, void *to, uint32_t attribute) {
  switch (attribute) {
  case ATTR_SERVER_STATUS:
    *(uint32_t *)to = server->session && server->session->dead ? 0 : SERVER_NORMAL;
    return OCI_SUCCESS;
  case ATTR_CHARSET_ID: *(uint16_t *)to = CHARSET_UTF8; return OCI_SUCCESS;
  default: return OCI_ERROR;
  }
}

// a second numbering of the kinds of statements
static uint16_t function_code(int type) {
  switch (type) {
  case STMT_CREATE: return 1;
  case STMT_INSERT: return 3;
  case STMT_SELECT: return 4;
  case STMT_UPDATE: return 5;
  case STMT_DROP: return 8;
  case STMT_DELETE: return 9;
  case STMT_ALTER: return 15;
  case STMT_COMMIT: return 54;
  case STMT_ROLLBACK: return 55;
  default: return 0;
  }
}

static int statement_attribute(const Statement *statement, void *to, uint32_t *size, uint32_t attribute) {
  const Translation *translation = &statement->translation;
  switch (attribute) {
  case ATTR_STMT_TYPE: *(uint16_t *)to = (uint16_t)translation->type; return OCI_SUCCESS;
  case ATTR_SQLFNCODE: *(uint16_t *)to = function_code(translation->type); return OCI_SUCCESS;
  case ATTR_STMT_IS_RETURNING: *(uint8_t *)to = translation->returning; return OCI_SUCCESS;
  case ATTR_BIND_COUNT: *(uint32_t *)to = (uint32_t)translation->count; return OCI_SUCCESS;
  case ATTR_PARAM_COUNT: *(uint32_t *)to = (uint32_t)statement->column_count; return OCI_SUCCESS;
  case ATTR_ROWS_FETCHED: *(uint32_t *)to = (uint32_t)statement->fetched; return OCI_SUCCESS;
  case ATTR_ROW_COUNT: *(uint32_t *)to = (uint32_t)statement->affected; return OCI_SUCCESS;
  case ATTR_UB8_ROW_COUNT: *(uint64_t *)to = statement->affected; return OCI_SUCCESS;
  case ATTR_PARSE_ERROR_OFFSET: *(uint16_t *)to = 0; return OCI_SUCCESS;
  case ATTR_STATEMENT: return give_text(statement->text, to, size);
  case ATTR_NUM_DML_ERRORS: *(uint32_t *)to = statement->error_count; return OCI_SUCCESS;
  case ATTR_DML_ROW_COUNT_ARRAY:
    *(uint64_t **)to = statement->affected_each;
    *size = statement->iterations;
    return OCI_SUCCESS;
  default: return OCI_ERROR;
  }
}

// the only object type that a column may have
static const Column XMLTYPE = {.kind = DTYPE_PARAM, .name = "XMLTYPE", .type = SQLT_NTY};

static int type_attribute(const Column *type, void *to, uint32_t *size, uint32_t attribute) {
  switch (attribute) {
  case ATTR_NAME: return give_text(type->name, to, size);
  case ATTR_SCHEMA_NAME: return give_text("SYS", to, size);
  case ATTR_PACKAGE_NAME: return give_text("", to, size);
  case ATTR_TYPECODE: *(uint16_t *)to = type->type; return OCI_SUCCESS;
  case ATTR_NUM_TYPE_ATTRS: *(uint16_t *)to = 0; return OCI_SUCCESS;
  default: return OCI_ERROR;
  }
}

EXPORT int OCIObjectPin(void *environment UNUSED, void *error UNUSED, void *reference, void *retrieval UNUSED,
                        int option UNUSED, uint16_t duration UNUSED, int lock UNUSED, void **object) {
  *object = reference;
  return OCI_SUCCESS;
}

EXPORT int OCIDescribeAny(void *service UNUSED, void *error UNUSED, void *object UNUSED, uint32_t length UNUSED,
                          uint8_t kind UNUSED, uint8_t level UNUSED, uint8_t type UNUSED, void *describe UNUSED) {
  return OCI_SUCCESS;
}

static int column_attribute(const Column *column, void *to, uint32_t *size, uint32_t attribute) {
  switch (attribute) {
  case ATTR_NAME: return give_text(column->name, to, size);
  case ATTR_DATA_TYPE: *(uint16_t *)to = column->type; return OCI_SUCCESS;
  case ATTR_DATA_SIZE: *(uint16_t *)to = column->size; return OCI_SUCCESS;
  case ATTR_CHAR_SIZE: *(uint16_t *)to = column->characters; return OCI_SUCCESS;
  case ATTR_CHARSET_FORM: *(uint8_t *)to = column->form; return OCI_SUCCESS;
  case ATTR_PRECISION: *(int16_t *)to = column->precision; return OCI_SUCCESS;
  case ATTR_SCALE: *(int8_t *)to = column->scale; return OCI_SUCCESS;
  case ATTR_IS_NULL: *(uint8_t *)to = column->nullable; return OCI_SUCCESS;
  case ATTR_JSON_COL:
  case ATTR_VECTOR_FORMAT:
  case ATTR_VECTOR_PROPERTY: *(uint8_t *)to = 0; return OCI_SUCCESS;
  case ATTR_VECTOR_DIMENSION: *(uint32_t *)to = 0; return OCI_SUCCESS;
  case ATTR_REF_TDO: *(const void **)to = &XMLTYPE; return OCI_SUCCESS;
  case ATTR_PARAM: *(const void **)to = &XMLTYPE; return OCI_SUCCESS;
  default: return OCI_ERROR;
  }
}

static int service_attribute(const Service *service, void *to, uint32_t attribute) {
  switch (attribute) {
  case ATTR_SERVER: *(void **)to = service->server; return OCI_SUCCESS;
  case ATTR_SESSION: *(void **)to = service->session; return OCI_SUCCESS;
  case ATTR_CALL_TIMEOUT: *(uint32_t *)to = service->session ? service->session->call_timeout : 0; return OCI_SUCCESS;
  case ATTR_STMTCACHESIZE: *(uint32_t *)to = service->cache_size; return OCI_SUCCESS;
  case ATTR_MAX_IDENTIFIER_LEN: *(uint8_t *)to = 128; return OCI_SUCCESS;
  default: return OCI_ERROR;
  }
}

static int session_attribute(const Session *session, void *to, uint32_t *size, uint32_t attribute) {
  switch (attribute) {
  case ATTR_TRANSACTION_IN_PROGRESS: *(int *)to = session->transaction != NO_TRANSACTION; return OCI_SUCCESS;
  case ATTR_MAX_OPEN_CURSORS: *(uint32_t *)to = 300; return OCI_SUCCESS;
  case ATTR_CURRENT_SCHEMA: return give_text(session->user, to, size);
  default: return OCI_ERROR;
  }
}

static int get(const void *handle, uint32_t kind, void *to, uint32_t *size, uint32_t attribute) {
  switch (kind) {
  case HTYPE_ENV:
    *(uint16_t *)to = CHARSET_UTF8;
    return attribute == ATTR_CHARSET_ID || attribute == ATTR_NCHARSET_ID ? OCI_SUCCESS : OCI_ERROR;
  case HTYPE_ERROR:
    *(int *)to = 0;
    if (attribute == ATTR_DML_ROW_OFFSET) *(uint32_t *)to = batch_error_row(handle);
    return attribute == ATTR_DML_ROW_OFFSET || attribute == ATTR_ERROR_IS_RECOVERABLE ? OCI_SUCCESS : OCI_ERROR;
  case HTYPE_BIND:
    *(uint32_t *)to = ((const Place *)handle)->rows_returned;
    return attribute == ATTR_ROWS_RETURNED ? OCI_SUCCESS : OCI_ERROR;
  case HTYPE_SVCCTX: return service_attribute(handle, to, attribute);
  case HTYPE_STMT: return statement_attribute(handle, to, size, attribute);
  case HTYPE_DESCRIBE: return column_attribute(handle, to, size, attribute);
  case DTYPE_PARAM: return type_attribute(handle, to, size, attribute);
  case HTYPE_SERVER: return server_attribute(handle, to, attribute);
  case HTYPE_SESSION: return session_attribute(handle, to, size, attribute);
  default: return OCI_ERROR;
  }
}

EXPORT int OCIAttrGet(const void *handle, uint32_t kind, void *to, uint32_t *size, uint32_t attribute, void *error) {
  int status = get(handle, kind, to, size, attribute);
  return status == OCI_SUCCESS ? status
                               : fail(error, 24315, "illegal attribute type (%u of handle %u)", attribute, kind);
}

static void replace(char **text, const void *from, uint32_t size) {
  free(*text);
  *text = copy_text(from, size);
}

// what is not needed is taken without a word: the driver's name, sizes of pieces
EXPORT int OCIAttrSet(void *handle, uint32_t kind, void *value, uint32_t size, uint32_t attribute,
                      void *error UNUSED) {
  if (kind == HTYPE_SVCCTX) {
    Service *service = handle;
    if (attribute == ATTR_SERVER) service->server = value;
    if (attribute == ATTR_SESSION) service->session = value;
    if (attribute == ATTR_STMTCACHESIZE) service->cache_size = *(uint32_t *)value;
    if (attribute == ATTR_CALL_TIMEOUT && service->session) service->session->call_timeout = *(uint32_t *)value;
  } else if (kind == HTYPE_SESSION) {
    Session *session = handle;
    if (attribute == ATTR_USERNAME) replace(&session->user, value, size);
    if (attribute == ATTR_PASSWORD) replace(&session->password, value, size);
  } else if (kind == HTYPE_STMT && attribute == ATTR_PREFETCH_ROWS) {
    ((Statement *)handle)->prefetch = *(uint32_t *)value;
  } else if (kind == HTYPE_BIND && attribute == ATTR_CHARSET_FORM) {
    ((Place *)handle)->form = *(uint8_t *)value;
  }
  return OCI_SUCCESS;
}

EXPORT int OCIParamGet(const void *handle, uint32_t kind, void *error, void **parameter, uint32_t position) {
  if (kind == HTYPE_STMT) {
    const Statement *statement = handle;
    if (position >= 1 && position <= (uint32_t)statement->column_count) {
      *parameter = &statement->columns[position - 1];
      return OCI_SUCCESS;
    }
  }
  if (kind == HTYPE_ERROR && batch_error(handle, position, *parameter)) return OCI_SUCCESS;
  return fail(error, 24334, "no descriptor for this position");
}
