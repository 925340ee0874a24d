//! The questions about the log: its table, its mails, its attempts.

use anyhow::Result;

use crate::db::index::IndexUse;
use crate::db::read::{self, Sink, TimeReader, has_more};
use crate::db::wire::Wire;
use crate::db::{Db, MAILS, Order, Which};
use crate::mapping::resolve::{ColumnKind, MappingError, TableDescription};
use crate::mapping::sql::{Selection, TimeBounds as Asking};
use crate::mapping::time::{Form, Sampled};
use crate::mapping::time_format::TimeFormat;
use crate::mapping::{Column, Mapping, Wanted};
use crate::model::{Attempt, Mail, Millis};
use crate::window::Window;

const ATTEMPTS: &str = include_str!("../../queries/attempts.sql");
const ATTEMPTS_IN_ORDER: &str = include_str!("../../queries/attempts_in_order.sql");
const FIRST: &str = include_str!("../../queries/first.sql");
const LAST: &str = include_str!("../../queries/last.sql");
const WITH_ERROR: &str = include_str!("../../queries/with_error.sql");

/// What is left out of the attempts where the log has not one of these columns.
const MORE_COLUMNS: &str = ", cc, bcc, finished_at";

/// The end of the years a log is looked for in, 2200-01-01T00:00:00Z.
const YEAR_2200: Millis = 7_258_118_400_000;

impl Db {
    /// Finds the table and its columns, and looks at how the times are written.
    ///
    /// # Errors
    /// No such table (with those there are), no such column, or the database's own refusal.
    pub async fn mapping(&mut self, wanted: &Wanted) -> Result<Mapping> {
        let tables = self.tables(wanted).await?;
        let mut mapping =
            Mapping::resolve(wanted, self.dialect(), &tables[0], &tables[1..]).map_err(MappingError)?;
        self.wire.advise(mapping.indexes());
        (mapping.form, mapping.has_dates_only) = self.form(&mapping, &tables[0]).await?;
        let time = mapping.names(Column::SentDate).join(", ");
        tracing::info!("times in {time} are read as {}; naive ones in {}", mapping.form, mapping.zone);
        Ok(mapping)
    }

    /// The log and the further tables of a mapping, with all their columns.
    ///
    /// # Errors
    /// A `MappingError` where one is not there, or the database's refusal.
    pub async fn tables(&mut self, wanted: &Wanted) -> Result<Vec<TableDescription>> {
        let mut tables = vec![self.wire.table(&wanted.table, "--table or [email_log] table").await?];
        for join in &wanted.joins {
            tables.push(self.wire.table(&join.table, &format!("{} table", join.key())).await?);
        }
        Ok(tables)
    }

    /// How the column writes its times, and whether they are dates alone: its type says it, or a sample of what it holds.
    async fn form(&mut self, mapping: &Mapping, log: &TableDescription) -> Result<(Form, bool)> {
        let kind = mapping.kind_of_time(Column::SentDate);
        let is_mixed = mapping.is_mixed(Column::SentDate);
        match &mapping.time_format {
            Some(TimeFormat::Text(format)) => return Ok((Form::Text, format.has_dates_only())),
            Some(TimeFormat::Parts(_)) => return Ok((Form::Millis, false)),
            None => {}
        }
        match kind {
            Some(ColumnKind::Text) if is_mixed => return Ok((Form::TextOfManyForms, false)),
            None | Some(ColumnKind::Instant | ColumnKind::LocalInstant) => return Ok((Form::Instant, false)),
            Some(ColumnKind::WallClock | ColumnKind::WallSecond) => return Ok((Form::WallClock, false)),
            Some(ColumnKind::Day) => return Ok((Form::Day, true)),
            Some(_) => {}
        }
        let is_number = matches!(kind, Some(ColumnKind::Integer | ColumnKind::Decimal));
        let with_key = log.columns.iter().any(|field| field.name.eq_ignore_ascii_case("rowid"));
        let selection = Selection { with_key, ..Selection::default() };
        let rows = self.rows(mapping.statement(&selection, self.product.time_sample)).await?;
        let sample: Vec<_> = rows
            .iter()
            // where every row has a type of its own, it says so
            .map(|row| Sampled {
                is_number: is_number || row.is_true(1),
                text: row.text(0).unwrap_or_default(),
            })
            .collect();
        let form = match Form::of(&sample) {
            // a column without a row says nothing, but its type does
            Form::Text if is_number => Form::Seconds,
            form => form,
        };
        let mut written = sample.iter().filter(|value| !value.text.is_empty()).peekable();
        Ok((form, written.peek().is_some() && written.all(Sampled::is_date)))
    }

