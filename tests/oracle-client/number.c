// Oracle's own form of a number: a length, an exponent of 100, and digits to the base of 100.
#include "standin.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_DIGITS = 40, MOST_PAIRS = 20 };

void number_to_oracle(const char *text, unsigned char *number) {
  bool negative = *text == '-', after_point = false;
  char digits[2 * MOST_PAIRS + 2] = {0};
  int count = 0, point = 0; // the digits, and how many of them stand before the decimal point
  int pad = 0;
  for (const char *at = text + (negative || *text == '+'); *at; at++) {
    if (*at == '.') {
      after_point = true;
    } else if (*at == 'e' || *at == 'E') {
      point += atoi(at + 1);
      break;
    } else if (*at >= '0' && *at <= '9') {
      bool leading = count == 0 && *at == '0';
      if (!leading && count < MOST_DIGITS) digits[count++] = (char)(*at - '0');
      if (after_point ? leading : !leading) point += after_point ? -1 : 1;
    }
  }
  memset(number, 0, 22);
  while (count > 0 && digits[count - 1] == 0) count--;
  if (count == 0) {
    number[0] = 1;
    number[1] = 0x80;
    return;
  }
  pad = point % 2 != 0; // pairs are counted from the decimal point
  int exponent = (point + pad) / 2, pairs = (count + pad + 1) / 2;
  if (pairs > MOST_PAIRS) pairs = MOST_PAIRS;
  for (int i = 0; i < pairs; i++) {
    int first = 2 * i - pad, high = first >= 0 ? digits[first] : 0, low = first + 1 < count ? digits[first + 1] : 0;
    int value = high * 10 + low;
    number[2 + i] = (unsigned char)(negative ? 101 - value : value + 1);
  }
  number[1] = (unsigned char)(192 + exponent);
  if (negative) number[1] = (unsigned char)~number[1];
  number[0] = (unsigned char)(1 + pairs);
  if (negative && pairs < MOST_PAIRS) {
    number[2 + pairs] = 102;
    number[0]++;
  }
}

void number_to_text(const unsigned char *number, Text *text) {
  int length = number[0] - 1;
  bool negative = !(number[1] & 0x80);
  if (length <= 0) {
    text_put(text, negative ? "-1e126" : "0");
    return;
  }
  int exponent = (negative ? (unsigned char)~number[1] : number[1]) - 192;
  if (negative && number[1 + length] == 102) length--;
  if (negative) text_put(text, "-");
  if (exponent <= 0) text_put(text, "0.");
  for (int i = exponent; i < 0; i++) text_put(text, "00");
  for (int i = 0; i < length; i++) {
    if (i == exponent && i > 0) text_put(text, ".");
    int value = negative ? 101 - number[2 + i] : number[2 + i] - 1;
    text_format(text, "%02d", value);
  }
  for (int i = length; i < exponent; i++) text_put(text, "00");
}
