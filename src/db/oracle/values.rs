//! Cells of Oracle's rows: texts, whole numbers, other numbers as texts, times as the type of their column has them, bytes.

use std::borrow::Cow;

use chrono::{NaiveDate, NaiveDateTime};
use oracle::sql_type::{OracleType, Timestamp};
use oracle::{Row, RowValue};

use crate::mapping::resolve::Kind;
use crate::mapping::time::Reader;
use crate::mapping::{Column, Mapping};
use crate::model::{Mail, Millis};

const MINUTE: Millis = 60_000;

/// 0001-01-01: earlier times are read by no database alike.
const FIRST: Millis = -62_135_596_800_000;

/// A value of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// NULL, or an empty text.
    Null,
    /// A text, or a number that may be long or have a fraction.
    Text(String),
    /// A whole number.
    Int(i64),
    /// A naive time, in milliseconds of the wall clock since 1970.
    Wall(Millis),
    /// An instant.
    Instant(Millis),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// The longest whole numbers that the driver fetches as such.
const LONGEST_INT: u8 = 17;

/// The cells of a row.
pub struct Cells(pub Vec<Cell>);

impl RowValue for Cells {
    fn get(row: &Row) -> oracle::Result<Self> {
        let kinds = row.column_info().iter().map(oracle::ColumnInfo::oracle_type);
        kinds.enumerate().map(|(place, kind)| cell(row, place, kind)).collect::<Result<_, _>>().map(Self)
    }
}

fn cell(row: &Row, place: usize, kind: &OracleType) -> oracle::Result<Cell> {
    let cell = match kind {
        OracleType::Date | OracleType::Timestamp(_) => {
            time(row.get(place)?).map(|(wall, _)| Cell::Wall(wall))
        }
        OracleType::TimestampTZ(_) => time(row.get(place)?).map(|(wall, zone)| Cell::Instant(wall - zone)),
        // it comes in the session's zone, which is UTC
        OracleType::TimestampLTZ(_) => time(row.get(place)?).map(|(wall, _)| Cell::Instant(wall)),
        OracleType::BLOB | OracleType::Raw(_) | OracleType::LongRaw => {
            row.get::<_, Option<Vec<u8>>>(place)?.map(Cell::Bytes)
        }
        OracleType::Number(1..=LONGEST_INT, 0) => row.get::<_, Option<i64>>(place)?.map(Cell::Int),
        _ => row.get::<_, Option<String>>(place)?.map(Cell::Text),
    };
    Ok(cell.unwrap_or(Cell::Null))
}

/// The wall clock in milliseconds since 1970, and its zone's offset.
fn time(time: Option<Timestamp>) -> Option<(Millis, Millis)> {
    let time = time?;
    let date = NaiveDate::from_ymd_opt(time.year(), time.month(), time.day())?;
    let nanos = time.nanosecond();
    let wall: NaiveDateTime = date.and_hms_nano_opt(time.hour(), time.minute(), time.second(), nanos)?;
    Some((wall.and_utc().timestamp_millis(), Millis::from(time.tz_offset()) * 1000))
}

/// The digits of a time, as `attempts.sql` writes them, in milliseconds since 1970.
fn utc(digits: i64) -> Option<Millis> {
    let part = |of: i64| u32::try_from(digits / of % 100).ok();
    let year = i32::try_from(digits / 10_000_000_000_000).ok()?;
    let date = NaiveDate::from_ymd_opt(year, part(100_000_000_000)?, part(1_000_000_000)?)?;
    let millis = u32::try_from(digits % 1000).ok()?;
    let time = date.and_hms_milli_opt(part(10_000_000)?, part(100_000)?, part(1000)?, millis)?;
    Some(time.and_utc().timestamp_millis())
}

