// Large objects. A fetched one is already here whole; a temporary one is what the driver writes before it binds it.
#include "standin.h"

#include <stdlib.h>
#include <string.h>

// how many bytes the first so many characters take
static size_t bytes_of(const char *text, size_t length, uint64_t characters) {
  size_t at = 0;
  while (at < length && characters > 0) {
    at++;
    while (at < length && ((unsigned char)text[at] & 0xC0) == 0x80) at++;
    characters--;
  }
  return at;
}

static uint64_t characters_of(const char *text, size_t length) {
  uint64_t count = 0;
  for (size_t i = 0; i < length; i++) count += ((unsigned char)text[i] & 0xC0) != 0x80;
  return count;
}


EXPORT int OCILobGetLength2(void *service UNUSED, void *error UNUSED, void *locator, uint64_t *length) {
  const Lob *lob = locator;
  *length = lob->binary ? lob->length : characters_of(lob->text, lob->length);
  return OCI_SUCCESS;
}

EXPORT int OCILobRead2(void *service UNUSED, void *error UNUSED, void *locator, uint64_t *bytes, uint64_t *characters,
                       uint64_t offset, void *buffer, uint64_t room, uint8_t piece UNUSED, void *context UNUSED,
                       void *callback UNUSED, uint16_t charset UNUSED, uint8_t form UNUSED) {
  const Lob *lob = locator;
  bool counted = *characters > 0;
  size_t start = counted ? bytes_of(lob->text, lob->length, offset - 1) : (size_t)(offset - 1);
  if (start > lob->length) start = lob->length;
  size_t rest = lob->length - start;
  size_t take = counted ? bytes_of(lob->text + start, rest, *characters) : *bytes < rest ? (size_t)*bytes : rest;
  if (take > room) take = room;
  if (take) memcpy(buffer, lob->text + start, take);
  *bytes = take;
  *characters = counted ? characters_of(buffer, take) : 0;
  return OCI_SUCCESS;
}

EXPORT int OCILobIsTemporary(void *environment UNUSED, void *error UNUSED, void *locator, int *temporary) {
  *temporary = ((const Lob *)locator)->temporary;
  return OCI_SUCCESS;
}

EXPORT int OCILobCreateTemporary(void *service UNUSED, void *error UNUSED, void *locator, uint16_t charset UNUSED,
                                 uint8_t form UNUSED, uint8_t type, int cache UNUSED, uint16_t duration UNUSED) {
  Lob *lob = locator;
  lob->binary = type == 1;
  free(lob->text);
  lob->text = NULL;
  lob->length = 0;
  lob->temporary = true;
  return OCI_SUCCESS;
}

EXPORT int OCILobFreeTemporary(void *service UNUSED, void *error UNUSED, void *locator) {
  Lob *lob = locator;
  free(lob->text);
  lob->text = NULL;
  lob->length = 0;
  lob->temporary = false;
  return OCI_SUCCESS;
}

EXPORT int OCILobTrim2(void *service UNUSED, void *error UNUSED, void *locator, uint64_t length) {
  Lob *lob = locator;
  if (!lob->temporary) return OCI_INVALID_HANDLE; // the driver then makes a temporary one
  size_t bytes = lob->binary ? (size_t)length : bytes_of(lob->text, lob->length, length);
  if (bytes < lob->length) lob->length = bytes;
  return OCI_SUCCESS;
}

EXPORT int OCILobWrite2(void *service UNUSED, void *error, void *locator, uint64_t *bytes, uint64_t *characters UNUSED,
                        uint64_t offset, void *buffer, uint64_t length, uint8_t piece UNUSED, void *context UNUSED,
                        void *callback UNUSED, uint16_t charset UNUSED, uint8_t form UNUSED) {
  Lob *lob = locator;
  if (!lob->temporary) return fail(error, 22920, "row containing the LOB value is not locked");
  size_t start = lob->binary ? (size_t)offset - 1 : bytes_of(lob->text, lob->length, offset - 1);
  if (start > lob->length) start = lob->length;
  size_t end = start + length > lob->length ? start + length : lob->length;
  char *text = allocate(end + 1);
  if (lob->length) memcpy(text, lob->text, lob->length);
  memcpy(text + start, buffer, length);
  free(lob->text);
  lob->text = text;
  lob->length = end;
  *bytes = length;
  return OCI_SUCCESS;
}

EXPORT int OCILobGetChunkSize(void *service UNUSED, void *error UNUSED, void *locator UNUSED, uint32_t *size) {
  *size = 8132;
  return OCI_SUCCESS;
}
