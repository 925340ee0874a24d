// Large objects that the driver writes before it binds them. What it fetches it reads as texts and bytes.
#include "standin.h"

#include <stdlib.h>
#include <string.h>

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
  if (length < lob->length) lob->length = length;
  return OCI_SUCCESS;
}

EXPORT int OCILobWrite2(void *service UNUSED, void *error, void *locator, uint64_t *bytes, uint64_t *characters UNUSED,
                        uint64_t offset, void *buffer, uint64_t length, uint8_t piece UNUSED, void *context UNUSED,
                        void *callback UNUSED, uint16_t charset UNUSED, uint8_t form UNUSED) {
  Lob *lob = locator;
  if (!lob->temporary) return fail(error, 22920, "row containing the LOB value is not locked");
  size_t start = (size_t)offset - 1; // the driver writes all at once
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
