// What the environment asks for. ORACLE_STANDIN_TRACE: one JSON object a line for everything the driver asked for, appended
// in one write each. ORACLE_STANDIN_REFUSE: what a server or a client of another kind would refuse.
#include "standin.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void put_json(Text *line, const char *text) {
  text_put(line, "\"");
  for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
    if (*at == '"' || *at == '\\')
      text_format(line, "\\%c", *at);
    else if (*at < 0x20)
      text_format(line, "\\u%04x", *at);
    else
      text_add(line, (const char *)at, 1);
  }
  text_put(line, "\"");
}

// whether a word is in the list, which commas part
bool told_to_refuse(const char *what) {
  const char *list = getenv("ORACLE_STANDIN_REFUSE");
  size_t length = strlen(what);
  for (; list && *list; list += strcspn(list, ","), list += *list == ',')
    if (strcspn(list, ",") == length && strncmp(list, what, length) == 0) return true;
  return false;
}

void trace(const Session *session, const char *text, int binds, int national, int64_t rows, int round_trips, const Error *error) {
  const char *path = getenv("ORACLE_STANDIN_TRACE");
  if (!path || !*path) return;
  Text line = {0};
  text_format(&line, "{\"process\":%d,\"session\":%d,\"sql\":", (int)getpid(), session->number);
  put_json(&line, text);
  text_format(&line, ",\"binds\":%d,\"national\":%d,\"rows\":%lld,\"round_trips\":%d,\"error\":", binds, national, (long long)rows, round_trips);
  if (error && error->code)
    put_json(&line, error->message);
  else
    text_put(&line, "null");
  text_put(&line, "}\n");
  int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (file >= 0) {
    ssize_t written = write(file, line.text, line.length);
    (void)written;
    close(file);
  }
  text_free(&line);
}
