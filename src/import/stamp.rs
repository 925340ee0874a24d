//! Time stamps at the start of a text, in the forms that logs have.
//!
//! Dates come as `2026-11-20`, `20.11.2026`, `11/20/2026`, `20-Nov-2026`, `Nov 20`, `Fri, 20 Nov 2026` and their like, with
//! month names in English, German and French; a clock follows, and a zone or not. Without a year, the newest one counts
//! in which the stamp is not later than the file's own time and a day.

use chrono::NaiveDate;

use super::ParserSettings;
use super::cursor::{Cursor, Date};
use crate::mapping::time::Reader;
use crate::model::{DAY, Millis};
use crate::zone;

/// Reads stamps.
#[derive(Debug, Clone)]
pub struct Clock {
    zone: Reader,
    file_time: Millis,
    this_year: i32,
    day_first: bool,
    /// The last date read, as year (0 for none), month and day, with its days since 1970.
    date: ((i32, u32, u32), Millis),
}

/// A stamp that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The instant.
    pub at: Millis,
    /// How many bytes it takes.
    pub length: usize,
    /// Whether it names its zone.
    pub has_zone: bool,
}

impl Clock {
    /// A clock for a file.
    pub fn new(settings: &ParserSettings) -> Self {
        let this_year = zone::local(settings.file_time, settings.zone).format("%Y").to_string();
        Self {
            zone: Reader::new(settings.zone),
            file_time: settings.file_time,
            this_year: this_year.parse().unwrap_or(1970),
            day_first: settings.day_first,
            date: ((0, 0, 0), 0),
        }
    }

    /// The stamp that a text begins with.
    pub fn read(&mut self, text: &[u8]) -> Option<Stamp> {
        let mut cursor = Cursor::new(text);
        let mut date = cursor.date(self.day_first)?;
        let clock = cursor.time_of_day()?;
        let offset = cursor.offset();
        if date.year.is_none() {
            date.year = cursor.late_year();
        }
        let wall = self.days(date)? * DAY + clock;
        let at = match offset {
            Some(offset) => wall - offset,
            None => self.zone.instant(wall)?,
        };
        Some(Stamp { at, length: cursor.at, has_zone: offset.is_some() })
    }

    /// A whole value that is a time: a stamp, or a number of seconds or milliseconds since 1970.
    pub fn value(&mut self, text: &str) -> Option<Millis> {
        let text = text.trim();
        match text.parse::<f64>() {
            Ok(number) => Reader::number(number),
            Err(_) => {
                self.read(text.as_bytes()).map(|stamp| stamp.at).or_else(|| self.zone.read(text.as_bytes()))
            }
        }
    }

    fn days(&mut self, date: Date) -> Option<Millis> {
        let key = (date.year.unwrap_or(0), date.month, date.day);
        if self.date.0 != key {
            let day = match date.year {
                Some(year) => NaiveDate::from_ymd_opt(year, date.month, date.day)?,
                None => self.without_year(date)?,
            };
            self.date = (key, Millis::from(day.to_epoch_days()));
        }
        Some(self.date.1)
    }

