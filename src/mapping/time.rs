//! Stored times: how a column writes them, and each value as an instant.
//!
//! Where the column's type does not say it, the form is found out by looking at the column: ISO text, or a number of
//! seconds or milliseconds since 1970. Every value is read here and nowhere else; what is no time is `None`,
//! for the caller to count as unreadable.

use std::fmt;

use chrono::NaiveDate;
use chrono_tz::Tz;

use crate::model::{DAY, HOUR, Millis};
use crate::zone;

/// A stored number below this counts as no time (an application's "never"): 1973 in seconds.
pub const LEAST_NUMBER: i64 = 100_000_000;

/// From here a stored number is read as milliseconds: 1973 in milliseconds, the year 5138 in seconds.
pub const LEAST_MILLIS: i64 = 100_000_000_000;

/// A stored number above this is no time: 9999-12-31T23:59:59.999Z in milliseconds.
pub const LAST_NUMBER: Millis = 253_402_300_799_999;

/// How a column writes its times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `2026-11-20 08:30:15.123`, with or without fraction: naive times of one zone.
    Text,
    /// The same with a `T` in the middle.
    TextWithT,
    /// Both, or in some rows with an offset or `Z`.
    TextOfManyForms,
    /// Seconds since 1970, whole or with a fraction.
    Seconds,
    /// Milliseconds since 1970.
    Millis,
    /// A type of the database for instants.
    Instant,
    /// A type of the database for naive times.
    WallClock,
    /// A type of the database for dates.
    Day,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Form::Text => "ISO text",
            Form::Seconds => "seconds since 1970",
            Form::TextWithT => "ISO text with T",
            Form::TextOfManyForms => "ISO text of more than one form",
            Form::Millis => "milliseconds since 1970",
            Form::Instant => "instants",
            Form::WallClock => "naive times",
            Form::Day => "dates",
        })
    }
}

/// One value of a sample: how the database holds it, and what it says.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampled {
    /// Whether it is held as a number.
    pub is_number: bool,
    /// The value as text.
    pub text: String,
}

impl Sampled {
    /// Whether it is a date without a time of day, such as `2026-11-20`.
    pub fn is_date(&self) -> bool {
        !self.is_number && chrono::NaiveDate::parse_from_str(self.text.trim(), "%Y-%m-%d").is_ok()
    }
}

impl Form {
    /// Finds the form out from a sample of a column: what most of its values are. Rows that are written otherwise
    /// are still read; only the bounds asked of the database follow the form.
    pub fn of(sample: &[Sampled]) -> Form {
        let (numbers, texts): (Vec<_>, Vec<_>) =
            sample.iter().filter(|value| !value.text.is_empty()).partition(|value| value.is_number);
        if texts.len() >= numbers.len() {
            return Form::of_texts(&texts);
        }
        let large =
            numbers.iter().filter(|n| n.text.parse().is_ok_and(|n: f64| n >= LEAST_MILLIS as f64)).count();
        if large * 2 > numbers.len() { Form::Millis } else { Form::Seconds }
    }

    fn of_texts(texts: &[&Sampled]) -> Form {
        let ends = || texts.iter().filter_map(|value| value.text.get(10..));
        let with_t = ends().filter(|end| end.starts_with(['T', 't'])).count();
        let has_offset = ends().any(|end| end.contains(['+', '-', 'Z', 'z']));
        match (has_offset, with_t) {
            (false, 0) => Form::Text,
            (false, with_t) if with_t == texts.len() => Form::TextWithT,
            _ => Form::TextOfManyForms,
        }
    }
}

/// Reads the values of one column.
#[derive(Debug, Clone)]
pub struct Reader {
    zone: Tz,
    /// The last date read, `YYYY-MM-DD`, and its days since 1970.
    date: ([u8; 10], Millis),
    /// The last hour of the wall clock that had one offset throughout, and that offset.
    hour: (Millis, Millis),
}

impl Reader {
    /// A reader for a column whose naive times are in `zone`.
    pub fn new(zone: Tz) -> Self {
        Self { zone, date: (*b"          ", 0), hour: (Millis::MIN, 0) }
    }

    /// The instant a stored value says, or `None` where it is no time.
    ///
    /// ```
    /// use mailthrottle::mapping::time::Reader;
    /// let mut reader = Reader::new(chrono_tz::Europe::Berlin);
    /// assert_eq!(reader.read(b"2026-11-20 08:30:00"), Some(1_795_159_800_000));
    /// assert_eq!(reader.read(b"2026-11-20T07:30:00Z"), Some(1_795_159_800_000));
    /// assert_eq!(reader.read(b"0000-00-00"), None);
    /// ```
    pub fn read(&mut self, raw: &[u8]) -> Option<Millis> {
        let raw = raw.trim_ascii();
        match raw.get(4) {
            Some(b'-') => self.read_text(raw),
            _ => Self::read_number(raw),
        }
    }

