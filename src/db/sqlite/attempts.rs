//! Every attempt of a window, read in the fastest of three ways.
//!
//! A window of few rows: at once, through an index where there is one. Else by pages of the key. Either way many rows
//! come as one large value, since each row of its own costs a microsecond (`benches/README.md`). Views and tables
//! without such a key are read row by row; everything is, and sorted, when the caller wants it sorted.

use anyhow::Result;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::Sqlite;
use super::index::Index;
use super::page::{ALL_COLUMNS, FEW_COLUMNS, Page};
use super::values::bytes;
use crate::db::{Order, has_more, recipients};
use crate::mapping::sql::{Bind, Selection, Times};
use crate::mapping::time::Reader;
use crate::mapping::{Mapping, Words};
use crate::model::Attempt;
use crate::window::Window;

const ATTEMPTS: &str = include_str!("../../../queries/attempts.sql");
const ATTEMPTS_IN_ORDER: &str = include_str!("../../../queries/attempts_in_order.sql");
const ATTEMPT_PAGE: &str = include_str!("../../../queries/sqlite/attempt_page.sql");
const COUNT: &str = include_str!("../../../queries/count.sql");
const ATTEMPT_PAGES: &str = include_str!("../../../queries/sqlite/attempt_pages.sql");

/// What is left out of a page where the log has none of these columns.
const EXTRA_COLUMNS: [&str; 2] = [
    "
    || '|' || group_concat(coalesce(cc, ''), '|')
    || '|' || group_concat(coalesce(bcc, ''), '|')
    || '|' || group_concat(coalesce(finished_at, ''), '|')",
    "
    , group_concat(coalesce(cc, ''), '|') AS cc
    , group_concat(coalesce(bcc, ''), '|') AS bcc
    , group_concat(coalesce(finished_at, ''), '|') AS finished_at",
];

/// Up to so many rows of a window are fetched at once.
const FEW: i64 = 100_000;

/// With a list of recipients of more characters than this, rows are too wide for pages.
const WIDE: usize = 2_000;

/// The few rows of a window, fetched at once.
pub struct Few {
    window: Window,
    pages: Option<Vec<(Selection, SqliteRow)>>,
}

impl Sqlite {
    /// Fetches the attempts of a window of few rows, so that `attempts` has them at hand.
    ///
    /// # Errors
    /// SQLite's refusal.
    pub async fn fetch_ahead(&mut self, mapping: &Mapping, window: Window) -> Result<()> {
        let pages = self.few(mapping, window).await?;
        self.ahead = Some(Few { window, pages });
        Ok(())
    }

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
        let mut sink = Sink::new(mapping, window, each);
        let everything = Selection { time: Times::InsideOrUnplaced(window), ..Selection::default() };
        if order == Order::Sorted {
            return self.by_row(mapping, &everything, ATTEMPTS_IN_ORDER, &mut sink).await.map(drop);
        }
        let few = match self.ahead.take() {
            Some(few) if few.window == window => few.pages,
            _ => self.few(mapping, window).await?,
        };
        if let Some(pages) = few {
            tracing::debug!("the attempts of the window are few and were read at once");
            return self.take_few(mapping, &pages, &mut sink).await;
        }
        if self.has_key && self.is_narrow() {
            tracing::debug!("attempts are read by pages of the key");
            return self.by_page(mapping, everything, &mut sink).await;
        }
        tracing::debug!("attempts are read row by row");
        self.by_row(mapping, &everything, ATTEMPTS, &mut sink).await.map(drop)
    }

    /// Whether rows can be put together to pages: in other encodings they would need care, wide ones too much memory.
    fn is_narrow(&self) -> bool {
        self.is_utf8 && self.width <= WIDE
    }

    /// All rows of a window in a few large values, if they are few; through an index where there is one.
    async fn few(
        &mut self,
        mapping: &Mapping,
        window: Window,
    ) -> Result<Option<Vec<(Selection, SqliteRow)>>> {
        if window.is_all() || !self.is_narrow() {
            return Ok(None);
        }
        let query = with_known_columns(mapping, ATTEMPT_PAGE);
        let (mut pages, mut left) = (Vec::new(), FEW);
        for part in self.parts(mapping, window).await? {
            // a bound on rows makes the database slow, and counting them in an index is fast
            let bounded = match part.time {
                Times::Inside(_) if self.rehearsal.is_none() => {
                    let counted = self.all(mapping.statement(&part, COUNT)).await?;
                    if counted.first().map_or(Ok(0), |row| row.try_get::<i64, _>(0))? > left {
                        return Ok(None);
                    }
                    part
                }
                _ => Selection { limit: Some(left + 1), ..part },
            };
            let statement = mapping.statement(&bounded, &query);
            if let Some(kept) = &mut self.rehearsal {
                kept.push(statement);
                continue;
            }
            for page in self.all(statement).await? {
                left -= page.try_get::<i64, _>(0)?;
                pages.push((bounded.clone(), page));
            }
            if left < 0 {
                return Ok(None);
            }
        }
        Ok(Some(pages))
    }

    /// The selections that give a window, each of one status word where the index wants it.
    async fn parts(&mut self, mapping: &Mapping, window: Window) -> Result<Vec<Selection>> {
        let selection = |words: &Option<Vec<Bind>>, time| Selection {
            words: words.clone(),
            time,
            ..Selection::default()
        };
        let words: Vec<Option<Vec<Bind>>> = match self.index(mapping, window).await? {
            None => return Ok(vec![selection(&None, Times::InsideOrUnplaced(window))]),
            Some(Index::OfTime) => vec![None],
            Some(Index::OfStatusAndTime(words)) => words.into_iter().map(|word| Some(vec![word])).collect(),
        };
        let parts = words.iter().flat_map(|words| {
            mapping.parts_by_index(window).into_iter().map(|time| selection(words, time)).collect::<Vec<_>>()
        });
        Ok(parts.collect())
    }

    async fn take_few(
        &mut self,
        mapping: &Mapping,
        pages: &[(Selection, SqliteRow)],
        sink: &mut Sink<'_>,
    ) -> Result<()> {
        for (selection, row) in pages {
            let go_on = match sink.page(page(row, sink.columns)?) {
                Some(go_on) => go_on,
                None => self.by_row(mapping, selection, ATTEMPTS, sink).await?,
            };
            if !go_on {
                break;
            }
        }
        Ok(())
    }

    async fn by_page(&mut self, mapping: &Mapping, everything: Selection, sink: &mut Sink<'_>) -> Result<()> {
        let query = with_known_columns(mapping, ATTEMPT_PAGES);
        let mut rest = Selection { with_key: true, ..everything };
        loop {
            let mut unreadable = None;
            self.each(mapping.statement(&rest, &query), &mut |row| {
                // a page of no rows is NULL
                let go_on = row
                    .try_get::<Option<&[u8]>, _>(2)?
                    .map_or(Some(true), |page| sink.page(Page::read(page, sink.columns)));
                if go_on.is_none() {
                    unreadable = Some((row.try_get::<i64, _>(0)?, row.try_get::<Option<i64>, _>(1)?));
                }
                Ok(go_on.unwrap_or(false))
            })
            .await?;
            let Some((first, next)) = unreadable else {
                return Ok(());
            };
            let page =
                Selection { keys: Some((first, next.map_or(i64::MAX, |next| next - 1))), ..rest.clone() };
            let (true, Some(next)) = (self.by_row(mapping, &page, ATTEMPTS, sink).await?, next) else {
                return Ok(());
            };
            rest.keys = Some((next, i64::MAX));
        }
    }

    async fn by_row(
        &mut self,
        mapping: &Mapping,
        selection: &Selection,
        query: &str,
        sink: &mut Sink<'_>,
    ) -> Result<bool> {
        let mut go_on = true;
        self.each(mapping.statement(selection, query), &mut |row| {
            go_on = sink.row(row)?;
            Ok(go_on)
        })
        .await?;
        Ok(go_on)
    }
}

