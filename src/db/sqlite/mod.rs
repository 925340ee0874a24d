//! The wire to SQLite.
//!
//! To read, the file is opened read-only, never made, and read within one transaction; a live writer's WAL is respected.
//! `attempts` reads every row of a window by pages, `values` reads single values whatever their type or encoding, `catalogue`
//! finds tables, `together` runs several statements at once, `lock` reports whether a run is alive.

mod attempts;
mod batch;
mod catalogue;
mod error;
mod immutable;
pub mod import;
mod limit;
mod lock;
mod page;
mod values;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use futures_util::TryStreamExt;
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use crate::db::product::{self, Product};
use crate::db::row::Row;
use crate::db::statement::{WriteStep, query};
use crate::db::target::Access;
use crate::mapping::Dialect;
use crate::mapping::sql::Statement;
use batch::StatementResult;
use immutable::Immutable;
use limit::Limit;

pub use lock::FileLock;

/// What is particular to SQLite.
pub const PRODUCT: Product = Product {
    dialect: Dialect::Sqlite,
    server: include_str!("../../../queries/sqlite/server.sql"),
    tls_by: "",
    identity: None,
    zone: None,
    time_sample: include_str!("../../../queries/sqlite/time_sample.sql"),
    status_words: Some(include_str!("../../../queries/sqlite/status_words.sql")),
    is_there: include_str!("../../../queries/sqlite/is_there.sql"),
    reads: include_str!("../../../queries/sqlite/reads.sql"),
    migrations: product::MIGRATIONS,
    claim: product::CLAIM,
    pause: product::PAUSE,
    refusal_ends_transaction: false,
};

/// An open SQLite file.
pub struct Sqlite {
    /// As the user wrote it.
    path: PathBuf,
    connection: SqliteConnection,
    limit: Limit,
    access: Use,
    /// Tables with a key to page by.
    keyed: HashSet<String>,
    ahead: Option<attempts::Few>,
}

/// What the file is open for.
enum Use {
    /// To be read; as one that does not change, where nobody else has it open.
    Read(Option<Immutable>),
    /// To be written: the file itself, whatever link led to it, with its device and inode.
    Write(PathBuf, Option<(u64, u64)>),
}

impl Sqlite {
    /// Opens the file.
    ///
    /// # Errors
    /// One line that names the file and says what to do.
    pub async fn open(path: &str, limit: Duration, access: Access) -> Result<Self> {
        let path = PathBuf::from(path);
        match access {
            Access::Read => Self::open_to_read(path, limit).await,
            Access::Write { make } => Self::open_to_write(path, make).await,
        }
    }

    async fn open_to_read(path: PathBuf, limit: Duration) -> Result<Self> {
        error::check_file(&path)?;
        // the files beside it have the name of the file itself, not of a link to it
        let file =
            std::fs::canonicalize(&path).map_err(|error| anyhow!("{}: {error}", error::shown(&path)))?;
        let immutable = Immutable::of(&file)?;
        // being absolute, a name such as `file:x` or `:memory:` is a name and nothing more
        let options = SqliteConnectOptions::new()
            .filename(file)
            .read_only(true)
            .create_if_missing(false)
            // pages of wide rows are large, so few of them wait in memory
            .row_buffer_size(16)
            .immutable(immutable.is_some())
            .busy_timeout(error::LOCK_WAIT)
            .disable_statement_logging();
        tracing::debug!("opening {}", path.display());
        let limit = Limit::of(limit);
        let mut connection = options.connect().await.map_err(|cause| error::sqlite(cause, &path, &limit))?;
        limit.watch(&mut connection).await?;
        let mut wire = Self::with(path, connection, limit, Use::Read(immutable));
        for start in ["PRAGMA query_only = ON", "BEGIN", "SELECT count(*) FROM sqlite_schema"] {
            wire.rows(plain(start)).await?;
        }
        Ok(wire)
    }

    async fn open_to_write(path: PathBuf, make: bool) -> Result<Self> {
        if !make {
            error::check_file(&path)?;
        }
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(make)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(error::LOCK_WAIT)
            .disable_statement_logging();
        let connected = options.connect().await;
        let connection = connected.map_err(|cause| error::writing(cause, &path))?;
        let file = std::fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        let identity = lock::identity(&file);
        let mut wire = Self::with(path, connection, Limit::of(Duration::ZERO), Use::Write(file, identity));
        wire.keep_journal("DELETE", "PERSIST").await?;
        Ok(wire)
    }

    fn with(path: PathBuf, connection: SqliteConnection, limit: Limit, access: Use) -> Self {
        Self { path, connection, limit, access, keyed: HashSet::new(), ahead: None }
    }

    /// Where SQLite would make a journal for each commit and remove it again, it keeps one while this connection lasts. That
    /// is faster, and a commit cannot be taken back by a journal whose removal had not reached the disk. Nothing of this
    /// is written into the database, and other modes are left as they are.
    async fn keep_journal(&mut self, from: &str, to: &str) -> Result<()> {
        let mode = self.rows(plain("PRAGMA journal_mode")).await?;
        if mode.first().and_then(|row| row.text(0)).is_some_and(|mode| mode.eq_ignore_ascii_case(from)) {
            self.rows(plain(format!("PRAGMA journal_mode = {to}"))).await?;
        }
        Ok(())
    }

