//! The target of an import: a SQLite file with an `email_log` that only imports write.
//!
//! Rows go in many at once, and how far a file was read is noted in the same transaction, so a killed import goes on
//! where it stopped. A log that an application writes is never touched: ours is marked by the table
//! `mailthrottle_import` beside it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteRow, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Row as _, SqliteConnection};

use super::error::{LOCK_WAIT, shown, sqlite};
use super::limit::Limit;
use super::plain;
use crate::db::statement::query;
use crate::import::ParsedAttempt;
use crate::import::source::Position;
use crate::mapping::sql::{Bind, Statement};
use crate::model::Millis;

const MAKE_LOG: &str = include_str!("../../../queries/import/make_log.sql");
const MAKE_FILES: &str = include_str!("../../../queries/import/make_files.sql");
const ADD_ROWS: &str = include_str!("../../../queries/import/add_rows.sql");
const ADD_FILE: &str = include_str!("../../../queries/import/add_file.sql");
const KNOWN_FILES: &str = include_str!("../../../queries/import/known_files.sql");
const SAVE_POSITION: &str = include_str!("../../../queries/import/save_position.sql");

/// Rows of one statement; SQLite takes 32,766 values at once.
pub const ROWS_AT_ONCE: usize = 1000;

/// Rows of one transaction.
const ROWS_OF_TRANSACTION: usize = 100_000;

/// An open target.
pub struct ImportTarget {
    path: PathBuf,
    connection: SqliteConnection,
    limit: Limit,
    many: String,
    /// Rows added since the last commit.
    uncommitted: usize,
}

/// A file in the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileId(i64);

impl ImportTarget {
    /// Opens the file, making it and its tables where they are not there.
    ///
    /// # Errors
    /// The file cannot be written, or holds an application's own log.
    pub async fn open(path: &str) -> Result<Self> {
        let path = PathBuf::from(path);
        let options = SqliteConnectOptions::new()
            .filename(absolute(&path)?)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .pragma("cache_size", "-32000")
            // pages of the index change again and again, so they are put in their place less often
            .pragma("wal_autocheckpoint", "16000")
            .busy_timeout(LOCK_WAIT)
            .disable_statement_logging();
        let limit = Limit::of(Duration::ZERO);
        // another kind of file is detected before SQLite changes its journal
        check_header(&path)?;
        let connection = options.connect().await.map_err(|cause| refusal(cause, &path, &limit))?;
        let many = many_rows(ROWS_AT_ONCE);
        let mut target = Self { path, connection, limit, many, uncommitted: 0 };
        target.make_tables().await?;
        Ok(target)
    }

    async fn make_tables(&mut self) -> Result<()> {
        let count = |name: &str| {
            format!("SELECT count(*) FROM sqlite_schema WHERE name = '{name}' AND type IN ('table', 'view')")
        };
        let has_files: i64 = self.one(plain(count("mailthrottle_import"))).await?.try_get(0)?;
        let has_log: i64 = self.one(plain(count("email_log"))).await?.try_get(0)?;
        match (has_log > 0, has_files > 0) {
            (true, true) => Ok(()),
            (true, false) => bail!(
                "{0} holds an email_log that is no import's, and an application may send what is added to it; import into \
                 a file of its own, as --db sqlite:imported.db",
                self.path.display()
            ),
            (false, _) => {
                self.run(plain("BEGIN IMMEDIATE")).await?;
                if has_files == 0 {
                    self.run(plain(MAKE_FILES)).await?;
                }
                self.run(plain(MAKE_LOG)).await?;
                self.run(plain("COMMIT")).await
            }
        }
    }

    /// Where imports of a file with this first line stopped, the farthest first.
    ///
    /// # Errors
    /// SQLite's refusal.
    pub async fn known(&mut self, head: i64) -> Result<Vec<(FileId, Position)>> {
        let statement = Statement { binds: vec![Bind::Int(head)], ..plain(KNOWN_FILES) };
        let rows = query(statement).fetch_all(&mut self.connection).await;
        let rows = rows.map_err(|cause| refusal(cause, &self.path, &self.limit))?;
        rows.iter().map(|row| known_file(row, head)).collect()
    }

    /// Adds a file that is about to be read.
    ///
    /// # Errors
    /// SQLite's refusal.
    pub async fn add_file(&mut self, path: &str, format: &str, head: i64, now: Millis) -> Result<FileId> {
        let binds =
            vec![Bind::Text(path.to_owned()), Bind::Text(format.to_owned()), Bind::Int(now), Bind::Int(head)];
        let row = self.one(Statement { binds, ..plain(ADD_FILE) }).await?;
        Ok(FileId(row.try_get(0)?))
    }

    /// Adds rows, each with its hash, and says how many were not there yet.
    ///
    /// # Errors
    /// SQLite's refusal.
    pub async fn add(&mut self, file: &FileId, rows: Vec<(ParsedAttempt, i64)>) -> Result<u64> {
        let mut added = 0;
        if self.uncommitted == 0 && !rows.is_empty() {
            self.run(plain("BEGIN IMMEDIATE")).await?;
        }
        self.uncommitted += rows.len();
        let mut rows = rows.into_iter();
        loop {
            let part: Vec<(ParsedAttempt, i64)> = rows.by_ref().take(ROWS_AT_ONCE).collect();
            if part.is_empty() {
                return Ok(added);
            }
            let sql = if part.len() == ROWS_AT_ONCE { self.many.clone() } else { many_rows(part.len()) };
            let mut binds = Vec::with_capacity(part.len() * VALUES);
            part.into_iter().for_each(|(row, hash)| binds.extend(values(row, hash, file)));
            let statement = Statement { binds, ..plain(&sql) };
            let ran = query(statement).execute(&mut self.connection).await;
            added += ran.map_err(|cause| refusal(cause, &self.path, &self.limit))?.rows_affected();
        }
    }

