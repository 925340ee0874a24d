//! What the program makes of a row: its time as an instant, a mail, an attempt.

use std::borrow::Cow;

use anyhow::Result;

use crate::db::row::{Cells, Time};
use crate::mapping::resolve::ColumnKind;
use crate::mapping::time::Reader;
use crate::mapping::{Column, Mapping};
use crate::model::{Attempt, Mail, Millis};
use crate::window::Window;

/// 0001-01-01 and 9999-12-31: other times are read by no database alike.
const FIRST: Millis = -62_135_596_800_000;
const LAST: Millis = 253_402_300_799_999;

/// Reads the times of a column.
pub struct TimeReader {
    kind: Option<ColumnKind>,
    reader: Reader,
}

impl TimeReader {
    /// A reader for a time of the mapping.
    pub fn of(mapping: &Mapping, column: Column) -> Self {
        Self { kind: mapping.kind_of_time(column).cloned(), reader: Reader::new(mapping.zone) }
    }

    /// A cell as an instant; `None` where it is no time.
    ///
    /// # Errors
    /// The driver's.
    pub fn read(&mut self, row: &(impl Cells + ?Sized), column: usize) -> Result<Option<Millis>> {
        Ok(row.time(column, self.kind.as_ref())?.and_then(|time| self.instant(time)))
    }

    /// A time as an instant.
    pub fn instant(&mut self, time: Time<'_>) -> Option<Millis> {
        let at = match time {
            Time::Instant(at) => Some(at),
            Time::Wall(wall) => self.reader.instant(wall),
            Time::Number(number) => Reader::number(number),
            Time::Text(text) => self.reader.read(text),
        };
        at.filter(|at| (FIRST..=LAST).contains(at))
    }
}

/// A cell as text; what is not UTF-8 is replaced.
pub fn text(row: &(impl Cells + ?Sized), column: usize) -> Result<Option<String>> {
    Ok(row.bytes(column)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

/// A row of `mails.sql`.
pub fn mail(row: &dyn Cells, mapping: &Mapping, sent_date: &mut TimeReader) -> Result<Mail> {
    let error = row.bytes(6)?;
    let status = text(row, 1)?;
    Ok(Mail {
        id: text(row, 0)?.unwrap_or_default(),
        status: mapping.status_word(status.as_deref()).map(str::to_owned),
        at: sent_date.read(row, 2)?,
        sender: text(row, 3)?,
        recipient: text(row, 4)?,
        cc: text(row, 8)?,
        bcc: text(row, 9)?,
        subject: text(row, 5)?,
        message_id: text(row, 7)?,
        garbled: error.as_ref().is_some_and(|error| is_garbled(error)),
        error: error.map(|error| String::from_utf8_lossy(&error).into_owned()),
    })
}

/// Whether a text is not what was written: not UTF-8, replaced by the driver for that reason, or with a NUL in it.
fn is_garbled(text: &[u8]) -> bool {
    let text_or_replaced = String::from_utf8_lossy(text);
    matches!(text_or_replaced, Cow::Owned(_))
        || text_or_replaced.contains(['\0', char::REPLACEMENT_CHARACTER])
}

/// Whether attempts hold more than status, time, sender and recipient.
pub fn has_more(mapping: &Mapping) -> bool {
    [Column::Cc, Column::Bcc, Column::FinishedAt].into_iter().any(|column| mapping.has(column))
}

/// How many addresses a field names: one to an `@`, at least one unless it is empty.
pub fn recipients(field: &[u8]) -> u32 {
    let ats = memchr::memchr_iter(b'@', field).count();
    let is_blank = || field.iter().all(|byte| matches!(byte, b';' | b' '));
    if ats == 0 && !is_blank() { 1 } else { u32::try_from(ats).unwrap_or(u32::MAX) }
}

/// An attempt as a wire reads it, before anybody asked whether it is in the window.
pub struct ReadAttempt<'r> {
    /// The status word, as bytes of text.
    pub status: Option<&'r [u8]>,
    /// When.
    pub sent_date: Option<Time<'r>>,
    /// The mailbox, as bytes of text.
    pub sender: Option<&'r [u8]>,
    /// How many recipients.
    pub recipients: u32,
    /// When it ended.
    pub finished_at: Option<Time<'r>>,
}

/// Where attempts go once they are read: to whoever asked, those outside the window aside.
pub struct Sink<'e> {
    sent_date: TimeReader,
    finished_at: TimeReader,
    window: Window,
    mapping: &'e Mapping,
    /// Whether rows have the columns of `attempts.sql` beyond the recipient.
    has_more: bool,
    each: &'e mut dyn FnMut(Attempt<'_>) -> bool,
}

impl<'e> Sink<'e> {
    /// `each` answers whether to go on.
    pub fn new(mapping: &'e Mapping, window: Window, each: &'e mut dyn FnMut(Attempt<'_>) -> bool) -> Self {
        let [sent_date, finished_at] =
            [Column::SentDate, Column::FinishedAt].map(|column| TimeReader::of(mapping, column));
        Self { sent_date, finished_at, window, mapping, has_more: has_more(mapping), each }
    }

    /// Of which times attempts are wanted.
    pub fn window(&self) -> Window {
        self.window
    }

    /// Hands over a row of `attempts.sql`, and says whether to go on.
    ///
    /// # Errors
    /// The driver's.
    pub fn row(&mut self, row: &dyn Cells) -> Result<bool> {
        let (status, sender) = (row.bytes(0)?, row.bytes(2)?);
        let sent_date = row.time(1, self.sent_date.kind.as_ref())?;
        let (mut to, mut finished_at) = (row.bytes(3)?.map_or(0, |field| recipients(&field)), None);
        if self.has_more {
            for column in [4, 5] {
                to += row.bytes(column)?.map_or(0, |field| recipients(&field));
            }
            finished_at = row.time(6, self.finished_at.kind.as_ref())?;
        }
        Ok(self.take(ReadAttempt {
            status: status.as_deref(),
            sent_date,
            sender: sender.as_deref(),
            recipients: to,
            finished_at,
        }))
    }

    /// Hands an attempt over, and says whether to go on.
    pub fn take(&mut self, tried: ReadAttempt<'_>) -> bool {
        let at = tried.sent_date.and_then(|time| self.sent_date.instant(time));
        if at.is_some_and(|at| !self.window.contains(at)) {
            return true;
        }
        let [status, sender] = [tried.status, tried.sender].map(|text| text.map(String::from_utf8_lossy));
        (self.each)(Attempt {
            status: self.mapping.status_word(status.as_deref()),
            at,
            sender: sender.as_deref(),
            recipients: tried.recipients,
            finished_at: tried.finished_at.and_then(|time| self.finished_at.instant(time)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipients_are_counted_by_their_at_signs() {
        let cases = [
            ("a@example.com", 1),
            ("a@example.com; b@example.com;;", 2),
            ("\"Doe, Jane\" <jane@example.com>", 1),
            ("[\"a@example.com\",\"b@example.com\"]", 2),
            ("/o=Contoso/cn=jane", 1),
            ("", 0),
            ("; ", 0),
        ];
        for (field, count) in cases {
            assert_eq!(recipients(field.as_bytes()), count, "{field}");
        }
    }
}
