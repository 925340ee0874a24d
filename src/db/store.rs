//! A connection that writes: for the ledger, and for the status in the log. Reading commands never open one.
//!
//! The ledger's statements are the same in every database: texts and whole numbers, `$1` and so on for values. A commit is
//! on the disk when it returns.

use std::collections::HashSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use crate::db::oracle::store::{RowLock, Writer};
use crate::db::postgres::{self, Asked};
use crate::db::row::Row;
use crate::db::sqlite::{self, together};
use crate::db::statement::query;
use crate::db::{Place, Target};
use crate::mapping::Dialect;
use crate::mapping::sql::{Bind, Statement, body};

/// A file that is written, and which one it was when it was opened.
pub struct File {
    /// As the user wrote it.
    path: PathBuf,
    /// The file itself, whatever link led to it.
    real: PathBuf,
    /// Device and inode.
    identity: Option<(u64, u64)>,
}

impl std::ops::Deref for File {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.path
    }
}

/// Device and inode of what a path leads to now.
fn identity(path: &Path) -> Option<(u64, u64)> {
    let data = std::fs::metadata(path).ok()?;
    Some((data.dev(), data.ino()))
}

/// A connection that writes.
pub enum Store {
    /// A SQLite file.
    Sqlite(File, SqliteConnection),
    /// A PostgreSQL server.
    Postgres(Box<(PgConnection, Asked, Target)>),
    /// An Oracle server.
    Oracle(Box<Writer>),
}

impl Store {
    /// Opens a database for writing; a SQLite file that is not there is made only where `make` says so.
    ///
    /// # Errors
    /// One line that names the database and says what to do.
    pub async fn open(target: &Target, make: bool) -> Result<Self> {
        match Place::of(&target.url)? {
            Place::File(path) => Self::open_sqlite(PathBuf::from(path), make).await,
            Place::Oracle => Ok(Self::Oracle(Box::new(Writer::open(target).await?))),
            Place::Postgres => {
                let (connection, asked) = postgres::open_to_write(target).await?;
                Ok(Self::Postgres(Box::new((connection, asked, target.clone()))))
            }
        }
    }

    async fn open_sqlite(path: PathBuf, make: bool) -> Result<Self> {
        if !make {
            sqlite::error::check_file(&path)?;
        }
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(make)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(sqlite::error::LOCK_WAIT)
            .disable_statement_logging();
        let connected = options.connect().await;
        let connection = connected.map_err(|cause| sqlite::error::writing(cause, &path))?;
        let real = std::fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        let identity = identity(&real);
        let mut store = Self::Sqlite(File { path, real, identity }, connection);
        store.keep_journal("DELETE", "PERSIST").await?;
        Ok(store)
    }

    /// Where SQLite would make a journal for each commit and remove it again, it keeps one while this connection lasts. That
    /// is faster, and a commit cannot be taken back by a journal whose removal had not reached the disk. Nothing of this
    /// is written into the database, and other modes are left as they are.
    async fn keep_journal(&mut self, from: &str, to: &str) -> Result<()> {
        let mode = self.rows(self.statement("PRAGMA journal_mode", Vec::new())).await?;
        if mode.first().and_then(|row| row.text(0)).is_some_and(|mode| mode.eq_ignore_ascii_case(from)) {
            self.rows(self.statement(&format!("PRAGMA journal_mode = {to}"), Vec::new())).await?;
        }
        Ok(())
    }

    /// Makes sure that a lock which is taken through this connection is its own as long as it lasts.
    ///
    /// # Errors
    /// A pooler that lends the server's session to others.
    pub async fn check_own_session(&mut self, target: &Target) -> Result<()> {
        match self {
            // a lock there has a file, or a session, of its own
            Store::Sqlite(..) | Store::Oracle(_) => Ok(()),
            Store::Postgres(server) => {
                let (connection, asked, _) = &mut **server;
                postgres::check_own_session(connection, asked, target).await
            }
        }
    }

    /// Whose SQL it speaks.
    pub fn dialect(&self) -> Dialect {
        match self {
            Store::Sqlite(..) => Dialect::Sqlite,
            Store::Postgres(_) => Dialect::Postgres,
            Store::Oracle(_) => Dialect::Oracle,
        }
    }

