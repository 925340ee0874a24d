//! The database: this program's questions, and nothing general.
//!
//! Reading commands open it read-only and ask within one transaction, so that the numbers of a report agree with
//! each other. Rows leave this layer with their times read; a row whose time or text cannot be read leaves it too,
//! and says so. A query that fails is an error, never an empty result.

pub mod oracle;
mod postgres;
pub mod row;
pub mod sqlite;
mod statement;
pub mod store;
mod survey;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use chrono_tz::Tz;

use crate::mapping::sql::{Among, Bind, Statement};
use crate::mapping::{Column, Mapping, Wanted};
use crate::model::{Attempt, Mail, Millis};
use crate::secret::Secret;
use crate::window::Window;

const MAILS: &str = include_str!("../../queries/mails.sql");

/// The end of the years a log is looked for in, 2200-01-01T00:00:00Z.
const YEAR_2200: Millis = 7_258_118_400_000;

/// Which database to open, and how.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// `sqlite:PATH`, a bare path, `postgres://...` or `oracle://...`.
    pub url: String,
    /// The password, where the URL has none.
    pub password: Option<Secret>,
    /// How long a statement may take; zero: as long as it likes.
    pub statement_timeout: Duration,
    /// Where Oracle's client library lies, if the user says it.
    pub oracle_client: Option<PathBuf>,
}

/// In which order attempts are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// However the table gives them fastest; most logs are written in the order of time, or nearly so.
    AsStored,
    /// Sorted by the database.
    Sorted,
}

/// Which mails `Db::mails` gives.
#[derive(Debug, Clone)]
pub struct Which<'a> {
    /// Mails of this window, and those whose time cannot be placed.
    pub window: Window,
    /// Mails with one of these status words.
    pub words: &'a [String],
    /// Only those with one of these Message-IDs or subjects.
    pub among: Option<&'a Among>,
}

/// An open database.
pub enum Db {
    /// SQLite, a file.
    Sqlite(sqlite::Sqlite),
    /// PostgreSQL, a server.
    Postgres(postgres::Postgres),
    /// Oracle, a server.
    Oracle(oracle::Oracle),
}

impl Db {
    /// Opens the database of a target read-only, and begins a snapshot.
    ///
    /// # Errors
    /// One line that names the database and says what to do.
    pub async fn open(target: &Target) -> Result<Self> {
        Ok(match Place::of(&target.url)? {
            Place::File(path) => Db::Sqlite(sqlite::Sqlite::open(path, target.statement_timeout).await?),
            Place::Postgres => Db::Postgres(postgres::Postgres::open(target).await?),
            Place::Oracle => Db::Oracle(oracle::Oracle::open(target).await?),
        })
    }

    /// Lets go of the database and of the snapshot.
    pub async fn close(self) {
        match self {
            Db::Sqlite(db) => db.close().await,
            Db::Postgres(db) => db.close().await,
            Db::Oracle(db) => db.close().await,
        }
    }

    /// The zone of the log's naive times: the one the config names, else UTC, on Oracle that of the database's host, since
    /// its applications write SYSDATE.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn zone(&mut self, named: Option<Tz>) -> Result<Tz> {
        match (named, self) {
            (Some(named), _) => Ok(named),
            (None, Db::Oracle(db)) => db.zone().await,
            (None, _) => Ok(Tz::UTC),
        }
    }

    /// What a report calls the database: its kind and place, without any password.
    pub fn name(&self) -> String {
        match self {
            Db::Sqlite(db) => db.name(),
            Db::Postgres(db) => db.name(),
            Db::Oracle(db) => db.name(),
        }
    }

    /// From now on only says what it would ask of the log, and answers that it holds nothing.
    pub fn rehearse(&mut self) {
        match self {
            Db::Sqlite(db) => db.rehearse(),
            Db::Postgres(db) => db.rehearse(),
            Db::Oracle(db) => db.rehearse(),
        }
    }

    /// Whether it only says what it would ask.
    pub fn is_rehearsing(&self) -> bool {
        match self {
            Db::Sqlite(db) => db.is_rehearsing(),
            Db::Postgres(db) => db.is_rehearsing(),
            Db::Oracle(db) => db.is_rehearsing(),
        }
    }

    /// What it would have asked since `rehearse`.
    pub fn rehearsed(&self) -> &[Statement] {
        match self {
            Db::Sqlite(db) => db.rehearsed(),
            Db::Postgres(db) => db.rehearsed(),
            Db::Oracle(db) => db.rehearsed(),
        }
    }

    /// Makes sure that all answers came from one state of the database; to be called before they are shown.
    ///
    /// # Errors
    /// It changed meanwhile.
    pub fn settle(&self) -> Result<()> {
        match self {
            Db::Sqlite(db) => db.settle(),
            // one snapshot of the server's own
            Db::Postgres(_) | Db::Oracle(_) => Ok(()),
        }
    }

    /// Finds the table and its columns, and looks at how the times are written.
    ///
    /// # Errors
    /// No such table (with those there are), no such column, or the database's own refusal.
    pub async fn mapping(&mut self, wanted: &Wanted) -> Result<Mapping> {
        match self {
            Db::Sqlite(db) => db.mapping(wanted).await,
            Db::Postgres(db) => db.mapping(wanted).await,
            Db::Oracle(db) => db.mapping(wanted).await,
        }
    }

    /// The mail of a key; several where keys are not unique.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn mail(&mut self, mapping: &Mapping, id: &str) -> Result<Vec<Mail>> {
        match self {
            Db::Sqlite(db) => db.mail(mapping, id).await,
            Db::Postgres(db) => db.mail(mapping, id).await,
            Db::Oracle(db) => db.mail(mapping, id).await,
        }
    }

    /// Asks something of the ledger.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn rows(&mut self, statement: Statement) -> Result<Vec<row::Row>> {
        match self {
            Db::Sqlite(db) => db.rows(statement).await,
            Db::Postgres(db) => db.rows(statement).await,
            Db::Oracle(db) => db.rows(statement).await,
        }
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
        match self {
            Db::Sqlite(db) => db.mails(mapping, which, MAILS, each).await,
            Db::Postgres(db) => db.mails(mapping, which, MAILS, each).await,
            Db::Oracle(db) => db.mails(mapping, which, MAILS, each).await,
        }
    }

    /// What would make questions about a window quicker, in words, where no index serves them.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn missing_index(&mut self, mapping: &Mapping, window: Window) -> Result<Option<String>> {
        match self {
            Db::Sqlite(db) => db.missing_index(mapping, window).await,
            Db::Postgres(db) => db.missing_index(mapping, window).await,
            Db::Oracle(db) => db.missing_index(mapping, window).await,
        }
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
        match self {
            Db::Sqlite(db) => db.attempts(mapping, window, order, each).await,
            Db::Postgres(db) => db.attempts(mapping, window, order, each).await,
            Db::Oracle(db) => db.attempts(mapping, window, order, each).await,
        }
    }

    /// Lets the database work on what `attempts` will be asked, if that is little, while the caller does something else.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn fetch_ahead(&mut self, mapping: &Mapping, window: Window) -> Result<()> {
        match self {
            Db::Sqlite(db) => db.fetch_ahead(mapping, window).await,
            // it works while the caller does, from the first question on
            Db::Postgres(_) | Db::Oracle(_) => Ok(()),
        }
    }

    /// The first and the last time in the whole table.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn extent(&mut self, mapping: &Mapping) -> Result<Option<(Millis, Millis)>> {
        match self {
            Db::Sqlite(db) => db.extent(mapping).await,
            Db::Postgres(db) => db.extent(mapping).await,
            Db::Oracle(db) => db.extent(mapping).await,
        }
    }
}