    /// The newest such day that is not after the file's time, give or take a day; 29 February may lie years back.
    fn without_year(&self, date: Date) -> Option<NaiveDate> {
        let last = self.file_time.saturating_add(DAY);
        let day = |year| NaiveDate::from_ymd_opt(year, date.month, date.day);
        let is_past = |day: &NaiveDate| Millis::from(day.to_epoch_days()).saturating_mul(DAY) <= last;
        (0..9).filter_map(|back| day(self.this_year + 1 - back)).find(is_past)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::columns::UserColumns;
    use chrono_tz::{Europe::Berlin, Tz};

    fn clock(file_time: &str, zone: Tz, day_first: bool) -> Clock {
        let file_time = Reader::new(Tz::UTC).read(file_time.as_bytes()).unwrap();
        let columns = UserColumns::default();
        Clock::new(&ParserSettings { zone, file_time, day_first, columns, patterns: Vec::new() })
    }

    fn text_of(stamp: Option<Stamp>) -> String {
        stamp.map_or("none".into(), |stamp| zone::rfc3339(stamp.at))
    }

    #[test]
    fn every_form() {
        let cases = [
            ("2026-11-20T08:30:12Z [Error]", "2026-11-20T08:30:12.000Z", 20),
            ("2026-11-20T08:30:12.1234567Z", "2026-11-20T08:30:12.123Z", 28),
            ("2026-11-20 08:30:12,123 ERROR", "2026-11-20T07:30:12.123Z", 23),
            ("2026-11-20 08:30:12.5 +01:00 x", "2026-11-20T07:30:12.500Z", 28),
            ("2026-11-20T08:30:12+0100 host", "2026-11-20T07:30:12.000Z", 24),
            ("2026/11/20 08:30:12 x", "2026-11-20T07:30:12.000Z", 19),
            ("Nov 20 08:30:12 host", "2026-11-20T07:30:12.000Z", 15),
            ("Nov  2 08:30:12 host", "2026-11-02T07:30:12.000Z", 15),
            ("Dez 31 23:59:59 host", "2025-12-31T22:59:59.000Z", 15),
            ("févr. 3 08:30:12 host", "2026-02-03T07:30:12.000Z", 17),
            ("20-Nov-2026 08:30:12.123 SEVERE", "2026-11-20T07:30:12.123Z", 24),
            ("20/Nov/2026:08:30:12 +0100] x", "2026-11-20T07:30:12.000Z", 26),
            ("Nov 20, 2026 8:30:12 PM com.x", "2026-11-20T19:30:12.000Z", 23),
            ("Nov 20, 2026, 8:30:12 AM", "2026-11-20T07:30:12.000Z", 24),
            ("Fri Nov 20 08:30:12 2026] x", "2026-11-20T07:30:12.000Z", 24),
            ("Fri Nov 20 08:30:12 CET 2026", "2026-11-20T07:30:12.000Z", 28),
            ("Fri, 20 Nov 2026 08:30:12 +0000", "2026-11-20T08:30:12.000Z", 31),
            ("20.11.2026 08:30:12", "2026-11-20T07:30:12.000Z", 19),
            ("20. November 2026 08:30", "2026-11-20T07:30:00.000Z", 23),
            ("11/20/2026 8:30:12 AM", "2026-11-20T07:30:12.000Z", 21),
            ("20/11/2026 08:30:12", "2026-11-20T07:30:12.000Z", 19),
            ("3/4/2026 08:30:12", "2026-03-04T07:30:12.000Z", 17),
            ("ven. 20 nov. 2026 08:30:12", "2026-11-20T07:30:12.000Z", 26),
        ];
        let mut clock = clock("2026-11-20 12:00", Berlin, false);
        for (text, expected, length) in cases {
            let stamp = clock.read(text.as_bytes());
            assert_eq!(
                (text_of(stamp).as_str(), stamp.map(|s| s.length)),
                (expected, Some(length)),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_stamp_is_none() {
        let mut clock = clock("2026-11-20 12:00", Berlin, false);
        for text in [
            "",
            "Error",
            "10.1.2.3 - -",
            "4.3.2 Concurrent",
            "at 12:30",
            "Nov",
            "Nov 20",
            "Nov 32 08:30:12",
            "2026-13-01 08:30",
            "2026-11-20",
            "2026-11-20 25:00",
            "13/13/2026 08:30",
            "1 a",
            "May be sent",
        ] {
            assert_eq!(clock.read(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn the_year_follows_from_the_time_of_the_file() {
        let cases = [
            ("2026-01-02 10:00", "Dec 31 23:59:59", "2025-12-31T23:59:59.000Z"),
            ("2026-01-02 10:00", "Jan  1 00:00:01", "2026-01-01T00:00:01.000Z"),
            ("2025-12-31 23:59", "Jan  1 00:00:01", "2026-01-01T00:00:01.000Z"),
            ("2026-11-20 10:00", "Feb 29 08:00:00", "2024-02-29T08:00:00.000Z"),
        ];
        for (file_time, text, expected) in cases {
            let stamp = clock(file_time, Tz::UTC, false).read(text.as_bytes());
            assert_eq!(text_of(stamp), expected, "{text} in a file of {file_time}");
        }
    }

    #[test]
    fn a_person_may_say_that_the_day_comes_first() {
        let mut clock = clock("2026-11-20 12:00", Tz::UTC, true);
        assert_eq!(text_of(clock.read(b"3/4/2026 08:30:12")), "2026-04-03T08:30:12.000Z");
    }
}
