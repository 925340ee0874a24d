// Moments. A moment travels as a whole number: microseconds since 2000, as PostgreSQL counts them.
#include "standin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECONDS_A_DAY = 86400, DAYS_TO_2000 = 730425 /* since 0000-03-01 */ };

// days since 2000-01-01 in the Gregorian calendar
static int64_t days_of(int64_t year, int month, int day) {
  year -= month <= 2;
  int64_t era = (year >= 0 ? year : year - 399) / 400;
  int64_t of_era = year - era * 400;
  int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - DAYS_TO_2000;
}

static void date_of(Moment *moment, int64_t days) {
  days += DAYS_TO_2000;
  int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  int64_t of_era = days - era * 146097;
  int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
  int64_t month = (5 * of_year + 2) / 153;
  moment->day = (uint8_t)(of_year - (153 * month + 2) / 5 + 1);
  moment->month = (uint8_t)(month < 10 ? month + 3 : month - 9);
  moment->year = (int16_t)(year + era * 400 + (moment->month <= 2));
}

int64_t micros_of(const Moment *moment) {
  int64_t seconds = days_of(moment->year, moment->month, moment->day) * SECONDS_A_DAY + moment->hour * 3600 +
                    moment->minute * 60 + moment->second;
  return seconds * 1000000 + moment->nanosecond / 1000;
}

void moment_of(Moment *moment, int64_t micros) {
  int64_t day = (int64_t)SECONDS_A_DAY * 1000000;
  int64_t days = micros / day - (micros % day < 0);
  int64_t rest = micros - days * day;
  date_of(moment, days);
  moment->nanosecond = (uint32_t)(rest % 1000000) * 1000;
  rest /= 1000000;
  moment->hour = (uint8_t)(rest / 3600);
  moment->minute = (uint8_t)(rest / 60 % 60);
  moment->second = (uint8_t)(rest % 60);
}

EXPORT int OCIDateTimeConstruct(void *handle UNUSED, void *error, void *to, int16_t year, uint8_t month, uint8_t day,
                                uint8_t hour, uint8_t minute, uint8_t second, uint32_t nanosecond, const char *zone,
                                size_t zone_length) {
  Moment *moment = to;
  int hours = 0, minutes = 0;
  char sign = '+';
  if (zone_length) {
    char *text = copy_text(zone, zone_length);
    int parts = sscanf(text, "%c%d:%d", &sign, &hours, &minutes);
    free(text);
    if (parts != 3) return fail(error, 1882, "timezone region not found");
  }
  if (month < 1 || month > 12) return fail(error, 1843, "not a valid month");
  moment->year = year;
  moment->month = month;
  moment->day = day;
  moment->hour = hour;
  moment->minute = minute;
  moment->second = second;
  moment->nanosecond = nanosecond;
  moment->offset = (sign == '-' ? -1 : 1) * (hours * 60 + minutes);
  return OCI_SUCCESS;
}

EXPORT int OCIDateTimeGetDate(void *handle UNUSED, void *error UNUSED, const void *from, int16_t *year, uint8_t *month,
                              uint8_t *day) {
  const Moment *moment = from;
  *year = moment->year;
  *month = moment->month;
  *day = moment->day;
  return OCI_SUCCESS;
}

EXPORT int OCIDateTimeGetTime(void *handle UNUSED, void *error UNUSED, const void *from, uint8_t *hour,
                              uint8_t *minute, uint8_t *second, uint32_t *nanosecond) {
  const Moment *moment = from;
  *hour = moment->hour;
  *minute = moment->minute;
  *second = moment->second;
  *nanosecond = moment->nanosecond;
  return OCI_SUCCESS;
}

EXPORT int OCIDateTimeGetTimeZoneOffset(void *handle UNUSED, void *error UNUSED, const void *from, int8_t *hours,
                                        int8_t *minutes) {
  const Moment *moment = from;
  *hours = (int8_t)(moment->offset / 60);
  *minutes = (int8_t)(moment->offset % 60);
  return OCI_SUCCESS;
}
