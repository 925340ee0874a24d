//! Every attempt of a window, read in the fastest of three ways.
//!
//! A window of few rows: at once, through an index where there is one. Else by pages of the key. Either way many rows
//! come as one large value, since each row of its own costs a microsecond (`benches/README.md`). Views and tables
//! without such a key are read row by row.

use anyhow::Result;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::page::{ALL_COLUMNS, FEW_COLUMNS, Page};
use super::{Sqlite, plain};
use crate::db::dry_run::DryRun;
use crate::db::read::{ReadAttempt, Sink, has_more, recipients};
use crate::db::row::Time;
use crate::mapping::Mapping;
use crate::mapping::sql::{Selection, TimeBounds};

const ATTEMPTS: &str = include_str!("../../../queries/attempts.sql");
const ATTEMPT_PAGE: &str = include_str!("../../../queries/sqlite/attempt_page.sql");
const COUNT: &str = include_str!("../../../queries/count.sql");
const WIDTH: &str = include_str!("../../../queries/sqlite/width.sql");
const ATTEMPT_PAGES: &str = include_str!("../../../queries/sqlite/attempt_pages.sql");

/// What is left out of a page where the log has not one of these columns.
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

/// How the widths of both ends of a table are asked for.
const BY_KEY: [&str; 2] = [" ORDER BY rowid DESC", " ORDER BY rowid"];

/// Up to so many rows of a window are fetched at once.
const FEW: i64 = 100_000;

/// With a list of recipients of more characters than this, rows are too wide for pages.
const WIDE: usize = 2_000;

/// The few rows of a window, fetched at once.
pub struct Few {
    parts: Vec<Selection>,
    pages: Option<Vec<(Selection, SqliteRow)>>,
}

impl Sqlite {
    /// Fetches the attempts of a window of few rows, so that `attempts` has them at hand. `parts`: the selections of the window.
    ///
    /// # Errors
    /// SQLite's refusal.
    pub async fn fetch_ahead(
        &mut self,
        mapping: &Mapping,
        parts: Vec<Selection>,
        dry_run: &mut DryRun,
    ) -> Result<()> {
        let pages = self.few(mapping, &parts, dry_run).await?;
        self.ahead = Some(Few { parts, pages });
        Ok(())
    }

    /// Gives every attempt of a window, and every one whose time cannot be placed. `parts`: the selections of the window.
    ///
    /// # Errors
    /// SQLite's refusal.
    pub async fn attempts(
        &mut self,
        mapping: &Mapping,
        parts: &[Selection],
        sink: &mut Sink<'_>,
        dry_run: &mut DryRun,
    ) -> Result<()> {
        let few = match self.ahead.take() {
            Some(few) if few.parts == parts => few.pages,
            _ => self.few(mapping, parts, dry_run).await?,
        };
        if let Some(pages) = few {
            tracing::debug!("the attempts of the window are few and were read at once");
            return self.take_few(mapping, &pages, sink).await;
        }
        let everything =
            Selection { time: TimeBounds::InsideOrUnplaced(sink.window()), ..Selection::default() };
        if self.keyed.contains(&mapping.table.1) && self.is_narrow(mapping).await? {
            tracing::debug!("attempts are read by pages of the key");
            return self.by_page(mapping, everything, sink, dry_run).await;
        }
        tracing::debug!("attempts are read row by row");
        if dry_run.keeps(&mapping.statement(&everything, ATTEMPTS)) {
            return Ok(());
        }
        self.by_row(mapping, &everything, sink).await.map(drop)
    }

    /// Whether rows can be put together to pages: in other encodings they would need care, wide ones too much memory.
    async fn is_narrow(&mut self, mapping: &Mapping) -> Result<bool> {
        let encoding = self.rows(plain("PRAGMA encoding")).await?;
        if encoding.first().and_then(|row| row.text(0)).is_some_and(|name| name != "UTF-8") {
            return Ok(false);
        }
        let with_key = self.keyed.contains(&mapping.table.1);
        // without a key, an order would only make SQLite look at every row
        let query = if with_key { WIDTH.to_owned() } else { BY_KEY.iter().fold(WIDTH.to_owned(), without) };
        let sample = mapping.statement(&Selection { with_key, ..Selection::default() }, &query);
        let widest = self.rows(sample).await?.first().and_then(|row| row.number::<usize>(0));
        Ok(widest.unwrap_or_default() <= WIDE)
    }

