// The functions that handles.c needs of statement.c.
#ifndef OCI_H
#define OCI_H

#include "standin.h"

void statement_free(Statement *statement);
uint32_t batch_error_row(const void *error);
bool batch_error(const void *from, uint32_t index, void *to);

#endif
