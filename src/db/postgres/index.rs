//! How a window is best asked for: which index serves it is asked of the server's own planner.

use anyhow::Result;
use sqlx::Row as _;

use super::{Postgres, values};
use crate::db::MAILS;
use crate::mapping::resolve::Source;
use crate::mapping::sql::{Bind, Selection, Statement, Times};
use crate::mapping::time::Form;
use crate::mapping::words::spellings;
use crate::mapping::{Column, Mapping};
use crate::window::Window;

const STATUS_WORDS: &str = include_str!("../../../queries/postgres/status_words.sql");

/// What an index can find without a look at every row.
pub(super) enum Index {
    /// A window within one status word; these are the words there are, beside NULL.
    OfStatusAndTime(Vec<Bind>),
    /// A window.
    OfTime,
}

impl Postgres {
    /// The selections that give the rows of a window with one of some status words, each by the way an index serves.
    pub(super) async fn of_words(
        &mut self,
        mapping: &Mapping,
        words: &[String],
        window: Window,
    ) -> Result<Vec<Selection>> {
        let words: Vec<Bind> = words.iter().flat_map(|word| spelled(word)).collect();
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
    /// The server's refusal.
    pub async fn missing_index(&mut self, mapping: &Mapping, window: Window) -> Result<Option<String>> {
        Ok(self.index(mapping, window).await?.is_none().then(|| mapping.indexes()))
    }

    /// The selections that give a window, each by the way an index serves.
    pub(super) async fn parts(&mut self, mapping: &Mapping, window: Window) -> Result<Vec<Selection>> {
        let words = match self.index(mapping, window).await? {
            None => return Ok(vec![everything(window)]),
            Some(Index::OfTime) => vec![None],
            // NULL for itself: an index does not serve a choice between it and words
            Some(Index::OfStatusAndTime(words)) => vec![Some(words), Some(vec![Bind::Null])],
        };
        let selection = |words: &Option<Vec<Bind>>, time| Selection {
            words: words.clone(),
            time,
            ..Selection::default()
        };
        let times = mapping.parts_by_index(window);
        Ok(words.iter().flat_map(|words| times.iter().map(|time| selection(words, *time))).collect())
    }

    /// Which index serves a window, asked of the server's own planner.
    pub(super) async fn index(&mut self, mapping: &Mapping, window: Window) -> Result<Option<Index>> {
        let ([Source::Own(time)], true) =
            (mapping.sources(Column::SentDate), can_be_bounded(mapping, window))
        else {
            return Ok(None);
        };
        if let (Some(status), Some(word)) = (mapping.own(Column::Status), mapping.words.all().next()) {
            // asked first: for a short window the planner would rather walk through the whole of such an index
            let word = spelled(word).collect();
            if self.is_served(mapping, Some(word), window, &[&status.name, &time.name]).await? {
                return Ok(Some(Index::OfStatusAndTime(self.status_words(mapping).await?)));
            }
        }
        Ok(self.is_served(mapping, None, window, &[&time.name]).await?.then_some(Index::OfTime))
    }

    /// Whether the planner looks up a window in an index on these columns in this order.
    async fn is_served(
        &mut self,
        mapping: &Mapping,
        words: Option<Vec<Bind>>,
        window: Window,
        columns: &[&str],
    ) -> Result<bool> {
        // a condition names its columns in the order of the index
        let serves = |line: &String| {
            let condition = line.trim_start().strip_prefix("Index Cond:");
            let after =
                |rest: Option<_>, name: &&str| rest.and_then(|rest: &str| Some(rest.split_once(*name)?.1));
            columns.iter().fold(condition, after).is_some()
        };
        Ok(self.plan(mapping, words, window).await?.iter().any(serves))
    }

    /// How the server would look for the failed mails of a window.
    pub(super) async fn plan(
        &mut self,
        mapping: &Mapping,
        words: Option<Vec<Bind>>,
        window: Window,
    ) -> Result<Vec<String>> {
        let selection = Selection { words, time: Times::Inside(window), ..Selection::default() };
        let statement = mapping.statement(&selection, MAILS);
        let plan = self.all(Statement { sql: format!("EXPLAIN {}", statement.sql), ..statement }).await?;
        plan.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    async fn status_words(&mut self, mapping: &Mapping) -> Result<Vec<Bind>> {
        let kept = Selection { with_kept_status: true, ..Selection::default() };
        let mut words = Vec::new();
        for row in self.all(mapping.statement(&kept, STATUS_WORDS)).await? {
            words.extend(values::text(&row, 0)?.map(Bind::Text));
        }
        Ok(words)
    }
}

pub(super) fn everything(window: Window) -> Selection {
    Selection { time: Times::InsideOrUnplaced(window), ..Selection::default() }
}

/// Whether the window's bounds are such that an index on the column serves: texts are compared byte by byte, in which
/// they are not sorted.
fn can_be_bounded(mapping: &Mapping, window: Window) -> bool {
    let is_text = matches!(mapping.form, Form::Text | Form::TextWithT | Form::TextOfManyForms);
    !window.is_all() && !is_text
}

/// A status word in each way it may be stored.
fn spelled(word: &str) -> impl Iterator<Item = Bind> {
    spellings(word).map(|spelling| Bind::Text(spelling.to_owned()))
}
