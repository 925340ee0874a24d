//! What the program needs of a database, whichever it is: rows for a statement, and the few things that each does in a way of
//! its own. A further database is a further arm here.

use anyhow::Result;

use crate::db::catalogue::Indexes;
use crate::db::dry_run::DryRun;
use crate::db::lock::Lock;
use crate::db::oracle::Oracle;
use crate::db::postgres::Postgres;
use crate::db::product::Product;
use crate::db::read::Sink;
use crate::db::row::{Cells, Row};
use crate::db::sqlite::Sqlite;
use crate::db::statement::WriteStep;
use crate::db::target::{Access, Location, Target};
use crate::db::{oracle, postgres, sqlite};
use crate::mapping::Mapping;
use crate::mapping::described::Described;
use crate::mapping::resolve::TableDescription;
use crate::mapping::sql::{Selection, Statement};
use crate::model::Rights;

/// A connection.
pub enum Wire {
    /// To a file of SQLite's.
    Sqlite(Box<Sqlite>),
    /// To a server of PostgreSQL's.
    Postgres(Box<Postgres>),
    /// To a server of Oracle's.
    Oracle(Box<Oracle>),
}

/// A connection, what it is to be called, and what is particular to it.
pub type Opened = (Wire, String, &'static Product);

impl Wire {
    /// Connects; to read, it begins a snapshot that all answers come from.
    pub async fn open(target: &Target, access: Access) -> Result<Opened> {
        Ok(match Location::of(&target.url)? {
            Location::File(path) => {
                let file = Sqlite::open(path, target.statement_timeout, access).await?;
                let name = file.name();
                (Self::Sqlite(Box::new(file)), name, &sqlite::PRODUCT)
            }
            Location::Postgres => {
                let server = Postgres::open(target, access).await?;
                let name = server.name();
                (Self::Postgres(Box::new(server)), name, &postgres::PRODUCT)
            }
            Location::Oracle => {
                let server = Oracle::open(target, access).await?;
                let name = server.name();
                (Self::Oracle(Box::new(server)), name, &oracle::PRODUCT)
            }
        })
    }

    /// Takes leave.
    pub async fn close(self) {
        match self {
            Self::Sqlite(wire) => wire.close().await,
            Self::Postgres(wire) => wire.close().await,
            Self::Oracle(wire) => wire.close().await,
        }
    }

    /// Every row of an answer.
    pub async fn rows(&mut self, statement: Statement) -> Result<Vec<Row>> {
        match self {
            Self::Sqlite(wire) => wire.rows(statement).await,
            Self::Postgres(wire) => wire.rows(statement).await,
            Self::Oracle(wire) => wire.rows(statement).await,
        }
    }

    /// Gives each row of an answer to `each`, which answers whether to go on.
    pub async fn each(
        &mut self,
        statement: Statement,
        each: &mut dyn FnMut(&dyn Cells) -> Result<bool>,
    ) -> Result<()> {
        match self {
            Self::Sqlite(wire) => wire.each(statement, &mut |row| each(row)).await,
            Self::Postgres(wire) => wire.each(statement, each).await,
            Self::Oracle(wire) => wire.each(statement, each).await,
        }
    }

    /// Runs a statement and says how many rows it changed.
    pub async fn execute(&mut self, statement: Statement) -> Result<u64> {
        match self {
            Self::Sqlite(wire) => wire.execute(statement).await,
            Self::Postgres(wire) => wire.execute(statement).await,
            Self::Oracle(wire) => wire.execute(statement).await,
        }
    }

    /// Takes a step of a transaction that writes.
    pub async fn transact(&mut self, step: WriteStep) -> Result<()> {
        match self {
            Self::Sqlite(wire) => wire.transact(step).await,
            Self::Postgres(wire) => wire.transact(step).await,
            Self::Oracle(wire) => wire.transact(step).await,
        }
    }

    /// Takes a lock by its name, which dies with the process or the session; `None`: it is held.
    pub async fn lock(&mut self, name: &str) -> Result<Option<Lock>> {
        match self {
            Self::Sqlite(wire) => Ok(wire.lock(name)?.map(Lock::File)),
            Self::Postgres(wire) => Ok(wire.lock(name).await?.then_some(Lock::Session)),
            Self::Oracle(wire) => Ok(wire.lock(name).await?.map(Lock::Row)),
        }
    }

    /// Lets go of a lock.
    pub async fn unlock(&mut self, name: &str, lock: Lock) -> Result<()> {
        match (lock, self) {
            (Lock::File(file), _) => file.release(),
            (Lock::Row(row), _) => row.release(name).await?,
            (Lock::Session, Self::Postgres(wire)) => wire.unlock(name).await?,
            (Lock::Session, _) => {}
        }
        Ok(())
    }

    /// Learns what would make statements quicker, for the words of a refusal.
    pub fn advise(&mut self, indexes: String) {
        match self {
            Self::Sqlite(wire) => wire.advise(indexes),
            Self::Postgres(wire) => wire.advise(indexes),
            Self::Oracle(wire) => wire.advise(indexes),
        }
    }

    /// A table or view by the name the user wrote, with its columns; `key`: where the user wrote it.
    pub async fn table(&mut self, wanted: &str, key: &str) -> Result<TableDescription> {
        match self {
            Self::Sqlite(wire) => wire.table(wanted, key).await,
            Self::Postgres(wire) => wire.table(wanted, key).await,
            Self::Oracle(wire) => wire.table(wanted, key).await,
        }
    }

    /// Every table and view with the columns that may be read, and the names of those of which none may.
    pub async fn catalogue(&mut self) -> Result<(Vec<Described>, Vec<String>)> {
        match self {
            Self::Sqlite(wire) => Ok((wire.catalogue().await?, Vec::new())),
            Self::Postgres(wire) => wire.catalogue().await,
            Self::Oracle(wire) => wire.catalogue().await,
        }
    }

    /// The indexes of a table, and the statement that makes one of these columns.
    pub async fn indexes(&mut self, table: &(String, String), wanted: &[&str]) -> Result<Indexes> {
        match self {
            Self::Sqlite(wire) => wire.indexes(table, wanted).await,
            Self::Postgres(wire) => wire.indexes(table, wanted).await,
            Self::Oracle(wire) => wire.indexes(table, wanted).await,
        }
    }

    /// What a role may do with these tables, the log first.
    pub async fn rights(&mut self, tables: &[TableDescription], role: &str) -> Result<Rights> {
        match self {
            // whoever can open the file may read it, and that its owner may write to it is as it should be
            Self::Sqlite(_) => Ok(Rights::default()),
            Self::Postgres(wire) => wire.rights(tables, role).await,
            Self::Oracle(wire) => wire.rights(tables, role).await,
        }
    }

    /// Gives the attempts of some selections in a way that is faster than row by row, and says whether there is one.
    /// `is_sorted`: they have to come in the order of time.
    pub async fn attempts(
        &mut self,
        mapping: &Mapping,
        parts: &[Selection],
        is_sorted: bool,
        sink: &mut Sink<'_>,
        dry_run: &mut DryRun,
    ) -> Result<bool> {
        match self {
            Self::Sqlite(_) if is_sorted => return Ok(false),
            Self::Sqlite(wire) => wire.attempts(mapping, parts, sink, dry_run).await?,
            Self::Oracle(wire) => wire.attempts(mapping, parts, is_sorted, sink, dry_run).await?,
            Self::Postgres(_) => return Ok(false),
        }
        Ok(true)
    }
}