    /// `sqlite:PATH`, as the user wrote the path.
    pub fn name(&self) -> String {
        format!("sqlite:{}", self.path.display())
    }

    /// The same for the file itself, whatever link led to it.
    pub fn identity(&self) -> String {
        format!("sqlite:{}", self.file().display())
    }

    fn file(&self) -> &Path {
        match &self.access {
            Use::Read(_) => &self.path,
            Use::Write(file, _) => file,
        }
    }

    /// Lets go of the connection.
    pub async fn close(mut self) {
        if matches!(self.access, Use::Write(..)) {
            // the journal is removed by this, and would do no harm
            let _ = self.keep_journal("PERSIST", "DELETE").await;
        }
        let _ = self.connection.close().await;
    }

    /// Makes sure that all answers came from one state of the file.
    ///
    /// # Errors
    /// It was written to meanwhile.
    pub fn settle(&self) -> Result<()> {
        match &self.access {
            Use::Read(Some(before)) => before.check(&self.path),
            _ => Ok(()),
        }
    }

    /// Makes sure that what is written still is the file of its name.
    ///
    /// # Errors
    /// It was removed or replaced: whatever is written now is lost.
    pub fn check_place(&self) -> Result<()> {
        if let Use::Write(file, identity) = &self.access
            && lock::identity(file) != *identity
        {
            bail!(
                "{} was removed or replaced while it was written; put the right file in its place before anything is sent again",
                self.path.display()
            );
        }
        Ok(())
    }

    /// Learns what would make statements quicker.
    pub fn advise(&mut self, indexes: String) {
        self.limit.indexes = indexes;
    }

    /// Every row of an answer, its cells as text.
    ///
    /// # Errors
    /// SQLite's refusal.
    pub async fn rows(&mut self, statement: Statement) -> Result<Vec<Row>> {
        self.all(statement).await?.iter().map(|row| Ok(Row::of(values::cells(row)?))).collect()
    }

    async fn all(&mut self, statement: Statement) -> Result<Vec<SqliteRow>> {
        self.limit.restart();
        let rows = query(statement).fetch_all(&mut self.connection).await;
        rows.map_err(|cause| self.refusal(cause))
    }

    /// Gives each row of an answer to `each`, which answers whether to go on.
    ///
    /// # Errors
    /// SQLite's refusal, or that of `each`.
    pub async fn each(
        &mut self,
        statement: Statement,
        each: &mut dyn FnMut(&SqliteRow) -> Result<bool>,
    ) -> Result<()> {
        self.limit.restart();
        let mut rows = query(statement).fetch(&mut self.connection);
        loop {
            let row = match rows.try_next().await {
                Ok(row) => row,
                Err(cause) => {
                    drop(rows);
                    return Err(self.refusal(cause));
                }
            };
            match row {
                Some(row) if each(&row)? => {}
                _ => return Ok(()),
            }
        }
    }

    /// Runs a statement and says how many rows it changed.
    ///
    /// # Errors
    /// SQLite's refusal.
    pub async fn execute(&mut self, statement: Statement) -> Result<u64> {
        let done = query(statement).execute(&mut self.connection).await;
        Ok(done.map_err(|cause| self.refusal(cause))?.rows_affected())
    }

    /// Takes a step of a transaction that writes.
    ///
    /// # Errors
    /// SQLite's refusal.
    pub async fn transact(&mut self, step: WriteStep) -> Result<()> {
        let sql = match step {
            WriteStep::Begin => "BEGIN IMMEDIATE",
            WriteStep::Commit => "COMMIT",
            WriteStep::RollBack => "ROLLBACK",
        };
        self.execute(plain(sql)).await.map(drop)
    }

    /// Runs statements one after the other.
    ///
    /// # Errors
    /// SQLite's first refusal; statements after it do not run.
    pub async fn run_each(&mut self, statements: &[Statement]) -> Result<Vec<StatementResult>> {
        batch::run_each(&mut self.connection, &self.path, statements).await
    }

    /// Takes the lock of a run; `None`: it is held, so the run is alive.
    ///
    /// # Errors
    /// The lock's file cannot be made.
    pub fn lock(&self, run: &str) -> Result<Option<FileLock>> {
        lock::take(self.file(), run)
    }

    /// Explains an error. A file that was read as one at rest, and was written to, may look damaged.
    fn refusal(&self, cause: sqlx::Error) -> anyhow::Error {
        match (&self.access, self.settle()) {
            (Use::Write(..), _) => error::writing(cause, &self.path),
            (Use::Read(_), Err(changed)) => changed,
            (Use::Read(_), Ok(())) => error::sqlite(cause, &self.path, &self.limit),
        }
    }
}

fn plain(sql: impl Into<String>) -> Statement {
    Statement::plain(Dialect::Sqlite, sql)
}
