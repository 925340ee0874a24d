// Values between the driver's buffers and PostgreSQL's text.
#include "standin.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// PostgreSQL's own types
enum {
  PG_BOOL = 16, PG_BYTEA = 17, PG_CHAR = 18, PG_NAME = 19, PG_INT8 = 20, PG_INT2 = 21, PG_INT4 = 23, PG_TEXT = 25,
  PG_OID = 26, PG_FLOAT4 = 700, PG_FLOAT8 = 701, PG_BPCHAR = 1042, PG_VARCHAR = 1043, PG_INTERVAL = 1186,
  PG_NUMERIC = 1700
};

enum { SQLT_BOL = 252 };

// a date in the driver's buffer
typedef struct {
  int16_t year;
  uint8_t month, day, hour, minute, second;
} Date;

// the offset of a TIMESTAMP WITH TIME ZONE, in quarters of an hour, stands in the lowest seven bits
enum { ZONE_BITS = 7, ZONE_MASK = 127, ZONE_ZERO = 64 };

static void describe_text(Column *column, uint16_t type, int size) {
  column->type = type;
  column->size = column->characters = (uint16_t)size;
}

static void describe_number(Column *column, int modifier) {
  column->type = SQLT_NUM;
  column->size = 22;
  column->scale = -127; // NUMBER without precision
  if (modifier >= 4) {
    column->precision = (int16_t)((modifier - 4) >> 16 & 0xFFFF);
    column->scale = (int8_t)((((modifier - 4) & 0x7FF) ^ 1024) - 1024);
  }
}

void describe(const Session *session, Column *column, Oid type, int modifier) {
  const Types *types = &session->types;
  column->nullable = 1;
  column->form = type == types->nvarchar2 ? FORM_NATIONAL : FORM_IMPLICIT;
  if (type == types->date) {
    column->type = SQLT_DAT;
    column->size = 7;
  } else if (type == types->timestamp || type == types->tstz || type == types->tsltz) {
    column->type = type == types->timestamp ? SQLT_TIMESTAMP : type == types->tstz ? SQLT_TIMESTAMP_TZ : SQLT_TIMESTAMP_LTZ;
    column->scale = (int8_t)(modifier >= 0 ? modifier : 6);
    column->size = 11;
  } else if (type == types->varchar2 || type == PG_VARCHAR) {
    describe_text(column, SQLT_CHR, modifier >= 4 ? modifier - 4 : 4000);
  } else if (type == types->nvarchar2) { // two bytes a character
    describe_text(column, SQLT_CHR, modifier >= 4 ? modifier - 4 : 2000);
    column->size *= 2;
  } else if (type == types->raw) {
    describe_text(column, SQLT_BIN, modifier >= 4 ? modifier - 4 : 2000);
  } else if (type == types->clob || type == types->blob) {
    describe_text(column, type == types->clob ? SQLT_CLOB : SQLT_BLOB, 4000);
  } else if (type == types->longs || type == types->json || type == types->vector || type == types->xmltype) {
    column->type = type == types->longs ? SQLT_LNG : type == types->json ? SQLT_JSON : type == types->vector ? SQLT_VECTOR : SQLT_NTY;
  } else if (type == PG_BPCHAR) {
    describe_text(column, SQLT_AFC, modifier >= 4 ? modifier - 4 : 2000);
  } else if (type == PG_BYTEA) {
    describe_text(column, SQLT_BIN, 2000);
  } else if (type == PG_INTERVAL) {
    column->type = SQLT_INTERVAL_DS;
    column->precision = 9;
    column->scale = 6;
  } else if (type == PG_NUMERIC) {
    describe_number(column, modifier);
  } else if (type == PG_INT8 || type == PG_INT4 || type == PG_INT2 || type == PG_OID || type == PG_FLOAT8 || type == PG_FLOAT4) {
    describe_number(column, -1);
  } else if (type == PG_BOOL) {
    column->type = SQLT_BOL;
  } else {
    describe_text(column, SQLT_CHR, 4000);
  }
}

