// Versions, threads' own storage, and the other small calls that need no server.
#include "standin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

EXPORT void OCIClientVersion(int *major, int *minor, int *update, int *patch, int *port) {
  *major = 19;
  *minor = 22;
  *update = *patch = *port = 0;
}

EXPORT int OCIServerRelease2(void *handle UNUSED, void *error UNUSED, char *text, uint32_t size, uint8_t kind UNUSED,
                             uint32_t *version, uint32_t mode UNUSED) {
  if (text && size)
    snprintf(text, size, "Oracle Database 19c Enterprise Edition Release 19.0.0.0.0 - Production\nVersion 19.22.0.0.0");
  *version = 19u << 24 | 22u << 16;
  return OCI_SUCCESS;
}

EXPORT int OCINlsNumericInfoGet(void *environment UNUSED, void *error UNUSED, int32_t *value, uint16_t item UNUSED) {
  *value = 4; // the most bytes of a character
  return OCI_SUCCESS;
}

EXPORT int OCIErrorGet(void *handle, uint32_t record UNUSED, char *state UNUSED, int32_t *code, char *text,
                       uint32_t size, uint32_t kind UNUSED) {
  const Error *error = handle;
  *code = error->code;
  if (text && size) snprintf(text, size, "%s", error->message ? error->message : "");
  return OCI_SUCCESS;
}

EXPORT void OCIThreadProcessInit(void) {}

EXPORT int OCIThreadKeyInit(void *handle UNUSED, void *error UNUSED, void **key, void (*destroy)(void *)) {
  pthread_key_t *made = allocate(sizeof *made);
  if (pthread_key_create(made, destroy) != 0) {
    free(made);
    return OCI_ERROR;
  }
  *key = made;
  return OCI_SUCCESS;
}

EXPORT int OCIThreadKeyDestroy(void *handle UNUSED, void *error UNUSED, void **key) {
  pthread_key_delete(*(pthread_key_t *)*key);
  free(*key);
  *key = NULL;
  return OCI_SUCCESS;
}

EXPORT int OCIThreadKeyGet(void *handle UNUSED, void *error UNUSED, void *key, void **value) {
  *value = pthread_getspecific(*(pthread_key_t *)key);
  return OCI_SUCCESS;
}

EXPORT int OCIThreadKeySet(void *handle UNUSED, void *error UNUSED, void *key, void *value) {
  return pthread_setspecific(*(pthread_key_t *)key, value) == 0 ? OCI_SUCCESS : OCI_ERROR;
}
