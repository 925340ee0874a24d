//! What `init` and `doctor` ask of a database: of itself, of the rights in it, and of tables nobody has mapped yet.
//!
//! Nothing here writes, and no answer costs more than a bounded number of rows.

use anyhow::Result;

use super::{Db, Failed};
use crate::mapping::described::{Described, End, Sample};
use crate::mapping::resolve::Table;
use crate::mapping::{Column, Dialect, Mapping, Wanted};
use crate::model::{Counted, FailedMail, Indexing, Millis, Rights, Server};
use crate::window::Window;

const DAY: Millis = 24 * 3_600_000;

impl Db {
    /// Whose SQL it understands.
    pub fn dialect(&self) -> Dialect {
        match self {
            Db::Sqlite(_) => Dialect::Sqlite,
            Db::Postgres(_) => Dialect::Postgres,
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
        }
    }

    /// How the day before `now` would be found.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn indexing(&mut self, mapping: &Mapping, now: Millis) -> Result<Indexing> {
        let day = Window { since: Some(now - DAY), until: Some(now), zone: mapping.zone };
        match self {
            Db::Sqlite(db) => db.indexing(mapping, day).await,
            Db::Postgres(db) => db.indexing(mapping, day).await,
        }
    }

    /// Like `failed`, but only mails with an error text.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn with_error(
        &mut self,
        mapping: &Mapping,
        mails: &Failed<'_>,
        each: &mut dyn FnMut(FailedMail),
    ) -> Result<()> {
        match self {
            Db::Sqlite(db) => db.with_error(mapping, mails, each).await,
            Db::Postgres(db) => db.with_error(mapping, mails, each).await,
        }
    }
}

/// Whether an index begins with the log's time, or with its status and then its time. Of each index the columns are given
/// in their order, under its name; an expression is none.
pub(super) fn serves(columns: Vec<(String, Option<String>)>, mapping: &Mapping) -> bool {
    let mut indexes: Vec<(String, Vec<Option<String>>)> = Vec::new();
    for (index, column) in columns {
        match indexes.last_mut().filter(|(last, _)| *last == index) {
            Some((_, columns)) => columns.push(column),
            None => indexes.push((index, vec![column])),
        }
    }
    let own = |column| mapping.own(column).map(|field| field.name.as_str());
    let (status, Some(time)) = (own(Column::Status), own(Column::SentDate)) else {
        return false;
    };
    indexes.iter().any(|(_, columns)| match columns.as_slice() {
        [Some(first), ..] if first == time => true,
        [Some(first), Some(second), ..] => Some(first.as_str()) == status && second == time,
        _ => false,
    })
}

/// The columns that an index on the log should have; none where no plain one serves.
pub(super) fn wanted_columns(mapping: &Mapping) -> Option<Vec<&str>> {
    let own = |column| mapping.own(column).map(|field| field.name.as_str());
    let time = own(Column::SentDate)?;
    Some(own(Column::Status).into_iter().chain([time]).collect())
}