static int hex_digit(char digit) {
  return digit >= '0' && digit <= '9' ? digit - '0' : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : 0;
}

// the bytes that `\x...` stands for
void decode_bytes(const char *text, int length, Text *bytes) {
  for (int i = 2; i + 1 < length; i += 2) {
    char byte = (char)(hex_digit(text[i]) << 4 | hex_digit(text[i + 1]));
    text_add(bytes, &byte, 1);
  }
  if (!bytes->text) text_put(bytes, "");
}

static void put_hex(Text *text, const unsigned char *bytes, size_t length) {
  text_put(text, "\\x");
  for (size_t i = 0; i < length; i++) text_format(text, "%02x", bytes[i]);
}

// one value of a bind, wherever it lies
typedef struct {
  const char *at;
  uint32_t length;
  bool null, pointed; // pointed: `at` is the descriptor itself
} Raw;

static int find_raw(Error *error, Place *place, uint32_t iteration, Raw *raw) {
  if (place->dynamic) {
    void *buffer = NULL, *indicator = NULL;
    uint8_t piece = 0;
    if (!place->in || place->in(place->in_context, place, iteration, 0, &buffer, &raw->length, &piece, &indicator) != OCI_CONTINUE)
      return fail(error, 1008, "not all variables bound");
    raw->at = buffer;
    raw->null = indicator && *(int16_t *)indicator == -1;
    raw->pointed = true;
  } else {
    raw->at = place->values + (int64_t)iteration * place->size;
    raw->length = place->lengths ? place->lengths[iteration] : (uint32_t)place->size;
    raw->null = place->indicators && place->indicators[iteration] == -1;
  }
  return OCI_SUCCESS;
}

static const void *descriptor(const Raw *raw) { return raw->pointed ? raw->at : *(void *const *)raw->at; }

static void put_moment(Text *text, const Session *session, Oid type, const Moment *moment) {
  int64_t micros = micros_of(moment);
  if (type == session->types.tstz || type == session->types.tsltz) micros -= (int64_t)moment->offset * 60 * 1000000;
  if (type == session->types.tstz) micros = micros * (ZONE_MASK + 1) + moment->offset / 15 + ZONE_ZERO;
  text_format(text, "%lld", (long long)micros);
}

static void put_lob(Text *text, const Lob *lob, bool bytes) {
  if (bytes)
    put_hex(text, (const unsigned char *)lob->text, lob->length);
  else
    text_add(text, lob->text, lob->length);
}

static Oid type_of_bind(const Session *session, const Place *place) {
  bool national = place->form == FORM_NATIONAL;
  switch (place->type) {
  case SQLT_CHR: case SQLT_LNG:
    if (place->dynamic && place->size == INT_MAX) return session->types.clob;
    return national ? session->types.nvarchar2 : PG_TEXT;
  case SQLT_AFC: return national ? session->types.nvarchar2 : PG_BPCHAR;
  case SQLT_VNU: case SQLT_NUM: case SQLT_INT: case SQLT_UIN: case SQLT_BDOUBLE: case SQLT_BFLOAT: return PG_NUMERIC;
  case SQLT_ODT: return session->types.date;
  case SQLT_TIMESTAMP: return session->types.timestamp;
  case SQLT_TIMESTAMP_TZ: return session->types.tstz;
  case SQLT_TIMESTAMP_LTZ: return session->types.tsltz;
  case SQLT_BIN: case SQLT_LBI: return place->dynamic && place->size == INT_MAX ? session->types.blob : session->types.raw;
  case SQLT_CLOB: return session->types.clob;
  case SQLT_BLOB: return session->types.blob;
  default: return 0;
  }
}

