//! What `init` and `doctor` ask of a database: of itself, of the rights in it, and of tables nobody has mapped yet.
//!
//! Nothing here writes, and no answer costs more than a bounded number of rows.

use anyhow::Result;

use super::{Db, Which};
use crate::mapping::described::{Described, End, Sample};
use crate::mapping::resolve::Table;
use crate::mapping::time::Form;
use crate::mapping::{Column, Dialect, Mapping, Wanted};
use crate::model::{Counted, Indexing, Mail, Millis, Rights, Server};
use crate::window::Window;

/// The columns of indexes, each under the name of its index and in its order; an expression is none.
pub(super) type Columns = Vec<(String, Option<String>)>;

const DAY: Millis = 24 * 3_600_000;

impl Db {
    /// Whose SQL it understands.
    pub fn dialect(&self) -> Dialect {
        match self {
            Db::Sqlite(_) => Dialect::Sqlite,
            Db::Postgres(_) => Dialect::Postgres,
            Db::Oracle(_) => Dialect::Oracle,
        }
    }

    /// What the database says of itself and of the connection.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn server(&mut self) -> Result<Server> {
        match self {
            Db::Sqlite(db) => db.server().await,
            Db::Postgres(db) => db.server().await,
            Db::Oracle(db) => db.server().await,
        }
    }

    /// The log and the further tables of a mapping, with all their columns.
    ///
    /// # Errors
    /// A `Misfit` where one is not there, or the database's refusal.
    pub async fn tables(&mut self, wanted: &Wanted) -> Result<Vec<Table>> {
        match self {
            Db::Sqlite(db) => db.tables(wanted).await,
            Db::Postgres(db) => db.tables(wanted).await,
            Db::Oracle(db) => db.tables(wanted).await,
        }
    }

    /// What may be done with these tables, the log first.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn rights(&mut self, tables: &[Table]) -> Result<Rights> {
        match self {
            // whoever can open the file may read it, and that its owner may write to it is as it should be
            Db::Sqlite(_) => Ok(Rights::default()),
            Db::Postgres(db) => db.rights(tables).await,
            Db::Oracle(db) => db.rights(tables).await,
        }
    }

    /// Every table and view with the columns that may be read, and the names of those of which none may.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn catalogue(&mut self) -> Result<(Vec<Described>, Vec<String>)> {
        match self {
            Db::Sqlite(db) => Ok((db.catalogue().await?, Vec::new())),
            Db::Postgres(db) => db.catalogue().await,
            Db::Oracle(db) => db.catalogue().await,
        }
    }

    /// Rows of both ends of a table.
    ///
    /// # Errors
    /// The database's refusal, after which it can be asked other things.
    pub async fn sample(&mut self, described: &Described) -> Result<Sample> {
        let newest = self.sampled(described, End::Newest).await?;
        let mut sample = Sample::of_newest(described, newest);
        if !sample.is_whole {
            let oldest = self.sampled(described, End::Oldest).await?;
            sample.add_oldest(described, oldest);
        }
        Ok(sample)
    }

    async fn sampled(&mut self, described: &Described, end: End) -> Result<Vec<Vec<Option<String>>>> {
        match self {
            Db::Sqlite(db) => db.sampled(described, end).await,
            Db::Postgres(db) => db.sampled(described, end).await,
            Db::Oracle(db) => db.sampled(described, end).await,
        }
    }

    /// How many of so many rows have which status word; of the newest rows where the id is a key.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn status_counts(
        &mut self,
        mapping: &Mapping,
        by_key: bool,
        most: u32,
    ) -> Result<Vec<Counted>> {
        match self {
            Db::Sqlite(db) => db.status_counts(mapping, by_key, most).await,
            Db::Postgres(db) => db.status_counts(mapping, by_key, most).await,
            Db::Oracle(db) => db.status_counts(mapping, by_key, most).await,
        }
    }

    /// The number of rows, or one more than `most`.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn count(&mut self, mapping: &Mapping, most: u32) -> Result<u64> {
        match self {
            Db::Sqlite(db) => db.count(mapping, most).await,
            Db::Postgres(db) => db.count(mapping, most).await,
            Db::Oracle(db) => db.count(mapping, most).await,
        }
    }

    /// How the day before `now` would be found, and what makes that quick.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn indexing(&mut self, mapping: &Mapping, now: Millis) -> Result<Indexing> {
        let day = Window { since: Some(now - DAY), until: Some(now), zone: mapping.zone };
        let (plan, is_planned) = match self {
            Db::Sqlite(db) => db.plan_of(mapping, day).await?,
            Db::Postgres(db) => db.plan_of(mapping, day).await?,
            // a plan would have to be written into a table
            Db::Oracle(_) => (Vec::new(), false),
        };
        let mut indexing = Indexing { plan, ..Indexing::default() };
        let log = wanted_columns(mapping);
        let there = self.indexes(&mapping.table).await?;
        // the planner may leave an index aside that it will use once there are more rows
        indexing.serves = is_planned || log.as_ref().is_some_and(|log| serves(&there, log));
        if let Some(log) = log.filter(|_| !indexing.serves) {
            indexing.create.extend(self.create_index(&mapping.table, &log).await?);
        }
        for join in &mapping.joins {
            if !serves(&self.indexes(&join.table).await?, &[&join.on]) {
                indexing.unserved.push(join.table.1.clone());
                indexing.create.extend(self.create_index(&join.table, &[&join.on]).await?);
            }
        }
        Ok(indexing)
    }

    async fn indexes(&mut self, table: &(String, String)) -> Result<Columns> {
        match self {
            Db::Sqlite(db) => db.indexes(table).await,
            Db::Postgres(db) => db.indexes(table).await,
            Db::Oracle(db) => db.indexes(table).await,
        }
    }

    async fn create_index(&mut self, table: &(String, String), columns: &[&str]) -> Result<Option<String>> {
        match self {
            Db::Sqlite(db) => db.create_index(table, columns).await,
            Db::Postgres(db) => db.create_index(table, columns).await,
            Db::Oracle(db) => db.create_index(table, columns).await,
        }
    }

    /// Like `failed`, but only mails with an error text.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn with_error(
        &mut self,
        mapping: &Mapping,
        mails: &Which<'_>,
        each: &mut dyn FnMut(Mail),
    ) -> Result<()> {
        match self {
            Db::Sqlite(db) => db.with_error(mapping, mails, each).await,
            Db::Postgres(db) => db.with_error(mapping, mails, each).await,
            Db::Oracle(db) => db.with_error(mapping, mails, each).await,
        }
    }
}

/// Whether an index begins with the last of the wanted columns, or is of all of them in their order.
pub(super) fn serves(columns: &Columns, wanted: &[&str]) -> bool {
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

/// The columns that an index on the log should have: status, then time; none where no plain one serves. On PostgreSQL it
/// serves no times that are texts.
pub(super) fn wanted_columns(mapping: &Mapping) -> Option<Vec<&str>> {
    let own = |column| mapping.own(column).map(|field| field.name.as_str());
    let is_text = matches!(mapping.form, Form::Text | Form::TextWithT | Form::TextOfManyForms);
    let time = own(Column::SentDate).filter(|_| mapping.dialect != Dialect::Postgres || !is_text)?;
    Some(own(Column::Status).into_iter().chain([time]).collect())
}
