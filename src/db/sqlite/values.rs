//! Single values of SQLite, where any column may hold any type, and text may be anything at all.

use std::borrow::Cow;

use anyhow::{Result, bail};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, TypeInfo, ValueRef};

use crate::mapping::sql::Bind;
use crate::mapping::time::Reader;
use crate::model::FailedMail;

/// How the file holds text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, nearly always.
    Utf8,
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
}

impl Encoding {
    /// By the name `PRAGMA encoding` gives it.
    pub fn named(name: &str) -> Result<Self> {
        Ok(match name {
            "UTF-8" => Encoding::Utf8,
            "UTF-16le" => Encoding::Utf16Le,
            "UTF-16be" => Encoding::Utf16Be,
            other => bail!("text in this database is encoded as {other}, which this version cannot read"),
        })
    }

    /// Stored text as UTF-8.
    pub fn decode(self, stored: &[u8]) -> Cow<'_, [u8]> {
        let unit = match self {
            Encoding::Utf8 => return Cow::Borrowed(stored),
            Encoding::Utf16Le => u16::from_le_bytes,
            Encoding::Utf16Be => u16::from_be_bytes,
        };
        let units: Vec<u16> = stored
            .chunks_exact(2)
            .map(|pair| unit([pair[0], pair[1]]))
            .collect();
        Cow::Owned(String::from_utf16_lossy(&units).into_bytes())
    }
}

/// A value of any type as bytes of text; `None` is NULL.
pub fn bytes(row: &SqliteRow, column: usize, encoding: Encoding) -> Result<Option<Cow<'_, [u8]>>> {
    let raw = row.try_get_raw(column)?;
    if raw.is_null() {
        return Ok(None);
    }
    let is_text = raw.type_info().name() == "TEXT";
    let stored: &[u8] = row.try_get_unchecked(column)?;
    Ok(Some(if is_text {
        encoding.decode(stored)
    } else {
        Cow::Borrowed(stored)
    }))
}

/// A value of any type as text, and whether it was garbled: not valid UTF-8, or with a NUL in it.
pub fn text(row: &SqliteRow, column: usize, encoding: Encoding) -> Result<Option<(String, bool)>> {
    Ok(bytes(row, column, encoding)?.map(|bytes| {
        let text = String::from_utf8_lossy(&bytes);
        let garbled = matches!(text, Cow::Owned(_)) || memchr::memchr(0, &bytes).is_some();
        (text.into_owned(), garbled)
    }))
}

/// A value to ask for again, in its own type.
pub fn bind(row: &SqliteRow, encoding: Encoding) -> Result<Option<Bind>> {
    let kind = row.try_get_raw(0)?.type_info().name().to_owned();
    Ok(match kind.as_str() {
        "INTEGER" | "INT8" | "BOOLEAN" => Some(Bind::Int(row.try_get_unchecked(0)?)),
        "REAL" => Some(Bind::Real(row.try_get_unchecked(0)?)),
        _ => text(row, 0, encoding)?.map(|(text, _)| Bind::Text(text)),
    })
}

/// A row of `failed.sql`.
pub fn failed_mail(row: &SqliteRow, encoding: Encoding, reader: &mut Reader) -> Result<FailedMail> {
    let value = |column| Ok::<_, anyhow::Error>(text(row, column, encoding)?.map(|(text, _)| text));
    let error = text(row, 6, encoding)?;
    Ok(FailedMail {
        id: value(0)?.unwrap_or_default(),
        status: value(1)?,
        at: bytes(row, 2, encoding)?.and_then(|raw| reader.read(&raw)),
        sender: value(3)?,
        recipient: value(4)?,
        subject: value(5)?,
        garbled: error.as_ref().is_some_and(|(_, garbled)| *garbled),
        error: error.map(|(text, _)| text),
    })
}