static void put_value(Text *text, const Session *session, const Place *place, const Raw *raw, Oid type) {
  switch (place->type) {
  case SQLT_VNU: number_to_text((const unsigned char *)raw->at, text); break;
  case SQLT_INT: text_format(text, "%lld", (long long)*(const int64_t *)raw->at); break;
  case SQLT_UIN: text_format(text, "%llu", (unsigned long long)*(const uint64_t *)raw->at); break;
  case SQLT_BDOUBLE: text_format(text, "%.17g", *(const double *)raw->at); break;
  case SQLT_BFLOAT: text_format(text, "%.9g", (double)*(const float *)raw->at); break;
  case SQLT_ODT: {
    const Date *date = (const Date *)raw->at;
    Moment moment = {.year = date->year, .month = date->month, .day = date->day, .hour = date->hour,
                     .minute = date->minute, .second = date->second};
    put_moment(text, session, type, &moment);
    break;
  }
  case SQLT_TIMESTAMP: case SQLT_TIMESTAMP_TZ: case SQLT_TIMESTAMP_LTZ:
    put_moment(text, session, type, descriptor(raw));
    break;
  case SQLT_CLOB: case SQLT_BLOB: put_lob(text, descriptor(raw), place->type == SQLT_BLOB); break;
  case SQLT_BIN: case SQLT_LBI: put_hex(text, (const unsigned char *)raw->at, raw->length); break;
  default: text_add(text, raw->at, raw->length);
  }
}

// the parameter for a bind; the empty string is NULL
int value_from_bind(Session *session, Error *error, Place *place, uint32_t iteration, Oid *type, char **value,
                    int *length, int *format) {
  Raw raw = {0};
  *value = NULL;
  *length = *format = 0;
  *type = type_of_bind(session, place);
  if (!*type) return fail(error, 3115, "unsupported network datatype or representation");
  if (find_raw(error, place, iteration, &raw) != OCI_SUCCESS) return OCI_ERROR;
  if (!raw.null && place->type == SQLT_TIMESTAMP_TZ && abs(((const Moment *)descriptor(&raw))->year) > 4000)
    return fail(error, 1841, "(full) year must be between -4713 and +9999, and not be 0 (in the stand-in with a time zone +4000)");
  bool bytes = place->type == SQLT_BIN || place->type == SQLT_LBI || place->type == SQLT_BLOB;
  if (raw.null) return OCI_SUCCESS;
  Text text = {0};
  put_value(&text, session, place, &raw, *type);
  if (!text.length || (bytes && text.length == 2)) {
    text_free(&text);
    return OCI_SUCCESS;
  }
  if (memchr(text.text, 0, text.length)) {
    text_free(&text);
    return fail(error, 600, "internal error code, arguments: [stand-in], [a zero byte in a text]");
  }
  *length = (int)text.length;
  *value = text_take(&text);
  return OCI_SUCCESS;
}

// where a fetched value goes
typedef struct {
  void *buffer;
  uint32_t room, *length;
  int16_t *indicator;
  uint16_t *code;
  bool pointed;
} Target;

static void put_text_or_bytes(const Session *session, Oid type, const char *value, int length, Text *text, bool bytes) {
  bool from_bytes = type == session->types.raw || type == session->types.blob || type == PG_BYTEA;
  if (bytes && from_bytes)
    decode_bytes(value, length, text);
  else
    text_add(text, value, (size_t)length);
}

// a long value in as many pieces as the driver has room for
static int in_pieces(Error *error, Place *place, uint32_t row, uint32_t index, bool returning, const Text *text,
                     bool null) {
  size_t at = 0;
  uint8_t piece = 0;
  do {
    void *buffer = NULL, *indicator = NULL;
    uint32_t *length = NULL;
    uint16_t *code = NULL;
    int status = returning ? place->out(place->out_context, place, row, index, &buffer, &length, &piece, &indicator, &code)
                           : place->define(place->out_context, place, row, &buffer, &length, &piece, &indicator, &code);
    if (status != OCI_CONTINUE) return fail(error, 24300, "bad value for mode");
    if (indicator) *(int16_t *)indicator = null ? -1 : 0;
    size_t rest = text->length - at;
    if (null) rest = 0;
    if (rest < *length) *length = (uint32_t)rest;
    if (*length) memcpy(buffer, text->text + at, *length);
    at += *length;
    piece = 2;
  } while (!null && at < text->length);
  return OCI_SUCCESS;
}