    /// Which database it is, by whatever name it was reached.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn identity(&mut self) -> Result<String> {
        let sql = match self {
            Store::Sqlite(file, _) => return Ok(format!("sqlite:{}", file.real.display())),
            Store::Postgres(_) => include_str!("../../queries/postgres/identity.sql"),
            Store::Oracle(_) => include_str!("../../queries/oracle/identity.sql"),
        };
        let rows = self.rows(self.statement(body(sql), Vec::new())).await?;
        rows.first().and_then(|row| row.text(0)).context("the database does not say which it is")
    }

    /// Makes sure that what is written still is the database of its name.
    ///
    /// # Errors
    /// The file was removed or replaced: whatever is written now is lost.
    pub fn check_place(&self) -> Result<()> {
        match self {
            Store::Sqlite(file, _) if identity(&file.real) != file.identity => Err(anyhow!(
                "{} was removed or replaced while it was written; put the right file in its place before anything is sent again",
                file.display()
            )),
            _ => Ok(()),
        }
    }

    /// A statement of the ledger's.
    pub fn statement(&self, sql: &str, binds: Vec<Bind>) -> Statement {
        Statement { dialect: self.dialect(), sql: sql.to_owned(), binds }
    }

    /// Begins a transaction that will write.
    ///
    /// # Errors
    /// Somebody else holds the database, or it is gone.
    pub async fn begin(&mut self) -> Result<()> {
        let sql = match self {
            Store::Sqlite(..) => "BEGIN IMMEDIATE",
            Store::Postgres(_) => "BEGIN",
            Store::Oracle(writer) => {
                writer.begin();
                return Ok(());
            }
        };
        self.execute(self.statement(sql, Vec::new())).await.map(drop)
    }

    /// Ends the transaction; all of it is on the disk then.
    ///
    /// # Errors
    /// None of it is.
    pub async fn commit(&mut self) -> Result<()> {
        if let Store::Oracle(writer) = self {
            return writer.commit().await;
        }
        self.execute(self.statement("COMMIT", Vec::new())).await.map(drop)
    }

    /// Takes back the transaction, if there is one.
    pub async fn roll_back(&mut self) {
        if let Store::Oracle(writer) = self {
            return writer.roll_back().await;
        }
        // without a transaction this is refused, and nothing is to be taken back
        let _ = self.execute(self.statement("ROLLBACK", Vec::new())).await;
    }

    /// Runs a statement and says how many rows it changed.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn execute(&mut self, statement: Statement) -> Result<u64> {
        match self {
            Store::Sqlite(path, connection) => {
                let done = query(statement).execute(&mut *connection).await;
                Ok(done.map_err(|cause| sqlite::error::writing(cause, path))?.rows_affected())
            }
            Store::Postgres(server) => {
                let (connection, asked, _) = &mut **server;
                asked.about_to_write(&statement.sql);
                let running = query(statement).persistent(false).execute(connection);
                Ok(asked.answer(running).await?.rows_affected())
            }
            Store::Oracle(writer) => writer.execute(statement).await,
        }
    }

    /// Runs a query.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn rows(&mut self, statement: Statement) -> Result<Vec<Row>> {
        match self {
            Store::Sqlite(path, connection) => {
                let rows = query(statement).fetch_all(&mut *connection).await;
                let rows = rows.map_err(|cause| sqlite::error::writing(cause, path))?;
                rows.iter().map(|row| Ok(Row::of(sqlite::cells(row)?))).collect()
            }
            Store::Postgres(server) => {
                let (connection, asked, _) = &mut **server;
                let rows = asked.answer(query(statement).persistent(false).fetch_all(connection)).await?;
                rows.iter().map(|row| Ok(Row::of(postgres::cells(row)?))).collect()
            }
            Store::Oracle(writer) => writer.rows(statement).await,
        }
    }

    /// Runs statements one after the other and says how many rows each changed.
    ///
    /// # Errors
    /// The database's first refusal; what stands after it is not run.
    pub async fn execute_each(&mut self, statements: Vec<Statement>) -> Result<Vec<u64>> {
        if let Store::Sqlite(path, connection) = self {
            let ran = together::run_each(connection, path, &statements).await?;
            return Ok(ran.into_iter().map(|ran| ran.changed).collect());
        }
        let mut changed = Vec::with_capacity(statements.len());
        for statement in statements {
            changed.push(self.execute(statement).await?);
        }
        Ok(changed)
    }

    /// Runs queries one after the other.
    ///
    /// # Errors
    /// The database's first refusal.
    pub async fn rows_of_each(&mut self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>> {
        if let Store::Sqlite(path, connection) = self {
            let ran = together::run_each(connection, path, &statements).await?;
            return Ok(ran.into_iter().map(|ran| ran.rows).collect());
        }
        let mut rows = Vec::with_capacity(statements.len());
        for statement in statements {
            rows.push(self.rows(statement).await?);
        }
        Ok(rows)
    }

    /// Runs the statements of a file that makes tables, one after the other, in one transaction, and a last one that says
    /// that they were run.
    ///
    /// # Errors
    /// The database's refusal; then none of them was run. Oracle ends the transaction with each of them: there what is made
    /// stays, and running them again goes on.
    pub async fn run_file(&mut self, file: &str, last: Statement) -> Result<()> {
        if let Store::Oracle(writer) = self {
            writer.make(file).await?;
            return self.execute(last).await.map(drop);
        }
        self.begin().await?;
        let ran = self.run_each(file, last).await;
        match ran {
            Ok(()) => self.commit().await,
            Err(error) => {
                self.roll_back().await;
                Err(error)
            }
        }
    }

    async fn run_each(&mut self, file: &str, last: Statement) -> Result<()> {
        let is_text =
            |part: &&str| part.lines().any(|line| !line.trim().is_empty() && !line.starts_with("--"));
        for part in file.split(";\n").filter(is_text) {
            self.execute(self.statement(part, Vec::new())).await?;
        }
        self.execute(last).await.map(drop)
    }

    /// Whether a table of the ledger's is there.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn has_table(&mut self, name: &str) -> Result<bool> {
        Ok(!self.rows(is_there(self.dialect(), name)).await?.is_empty())
    }

    /// The tables and views that a view reads, through further views too; none for a table. Names are `schema.name`.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn reads(&mut self, view: &str) -> Result<HashSet<String>> {
        let sql = body(match self {
            Store::Sqlite(..) => include_str!("../../queries/sqlite/reads.sql"),
            Store::Postgres(_) => include_str!("../../queries/postgres/reads.sql"),
            Store::Oracle(_) => include_str!("../../queries/oracle/reads.sql"),
        });
        let (mut all, mut next) = (HashSet::new(), vec![view.to_owned()]);
        while let Some(view) = next.pop() {
            let rows = self.rows(self.statement(sql, vec![Bind::Text(view)])).await?;
            let names = rows.iter().filter_map(|row| row.text(0)).filter(|name| all.insert(name.clone()));
            next.extend(names.collect::<Vec<_>>());
        }
        Ok(all)
    }

    /// Whether one of two tables or views is made of those that the other is made of, or of some of them.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn is_of_same_tables(&mut self, one: &str, other: &str) -> Result<bool> {
        let (of_one, of_other) = (self.made_of(one).await?, self.made_of(other).await?);
        Ok(of_one.is_subset(&of_other) || of_other.is_subset(&of_one))
    }

    /// The tables that a view is made of; a table is made of itself.
    async fn made_of(&mut self, name: &str) -> Result<HashSet<String>> {
        let mut tables = HashSet::new();
        for read in self.reads(name).await? {
            if self.reads(&read).await?.is_empty() {
                tables.insert(read);
            }
        }
        if tables.is_empty() {
            tables.insert(name.to_owned());
        }
        Ok(tables)
    }

    /// Whether a server keeps the database, and may end the session of a run that lives on.
    pub fn is_server(&self) -> bool {
        !matches!(self, Store::Sqlite(..))
    }

    /// Connects to the server anew.
    ///
    /// # Errors
    /// It cannot be reached.
    pub async fn reconnect(&mut self) -> Result<()> {
        match self {
            Store::Sqlite(..) => {}
            Store::Postgres(server) => {
                let (connection, asked) = postgres::open_to_write(&server.2).await?;
                (server.0, server.1) = (connection, asked);
            }
            Store::Oracle(writer) => writer.reconnect().await?,
        }
        Ok(())
    }

    /// Takes leave.
    pub async fn close(mut self) {
        if matches!(self, Store::Sqlite(..)) {
            // the journal is removed by this, and would do no harm
            let _ = self.keep_journal("PERSIST", "DELETE").await;
        }
        let _ = match self {
            Store::Sqlite(_, connection) => connection.close().await,
            Store::Postgres(server) => server.0.close().await,
            Store::Oracle(writer) => {
                writer.close().await;
                Ok(())
            }
        };
    }
}

