// Tokens of Oracle's SQL: words, quoted names, strings in both ways of writing, numbers, binds, symbols. Comments go.
#include "sql.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static Token *add(Translator *t, TokenKind kind, size_t start, size_t end, const char *text, size_t length) {
  if (t->count % 64 == 0) {
    t->tokens = realloc(t->tokens, ((size_t)t->count + 64) * sizeof(Token));
    if (!t->tokens) abort();
  }
  Token *token = &t->tokens[t->count++];
  *token = (Token){kind, copy_text(text, length), start, end, -1};
  return token;
}

static bool is_name_start(char letter) { return isalpha((unsigned char)letter) || (unsigned char)letter >= 0x80; }

static bool is_name_part(char letter) {
  return is_name_start(letter) || isdigit((unsigned char)letter) || letter == '_' || letter == '$' || letter == '#';
}

static size_t after_comment(const char *text, size_t at) {
  if (text[at] == '-') {
    while (text[at] && text[at] != '\n') at++;
    return at;
  }
  const char *end = strstr(text + at + 2, "*/");
  return end ? (size_t)(end - text) + 2 : strlen(text);
}

static size_t word(Translator *t, size_t at) {
  size_t end = at;
  while (is_name_part(t->text[end])) end++;
  if (end - at > 128) refuse(t, 972, "identifier is too long");
  Token *token = add(t, WORD, at, end, t->text + at, end - at);
  for (char *letter = token->text; *letter; letter++) *letter = (char)toupper((unsigned char)*letter);
  return end;
}

// 'it''s', or a name in double quotes
static size_t in_quotes(Translator *t, size_t at, TokenKind kind) {
  char mark = t->text[at];
  Text content = {0};
  text_put(&content, "");
  size_t end = at + 1;
  while (t->text[end] && (t->text[end] != mark || (mark == '\'' && t->text[end + 1] == mark))) {
    if (t->text[end] == mark) end++;
    text_add(&content, t->text + end++, 1);
  }
  if (!t->text[end]) refuse(t, kind == STRING ? 1756 : 1740, kind == STRING ? "quoted string not properly terminated" : "missing double quote in identifier");
  if (kind == QUOTED && content.length == 0) refuse(t, 1741, "illegal zero-length identifier");
  if (kind == QUOTED && content.length > 128) refuse(t, 972, "identifier is too long");
  size_t after = t->text[end] ? end + 1 : end;
  add(t, kind, at, after, content.text, content.length);
  text_free(&content);
  return after;
}

// q'[it's]'
static size_t own_quotes(Translator *t, size_t at) {
  char open = t->text[at + 2];
  char close = open == '[' ? ']' : open == '{' ? '}' : open == '(' ? ')' : open == '<' ? '>' : open;
  char mark[] = {close, '\'', 0};
  const char *end = open ? strstr(t->text + at + 3, mark) : NULL;
  if (!end) {
    refuse(t, 1756, "quoted string not properly terminated");
    return strlen(t->text);
  }
  size_t stop = (size_t)(end - t->text);
  add(t, STRING, at, stop + 2, t->text + at + 3, stop - at - 3);
  return stop + 2;
}

static size_t number(Translator *t, size_t at) {
  size_t end = at;
  while (isdigit((unsigned char)t->text[end])) end++;
  if (t->text[end] == '.' && t->text[end + 1] != '.') end++;
  while (isdigit((unsigned char)t->text[end])) end++;
  if ((t->text[end] == 'e' || t->text[end] == 'E') && strchr("+-0123456789", t->text[end + 1]) && t->text[end + 1]) {
    end += 2;
    while (isdigit((unsigned char)t->text[end])) end++;
  }
  add(t, NUMBER, at, end, t->text + at, end - at);
  return end;
}

static size_t bind(Translator *t, size_t at) {
  size_t start = at + 1;
  start += strspn(t->text + start, " \t\r\n");
  size_t end = start;
  while (is_name_part(t->text[end])) end++;
  if (end == start) {
    refuse(t, t->text[start] == ':' ? 933 : 1745, t->text[start] == ':' ? "SQL command not properly ended" : "invalid host/bind variable name");
    return at + 1;
  }
  Token *token = add(t, BIND, at, end, t->text + start, end - start);
  for (char *letter = token->text; *letter; letter++) *letter = (char)toupper((unsigned char)*letter);
  return end;
}

static size_t other_symbol(Translator *t, size_t at) {
  static const char *const LONG[] = {"||", "<=", ">=", "<>", "!=", "^=", "=>", ".."};
  for (size_t i = 0; i < sizeof LONG / sizeof *LONG; i++)
    if (strncmp(t->text + at, LONG[i], 2) == 0) {
      add(t, SYMBOL, at, at + 2, LONG[i], 2);
      return at + 2;
    }
  if (!strchr("()+-*/,.<>=@[]%", t->text[at])) refuse(t, 911, "invalid character");
  add(t, SYMBOL, at, at + 1, t->text + at, 1);
  return at + 1;
}

static size_t one(Translator *t, size_t at) {
  const char *here = t->text + at;
  char next = here[1];
  if (isspace((unsigned char)*here)) return at + 1;
  if ((*here == '-' && next == '-') || (*here == '/' && next == '*')) return after_comment(t->text, at);
  if ((*here == 'q' || *here == 'Q') && next == '\'') return own_quotes(t, at);
  if ((*here == 'n' || *here == 'N') && next == '\'') { // a national one, told by where it starts
    size_t after = in_quotes(t, at + 1, STRING);
    t->tokens[t->count - 1].start = at;
    return after;
  }
  if (is_name_start(*here)) return word(t, at);
  if (*here == '"') return in_quotes(t, at, QUOTED);
  if (*here == '\'') return in_quotes(t, at, STRING);
  if (isdigit((unsigned char)*here) || (*here == '.' && isdigit((unsigned char)next))) return number(t, at);
  if (*here == ':') return bind(t, at);
  return other_symbol(t, at);
}

static bool match_parentheses(Translator *t) {
  int open = -1; // the innermost open one; each keeps the one around it in `match` until it is closed
  for (int i = 0; i < t->count; i++) {
    if (symbol(t, i, "(")) {
      t->tokens[i].match = open;
      open = i;
    } else if (symbol(t, i, ")")) {
      if (open < 0) return false;
      int around = t->tokens[open].match;
      t->tokens[open].match = i;
      t->tokens[i].match = open;
      open = around;
    }
  }
  return open < 0;
}

bool tokenize(Translator *t) {
  size_t at = 0;
  while (t->text[at]) at = one(t, at);
  add(t, END, at, at, "", 0);
  t->count--;
  if (!match_parentheses(t)) {
    refuse(t, 907, "missing right parenthesis");
    return false;
  }
  return true;
}

void tokens_free(Translator *t) {
  for (int i = 0; i <= t->count; i++) free(t->tokens[i].text);
  free(t->tokens);
}