impl Cell {
    /// A cell as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Cell::Null | Cell::Wall(_) | Cell::Instant(_) => None,
            Cell::Text(text) => Some(Cow::Borrowed(text)),
            Cell::Int(number) => Some(Cow::Owned(number.to_string())),
            Cell::Bytes(bytes) => Some(String::from_utf8_lossy(bytes)),
        }
    }

    /// A cell as a count.
    pub fn count<N: std::str::FromStr>(&self) -> Option<N> {
        self.text()?.parse().ok()
    }

    /// A cell that is a whole number.
    pub fn int(&self) -> Option<i64> {
        match self {
            Cell::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// The same text, to keep.
    pub fn owned(&self) -> Option<String> {
        self.text().map(Cow::into_owned)
    }

    /// The bytes of a cell, as the ledger's rows have them.
    pub fn into_bytes(self) -> Option<Vec<u8>> {
        match self {
            Cell::Null => None,
            Cell::Wall(millis) | Cell::Instant(millis) => Some(millis.to_string().into_bytes()),
            Cell::Text(text) => Some(text.into_bytes()),
            Cell::Int(number) => Some(number.to_string().into_bytes()),
            Cell::Bytes(bytes) => Some(bytes),
        }
    }
}

/// Reads the times of a column.
pub struct Times {
    is_number: bool,
    /// Whether the column says when it was, whatever the zone.
    is_instant: bool,
    reader: Reader,
}

impl Times {
    /// A reader for a time of the mapping.
    pub fn of(mapping: &Mapping, column: Column) -> Self {
        let kind = mapping.kind_of_time(column);
        let is_number = matches!(kind, Some(Kind::Integer | Kind::Decimal));
        Self { is_number, is_instant: kind.is_none_or(Kind::is_instant), reader: Reader::new(mapping.zone) }
    }

    /// A cell as an instant; `None` where it is no time.
    pub fn read(&mut self, cell: &Cell) -> Option<Millis> {
        let at = match cell {
            Cell::Null => None,
            Cell::Text(number) if self.is_number => Reader::number(number.parse().ok()?),
            Cell::Text(text) => self.reader.read(text.as_bytes()),
            Cell::Int(number) if self.is_number => Reader::number(*number as f64),
            Cell::Int(digits) if self.is_instant => utc(*digits),
            Cell::Int(digits) => self.reader.instant(utc(*digits)?),
            Cell::Bytes(bytes) => self.reader.read(bytes),
            Cell::Wall(wall) => self.reader.instant(*wall),
            Cell::Instant(at) => Some(*at),
        };
        at.filter(|at| *at >= FIRST)
    }
}

/// A row of `mails.sql`.
pub fn mail(row: &[Cell], mapping: &Mapping, sent_date: &mut Times) -> Mail {
    let error = row[6].text();
    Mail {
        id: row[0].owned().unwrap_or_default(),
        status: row[1].text().map(|status| mapping.words.known(&status).to_owned()),
        at: sent_date.read(&row[2]),
        sender: row[3].owned(),
        recipient: row[4].owned(),
        cc: row[8].owned(),
        bcc: row[9].owned(),
        subject: row[5].owned(),
        message_id: row[7].owned(),
        garbled: error.as_ref().is_some_and(|error| error.contains(char::REPLACEMENT_CHARACTER)),
        error: error.map(Cow::into_owned),
    }
}

/// A zone's offset in whole minutes, from `+05:30`.
pub fn offset(text: &str) -> Option<Millis> {
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let minutes: Millis = hours.parse::<Millis>().ok()? * 60 + minutes.parse::<Millis>().ok()?;
    match text.as_bytes()[0] {
        b'+' => Some(minutes * MINUTE),
        b'-' => Some(-minutes * MINUTE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_written_in_digits() {
        assert_eq!(utc(20_261_120_083_015_123), Some(1_795_163_415_123));
        assert_eq!(utc(19_691_231_235_959_999), Some(-1));
        assert_eq!(utc(10_101_000_000_000), Some(FIRST));
        assert_eq!(utc(99_991_231_235_959_999), Some(253_402_300_799_999));
        for digits in [0, 20_260_230_000_000_000, 20_261_120_240_000_000, -47_120_101_000_000_000] {
            assert_eq!(utc(digits), None, "{digits}");
        }
    }
}
