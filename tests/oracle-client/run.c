// One statement on the connection: sent, waited for with its time limit and a break, and read; and transactions.
#include "standin.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int64_t now_in_millis(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void cancel(Session *session) {
  char why[256];
  PGcancel *request = PQgetCancel(session->connection);
  if (request) PQcancel(request, why, sizeof why);
  PQfreeCancel(request);
}

static void drain(Session *session) {
  char byte;
  struct pollfd wake = {.fd = session->wake[0], .events = POLLIN};
  while (poll(&wake, 1, 0) > 0 && read(session->wake[0], &byte, 1) > 0) {
  }
}

// a cancel that comes before the server has begun does nothing, so it is asked again until the answer is there
enum { AGAIN = 100 };

static bool wait_for_answer(Session *session) {
  int64_t deadline = session->call_timeout ? now_in_millis() + session->call_timeout : INT64_MAX;
  int64_t next_cancel = deadline;
  while (PQisBusy(session->connection)) {
    int64_t now = now_in_millis();
    if (session->break_asked && next_cancel == deadline) next_cancel = now;
    if (now >= next_cancel) {
      if (!session->break_asked) session->timed_out = true;
      cancel(session);
      next_cancel = now + AGAIN;
      deadline = 0;
    }
    int64_t rest = next_cancel - now;
    struct pollfd files[] = {{.fd = PQsocket(session->connection), .events = POLLIN},
                             {.fd = session->wake[0], .events = POLLIN}};
    int ready = poll(files, session->wake[0] >= 0 ? 2 : 1, rest > 60000 ? 60000 : (int)rest);
    if (ready < 0 && errno != EINTR) return false;
    if (files[1].revents & POLLIN) drain(session);
    if ((files[0].revents & (POLLIN | POLLHUP | POLLERR)) && !PQconsumeInput(session->connection)) return false;
  }
  return true;
}

static PGresult *last_result(Session *session) {
  PGresult *last = NULL;
  for (;;) {
    if (!wait_for_answer(session)) session->dead = true;
    PGresult *next = PQgetResult(session->connection);
    if (!next) return last;
    bool keep = last && PQresultStatus(last) == PGRES_FATAL_ERROR;
    PQclear(keep ? next : last);
    if (!keep) last = next;
  }
}

// the answer, or NULL and an error
PGresult *run(Session *session, Error *error, const char *sql, int count, const Oid *types, const char *const *values,
              const int *lengths, const int *formats) {
  if (session->dead || !session->connection) {
    fail(error, 3114, "not connected to ORACLE");
    return NULL;
  }
  session->timed_out = false;
  if (!PQsendQueryParams(session->connection, sql, count, types, values, lengths, formats, 0)) {
    session->dead = PQstatus(session->connection) == CONNECTION_BAD;
    fail(error, session->dead ? 3113 : 600, "%s", session->dead ? "end-of-file on communication channel" : PQerrorMessage(session->connection));
    return NULL;
  }
  PGresult *result = last_result(session);
  ExecStatusType status = PQresultStatus(result);
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY) return result;
  if (PQstatus(session->connection) == CONNECTION_BAD) session->dead = true;
  fail_from(session, error, result, sql);
  PQclear(result);
  return NULL;
}

int run_simple(Session *session, Error *error, const char *sql) {
  PGresult *result = run(session, error, sql, 0, NULL, NULL, NULL, NULL);
  PQclear(result);
  return result ? OCI_SUCCESS : OCI_ERROR;
}

int transaction_begin(Session *session, Error *error, Transaction kind, const char *how) {
  if (run_simple(session, error, how) != OCI_SUCCESS) return OCI_ERROR;
  session->transaction = kind;
  return OCI_SUCCESS;
}

int transaction_end(Session *session, Error *error, bool commit) {
  if (session->transaction == NO_TRANSACTION) return OCI_SUCCESS;
  session->transaction = NO_TRANSACTION;
  return run_simple(session, error, commit ? "COMMIT" : "ROLLBACK");
}

static int end_by_call(Service *service, Error *error, bool commit) {
  Session *session = service->session;
  pthread_mutex_lock(&session->one_at_a_time);
  session->break_asked = false;
  int status = transaction_end(session, error, commit);
  trace(session, commit ? "COMMIT" : "ROLLBACK", 0, 0, 0, 1, status == OCI_SUCCESS ? NULL : error);
  pthread_mutex_unlock(&session->one_at_a_time);
  return status;
}

EXPORT int OCITransCommit(void *service, void *error, uint32_t flags UNUSED) {
  return end_by_call(service, error, true);
}

EXPORT int OCITransRollback(void *service, void *error, uint32_t flags UNUSED) {
  return end_by_call(service, error, false);
}

EXPORT int OCIPing(void *service_, void *error, uint32_t mode UNUSED) {
  Session *session = ((Service *)service_)->session;
  pthread_mutex_lock(&session->one_at_a_time);
  session->break_asked = false;
  int status = run_simple(session, error, "");
  pthread_mutex_unlock(&session->one_at_a_time);
  return status;
}

// from another thread: the one that waits wakes up and cancels
EXPORT int OCIBreak(void *service_, void *error UNUSED) {
  Session *session = ((Service *)service_)->session;
  session->break_asked = true;
  // at once, for the process may end before the thread that waits wakes up
  if (session->connection) cancel(session);
  if (session->wake[1] >= 0 && write(session->wake[1], "!", 1) != 1) return OCI_ERROR;
  return OCI_SUCCESS;
}
