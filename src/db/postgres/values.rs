//! Cells of PostgreSQL's rows, which come in its binary form: times as numbers, texts as bytes.
//!
//! A text is UTF-8 unless the database has no encoding.

use std::borrow::Cow;

use anyhow::{Result, bail};
use sqlx::postgres::{PgRow, PgValueRef};
use sqlx::{Column as _, Row, TypeInfo as _, ValueRef};

use super::copy::Tuple;
use crate::db::row::{Cells, Time};
use crate::mapping::resolve::ColumnKind;
use crate::model::{DAY, Millis};

/// 2000-01-01T00:00:00Z, from which the server counts.
const YEAR_2000: Millis = 946_684_800_000;

/// A row, however it came.
pub enum PgAnswer<'r> {
    /// By itself.
    Row(&'r PgRow),
    /// In bulk.
    Tuple(&'r Tuple<'r>),
}

impl PgAnswer<'_> {
    fn cell(&self, column: usize) -> Result<Option<&[u8]>> {
        match self {
            PgAnswer::Row(row) => bytes(row, column),
            PgAnswer::Tuple(tuple) => Ok(tuple[column]),
        }
    }
}

impl Cells for PgAnswer<'_> {
    fn bytes(&self, column: usize) -> Result<Option<Cow<'_, [u8]>>> {
        Ok(self.cell(column)?.map(Cow::Borrowed))
    }

    fn int(&self, column: usize) -> Result<Option<i64>> {
        self.cell(column)?.map(whole).transpose()
    }

    fn time(&self, column: usize, kind: Option<&ColumnKind>) -> Result<Option<Time<'_>>> {
        let Some(bytes) = self.cell(column)? else {
            return Ok(None);
        };
        Ok(match kind {
            None | Some(ColumnKind::Instant | ColumnKind::LocalInstant) => {
                since_2000(bytes)?.map(Time::Instant)
            }
            Some(ColumnKind::WallClock | ColumnKind::WallSecond) => since_2000(bytes)?.map(Time::Wall),
            Some(ColumnKind::Day) => days(bytes)?.map(Time::Wall),
            Some(ColumnKind::Integer) => Some(Time::Number(whole(bytes)? as f64)),
            Some(ColumnKind::Decimal) => Some(Time::Number(f64::from_be_bytes(bytes.try_into()?))),
            Some(_) => Some(Time::Text(bytes)),
        })
    }
}

/// The bytes of a cell; `None` is NULL.
fn bytes(row: &PgRow, column: usize) -> Result<Option<&[u8]>> {
    let value: PgValueRef<'_> = row.try_get_raw(column)?;
    if value.is_null() {
        return Ok(None);
    }
    value.as_bytes().map(Some).map_err(|error| anyhow::anyhow!(error))
}

/// Every cell of a row as bytes of text, whole numbers and truth values too.
pub fn cells(row: &PgRow) -> Result<Vec<Option<Vec<u8>>>> {
    let text = |column: usize, bytes: &[u8]| {
        Ok(match row.column(column).type_info().name() {
            "INT2" | "INT4" | "INT8" => whole(bytes)?.to_string().into_bytes(),
            "BOOL" => (bytes == [1]).to_string().into_bytes(),
            _ => bytes.to_vec(),
        })
    };
    (0..row.len()).map(|column| bytes(row, column)?.map(|bytes| text(column, bytes)).transpose()).collect()
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