/// The question whether a table of the ledger's is there: a row if it is, `closed` where it may not be read.
pub fn is_there(dialect: Dialect, table: &str) -> Statement {
    let sql = match dialect {
        Dialect::Sqlite => "SELECT 'yes' FROM sqlite_schema WHERE type = 'table' AND name = $1",
        Dialect::Postgres => {
            "SELECT CASE WHEN has_table_privilege(to_regclass($1), 'SELECT') THEN 'yes' ELSE 'closed' END \
             WHERE to_regclass($1) IS NOT NULL"
        }
        Dialect::Oracle => {
            "SELECT 'yes' AS is_there FROM all_tables WHERE owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') AND table_name = UPPER($1)"
        }
    };
    Statement { dialect, sql: sql.to_owned(), binds: vec![Bind::Text(table.to_owned())] }
}

/// A lock that dies with the process or the session that holds it.
#[derive(Debug)]
pub enum Lock {
    /// The locked file of a run.
    File(std::fs::File, PathBuf),
    /// A lock of the session of the store it was taken through.
    Session,
    /// A row that a session of its own holds.
    Row(RowLock),
}

impl Store {
    /// Takes the lock of a run; `None`: somebody holds it, so the run is alive.
    ///
    /// # Errors
    /// The lock's file cannot be made, or the server's refusal.
    pub async fn lock(&mut self, run: &str) -> Result<Option<Lock>> {
        match self {
            Store::Sqlite(file, _) => lock_file(&file.real, run),
            Store::Postgres(_) => {
                let key = vec![Bind::Text(format!("mailthrottle run {run}"))];
                let sql = "SELECT pg_try_advisory_lock(hashtextextended($1, 0))::text";
                let rows = self.rows(self.statement(sql, key)).await?;
                let is_ours = rows.first().and_then(|row| row.text(0)).as_deref() == Some("true");
                Ok(is_ours.then_some(Lock::Session))
            }
            Store::Oracle(writer) => Ok(writer.lock(run).await?.map(Lock::Row)),
        }
    }