    fn read_number(raw: &[u8]) -> Option<Millis> {
        Self::number(std::str::from_utf8(raw).ok()?.parse().ok()?)
    }

    /// The instant a stored number says, in seconds or milliseconds since 1970, or `None` where it is no time.
    pub fn number(number: f64) -> Option<Millis> {
        let millis = if number >= LEAST_MILLIS as f64 { number } else { number * 1000.0 };
        let plausible = number >= LEAST_NUMBER as f64 && millis <= LAST_NUMBER as f64;
        // cut off, as fractions in texts are; the rest makes up for what a float cannot hold
        plausible.then_some((millis + 0.01).floor() as Millis)
    }

    fn read_text(&mut self, raw: &[u8]) -> Option<Millis> {
        let days = self.days(raw.first_chunk()?)?;
        let (clock, rest) = match raw.get(10) {
            None => (0, &raw[10..]),
            Some(b'T' | b't' | b' ') => clock(&raw[11..])?,
            Some(_) => return None,
        };
        let wall = days * DAY + clock;
        match offset(rest.trim_ascii())? {
            Some(offset) => Some(wall - offset),
            None => self.instant(wall),
        }
    }

    fn days(&mut self, date: &[u8; 10]) -> Option<Millis> {
        if self.date.0 != *date {
            if date[7] != b'-' {
                return None;
            }
            let (year, month, day) = (digits(&date[..4])?, digits(&date[5..7])?, digits(&date[8..])?);
            let known =
                NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day).filter(|_| year > 0)?;
            self.date = (*date, Millis::from(known.to_epoch_days()));
        }
        Some(self.date.1)
    }

    /// The instant of a naive time, in milliseconds of the wall clock since 1970; the zone is asked once an hour, not once
    /// a row.
    pub fn instant(&mut self, wall: Millis) -> Option<Millis> {
        let hour = wall.div_euclid(HOUR);
        if self.hour.0 != hour {
            let offset_at = |wall| Some(wall - zone::instant(zone::utc(wall).naive_utc(), self.zone));
            let (first, last) = (offset_at(hour * HOUR)?, offset_at(hour * HOUR + HOUR - 1)?);
            if first != last {
                return Some(wall - offset_at(wall)?);
            }
            self.hour = (hour, first);
        }
        Some(wall - self.hour.1)
    }
}

/// `HH:MM[:SS[.fraction]]` in milliseconds of the day, and what follows it.
fn clock(text: &[u8]) -> Option<(Millis, &[u8])> {
    let (hour, minute) = (digits(text.get(..2)?)?, digits(text.get(3..5)?)?);
    if text[2] != b':' || hour > 23 || minute > 59 {
        return None;
    }
    let minutes = Millis::from(hour * 60 + minute) * 60_000;
    let Some(seconds) = text.get(5..).filter(|rest| rest.first() == Some(&b':')) else {
        return Some((minutes, &text[5..]));
    };
    let second = digits(seconds.get(1..3)?)?;
    let (fraction, rest) = fraction(&seconds[3..]);
    (second <= 60).then_some((minutes + Millis::from(second) * 1000 + fraction, rest))
}

