// The translation of SQL, inside: tokens, and what the rooms that translate share.
#ifndef SQL_H
#define SQL_H

#include "standin.h"

typedef enum { WORD, QUOTED, STRING, NUMBER, BIND, SYMBOL, END } TokenKind;

typedef struct {
  TokenKind kind;
  char *text; // of a word in upper case; of a quoted name or a string its content; of a bind its name
  size_t start, end; // in the statement
  int match;         // of a parenthesis the other one
} Token;

typedef struct {
  Token *tokens;
  int count; // without the END that closes them
  const char *text;
  Translation *out;
  Text sql;
  const char *user, *database;
  int derived;       // tables without an alias so far
  int table, column; // of a definition
  Text after;        // the statements that follow it, each with a NUL before it
} Translator;

// token.c
bool tokenize(Translator *t);
void tokens_free(Translator *t);

// translate.c
void refuse(Translator *t, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool is(const Translator *t, int at, const char *word);
bool symbol(const Translator *t, int at, const char *text);
void put_name(Text *text, const Token *token);
void put_space(Translator *t);
int put_bind(Translator *t, int at, bool out);

// query.c
void block(Translator *t, int from, int to, bool top);

// functions.c
bool is_function(const Translator *t, int at);
int function_call(Translator *t, int at);

// types.c
int put_type(Translator *t, int at, Text *check);

// definition.c
bool definition_or_command(Translator *t);

#endif