static int write_text(Error *error, const Target *target, const Text *text) {
  if (text->length > target->room)
    return fail(error, 22835, "Buffer too small for CLOB to CHAR or BLOB to RAW conversion (actual: %zu, maximum: %u)",
                text->length, target->room);
  if (text->length) memcpy(target->buffer, text->text, text->length);
  if (target->length) *target->length = (uint32_t)text->length;
  return OCI_SUCCESS;
}

static void read_moment(const Session *session, Oid type, const char *value, Moment *moment) {
  int64_t micros = strtoll(value, NULL, 10);
  moment->offset = 0;
  if (type == session->types.tstz) {
    moment->offset = (int)((micros & ZONE_MASK) - ZONE_ZERO) * 15;
    micros = (micros >> ZONE_BITS) + (int64_t)moment->offset * 60 * 1000000;
  }
  moment_of(moment, micros);
}

static int write_value(Error *error, const Session *session, const Place *place, const Target *target, Oid type,
                       const char *value, int length) {
  void *to = target->pointed ? target->buffer : target->buffer ? *(void **)target->buffer : NULL;
  Text text = {0};
  int status = OCI_SUCCESS;
  switch (place->type) {
  case SQLT_VNU: case SQLT_NUM: number_to_oracle(value, target->buffer); break;
  case SQLT_INT: *(int64_t *)target->buffer = strtoll(value, NULL, 10); break;
  case SQLT_UIN: *(uint64_t *)target->buffer = strtoull(value, NULL, 10); break;
  case SQLT_BDOUBLE: *(double *)target->buffer = strtod(value, NULL); break;
  case SQLT_BFLOAT: *(float *)target->buffer = strtof(value, NULL); break;
  case SQLT_ODT: {
    Moment moment = {0};
    read_moment(session, type, value, &moment);
    *(Date *)target->buffer = (Date){moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second};
    break;
  }
  case SQLT_TIMESTAMP: case SQLT_TIMESTAMP_TZ: case SQLT_TIMESTAMP_LTZ: read_moment(session, type, value, to); break;
  default:
    put_text_or_bytes(session, type, value, length, &text, place->type == SQLT_BIN || place->type == SQLT_LBI);
    status = write_text(error, target, &text);
  }
  text_free(&text);
  return status;
}

// `row` of a fetch array, or of a batch that returns; `index` of the rows that one change returned
int value_to_place(Error *error, const Session *session, Place *place, uint32_t row, uint32_t index, bool returning,
                   Oid type, const char *value, int length) {
  // what a client whose file of time zones is not the server's gets
  if (type == session->types.tstz && value && place->type == SQLT_TIMESTAMP_TZ && told_to_refuse("zones"))
    return fail(error, 1805, "possible error in date/time operation");
  bool bytes = place->type == SQLT_BIN || place->type == SQLT_LBI;
  if (place->dynamic && (!returning || place->size == INT_MAX)) {
    Text text = {0};
    if (value) put_text_or_bytes(session, type, value, length, &text, bytes);
    int status = in_pieces(error, place, row, index, returning, &text, value == NULL);
    text_free(&text);
    return status;
  }
  Target target = {.room = (uint32_t)place->size};
  if (returning) {
    uint8_t piece = 0;
    void *indicator = NULL;
    if (place->out(place->out_context, place, row, index, &target.buffer, &target.length, &piece, &indicator, &target.code) != OCI_CONTINUE)
      return fail(error, 24300, "bad value for mode");
    target.indicator = indicator;
    target.pointed = true;
  } else {
    target.buffer = place->values + (int64_t)row * place->size;
    target.indicator = place->indicators ? &place->indicators[row] : NULL;
    target.length = place->lengths ? &place->lengths[row] : NULL;
    target.code = place->codes ? &place->codes[row] : NULL;
  }
  if (target.indicator) *target.indicator = value ? 0 : -1;
  if (target.code) *target.code = 0;
  if (!value) return OCI_SUCCESS;
  return write_value(error, session, place, &target, type, value, length);
}
