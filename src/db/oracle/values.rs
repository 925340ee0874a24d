//! Cells of Oracle's rows: texts, whole numbers, other numbers as texts, times as the type of their column has them, bytes.

use std::borrow::Cow;

use anyhow::Result;
use chrono::{NaiveDate, NaiveDateTime};
use oracle::sql_type::{OracleType, Timestamp};
use oracle::{Row, RowValue};

use crate::db::row::{Cells, Time};
use crate::mapping::resolve::ColumnKind;
use crate::model::Millis;

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
pub struct Fetched(pub Vec<Cell>);

impl RowValue for Fetched {
    fn get(row: &Row) -> oracle::Result<Self> {
        let kinds = row.column_info().iter().map(oracle::ColumnInfo::oracle_type);
        let cells = kinds.enumerate().map(|(place, kind)| cell(row, place, kind));
        cells.collect::<oracle::Result<_>>().map(Self)
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
    /// A cell as bytes of text.
    fn bytes(&self) -> Option<Cow<'_, [u8]>> {
        match self {
            Cell::Null | Cell::Wall(_) | Cell::Instant(_) => None,
            Cell::Text(text) => Some(Cow::Borrowed(text.as_bytes())),
            Cell::Int(number) => Some(Cow::Owned(number.to_string().into_bytes())),
            Cell::Bytes(bytes) => Some(Cow::Borrowed(bytes)),
        }
    }

    /// A cell to keep, times in milliseconds.
    pub fn into_bytes(self) -> Option<Vec<u8>> {
        match self {
            Cell::Wall(millis) | Cell::Instant(millis) => Some(millis.to_string().into_bytes()),
            Cell::Text(text) => Some(text.into_bytes()),
            Cell::Bytes(bytes) => Some(bytes),
            cell => cell.bytes().map(Cow::into_owned),
        }
    }
}

impl Cells for Fetched {
    fn bytes(&self, column: usize) -> Result<Option<Cow<'_, [u8]>>> {
        Ok(self.0[column].bytes())
    }

    fn int(&self, column: usize) -> Result<Option<i64>> {
        let text = |text: Cow<'_, [u8]>| std::str::from_utf8(&text).ok()?.parse().ok();
        Ok(match &self.0[column] {
            Cell::Int(number) => Some(*number),
            other => other.bytes().and_then(text),
        })
    }

    fn time(&self, column: usize, kind: Option<&ColumnKind>) -> Result<Option<Time<'_>>> {
        let is_number = matches!(kind, Some(ColumnKind::Integer | ColumnKind::Decimal));
        Ok(match &self.0[column] {
            Cell::Null => None,
            Cell::Text(number) if is_number => number.parse().ok().map(Time::Number),
            Cell::Text(text) => Some(Time::Text(text.as_bytes())),
            Cell::Int(number) if is_number => Some(Time::Number(*number as f64)),
            Cell::Int(digits) if kind.is_none_or(ColumnKind::is_instant) => utc(*digits).map(Time::Instant),
            Cell::Int(digits) => utc(*digits).map(Time::Wall),
            Cell::Bytes(bytes) => Some(Time::Text(bytes)),
            // a time with a zone comes in UTC
            Cell::Wall(wall) if kind.is_some_and(ColumnKind::is_instant) => Some(Time::Instant(*wall)),
            Cell::Wall(wall) => Some(Time::Wall(*wall)),
            Cell::Instant(at) => Some(Time::Instant(*at)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_written_in_digits() {
        assert_eq!(utc(20_261_120_083_015_123), Some(1_795_163_415_123));
        assert_eq!(utc(19_691_231_235_959_999), Some(-1));
        assert_eq!(utc(10_101_000_000_000), Some(-62_135_596_800_000));
        assert_eq!(utc(99_991_231_235_959_999), Some(253_402_300_799_999));
        for digits in [0, 20_260_230_000_000_000, 20_261_120_240_000_000, -47_120_101_000_000_000] {
            assert_eq!(utc(digits), None, "{digits}");
        }
    }
}
