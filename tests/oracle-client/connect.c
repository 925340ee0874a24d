// Connecting: connect strings, logins, and what a new session needs to know of its database.
#include "standin.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static atomic_int session_count = 0;

// the value of `KEY = value` inside a description, or NULL
static char *described(const char *description, const char *key) {
  size_t length = strlen(key);
  for (const char *at = description; *at; at++) {
    if (*at != '(') continue;
    const char *name = at + 1 + strspn(at + 1, " \t\r\n");
    if (strncasecmp(name, key, length) != 0) continue;
    const char *sign = name + length + strspn(name + length, " \t\r\n");
    if (*sign != '=') continue;
    const char *value = sign + 1 + strspn(sign + 1, " \t\r\n");
    return copy_text(value, strcspn(value, ") \t\r\n"));
  }
  return NULL;
}

static int read_description(Server *server, Error *error, const char *text) {
  server->host = described(text, "HOST");
  server->port = described(text, "PORT");
  server->service = described(text, "SERVICE_NAME");
  if (!server->service) server->service = described(text, "SID");
  char *limit = described(text, "TRANSPORT_CONNECT_TIMEOUT");
  if (!limit) limit = described(text, "CONNECT_TIMEOUT");
  if (limit) server->connect_timeout = atoi(limit);
  free(limit);
  if (!server->host || !server->service) return fail(error, 12533, "TNS:illegal ADDRESS parameters");
  if (!server->port) server->port = copy_text("1521", 4);
  return OCI_SUCCESS;
}

// [//]host[:port]/service[:kind][/instance][?key=value&...]
static int read_easy(Server *server, Error *error, const char *text) {
  const char *scheme = strstr(text, "://");
  if (scheme) {
    server->tls = strncasecmp(text, "tcps:", 5) == 0;
    if (!server->tls && strncasecmp(text, "tcp:", 4) != 0) return fail(error, 12538, "TNS:no such protocol adapter");
    text = scheme + 3;
  } else if (strncmp(text, "//", 2) == 0) {
    text += 2;
  }
  size_t host = *text == '[' ? strcspn(text, "]") + 1 : strcspn(text, ":/?");
  server->host = *text == '[' ? copy_text(text + 1, host - 2) : copy_text(text, host);
  text += host;
  if (*text == ':') {
    size_t digits = strspn(text + 1, "0123456789");
    server->port = copy_text(text + 1, digits);
    text += 1 + digits;
  } else {
    server->port = copy_text("1521", 4);
  }
  if (*text != '/' || !*server->host || !*server->port) return fail(error, 12504, "TNS:listener was not given the SERVICE_NAME in CONNECT_DATA");
  text++;
  server->service = copy_text(text, strcspn(text, ":/?"));
  const char *limit = strstr(text, "connect_timeout=");
  if (limit) server->connect_timeout = atoi(limit + strlen("connect_timeout="));
  const char *nearer = strstr(text, "transport_connect_timeout=");
  if (nearer) server->connect_timeout = atoi(nearer + strlen("transport_connect_timeout="));
  return OCI_SUCCESS;
}

int parse_connect_string(Server *server, Error *error, const char *text, size_t length) {
  while (length && isspace((unsigned char)*text)) text++, length--;
  char *copy = copy_text(text, length);
  int status;
  if (*copy == '(')
    status = read_description(server, error, copy);
  else if (strchr(copy, '/') || strchr(copy, ':'))
    status = read_easy(server, error, copy);
  else
    status = fail(error, 12154, "TNS:could not resolve the connect identifier specified");
  free(copy);
  for (char *at = server->service; at && *at; at++) *at = (char)tolower((unsigned char)*at);
  return status;
}

