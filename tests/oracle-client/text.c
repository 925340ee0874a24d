// Text that grows, memory that is there or the process ends, and an error with its number.
#include "standin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *allocate(size_t size) {
  void *memory = calloc(1, size ? size : 1);
  if (!memory) abort();
  return memory;
}

char *copy_text(const char *from, size_t length) {
  char *copy = allocate(length + 1);
  if (length) memcpy(copy, from, length);
  return copy;
}

static void make_room(Text *text, size_t more) {
  if (text->length + more + 1 <= text->room) return;
  size_t room = (text->length + more + 1) * 2;
  text->text = realloc(text->text, room);
  if (!text->text) abort();
  text->room = room;
}

void text_add(Text *text, const char *more, size_t length) {
  make_room(text, length);
  if (length) memcpy(text->text + text->length, more, length);
  text->length += length;
  text->text[text->length] = 0;
}

void text_put(Text *text, const char *more) { text_add(text, more, strlen(more)); }

void text_format_list(Text *text, const char *format, va_list values) {
  va_list again;
  va_copy(again, values);
  int length = vsnprintf(NULL, 0, format, values);
  if (length < 0) abort();
  make_room(text, (size_t)length);
  vsnprintf(text->text + text->length, (size_t)length + 1, format, again);
  va_end(again);
  text->length += (size_t)length;
}

void text_format(Text *text, const char *format, ...) {
  va_list values;
  va_start(values, format);
  text_format_list(text, format, values);
  va_end(values);
}

char *text_take(Text *text) {
  if (!text->text) text_put(text, "");
  char *taken = text->text;
  *text = (Text){0};
  return taken;
}

void text_free(Text *text) {
  free(text->text);
  *text = (Text){0};
}

int fail(Error *error, int code, const char *format, ...) {
  Text message = {0};
  va_list values;
  text_format(&message, "ORA-%05d: ", code);
  va_start(values, format);
  text_format_list(&message, format, values);
  va_end(values);
  error->code = code;
  free(error->message);
  error->message = text_take(&message);
  return OCI_ERROR;
}