/// The query without the columns that the log does not have: they would cost a third of the time.
fn with_known_columns(mapping: &Mapping, query: &str) -> String {
    if columns_of_a_page(mapping) == ALL_COLUMNS {
        return query.to_owned();
    }
    EXTRA_COLUMNS.iter().fold(query.to_owned(), |query, extra| query.replace(extra, ""))
}

fn columns_of_a_page(mapping: &Mapping) -> usize {
    if has_more(mapping) { ALL_COLUMNS } else { FEW_COLUMNS }
}

/// A row of `attempt_page.sql`.
fn page(row: &SqliteRow, columns: usize) -> Result<Option<Page<'_>>> {
    let mut values: [&[u8]; ALL_COLUMNS] = [&[]; ALL_COLUMNS];
    for (place, value) in values.iter_mut().enumerate().take(columns) {
        *value = row.try_get::<Option<&[u8]>, _>(place + 1)?.unwrap_or_default();
    }
    Ok(Page::of(usize::try_from(row.try_get::<i64, _>(0)?)?, values, columns))
}

/// Where attempts go once their values are read.
struct Sink<'e> {
    sent_date: Reader,
    finished_at: Reader,
    window: Window,
    columns: usize,
    words: &'e Words,
    each: &'e mut dyn FnMut(Attempt<'_>) -> bool,
}

impl<'e> Sink<'e> {
    fn new(mapping: &'e Mapping, window: Window, each: &'e mut dyn FnMut(Attempt<'_>) -> bool) -> Self {
        let sent_date = Reader::new(mapping.zone);
        let finished_at = Reader::new(mapping.zone);
        let columns = columns_of_a_page(mapping);
        Self { sent_date, finished_at, window, columns, words: &mapping.words, each }
    }

    /// Takes in a whole page; `None` stays `None`, and nothing was read: a value holds a divider itself.
    fn page(&mut self, page: Option<Page<'_>>) -> Option<bool> {
        Some(page?.all(|row| {
            let to = recipients(row.recipient) + recipients(row.cc) + recipients(row.bcc);
            self.take(row.status, Some(row.sent_date), row.sender, to, Some(row.finished_at))
        }))
    }

    fn row(&mut self, row: &SqliteRow) -> Result<bool> {
        let value = |column| bytes(row, column);
        let mut to = 0;
        for column in 3..=5 {
            to += value(column)?.map_or(0, recipients);
        }
        let (status, sent_date, sender, finished_at) = (value(0)?, value(1)?, value(2)?, value(6)?);
        Ok(self.take(status, sent_date, sender, to, finished_at))
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
        let (status, sender) = (status.map(String::from_utf8_lossy), sender.map(String::from_utf8_lossy));
        (self.each)(Attempt {
            status: status.as_deref().map(|status| self.words.known(status)),
            at,
            sender: sender.as_deref(),
            recipients,
            finished_at: finished_at.and_then(|raw| self.finished_at.read(raw)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extra_columns_stand_in_the_queries() {
        assert!(ATTEMPT_PAGES.contains(EXTRA_COLUMNS[0]) && ATTEMPT_PAGE.contains(EXTRA_COLUMNS[1]));
    }
}