// what libpq says when it cannot connect, in Oracle's words
static int connect_error(Error *error, const char *said) {
  static const struct {
    const char *part;
    int code;
    const char *text;
  } KNOWN[] = {
      {"is not permitted to log in", 28000, "The account is locked."},
      {"password authentication failed", 1017, "invalid username/password; logon denied"},
      {"no password supplied", 1005, "null password given; logon denied"},
      {"role \"", 1017, "invalid username/password; logon denied"},
      {"no pg_hba.conf entry", 1017, "invalid username/password; logon denied"},
      {"does not have CONNECT privilege", 1045, "user lacks CREATE SESSION privilege; logon denied"},
      {"permission denied for database", 1045, "user lacks CREATE SESSION privilege; logon denied"},
      {"database \"", 12514, "TNS:listener does not currently know of service requested in connect descriptor"},
      {"could not translate host name", 12545, "Connect failed because target host or object does not exist"},
      {"timeout expired", 12170, "TNS:Connect timeout occurred"},
      {"Connection refused", 12541, "TNS:no listener"},
      {"No route to host", 12543, "TNS:destination host unreachable"},
      {"Network is unreachable", 12543, "TNS:destination host unreachable"},
      {"too many clients", 12516, "TNS:listener could not find available handler with matching protocol stack"},
      {"connection slots", 12516, "TNS:listener could not find available handler with matching protocol stack"},
      {"server closed the connection", 12537, "TNS:connection closed"},
  };
  for (size_t i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++)
    if (strstr(said, KNOWN[i].part)) return fail(error, KNOWN[i].code, "%s", KNOWN[i].text);
  return fail(error, 12560, "TNS:protocol adapter error (%.*s)", (int)strcspn(said, "\n"), said);
}

// neither GSS nor TLS: their libraries abort a process that ends while a thread of it connects
static PGconn *try_login(const Server *server, const char *role, const char *password) {
  char limit[16];
  snprintf(limit, sizeof limit, "%d", server->connect_timeout);
  Text options = {0};
  text_put(&options, "-c client_min_messages=warning -c bytea_output=hex -c intervalstyle=postgres -c datestyle=iso");
  if (server->tls) text_put(&options, " -c oracle.network_protocol=tcps");
  const char *keys[] = {"host", "port", "dbname", "user", "password", "connect_timeout", "client_encoding",
                        "application_name", "options", "gssencmode", "sslmode", NULL};
  const char *values[] = {server->host, server->port, server->service, role, password, limit, "UTF8",
                          "oracle stand-in", options.text, "disable", "disable", NULL};
  PGconn *connection = PQconnectdbParams(keys, values, 0);
  text_free(&options);
  return connection;
}

// an Oracle name as PostgreSQL's: case turned round where it is all of one case
static char *role_name(const char *user) {
  size_t length = strlen(user);
  if (length >= 2 && user[0] == '"' && user[length - 1] == '"') return copy_text(user + 1, length - 2);
  char *name = copy_text(user, length);
  for (char *at = name; *at; at++) *at = (char)tolower((unsigned char)*at);
  return name;
}

// a user belongs to one database: the role user@database, or else a role of the bare name
static PGconn *login(const Server *server, const char *name, const char *password) {
  Text role = {0};
  text_format(&role, "%s@%s", name, server->service);
  PGconn *connection = try_login(server, role.text, password);
  const char *said = PQerrorMessage(connection);
  if (PQstatus(connection) != CONNECTION_OK && strstr(said, "password authentication failed")) {
    PGconn *second = try_login(server, name, password);
    if (PQstatus(second) == CONNECTION_OK || strstr(PQerrorMessage(second), "not permitted")) {
      PQfinish(connection);
      connection = second;
    } else {
      PQfinish(second);
    }
  }
  text_free(&role);
  if (PQstatus(connection) == CONNECTION_OK || !strstr(PQerrorMessage(connection), "password authentication failed")) return connection;
  // PostgreSQL looks at the password before it looks for the database
  PGconn *look = try_login(server, "stand-in", "stand-in");
  bool missing = strstr(PQerrorMessage(look), "does not exist") != NULL;
  PQfinish(missing ? connection : look);
  return missing ? look : connection;
}