    /// Lets go of the lock of a run.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn unlock(&mut self, run: &str, lock: Lock) -> Result<()> {
        match lock {
            Lock::Row(row) => {
                if let Store::Oracle(writer) = self {
                    writer.unlock(run, row).await?;
                }
            }
            Lock::File(file, path) => {
                // removed while it is still held, so that nobody takes a lock on a file that is gone
                let _ = std::fs::remove_file(path);
                drop(file);
            }
            Lock::Session => {
                let key = vec![Bind::Text(format!("mailthrottle run {run}"))];
                let sql = "SELECT pg_advisory_unlock(hashtextextended($1, 0))::text";
                self.rows(self.statement(sql, key)).await?;
            }
        }
        Ok(())
    }
}

fn is_at(file: &std::fs::File, path: &Path) -> bool {
    file.metadata().is_ok_and(|data| identity(path) == Some((data.dev(), data.ino())))
}

fn lock_file(database: &Path, run: &str) -> Result<Option<Lock>> {
    let mut path = database.as_os_str().to_owned();
    path.push(format!(".run-{run}.lock"));
    let path = PathBuf::from(path);
    let open = std::fs::File::options().create(true).truncate(false).write(true).open(&path);
    let file =
        open.map_err(|error| {
            anyhow!(
                "{}: {error}; get the right to write into its folder, or keep the ledger elsewhere by --ledger sqlite:PATH, with log = \
                 \"nothing\" in [resend] where the log may not be written",
                path.display()
            )
        })?;
    match file.try_lock() {
        // whoever let go of it may have removed it in between: then this is no lock on the file of that name
        Ok(()) if !is_at(&file, &path) => lock_file(database, run),
        Ok(()) => Ok(Some(Lock::File(file, path))),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(std::fs::TryLockError::Error(error)) => Err(anyhow!("{}: {error}", path.display())),
    }
}
