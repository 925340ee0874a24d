//! Single values of SQLite, where any column may hold any type, and text may be anything at all; the driver gives it as
//! UTF-8 whatever the file's encoding.

use std::borrow::Cow;

use anyhow::Result;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, TypeInfo, ValueRef};

use crate::db::row::{Cells, Time};
use crate::mapping::resolve::ColumnKind;
use crate::mapping::sql::Bind;

impl Cells for SqliteRow {
    fn bytes(&self, column: usize) -> Result<Option<Cow<'_, [u8]>>> {
        Ok(bytes(self, column)?.map(Cow::Borrowed))
    }

    fn int(&self, column: usize) -> Result<Option<i64>> {
        Ok(self.try_get(column)?)
    }

    fn time(&self, column: usize, _: Option<&ColumnKind>) -> Result<Option<Time<'_>>> {
        Ok(bytes(self, column)?.map(Time::Text))
    }

    fn bind(&self, column: usize) -> Result<Option<Bind>> {
        let kind = self.try_get_raw(column)?.type_info().name().to_owned();
        Ok(match kind.as_str() {
            "INTEGER" | "INT8" | "BOOLEAN" => Some(Bind::Int(self.try_get_unchecked(column)?)),
            "REAL" => Some(Bind::Real(self.try_get_unchecked(column)?)),
            "BLOB" => Some(Bind::Blob(self.try_get_unchecked(column)?)),
            _ => bytes(self, column)?.map(|text| Bind::Text(String::from_utf8_lossy(text).into_owned())),
        })
    }
}

/// A value of any type as bytes of text; `None` is NULL.
pub fn bytes(row: &SqliteRow, column: usize) -> Result<Option<&[u8]>> {
    let raw = row.try_get_raw(column)?;
    if raw.is_null() {
        return Ok(None);
    }
    Ok(Some(row.try_get_unchecked(column)?))
}

/// Every value of a row.
pub fn cells(row: &SqliteRow) -> Result<Vec<Option<Vec<u8>>>> {
    (0..row.len()).map(|column| Ok(bytes(row, column)?.map(<[u8]>::to_vec))).collect()
}
