//! Time stamps at the start of a text, in the forms that logs have.
//!
//! Dates come as `2026-11-20`, `20.11.2026`, `11/20/2026`, `20-Nov-2026`, `Nov 20`, `Fri, 20 Nov 2026` and their like, with
//! month names in English, German and French; a clock follows, and a zone or not. Without a year, the newest one counts
//! in which the stamp is not later than the file's own time and a day.

use chrono::NaiveDate;

use super::{Settings, months};
use crate::mapping::time::Reader;
use crate::model::Millis;
use crate::zone;

const MINUTE: Millis = 60_000;
const DAY: Millis = 24 * 60 * MINUTE;

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

/// A date as written.
#[derive(Debug, Clone, Copy)]
struct Date {
    year: Option<i32>,
    month: u32,
    day: u32,
}

impl Clock {
    /// A clock for a file.
    pub fn new(settings: &Settings) -> Self {
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
        let mut cursor = Cursor { text, at: 0 };
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

/// A place in a text.
#[derive(Debug, Clone, Copy)]
struct Cursor<'t> {
    text: &'t [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn eat(&mut self, wanted: &[u8]) -> Option<u8> {
        let byte = self.peek().filter(|byte| wanted.contains(byte))?;
        self.at += 1;
        Some(byte)
    }

    fn skip(&mut self, wanted: &[u8]) {
        while self.eat(wanted).is_some() {}
    }

    /// A number of at most so many digits, and how many it has.
    fn number(&mut self, most: usize) -> Option<(u32, usize)> {
        let rest = self.text.get(self.at..)?;
        let length = rest.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
        let number = rest[..length].iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0'));
        self.at += length;
        (length > 0).then_some((number, length))
    }

    fn month(&mut self) -> Option<u32> {
        let (month, length) = months::read(self.text.get(self.at..)?)?;
        self.at += length;
        Some(month)
    }

    fn date(&mut self, day_first: bool) -> Option<Date> {
        if self.peek()?.is_ascii_digit() {
            return match self.number(4)? {
                (year, 4) => self.year_first(year),
                (number, 1 | 2) => self.number_first(number, day_first),
                _ => None,
            };
        }
        if let Some(date) = self.month_first() {
            return Some(date);
        }
        self.weekday()?;
        match self.peek()?.is_ascii_digit() {
            true => {
                let (day, _) = self.number(2)?;
                self.number_first(day, day_first)
            }
            false => self.month_first(),
        }
    }

    /// `2026-11-20`, `2026/11/20`.
    fn year_first(&mut self, year: u32) -> Option<Date> {
        let divider = self.eat(b"-/.")?;
        let (month, _) = self.number(2)?;
        self.eat(&[divider])?;
        let (day, _) = self.number(2)?;
        Some(Date { year: i32::try_from(year).ok(), month, day })
    }

    /// `20.11.2026`, `11/20/2026`, `20-Nov-2026`, `20. November 2026`.
    fn number_first(&mut self, first: u32, day_first: bool) -> Option<Date> {
        let divider = self.eat(b"./- ")?;
        self.skip(b" ");
        let (month, day) = match self.month() {
            Some(month) => (month, first),
            None => {
                let (second, _) = self.number(2).filter(|_| divider != b' ')?;
                let month_comes_first =
                    divider == b'/' && second > 12 || divider == b'/' && first <= 12 && !day_first;
                if month_comes_first { (first, second) } else { (second, first) }
            }
        };
        self.eat(b"./- ,")?;
        self.skip(b" ");
        let (year, _) = self.number(4).filter(|(_, digits)| *digits == 4)?;
        Some(Date { year: i32::try_from(year).ok(), month, day })
    }

    /// `Nov 20`, `Nov 20, 2026`.
    fn month_first(&mut self) -> Option<Date> {
        let month = self.month()?;
        self.eat(b" -")?;
        self.skip(b" ");
        let (day, _) = self.number(2)?;
        let before = self.at;
        self.eat(b".");
        self.skip(b", ");
        let year = self.number(4).filter(|(_, digits)| *digits == 4);
        if year.is_none() || self.peek() == Some(b':') {
            self.at = before;
            return Some(Date { year: None, month, day });
        }
        Some(Date { year: i32::try_from(year?.0).ok(), month, day })
    }

