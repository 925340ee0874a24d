//! Every attempt of a window, read in the fastest of three ways.
//!
//! With an index on the time and few rows in the window: through the index. Else by pages of the key. Either way
//! thousands of rows come as one large text, since each row of its own costs a microsecond. Views and tables without
//! such a key are read row by row, sorted, and so is everything when the caller wants it sorted.

use anyhow::Result;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::values::{Encoding, bytes};
use super::{Index, Sqlite};
use crate::db::{Attempt, Order, recipients};
use crate::mapping::Mapping;
use crate::mapping::sql::{Bind, Selection, Statement, Times};
use crate::mapping::time::{Form, Reader};
use crate::window::Window;

const ATTEMPTS: &str = include_str!("../../../queries/attempts.sql");
const ATTEMPT_LINES: &str = include_str!("../../../queries/sqlite/attempt_lines.sql");
const COUNT: &str = include_str!("../../../queries/count.sql");

/// Rows to a page: about a megabyte of text.
const PAGE: i64 = 20_000;

/// Up to so many rows of a window are fetched through an index at once.
const FEW: i64 = 200_000;

/// Control characters that divide the fields and lines of `attempt_lines.sql`, and its NULL.
const FIELD_END: u8 = 31;
const LINE_END: u8 = 30;
const NULL: &[u8] = &[0];

/// Fields to a line: status, sent_date, sender, recipients, finished_at.
const FIELDS: usize = 5;

/// One answer of `attempt_lines.sql`.
struct Lines {
    rows: usize,
    last_key: Option<i64>,
    text: Vec<u8>,
}

impl Sqlite {
    /// Gives every attempt of the window, and every one whose time cannot be placed.
    ///
    /// # Errors
    /// SQLite's refusal.
    pub async fn attempts(
        &mut self,
        mapping: &Mapping,
        window: Window,
        order: Order,
        each: &mut dyn FnMut(Attempt<'_>) -> bool,
    ) -> Result<()> {
        let mut sink = Sink::new(mapping, window, self.encoding, each);
        let everything = Selection {
            time: Times::InsideOrUnplaced(window),
            ..Selection::default()
        };
        if order == Order::Sorted {
            return self.by_row(mapping, &everything, &mut sink).await;
        }
        if let Some(selections) = self.few(mapping, window).await? {
            tracing::debug!("attempts are read through an index");
            return self.by_index(mapping, &selections, &mut sink).await;
        }
        if self.has_key {
            tracing::debug!("attempts are read by pages of the key");
            return self
                .by_page(
                    mapping,
                    &Selection {
                        with_key: true,
                        ..everything
                    },
                    &mut sink,
                )
                .await;
        }
        tracing::debug!("attempts are read row by row");
        self.by_row(mapping, &everything, &mut sink).await
    }

    /// The selections that an index serves, where there is such an index and the rows are few.
    async fn few(&mut self, mapping: &Mapping, window: Window) -> Result<Option<Vec<Selection>>> {
        let words = match self.index(mapping, window).await? {
            None => return Ok(None),
            Some(Index::OfTime) => vec![None],
            Some(Index::OfStatusAndTime(words)) => words.into_iter().map(|word| Some(vec![word])).collect(),
        };
        let selection = |words: &Option<Vec<Bind>>, time| Selection {
            words: words.clone(),
            time,
            ..Selection::default()
        };
        let mut rows = 0;
        for words in &words {
            let count = mapping.statement(&selection(words, Times::Inside(window)), COUNT);
            rows += self
                .all(count)
                .await?
                .first()
                .map_or(Ok(0), |row| row.try_get::<i64, _>(0))?;
        }
        let parts = words
            .iter()
            .flat_map(|words| Times::by_index(window).map(|time| selection(words, time)));
        Ok((rows <= FEW).then(|| parts.collect()))
    }

    async fn by_index(
        &mut self,
        mapping: &Mapping,
        selections: &[Selection],
        sink: &mut Sink<'_>,
    ) -> Result<()> {
        for selection in selections {
            let lines = self.lines(mapping.statement(selection, ATTEMPT_LINES)).await?;
            if !self.take(mapping, selection, &lines, sink).await? {
                break;
            }
        }
        Ok(())
    }

    async fn by_page(
        &mut self,
        mapping: &Mapping,
        everything: &Selection,
        sink: &mut Sink<'_>,
    ) -> Result<()> {
        let page_after = |key| Selection {
            page: Some((key, PAGE)),
            ..everything.clone()
        };
        let mut page = page_after(i64::MIN);
        let mut lines = self.lines(mapping.statement(&page, ATTEMPT_LINES)).await?;
        while let Some(last_key) = lines.last_key {
            let next_page = page_after(last_key);
            let next = self.lines(mapping.statement(&next_page, ATTEMPT_LINES));
            // the database fetches the next page while this one is read
            let (next, taken) = tokio::join!(biased; next, async { sink.lines(&lines) });
            let next = next?;
            let go_on = match taken {
                Some(go_on) => go_on,
                None => self.take_by_row(mapping, &page, sink).await?,
            };
            if !go_on {
                break;
            }
            (page, lines) = (next_page, next);
        }
        Ok(())
    }

    async fn by_row(&mut self, mapping: &Mapping, selection: &Selection, sink: &mut Sink<'_>) -> Result<()> {
        self.take_by_row(mapping, selection, sink).await.map(drop)
    }

    /// Reads lines, or the same rows one by one where a value holds one of the dividing characters.
    async fn take(
        &mut self,
        mapping: &Mapping,
        selection: &Selection,
        lines: &Lines,
        sink: &mut Sink<'_>,
    ) -> Result<bool> {
        match sink.lines(lines) {
            Some(go_on) => Ok(go_on),
            None => self.take_by_row(mapping, selection, sink).await,
        }
    }

    async fn take_by_row(
        &mut self,
        mapping: &Mapping,
        selection: &Selection,
        sink: &mut Sink<'_>,
    ) -> Result<bool> {
        let mut go_on = true;
        self.each(mapping.statement(selection, ATTEMPTS), &mut |row| {
            go_on = sink.row(row)?;
            Ok(go_on)
        })
        .await?;
        Ok(go_on)
    }

    async fn lines(&mut self, statement: Statement) -> Result<Lines> {
        let rows = self.all(statement).await?;
        let Some(row) = rows.first() else {
            return Ok(Lines {
                rows: 0,
                last_key: None,
                text: Vec::new(),
            });
        };
        let text = row.try_get::<Option<&[u8]>, _>(2)?.unwrap_or_default();
        Ok(Lines {
            rows: usize::try_from(row.try_get::<i64, _>(0)?)?,
            last_key: row.try_get(1)?,
            text: self.encoding.decode(text).into_owned(),
        })
    }
}

/// Where attempts go once their values are read.
struct Sink<'e> {
    sent_date: Reader,
    finished_at: Reader,
    window: Window,
    encoding: Encoding,
    each: &'e mut dyn FnMut(Attempt<'_>) -> bool,
}