/// Where a database is, by its URL.
pub enum Place<'u> {
    /// A file of SQLite's.
    File(&'u str),
    /// A server of PostgreSQL's.
    Postgres,
    /// A server of Oracle's.
    Oracle,
}

/// What begins the URL of a server, rightly written or not.
const SERVERS: [&str; 8] =
    ["postgres", "postgresql", "oracle", "oracles", "mysql", "mariadb", "mssql", "sqlserver"];

impl<'u> Place<'u> {
    /// Reads the beginning of a URL; what has none is the path of a file.
    ///
    /// # Errors
    /// A kind of database that is not known.
    pub fn of(url: &'u str) -> Result<Self> {
        match url.split_once(':') {
            Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => Ok(Place::Postgres),
            Some(("oracle" | "oracles", rest)) if rest.starts_with("//") => Ok(Place::Oracle),
            Some(("sqlite", path)) => Ok(Place::File(path.strip_prefix("//").unwrap_or(path))),
            Some((scheme, rest)) if rest.starts_with("//") => bail!(
                "--db: '{}:' databases cannot be read by this version; give sqlite:PATH, a path, postgres://... or \
                 oracle://...",
                scheme.escape_debug()
            ),
            _ if url.to_ascii_uppercase().starts_with("(DESCRIPTION") => Ok(Place::Oracle),
            // a password may follow, which is not to be shown as the name of a file
            _ if SERVERS.iter().any(|name| {
                url.strip_prefix(name).is_some_and(|rest| rest.starts_with(':') || rest.starts_with("//"))
            }) =>
            {
                bail!(
                    "--db: the URL of a server has '://' after its kind; write postgres://USER@HOST:PORT/DATABASE or \
                     oracle://USER@HOST:PORT/SERVICE"
                )
            }
            _ => Ok(Place::File(url)),
        }
    }
}

/// Whether attempts have more to tell than status, time, sender and recipient.
fn has_more(mapping: &Mapping) -> bool {
    [Column::Cc, Column::Bcc, Column::FinishedAt].into_iter().any(|column| mapping.has(column))
}

/// How a status word may be stored: as text, as bytes, and where it looks like a number also as one.
fn stored_word(word: &str) -> impl Iterator<Item = Bind> {
    let whole = word.parse().ok().map(Bind::Int);
    let fraction = word.parse().ok().map(Bind::Real);
    let texts = [Bind::Text(word.to_owned()), Bind::Blob(word.as_bytes().to_vec())];
    texts.into_iter().chain(whole).chain(fraction)
}

/// How many addresses a field names: one to an `@`, at least one where anything stands.
fn recipients(field: &[u8]) -> u32 {
    let ats = memchr::memchr_iter(b'@', field).count();
    let is_blank = || field.iter().all(|byte| matches!(byte, b';' | b' '));
    if ats == 0 && !is_blank() { 1 } else { u32::try_from(ats).unwrap_or(u32::MAX) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipients_are_counted_by_their_at_signs() {
        let cases = [
            ("a@example.com", 1),
            ("a@example.com; b@example.com;;", 2),
            ("\"Doe, Jane\" <jane@example.com>", 1),
            ("[\"a@example.com\",\"b@example.com\"]", 2),
            ("/o=Contoso/cn=jane", 1),
            ("", 0),
            ("; ", 0),
        ];
        for (field, count) in cases {
            assert_eq!(recipients(field.as_bytes()), count, "{field}");
        }
    }
}
