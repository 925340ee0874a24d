//! Single values of SQLite, where any column may hold any type, and text may be anything at all; the driver gives it as
//! UTF-8 whatever the file's encoding.

use std::borrow::Cow;

use anyhow::Result;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, TypeInfo, ValueRef};

use crate::mapping::Mapping;
use crate::mapping::sql::Bind;
use crate::mapping::time::Reader;
use crate::model::Mail;

/// A value of any type as bytes of text; `None` is NULL.
pub fn bytes(row: &SqliteRow, column: usize) -> Result<Option<&[u8]>> {
    let raw = row.try_get_raw(column)?;
    if raw.is_null() {
        return Ok(None);
    }
    Ok(Some(row.try_get_unchecked(column)?))
}

/// A value of any type as text, and whether it was garbled: not valid UTF-8, or with a NUL in it.
pub fn text(row: &SqliteRow, column: usize) -> Result<Option<(String, bool)>> {
    Ok(bytes(row, column)?.map(|bytes| {
        let text = String::from_utf8_lossy(bytes);
        let garbled = matches!(text, Cow::Owned(_)) || memchr::memchr(0, bytes).is_some();
        (text.into_owned(), garbled)
    }))
}

/// A value to ask for again, in its own type.
pub fn bind(row: &SqliteRow) -> Result<Option<Bind>> {
    let kind = row.try_get_raw(0)?.type_info().name().to_owned();
    Ok(match kind.as_str() {
        "INTEGER" | "INT8" | "BOOLEAN" => Some(Bind::Int(row.try_get_unchecked(0)?)),
        "REAL" => Some(Bind::Real(row.try_get_unchecked(0)?)),
        "BLOB" => Some(Bind::Blob(row.try_get_unchecked(0)?)),
        _ => text(row, 0)?.map(|(text, _)| Bind::Text(text)),
    })
}

/// A row of `mails.sql`.
pub fn mail(row: &SqliteRow, mapping: &Mapping, reader: &mut Reader) -> Result<Mail> {
    let value = |column| Ok::<_, anyhow::Error>(text(row, column)?.map(|(text, _)| text));
    let error = text(row, 6)?;
    Ok(Mail {
        id: value(0)?.unwrap_or_default(),
        status: value(1)?.map(|status| mapping.words.known(&status).to_owned()),
        at: bytes(row, 2)?.and_then(|raw| reader.read(raw)),
        sender: value(3)?,
        recipient: value(4)?,
        cc: value(8)?,
        bcc: value(9)?,
        subject: value(5)?,
        message_id: value(7)?,
        garbled: error.as_ref().is_some_and(|(_, garbled)| *garbled),
        error: error.map(|(text, _)| text),
    })
}