static int learn_types(Session *session, Error *error) {
  const struct {
    const char *name;
    Oid *oid;
  } wanted[] = {{"date", &session->types.date},         {"timestamp", &session->types.timestamp},
                {"tstz", &session->types.tstz},         {"tsltz", &session->types.tsltz},
                {"varchar2", &session->types.varchar2}, {"nvarchar2", &session->types.nvarchar2},
                {"clob", &session->types.clob},
                {"raw", &session->types.raw},           {"blob", &session->types.blob},
                {"long", &session->types.longs},        {"json", &session->types.json},
                {"vector", &session->types.vector},     {"xmltype", &session->types.xmltype}};
  PGresult *result = run(session, error,
                         "SELECT typname, t.oid FROM pg_catalog.pg_type t "
                         "JOIN pg_catalog.pg_namespace n ON n.oid = typnamespace WHERE nspname = 'oracle'",
                         0, NULL, NULL, NULL, NULL);
  if (!result) return OCI_ERROR;
  size_t found = 0;
  for (int row = 0; row < PQntuples(result); row++)
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
      if (strcmp(PQgetvalue(result, row, 0), wanted[i].name) == 0) {
        *wanted[i].oid = (Oid)strtoul(PQgetvalue(result, row, 1), NULL, 10);
        found++;
      }
  PQclear(result);
  if (found == sizeof wanted / sizeof *wanted) return OCI_SUCCESS;
  return fail(error, 1033, "ORACLE initialization or shutdown in progress (the database is not set up for the stand-in)");
}

// fails with Oracle's number; the caller frees the session
int session_begin(Session *session, Server *server, Error *error) {
  if (!session->user || !*session->user) return fail(error, 1017, "invalid username/password; logon denied");
  char *name = role_name(session->user);
  session->connection = login(server, name, session->password ? session->password : "");
  if (PQstatus(session->connection) != CONNECTION_OK) {
    free(name);
    connect_error(error, PQerrorMessage(session->connection));
    Text told = {0};
    text_format(&told, "(login as %s)", session->user);
    trace(session, told.text, 0, 0, 0, 1, error);
    text_free(&told);
    return OCI_ERROR;
  }
  session->server = server;
  session->number = ++session_count;
  server->session = session;
  if (pipe(session->wake) != 0) {
    free(name);
    return fail(error, 12560, "TNS:protocol adapter error (no pipe)");
  }
  char *quoted = PQescapeIdentifier(session->connection, name, strlen(name));
  Text begin = {0};
  text_format(&begin, "SELECT set_config('search_path', $1, false), set_config('TimeZone', $2, false)");
  Text path = {0};
  text_format(&path, "%s, public, oracle, pg_catalog", quoted);
  const char *zone = getenv("ORA_SDTZ");
  const char *values[] = {path.text, zone ? zone : "UTC"};
  PGresult *result = run(session, error, begin.text, 2, NULL, values, NULL, NULL);
  PQclear(result);
  text_free(&begin);
  text_free(&path);
  PQfreemem(quoted);
  free(name);
  return result ? learn_types(session, error) : OCI_ERROR;
}

void session_end(Session *session) {
  if (session->connection) PQfinish(session->connection);
  session->connection = NULL;
  for (int i = 0; i < 2; i++) {
    if (session->wake[i] >= 0) close(session->wake[i]);
    session->wake[i] = -1;
  }
  if (session->server && session->server->session == session) session->server->session = NULL;
  session->server = NULL;
}

EXPORT int OCIServerAttach(void *server, void *error, const char *text, int32_t length, uint32_t mode UNUSED) {
  return parse_connect_string(server, error, text, length > 0 ? (size_t)length : 0);
}

EXPORT int OCIServerDetach(void *server UNUSED, void *error UNUSED, uint32_t mode UNUSED) { return OCI_SUCCESS; }

EXPORT int OCISessionBegin(void *service_, void *error, void *session_, uint32_t credentials UNUSED,
                           uint32_t mode UNUSED) {
  Service *service = service_;
  Session *session = session_;
  service->session = session;
  return session_begin(session, service->server, error);
}

EXPORT int OCISessionEnd(void *service UNUSED, void *error UNUSED, void *session, uint32_t mode UNUSED) {
  session_end(session);
  return OCI_SUCCESS;
}