    /// `Fri`, `Fri,`, `vendredi`, `Fr.`: any short word in front of a date.
    fn weekday(&mut self) -> Option<()> {
        let is_letter = |byte: &&u8| byte.is_ascii_alphabetic() || **byte >= 0x80;
        let length = self.text.get(self.at..)?.iter().take_while(is_letter).count();
        self.at += length;
        self.skip(b".,");
        self.eat(b" ").filter(|_| (2..=10).contains(&length))?;
        self.skip(b" ");
        Some(())
    }

    /// `08:30:12.123`, `8:30:12 PM`, after what stands between date and clock.
    fn time_of_day(&mut self) -> Option<Millis> {
        self.eat(b",");
        self.skip(b" ");
        self.eat(b"Tt:_");
        if self.text.get(self.at..)?.starts_with(b"at ") {
            self.at += 3;
        }
        let (hour, _) = self.number(2)?;
        self.eat(b":")?;
        let (minute, _) = self.number(2)?;
        let mut seconds = (0, 0);
        if self.peek() == Some(b':') {
            self.at += 1;
            seconds = (self.number(2)?.0, self.fraction());
        }
        let hour = self.half_of_day(hour);
        let is_clock = hour <= 23 && minute <= 59 && seconds.0 <= 60;
        is_clock
            .then(|| Millis::from(hour * 60 + minute) * MINUTE + Millis::from(seconds.0) * 1000 + seconds.1)
    }

    fn fraction(&mut self) -> Millis {
        let mut ahead = *self;
        if ahead.eat(b".,").is_none() {
            return 0;
        }
        let Some((number, digits)) = ahead.number(3) else {
            return 0;
        };
        ahead.skip(b"0123456789");
        *self = ahead;
        Millis::from(number) * [100, 10, 1][digits - 1]
    }

    fn half_of_day(&mut self, hour: u32) -> u32 {
        let mut ahead = *self;
        ahead.skip(b" \xe2\x80\xaf\xc2\xa0");
        let half = ahead.eat(b"AaPp").filter(|_| (1..=12).contains(&hour));
        let (Some(half), Some(_)) = (half, ahead.eat(b"Mm")) else {
            return hour;
        };
        *self = ahead;
        hour % 12 + if half.eq_ignore_ascii_case(&b'P') { 12 } else { 0 }
    }

    /// `Z`, ` UTC`, `+01:00`, ` +0100`.
    fn offset(&mut self) -> Option<Millis> {
        let mut ahead = *self;
        ahead.eat(b" ");
        let rest = ahead.text.get(ahead.at..)?;
        let word = [&b"UTC"[..], b"GMT", b"Z"].into_iter().find(|word| rest.starts_with(word));
        if let Some(word) = word {
            ahead.at += word.len();
            let ends = ahead.peek().is_none_or(|byte| !byte.is_ascii_alphanumeric());
            return ends.then(|| self.at = ahead.at).map(|()| 0);
        }
        let sign = ahead.eat(b"+-")?;
        let (hours, 2) = ahead.number(2)? else {
            return None;
        };
        ahead.eat(b":");
        let minutes = ahead.number(2).map_or(0, |(minutes, _)| minutes);
        if hours > 18 || minutes > 59 {
            return None;
        }
        self.at = ahead.at;
        let offset = Millis::from(hours * 60 + minutes) * MINUTE;
        Some(if sign == b'-' { -offset } else { offset })
    }

    /// The year behind the clock, as in `Fri Nov 20 08:30:12 CET 2026`.
    fn late_year(&mut self) -> Option<i32> {
        let mut ahead = *self;
        ahead.eat(b" ")?;
        let zone =
            ahead.text.get(ahead.at..)?.iter().take(5).take_while(|byte| byte.is_ascii_uppercase()).count();
        if zone > 0 {
            ahead.at += zone;
            ahead.eat(b" ")?;
        }
        let (year, _) =
            ahead.number(4).filter(|(year, digits)| *digits == 4 && (1970..2200).contains(year))?;
        if ahead.peek().is_some_and(|byte| !matches!(byte, b' ' | b']' | b':' | b',')) {
            return None;
        }
        self.at = ahead.at;
        i32::try_from(year).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::columns::Names;
    use chrono_tz::{Europe::Berlin, Tz};

    fn clock(file_time: &str, zone: Tz, day_first: bool) -> Clock {
        let file_time = Reader::new(Tz::UTC).read(file_time.as_bytes()).unwrap();
        let columns = Names::default();
        Clock::new(&Settings { zone, file_time, day_first, columns, patterns: Vec::new() })
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
