//! The parts of a time stamp, one after the other: a date in the forms that logs have, a clock, a zone.

use super::months;
use crate::model::{MINUTE, Millis};

/// A date as written.
#[derive(Debug, Clone, Copy)]
pub struct Date {
    /// The year, where it is written.
    pub year: Option<i32>,
    /// The month, from 1.
    pub month: u32,
    /// The day of it.
    pub day: u32,
}

/// A place in a text.
#[derive(Debug, Clone, Copy)]
pub struct Cursor<'t> {
    text: &'t [u8],
    /// How far it was read.
    pub at: usize,
}

impl<'t> Cursor<'t> {
    /// The start of a text.
    pub fn new(text: &'t [u8]) -> Self {
        Self { text, at: 0 }
    }

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

    /// The date that comes next.
    pub fn date(&mut self, day_first: bool) -> Option<Date> {
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

    /// `08:30:12.123`, `8:30:12 PM`, after what is between date and clock.
    pub fn time_of_day(&mut self) -> Option<Millis> {
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
    pub fn offset(&mut self) -> Option<Millis> {
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
    pub fn late_year(&mut self) -> Option<i32> {
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
