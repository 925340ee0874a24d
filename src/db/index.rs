//! How a window is best asked for: which index serves it is asked of the database's own planner, where there is a way to.

use anyhow::Result;

use crate::db::{Db, MAILS, Order};
use crate::mapping::sql::{Bind, Selection, Statement, TimeBounds};
use crate::mapping::time::Form;
use crate::mapping::{Column, Mapping};
use crate::window::Window;

/// What an index can find without a look at every row.
pub(super) enum IndexUse {
    /// A window within one status word; these are the words there are, and NULL.
    OfStatusAndTime(Vec<Bind>),
    /// A window.
    OfTime,
    /// The database does not say, and one may.
    Untold,
}

impl Db {
    /// What would make questions about a window quicker, in words, where no index serves them.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn missing_index(&mut self, mapping: &Mapping, window: Window) -> Result<Option<String>> {
        let serves = match wanted_columns(mapping) {
            _ if self.product.status_words.is_some() => self.index(mapping, window).await?.is_some(),
            Some(wanted) => serves(&self.wire.indexes(&mapping.table, &wanted).await?.columns, &wanted),
            None => false,
        };
        Ok((!serves).then(|| mapping.indexes()))
    }

    /// The selections that give the rows of a window with one of some status words, each by the way an index serves.
    pub(super) async fn of_words(
        &mut self,
        mapping: &Mapping,
        words: &[String],
        window: Window,
    ) -> Result<Vec<Selection>> {
        let words = words.iter().flat_map(|word| mapping.dialect.stored_word(word)).collect::<Vec<_>>();
        let times = match self.index(mapping, window).await? {
            Some(_) => mapping.parts_by_index(window),
            None => vec![TimeBounds::InsideOrUnplaced(window)],
        };
        let selection = |time| Selection { words: Some(words.clone()), time, ..Selection::default() };
        Ok(times.into_iter().map(selection).collect())
    }

    /// The selections that give a window, each by the way an index serves.
    pub(super) async fn parts(
        &mut self,
        mapping: &Mapping,
        window: Window,
        order: Order,
    ) -> Result<Vec<Selection>> {
        let everything = || vec![of_time(TimeBounds::InsideOrUnplaced(window))];
        if order == Order::Sorted {
            return Ok(everything());
        }
        let words = match self.index(mapping, window).await? {
            None => return Ok(everything()),
            Some(IndexUse::OfTime | IndexUse::Untold) => vec![None],
            Some(IndexUse::OfStatusAndTime(words)) => {
                mapping.dialect.words_together(words).into_iter().map(Some).collect()
            }
        };
        let selection = |words: &Option<Vec<Bind>>, time| Selection { words: words.clone(), ..of_time(time) };
        let times = mapping.parts_by_index(window);
        Ok(words.iter().flat_map(|words| times.iter().map(|time| selection(words, *time))).collect())
    }

    /// Which index serves a window.
    pub(super) async fn index(&mut self, mapping: &Mapping, window: Window) -> Result<Option<IndexUse>> {
        let Some(status_words) = self.product.status_words else {
            let may_serve = !window.is_all() && self.may_be_served(mapping).await?;
            return Ok(may_serve.then_some(IndexUse::Untold));
        };
        let Some(time) = mapping.own(Column::SentDate).filter(|_| !window.is_all() && is_sorted(mapping))
        else {
            return Ok(None);
        };
        if let (Some(status), Some(word)) =
            (mapping.own(Column::Status), mapping.dialect.probed_words(&mapping.words))
        {
            // asked first: for a short window the planner would rather walk through the whole of such an index
            let plan = self.plan(mapping, Some(word), window).await?;
            let columns = [status.name.as_str(), time.name.as_str()];
            if plan.iter().any(|line| mapping.dialect.looks_up(line, &columns)) {
                return Ok(Some(IndexUse::OfStatusAndTime(self.words_there(mapping, status_words).await?)));
            }
        }
        let plan = self.plan(mapping, None, window).await?;
        let is_served = plan.iter().any(|line| mapping.dialect.looks_up(line, &[&time.name]));
        Ok(is_served.then_some(IndexUse::OfTime))
    }

    /// Whether an index may serve a window: one of the table's does, or it is a view, of whose tables nothing is known.
    async fn may_be_served(&mut self, mapping: &Mapping) -> Result<bool> {
        if let Some(known) = self.may_be_served {
            return Ok(known);
        }
        let may_serve = match wanted_columns(mapping) {
            None => false,
            Some(wanted) => {
                let there = self.wire.indexes(&mapping.table, &wanted).await?;
                there.create.is_none() || serves(&there.columns, &wanted)
            }
        };
        self.may_be_served = Some(may_serve);
        Ok(may_serve)
    }

    /// How the database would look for the mails of a window; empty where it does not say.
    pub(super) async fn plan(
        &mut self,
        mapping: &Mapping,
        words: Option<Vec<Bind>>,
        window: Window,
    ) -> Result<Vec<String>> {
        let statement = mapping.statement(&Selection { words, ..of_time(TimeBounds::Inside(window)) }, MAILS);
        let Some(sql) = mapping.dialect.explained(&statement.sql) else {
            return Ok(Vec::new());
        };
        let lines = self.rows(Statement { sql, ..statement }).await?;
        // a line's place among the others may precede it
        Ok(lines.iter().filter_map(|row| row.texts().pop()?).collect())
    }

    async fn words_there(&mut self, mapping: &Mapping, query: &str) -> Result<Vec<Bind>> {
        let kept = Selection { with_kept_status: true, ..Selection::default() };
        let mut words = vec![Bind::Null];
        let mut add = |row: &dyn crate::db::row::Cells| {
            words.extend(row.bind(0)?);
            Ok(true)
        };
        self.wire.each(mapping.statement(&kept, query), &mut add).await?;
        Ok(words)
    }
}

fn of_time(time: TimeBounds) -> Selection {
    Selection { time, ..Selection::default() }
}

/// Whether an index on the column of times has them in the order in which bounds are compared.
fn is_sorted(mapping: &Mapping) -> bool {
    let is_text = matches!(mapping.form, Form::Text | Form::TextWithT | Form::TextOfManyForms);
    !is_text || mapping.dialect.sorts_texts_by_bytes()
}

/// Whether an index begins with the last of the wanted columns, or is of all of them in their order.
pub(super) fn serves(columns: &[(String, Option<String>)], wanted: &[&str]) -> bool {
    let mut indexes: Vec<(&str, Vec<Option<&str>>)> = Vec::new();
    for (index, column) in columns {
        match indexes.last_mut().filter(|(last, _)| last == index) {
            Some((_, columns)) => columns.push(column.as_deref()),
            None => indexes.push((index, vec![column.as_deref()])),
        }
    }
    let begins = |columns: &[Option<&str>], with: &[&str]| {
        with.iter().enumerate().all(|(place, column)| columns.get(place) == Some(&Some(*column)))
    };
    let last = &wanted[wanted.len() - 1..];
    indexes.iter().any(|(_, columns)| begins(columns, last) || begins(columns, wanted))
}

/// The columns that an index on the log should have: status, then time; none where no plain one serves.
pub(super) fn wanted_columns(mapping: &Mapping) -> Option<Vec<&str>> {
    let own = |column| mapping.own(column).map(|field| field.name.as_str());
    let time = own(Column::SentDate).filter(|_| is_sorted(mapping))?;
    Some(own(Column::Status).into_iter().chain([time]).collect())
}