/// A fraction of a second in whole milliseconds, the rest cut off, and what follows it.
fn fraction(text: &[u8]) -> (Millis, &[u8]) {
    let Some(b'.' | b',') = text.first() else {
        return (0, text);
    };
    let length = text[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let digit = |place: usize| {
        if place < length { Millis::from(text[1 + place] - b'0') } else { 0 }
    };
    (digit(0) * 100 + digit(1) * 10 + digit(2), &text[1 + length..])
}

/// `Z`, `+01:00`, `+0100` or `+01` in milliseconds; `Some(None)` if it is missing.
fn offset(text: &[u8]) -> Option<Option<Millis>> {
    let (sign, rest) = match text.split_first() {
        None => return Some(None),
        Some((b'Z' | b'z', [])) => return Some(Some(0)),
        Some((b'+', rest)) => (1, rest),
        Some((b'-', rest)) => (-1, rest),
        Some(_) => return None,
    };
    let (hours, minutes) = match rest {
        [h1, h2] => (digits(&[*h1, *h2])?, 0),
        [h1, h2, m1, m2] | [h1, h2, b':', m1, m2] => (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?),
        _ => return None,
    };
    (hours <= 23 && minutes <= 59).then_some(Some(sign * Millis::from(hours * 60 + minutes) * 60_000))
}

fn digits(text: &[u8]) -> Option<u32> {
    text.iter().try_fold(0, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit < 10).then(|| number * 10 + u32::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::{Australia::Lord_Howe, Europe::Berlin, UTC};

    fn text_of(at: Option<Millis>) -> String {
        at.map_or("none".into(), |at| zone::utc(at).format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
    }

    #[test]
    fn every_way_to_write_a_time() {
        let cases = [
            ("2026-11-20 08:30:15", "2026-11-20T07:30:15.000Z"),
            ("2026-11-20T08:30:15", "2026-11-20T07:30:15.000Z"),
            ("2026-11-20 08:30", "2026-11-20T07:30:00.000Z"),
            ("2026-11-20", "2026-11-19T23:00:00.000Z"),
            ("2026-11-20 08:30:15.1", "2026-11-20T07:30:15.100Z"),
            ("2026-11-20 08:30:15,123456", "2026-11-20T07:30:15.123Z"),
            ("2026-11-20T08:30:15Z", "2026-11-20T08:30:15.000Z"),
            ("2026-11-20 08:30:15.5 +02:00", "2026-11-20T06:30:15.500Z"),
            ("2026-11-20T08:30:15-0530", "2026-11-20T14:00:15.000Z"),
            ("2026-07-20 08:30:15", "2026-07-20T06:30:15.000Z"),
            ("1795159800", "2026-11-20T07:30:00.000Z"),
            ("1795159800.25", "2026-11-20T07:30:00.250Z"),
            ("1795159800123", "2026-11-20T07:30:00.123Z"),
            (" 2026-11-20 ", "2026-11-19T23:00:00.000Z"),
        ];
        let mut reader = Reader::new(Berlin);
        for (raw, expected) in cases {
            assert_eq!(text_of(reader.read(raw.as_bytes())), expected, "{raw}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        let cases = [
            "",
            "0",
            "-1",
            "0000-00-00",
            "0000-00-00 00:00:00",
            "2026-02-30",
            "2026-13-01",
            "2026-11-20 24:00:00",
            "2026-11-20 08:61",
            "2026-11-20x",
            "2026-11-20 08:30:15 CET",
            "2026/11/20",
            "20/11/2026",
            "soon",
            "20261120",
            "1e99",
            "NaN",
            "inf",
            "2026-11-20 8:30",
            "2026-1",
            "2026-",
            "\u{0}",
            "2026-11-20 08:30:15+1",
        ];
        let mut reader = Reader::new(UTC);
        for raw in cases {
            assert_eq!(reader.read(raw.as_bytes()), None, "{raw}");
        }
    }

    #[test]
    fn the_offset_remembered_for_an_hour_is_right_around_changes() {
        for (zone, start) in
            [(Berlin, "2026-10-25 00:00"), (Berlin, "2026-03-29 00:00"), (Lord_Howe, "2026-04-05 00:00")]
        {
            let midnight = Reader::new(UTC).read(start.as_bytes()).unwrap();
            let mut reader = Reader::new(zone);
            for minute in 0..6 * 60 {
                let wall = zone::utc(midnight + minute * 60_000).naive_utc();
                let raw = wall.format("%Y-%m-%d %H:%M:%S").to_string();
                assert_eq!(reader.read(raw.as_bytes()), Some(zone::instant(wall, zone)), "{raw} {zone}");
            }
        }
    }

    #[test]
    fn the_form_of_a_column_is_found_by_looking() {
        let sampled = |is_number, texts: &[&str]| -> Vec<Sampled> {
            texts.iter().map(|text| Sampled { is_number, text: (*text).into() }).collect()
        };
        assert_eq!(Form::of(&sampled(false, &["2026-11-20", "soon", ""])), Form::Text);
        assert_eq!(Form::of(&sampled(true, &["0", "1795159800", "1795159800"])), Form::Seconds);
        assert_eq!(Form::of(&sampled(true, &["1795159800123.0", "1795159800123"])), Form::Millis);
        assert_eq!(Form::of(&sampled(false, &["2026-11-20", "2026-11-20T08:30:00Z"])), Form::TextOfManyForms);
        assert_eq!(Form::of(&sampled(false, &["1795159800", "1795159801"])), Form::Text);
        assert_eq!(Form::of(&[]), Form::Text);
    }
}