    /// All rows of a window in a few large values, if they are few; through an index where there is one.
    async fn few(
        &mut self,
        mapping: &Mapping,
        parts: &[Selection],
        dry_run: &mut DryRun,
    ) -> Result<Option<Vec<(Selection, SqliteRow)>>> {
        let is_all =
            |part: &Selection| matches!(part.time, TimeBounds::InsideOrUnplaced(window) if window.is_all());
        if parts.iter().any(is_all) || !self.is_narrow(mapping).await? {
            return Ok(None);
        }
        let query = with_known_columns(mapping, ATTEMPT_PAGE);
        let (mut pages, mut left) = (Vec::new(), FEW);
        for part in parts {
            // a bound on rows makes the database slow, and counting them in an index is fast
            let bounded = match part.time {
                TimeBounds::Inside(_) if !dry_run.is_on() => {
                    let counted = self.rows(mapping.statement(part, COUNT)).await?;
                    if counted.first().and_then(|row| row.number(0)).unwrap_or(0) > left {
                        return Ok(None);
                    }
                    part.clone()
                }
                _ => Selection { limit: Some(left + 1), ..part.clone() },
            };
            let statement = mapping.statement(&bounded, &query);
            if dry_run.keeps(&statement) {
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

    async fn take_few(
        &mut self,
        mapping: &Mapping,
        pages: &[(Selection, SqliteRow)],
        sink: &mut Sink<'_>,
    ) -> Result<()> {
        for (selection, row) in pages {
            let go_on = match page(row, columns_of_a_page(mapping))? {
                Some(page) => take(page, sink),
                None => self.by_row(mapping, selection, sink).await?,
            };
            if !go_on {
                break;
            }
        }
        Ok(())
    }

    async fn by_page(
        &mut self,
        mapping: &Mapping,
        everything: Selection,
        sink: &mut Sink<'_>,
        dry_run: &mut DryRun,
    ) -> Result<()> {
        let query = with_known_columns(mapping, ATTEMPT_PAGES);
        let columns = columns_of_a_page(mapping);
        let mut rest = Selection { with_key: true, ..everything };
        if dry_run.keeps(&mapping.statement(&rest, &query)) {
            return Ok(());
        }
        loop {
            let mut unreadable = None;
            self.each(mapping.statement(&rest, &query), &mut |row| {
                // a page of no rows is NULL
                let Some(bytes) = row.try_get::<Option<&[u8]>, _>(2)? else {
                    return Ok(true);
                };
                match Page::read(bytes, columns) {
                    Some(page) => Ok(take(page, sink)),
                    None => {
                        unreadable = Some((row.try_get::<i64, _>(0)?, row.try_get::<Option<i64>, _>(1)?));
                        Ok(false)
                    }
                }
            })
            .await?;
            let Some((first, next)) = unreadable else {
                return Ok(());
            };
            let page =
                Selection { keys: Some((first, next.map_or(i64::MAX, |next| next - 1))), ..rest.clone() };
            let (true, Some(next)) = (self.by_row(mapping, &page, sink).await?, next) else {
                return Ok(());
            };
            rest.keys = Some((next, i64::MAX));
        }
    }

    async fn by_row(
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
}

/// Hands over a whole page, and says whether to go on.
fn take(mut page: Page<'_>, sink: &mut Sink<'_>) -> bool {
    page.all(|row| {
        sink.take(ReadAttempt {
            status: row.status,
            sent_date: Some(Time::Text(row.sent_date)),
            sender: row.sender,
            recipients: recipients(row.recipient) + recipients(row.cc) + recipients(row.bcc),
            finished_at: Some(Time::Text(row.finished_at)),
        })
    })
}

/// The query without the columns that the log does not have: they would cost a third of the time.
fn with_known_columns(mapping: &Mapping, query: &str) -> String {
    if columns_of_a_page(mapping) == ALL_COLUMNS {
        return query.to_owned();
    }
    EXTRA_COLUMNS.iter().fold(query.to_owned(), without)
}

fn without(query: String, part: &&str) -> String {
    query.replace(part, "")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_left_out_stands_in_the_queries() {
        assert!(ATTEMPT_PAGES.contains(EXTRA_COLUMNS[0]) && ATTEMPT_PAGE.contains(EXTRA_COLUMNS[1]));
        assert!(BY_KEY.iter().all(|order| WIDTH.contains(order)));
    }
}