impl<'e> Sink<'e> {
    fn new(
        mapping: &Mapping,
        window: Window,
        encoding: Encoding,
        each: &'e mut dyn FnMut(Attempt<'_>) -> bool,
    ) -> Self {
        let sent_date = Reader::new(mapping.form, mapping.zone);
        Self {
            sent_date,
            finished_at: Reader::new(Form::Text, mapping.zone),
            window,
            encoding,
            each,
        }
    }

    /// Reads a whole answer; `None`, and nothing was read, where a value holds a dividing character itself.
    fn lines(&mut self, lines: &Lines) -> Option<bool> {
        if lines.rows == 0 {
            return Some(true);
        }
        let count = |divider| memchr::memchr_iter(divider, &lines.text).count();
        if count(LINE_END) != lines.rows - 1 || count(FIELD_END) != lines.rows * (FIELDS - 1) {
            return None;
        }
        Some(
            lines
                .text
                .split(|byte| *byte == LINE_END)
                .all(|line| self.line(line)),
        )
    }

    fn line(&mut self, line: &[u8]) -> bool {
        let mut rest = line;
        let fields: [&[u8]; FIELDS] = std::array::from_fn(|_| {
            let end = memchr::memchr(FIELD_END, rest).unwrap_or(rest.len());
            let (field, after) = rest.split_at(end);
            rest = after.get(1..).unwrap_or_default();
            field
        });
        let [status, sent_date, sender, to, finished_at] = fields;
        let value = |field| Some(field).filter(|field| *field != NULL);
        self.take(
            value(status),
            Some(sent_date),
            value(sender),
            recipients(to),
            Some(finished_at),
        )
    }

    fn row(&mut self, row: &SqliteRow) -> Result<bool> {
        let value = |column| bytes(row, column, self.encoding);
        let mut to = 0;
        for column in 3..=5 {
            to += value(column)?.map_or(0, |field| recipients(&field));
        }
        let (status, sent_date, sender, finished_at) = (value(0)?, value(1)?, value(2)?, value(6)?);
        Ok(self.take(
            status.as_deref(),
            sent_date.as_deref(),
            sender.as_deref(),
            to,
            finished_at.as_deref(),
        ))
    }

    fn take(
        &mut self,
        status: Option<&[u8]>,
        sent_date: Option<&[u8]>,
        sender: Option<&[u8]>,
        recipients: u32,
        finished_at: Option<&[u8]>,
    ) -> bool {
        let at = sent_date.and_then(|raw| self.sent_date.read(raw));
        if at.is_some_and(|at| !self.window.contains(at)) {
            return true;
        }
        let (status, sender) = (
            status.map(String::from_utf8_lossy),
            sender.map(String::from_utf8_lossy),
        );
        (self.each)(Attempt {
            status: status.as_deref(),
            at,
            sender: sender.as_deref(),
            recipients,
            finished_at: finished_at.and_then(|raw| self.finished_at.read(raw)),
        })
    }
}
