//! How a window is best asked for: which index serves it is asked of SQLite's own planner.

use anyhow::Result;
use sqlx::Row as _;

use super::{Sqlite, values};
use crate::db::MAILS;
use crate::db::stored_word;
use crate::mapping::sql::{Bind, Selection, Statement, Times};
use crate::mapping::words::spellings;
use crate::mapping::{Column, Mapping};
use crate::window::Window;

const STATUS_WORDS: &str = include_str!("../../../queries/sqlite/status_words.sql");

/// What an index can find without a look at every row.
pub(super) enum Index {
    /// A window within one status word; these are the words there are.
    OfStatusAndTime(Vec<Bind>),
    /// A window.
    OfTime,
}

impl Sqlite {
    /// The selections that give the rows of a window with one of some status words, each by the way an index serves.
    pub(super) async fn of_words(
        &mut self,
        mapping: &Mapping,
        words: &[String],
        window: Window,
    ) -> Result<Vec<Selection>> {
        let words = words.iter().flat_map(|word| spellings(word)).flat_map(stored_word).collect::<Vec<_>>();
        let times = match self.index(mapping, window).await? {
            Some(_) => mapping.parts_by_index(window),
            None => vec![Times::InsideOrUnplaced(window)],
        };
        let selection = |time| Selection { words: Some(words.clone()), time, ..Selection::default() };
        Ok(times.into_iter().map(selection).collect())
    }

    /// What would make questions about a window quicker, where no index serves them.
    ///
    /// # Errors
    /// SQLite's refusal.
    pub async fn missing_index(&mut self, mapping: &Mapping, window: Window) -> Result<Option<String>> {
        Ok(self.index(mapping, window).await?.is_none().then(|| mapping.indexes()))
    }

    /// Which index serves a window, asked of SQLite's own planner.
    pub(super) async fn index(&mut self, mapping: &Mapping, window: Window) -> Result<Option<Index>> {
        let (Some(status), Some(time)) = (mapping.own(Column::Status), mapping.own(Column::SentDate)) else {
            return Ok(None);
        };
        if window.is_all() {
            return Ok(None);
        }
        let within_word = self.plan(mapping, Some(vec![Bind::Null]), window).await?;
        let (status, time) = (&status.name, &time.name);
        if within_word.contains(&format!("({status}=? AND {time}")) {
            return Ok(Some(Index::OfStatusAndTime(self.status_words(mapping).await?)));
        }
        let alone = self.plan(mapping, None, window).await?;
        Ok(alone.contains(&format!("({time}")).then_some(Index::OfTime))
    }

    pub(super) async fn plan(
        &mut self,
        mapping: &Mapping,
        words: Option<Vec<Bind>>,
        window: Window,
    ) -> Result<String> {
        let selection = Selection { words, time: Times::Inside(window), ..Selection::default() };
        let statement = mapping.statement(&selection, MAILS);
        let sql = format!("EXPLAIN QUERY PLAN {}", statement.sql);
        let rows = self.all(Statement { sql, ..statement }).await?;
        let details = rows.iter().map(|row| row.try_get::<&str, _>(3));
        Ok(details.collect::<Result<Vec<_>, _>>()?.join("\n"))
    }

    async fn status_words(&mut self, mapping: &Mapping) -> Result<Vec<Bind>> {
        let mut words = vec![Bind::Null];
        for row in self.all(mapping.statement(&Selection::default(), STATUS_WORDS)).await? {
            words.extend(values::bind(&row)?);
        }
        Ok(words)
    }
}
