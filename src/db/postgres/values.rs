//! Cells of PostgreSQL's rows, which come in its binary form: times as numbers, texts as bytes.
//!
//! A text is UTF-8 unless the database has no encoding; then what cannot be read is replaced and said to be garbled.

use std::borrow::Cow;

use anyhow::{Result, bail};
use sqlx::postgres::{PgRow, PgValueRef};
use sqlx::{Column as _, Row, TypeInfo as _, ValueRef};

use super::copy::Tuple;
use crate::mapping::resolve::Kind;
use crate::mapping::time::Reader;
use crate::mapping::{Column, Mapping};
use crate::model::{Mail, Millis};

/// 2000-01-01T00:00:00Z, from which the server counts.
const YEAR_2000: Millis = 946_684_800_000;

const DAY: Millis = 86_400_000;

/// 0001-01-01 and 9999-12-31: other times are read by no database alike.
const FIRST: Millis = -62_135_596_800_000;
const LAST: Millis = 253_402_300_799_999;

/// How the times of a column come.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Shown {
    Instant,
    WallClock,
    Day,
    Whole,
    Fraction,
    Text,
}

/// Reads the times of a column.
pub struct Times {
    shown: Shown,
    reader: Reader,
}

impl Times {
    /// A reader for a time of the mapping.
    pub fn of(mapping: &Mapping, column: Column) -> Self {
        let shown = match mapping.kind_of_time(column) {
            None | Some(Kind::Instant | Kind::LocalInstant) => Shown::Instant,
            Some(Kind::WallClock | Kind::WallSecond) => Shown::WallClock,
            Some(Kind::Day) => Shown::Day,
            Some(Kind::Integer) => Shown::Whole,
            Some(Kind::Decimal) => Shown::Fraction,
            Some(_) => Shown::Text,
        };
        Self { shown, reader: Reader::new(mapping.zone) }
    }

    /// A cell as an instant; `None` where it is no time.
    pub fn read(&mut self, cell: Option<&[u8]>) -> Result<Option<Millis>> {
        let Some(bytes) = cell else {
            return Ok(None);
        };
        let at = match self.shown {
            Shown::Instant => since_2000(bytes)?,
            Shown::WallClock => since_2000(bytes)?.and_then(|wall| self.reader.instant(wall)),
            Shown::Day => days(bytes)?.and_then(|wall| self.reader.instant(wall)),
            Shown::Whole => Reader::number(whole(bytes)? as f64),
            Shown::Fraction => Reader::number(f64::from_be_bytes(bytes.try_into()?)),
            Shown::Text => self.reader.read(bytes),
        };
        Ok(at.filter(|at| (FIRST..=LAST).contains(at)))
    }
}

/// A row, however it came.
pub enum Cells<'r> {
    /// By itself.
    Row(&'r PgRow),
    /// In bulk.
    Tuple(&'r Tuple<'r>),
}

impl<'r> Cells<'r> {
    /// The bytes of a cell; `None` is NULL.
    pub fn bytes(&self, column: usize) -> Result<Option<&'r [u8]>> {
        match self {
            Cells::Row(row) => bytes(row, column),
            Cells::Tuple(tuple) => Ok(tuple[column]),
        }
    }

    /// A cell as text.
    pub fn text(&self, column: usize) -> Result<Option<Cow<'r, str>>> {
        Ok(self.bytes(column)?.map(String::from_utf8_lossy))
    }

    /// A cell as a count.
    pub fn count(&self, column: usize) -> Result<u64> {
        Ok(self.bytes(column)?.map_or(Ok(0), whole)?.try_into()?)
    }

    /// A row of `mails.sql`.
    pub fn mail(&self, mapping: &Mapping, sent_date: &mut Times) -> Result<Mail> {
        let text = |column| Ok::<_, anyhow::Error>(self.text(column)?.map(Cow::into_owned));
        let error = self.text(6)?;
        Ok(Mail {
            id: text(0)?.unwrap_or_default(),
            status: self.text(1)?.map(|status| mapping.words.known(&status).to_owned()),
            at: sent_date.read(self.bytes(2)?)?,
            sender: text(3)?,
            recipient: text(4)?,
            cc: text(8)?,
            bcc: text(9)?,
            subject: text(5)?,
            message_id: text(7)?,
            // only what is not UTF-8 has to be made anew
            garbled: matches!(error, Some(Cow::Owned(_))),
            error: error.map(Cow::into_owned),
        })
    }
}

/// The bytes of a cell; `None` is NULL.
pub fn bytes(row: &PgRow, column: usize) -> Result<Option<&[u8]>> {
    let value: PgValueRef<'_> = row.try_get_raw(column)?;
    if value.is_null() {
        return Ok(None);
    }
    value.as_bytes().map(Some).map_err(|error| anyhow::anyhow!(error))
}

/// A cell as bytes of text, whole numbers too.
pub fn cell(row: &PgRow, column: usize) -> Result<Option<Vec<u8>>> {
    let is_whole = matches!(row.column(column).type_info().name(), "INT2" | "INT4" | "INT8");
    let text =
        |bytes: &[u8]| if is_whole { Ok(whole(bytes)?.to_string().into_bytes()) } else { Ok(bytes.to_vec()) };
    bytes(row, column)?.map(text).transpose()
}

/// A cell as text of its own.
pub fn text(row: &PgRow, column: usize) -> Result<Option<String>> {
    Ok(bytes(row, column)?.map(|bytes| String::from_utf8_lossy(bytes).into_owned()))
}

/// Microseconds since 2000; the ends of the range are the infinities.
fn since_2000(bytes: &[u8]) -> Result<Option<Millis>> {
    let micros = i64::from_be_bytes(bytes.try_into()?);
    let is_finite = micros != i64::MAX && micros != i64::MIN;
    Ok(is_finite.then(|| micros.div_euclid(1000) + YEAR_2000))
}

/// Days since 2000, likewise.
fn days(bytes: &[u8]) -> Result<Option<Millis>> {
    let days = i32::from_be_bytes(bytes.try_into()?);
    let is_finite = days != i32::MAX && days != i32::MIN;
    Ok(is_finite.then(|| Millis::from(days) * DAY + YEAR_2000))
}

fn whole(bytes: &[u8]) -> Result<i64> {
    Ok(match bytes.len() {
        2 => i64::from(i16::from_be_bytes(bytes.try_into()?)),
        4 => i64::from(i32::from_be_bytes(bytes.try_into()?)),
        8 => i64::from_be_bytes(bytes.try_into()?),
        length => bail!("a whole number of {length} bytes"),
    })
}