    /// The mail of a key; several where keys are not unique.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn mail(&mut self, mapping: &Mapping, id: &str) -> Result<Vec<Mail>> {
        let selection = Selection { ids: Some(vec![id.to_owned()]), ..Selection::default() };
        let (mut mails, mut sent_date) = (Vec::new(), TimeReader::of(mapping, Column::SentDate));
        self.each(mapping.statement(&selection, MAILS), &mut |row| {
            mails.push(read::mail(row, mapping, &mut sent_date)?);
            Ok(true)
        })
        .await?;
        Ok(mails)
    }

    /// Gives every mail of the window with one of these status words, and every one whose time cannot be placed, in no certain
    /// order.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn mails(
        &mut self,
        mapping: &Mapping,
        which: &Which<'_>,
        each: &mut dyn FnMut(Mail),
    ) -> Result<()> {
        self.mails_of(mapping, which, MAILS, each).await
    }

    /// The same, but only mails with an error text.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn with_error(
        &mut self,
        mapping: &Mapping,
        which: &Which<'_>,
        each: &mut dyn FnMut(Mail),
    ) -> Result<()> {
        self.mails_of(mapping, which, WITH_ERROR, each).await
    }

    /// `query`: of the columns of `mails.sql`.
    async fn mails_of(
        &mut self,
        mapping: &Mapping,
        which: &Which<'_>,
        query: &str,
        each: &mut dyn FnMut(Mail),
    ) -> Result<()> {
        let mut sent_date = TimeReader::of(mapping, Column::SentDate);
        let is_wanted = |mail: &Mail| {
            !mapping.dialect.may_fold_words()
                || mail.status.as_ref().is_some_and(|status| which.words.contains(status))
        };
        for mut selection in self.of_words(mapping, which.words, which.window).await? {
            selection.among = which.among.cloned();
            self.each(mapping.statement(&selection, query), &mut |row| {
                let mail = read::mail(row, mapping, &mut sent_date)?;
                if is_wanted(&mail) && mail.at.is_none_or(|at| which.window.contains(at)) {
                    each(mail);
                }
                Ok(true)
            })
            .await?;
        }
        Ok(())
    }

    /// Gives every attempt of the window, and every one whose time cannot be placed. `each` answers whether to go on.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn attempts(
        &mut self,
        mapping: &Mapping,
        window: Window,
        order: Order,
        each: &mut dyn FnMut(Attempt<'_>) -> bool,
    ) -> Result<()> {
        let parts = self.parts(mapping, window, order).await?;
        let mut sink = Sink::new(mapping, window, each);
        let is_sorted = order == Order::Sorted;
        if self.wire.attempts(mapping, &parts, is_sorted, &mut sink, &mut self.dry_run).await? {
            return Ok(());
        }
        let query = if is_sorted { ATTEMPTS_IN_ORDER } else { ATTEMPTS };
        let query = if has_more(mapping) { query.to_owned() } else { query.replace(MORE_COLUMNS, "") };
        let mut go_on = true;
        for selection in parts {
            self.each(mapping.statement(&selection, &query), &mut |row| {
                go_on = sink.row(row)?;
                Ok(go_on)
            })
            .await?;
            if !go_on {
                break;
            }
        }
        Ok(())
    }

    /// Lets the database work on what `attempts` will be asked, if that is little, while the caller does something else.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn fetch_ahead(&mut self, mapping: &Mapping, window: Window) -> Result<()> {
        // a server works while the caller does, from the first question on
        if !matches!(self.wire, Wire::Sqlite(_)) {
            return Ok(());
        }
        let parts = self.parts(mapping, window, Order::AsStored).await?;
        if let Wire::Sqlite(file) = &mut self.wire {
            file.fetch_ahead(mapping, parts, &mut self.dry_run).await?;
        }
        Ok(())
    }

    /// The first and the last time in the whole table.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn extent(&mut self, mapping: &Mapping) -> Result<Option<(Millis, Millis)>> {
        let window = Window { since: Some(0), until: Some(YEAR_2200), zone: mapping.zone };
        let words = match self.index(mapping, window).await? {
            Some(IndexUse::OfStatusAndTime(words)) => {
                words.into_iter().map(|word| Some(vec![word])).collect()
            }
            _ => vec![None],
        };
        let mut sent_date = TimeReader::of(mapping, Column::SentDate);
        let mut ends: Vec<Millis> = Vec::new();
        for words in words {
            let selection = Selection { words, time: Asking::Placed(window), ..Selection::default() };
            // each by itself, so that an index gives it without a look at the rows between
            for end in [FIRST, LAST] {
                self.each(mapping.statement(&selection, end), &mut |row| {
                    ends.extend(sent_date.read(row, 0)?);
                    Ok(true)
                })
                .await?;
            }
        }
        Ok(ends.iter().min().copied().zip(ends.iter().max().copied()))
    }
}