    /// Notes how far a file was read, and commits when enough was added.
    ///
    /// # Errors
    /// SQLite's refusal.
    pub async fn save(
        &mut self,
        file: &FileId,
        path: &str,
        position: Option<&Position>,
        now: Millis,
    ) -> Result<()> {
        if self.uncommitted >= ROWS_OF_TRANSACTION {
            self.settle(file, path, position, now).await?;
        }
        Ok(())
    }

    /// Notes how far a file was read, and commits.
    ///
    /// # Errors
    /// SQLite's refusal.
    pub async fn settle(
        &mut self,
        file: &FileId,
        path: &str,
        position: Option<&Position>,
        now: Millis,
    ) -> Result<()> {
        if let Some(position) = position {
            let number = |number: u64| Bind::Int(i64::try_from(number).unwrap_or(i64::MAX));
            let binds = vec![
                Bind::Int(file.0),
                Bind::Text(path.to_owned()),
                Bind::Int(now),
                number(position.offset),
                number(position.lines),
                Bind::Int(position.tail),
            ];
            self.run(Statement { binds, ..plain(SAVE_POSITION) }).await?;
        }
        if self.uncommitted > 0 {
            self.run(plain("COMMIT")).await?;
            self.uncommitted = 0;
        }
        Ok(())
    }

    /// Puts everything into the file itself, and closes it.
    ///
    /// # Errors
    /// SQLite's refusal.
    pub async fn close(self) -> Result<()> {
        self.connection.close().await.map_err(|cause| sqlite(cause, &self.path, &self.limit))
    }

    async fn run(&mut self, statement: Statement) -> Result<()> {
        let ran = query(statement).execute(&mut self.connection).await;
        ran.map(drop).map_err(|cause| refusal(cause, &self.path, &self.limit))
    }

    async fn one(&mut self, statement: Statement) -> Result<SqliteRow> {
        let row = query(statement).fetch_one(&mut self.connection).await;
        row.map_err(|cause| refusal(cause, &self.path, &self.limit))
    }
}

fn refusal(cause: sqlx::Error, path: &Path, limit: &Limit) -> anyhow::Error {
    let code = cause.as_database_error().and_then(|error| error.code()?.parse::<i32>().ok());
    let file = shown(path);
    match code.map(|code| code & 0xff) {
        // a disk without room, and a file without the right to write, mean something else to a writer
        Some(13) => {
            anyhow!("{file}: the disk is full; make room and run this again, it goes on where it stopped")
        }
        Some(8) => anyhow!("{file} cannot be written; check the rights on the file and its folder"),
        _ => sqlite(cause, path, limit),
    }
}

/// A name such as `:memory:` is the name of a file here and nothing more.
fn absolute(path: &Path) -> Result<PathBuf> {
    if path.is_dir() {
        bail!("{} is a directory; give the path of a file to --db", shown(path));
    }
    std::path::absolute(path).with_context(|| format!("{} is no path", shown(path)))
}

fn check_header(path: &Path) -> Result<()> {
    let Ok(mut file) = std::fs::File::open(path) else {
        return Ok(());
    };
    let mut start = [0; 16];
    let read = std::io::Read::read(&mut file, &mut start).unwrap_or(0);
    if read > 0 && start != *b"SQLite format 3\0" {
        bail!(
            "{} is not a SQLite database; give the file of one, or a new one, as --db sqlite:PATH",
            shown(path)
        );
    }
    Ok(())
}

fn known_file(row: &SqliteRow, head: i64) -> Result<(FileId, Position)> {
    let number = |column| Ok::<_, sqlx::Error>(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0));
    let position = Position { head, offset: number(1)?, lines: number(2)?, tail: row.try_get(3)? };
    Ok((FileId(row.try_get(0)?), position))
}

/// The statement for so many rows.
fn many_rows(rows: usize) -> String {
    let (before, rest) = ADD_ROWS.split_once("VALUES ").unwrap_or_default();
    let (one, after) = rest.split_once('\n').unwrap_or_default();
    format!("{before}VALUES {}\n{after}", vec![one; rows].join(", "))
}

/// Values of one row.
const VALUES: usize = 18;

fn values(row: ParsedAttempt, hash: i64, file: &FileId) -> [Bind; VALUES] {
    let text = |text: Option<String>| text.map_or(Bind::Null, Bind::Text);
    let time = |time: Option<Millis>| time.map_or(Bind::Null, Bind::Int);
    [
        Bind::Text(row.status.word().to_owned()),
        time(row.at),
        text(row.sender),
        text(row.recipient),
        text(row.subject),
        text(row.error),
        text(row.message_id),
        time(row.queued_at),
        text(row.queue_id),
        text(row.relay),
        text(row.dsn),
        row.delay.map_or(Bind::Null, Bind::Real),
        text(row.delays),
        text(row.stage.map(|stage| stage.to_string())),
        text(row.note.map(str::to_owned)),
        Bind::Int(file.0),
        Bind::Int(i64::try_from(row.line).unwrap_or(i64::MAX)),
        Bind::Int(hash),
    ]
}
