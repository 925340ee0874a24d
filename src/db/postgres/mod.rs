//! The wire to PostgreSQL.
//!
//! To read, everything is read in one read-only transaction with one snapshot, so the numbers of a report agree. Rows are
//! streamed: a report keeps those that failed and counts the others. `connect` and `params` reach the server, `tables` finds what
//! the mapping names, `values` reads cells, `copy` many rows at once.

mod connect;
mod copy;
mod error;
mod grants;
mod params;
mod service;
mod session;
mod tables;
mod values;

use anyhow::Result;
use futures_util::{Stream, TryStreamExt};
use sqlx::Connection;
use sqlx::postgres::PgConnection;

use crate::db::product::{self, Product};
use crate::db::row::{Cells, Row};
use crate::db::statement::{WriteStep, query};
use crate::db::target::{Access, Target};
use crate::mapping::Dialect;
use crate::mapping::sql::{Bind, Statement};
use error::Asked;
use values::{PgAnswer, cells};

const SETTINGS: &str = include_str!("../../../queries/postgres/settings.sql");

/// What is particular to PostgreSQL.
pub const PRODUCT: Product = Product {
    dialect: Dialect::Postgres,
    server: include_str!("../../../queries/postgres/server.sql"),
    tls_by: "add sslmode=verify-full to the URL, or connect through the server's socket where it is on this host",
    identity: Some(include_str!("../../../queries/postgres/identity.sql")),
    zone: None,
    time_sample: include_str!("../../../queries/postgres/time_sample.sql"),
    status_words: Some(include_str!("../../../queries/postgres/status_words.sql")),
    is_there: include_str!("../../../queries/postgres/is_there.sql"),
    reads: include_str!("../../../queries/postgres/reads.sql"),
    migrations: product::MIGRATIONS,
    claim: product::CLAIM,
    pause: product::PAUSE,
    refusal_ends_transaction: true,
};

/// An open connection.
pub struct Postgres {
    connection: PgConnection,
    /// What errors name.
    pub asked: Asked,
}

impl Postgres {
    /// Connects; to read, begins a read-only snapshot.
    ///
    /// # Errors
    /// One line that names the server and says what to do.
    pub async fn open(target: &Target, access: Access) -> Result<Self> {
        if access != Access::Read {
            let (connection, asked) = connect::open_to_write(target).await?;
            return Ok(Self { connection, asked });
        }
        let (connection, asked) = connect::connect(target).await?;
        let mut wire = Self { connection, asked };
        wire.execute(plain("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")).await?;
        let binds = vec![wire.asked.limit_in_millis()];
        wire.rows(Statement { binds, ..plain(SETTINGS) }).await?;
        Ok(wire)
    }

    /// `postgres://HOST:PORT/DATABASE`.
    pub fn name(&self) -> String {
        self.asked.name.clone()
    }

    /// Lets go of the connection.
    pub async fn close(self) {
        let _ = self.connection.close().await;
    }

    /// Makes sure that the connection keeps the server's session that it has.
    ///
    /// # Errors
    /// A pooler that would give it another one.
    pub async fn check_own_session(&mut self, target: &Target) -> Result<()> {
        session::check_own_session(&mut self.connection, &self.asked, target).await
    }

    /// Learns what would make statements quicker.
    pub fn advise(&mut self, indexes: String) {
        self.asked.indexes = indexes;
    }

    /// Every row of an answer, its cells as text.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn rows(&mut self, statement: Statement) -> Result<Vec<Row>> {
        let asking = query(statement).persistent(false).fetch_all(&mut self.connection);
        self.asked.answer(asking).await?.iter().map(|row| Ok(Row::of(cells(row)?))).collect()
    }

    /// Runs a statement and says how many rows it changed.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn execute(&mut self, statement: Statement) -> Result<u64> {
        self.asked.about_to_write(&statement.sql);
        let running = query(statement).persistent(false).execute(&mut self.connection);
        Ok(self.asked.answer(running).await?.rows_affected())
    }

    /// Takes a step of a transaction that writes.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn transact(&mut self, step: WriteStep) -> Result<()> {
        let sql = match step {
            WriteStep::Begin => "BEGIN",
            WriteStep::Commit => "COMMIT",
            WriteStep::RollBack => "ROLLBACK",
        };
        self.execute(plain(sql)).await.map(drop)
    }

    /// Takes the lock of a run, which is the session's, and says whether it was free.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn lock(&mut self, run: &str) -> Result<bool> {
        let sql = "SELECT pg_try_advisory_lock(hashtextextended($1, 0))";
        let rows = self.rows(Statement { binds: vec![key(run)], ..plain(sql) }).await?;
        Ok(rows.first().is_some_and(|row| row.is_true(0)))
    }

    /// Lets go of the lock of a run.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn unlock(&mut self, run: &str) -> Result<()> {
        let sql = "SELECT pg_advisory_unlock(hashtextextended($1, 0))";
        self.rows(Statement { binds: vec![key(run)], ..plain(sql) }).await.map(drop)
    }

    /// Gives each row of an answer to `each`, which answers whether to go on.
    ///
    /// # Errors
    /// The server's refusal, or that of `each`.
    pub async fn each(
        &mut self,
        statement: Statement,
        each: &mut dyn FnMut(&dyn Cells) -> Result<bool>,
    ) -> Result<()> {
        if statement.binds.is_empty() {
            return self.each_in_bulk(&statement.sql, each).await;
        }
        let mut rows = query(statement).persistent(false).fetch(&mut self.connection);
        while let Some(row) = next(&mut rows, &self.asked).await? {
            if !each(&PgAnswer::Row(&row))? {
                break;
            }
        }
        Ok(())
    }

    async fn each_in_bulk(
        &mut self,
        sql: &str,
        each: &mut dyn FnMut(&dyn Cells) -> Result<bool>,
    ) -> Result<()> {
        let copy = copy::statement(sql);
        let mut pieces = self.asked.answer(self.connection.copy_out_raw(&copy)).await?;
        let (mut rows, mut go_on, mut taken) = (copy::CopyRows::default(), true, Ok(()));
        // to its end also where nobody listens any more, or the connection could not be asked again
        while let Some(piece) = next(&mut pieces, &self.asked).await? {
            if go_on && taken.is_ok() {
                taken = rows.take(&piece, &mut |tuple| {
                    go_on = go_on && each(&PgAnswer::Tuple(tuple))?;
                    Ok(())
                });
            }
        }
        taken
    }
}

async fn next<T>(
    rows: &mut (impl Stream<Item = Result<T, sqlx::Error>> + Unpin),
    asked: &Asked,
) -> Result<Option<T>> {
    asked.answer(rows.try_next()).await
}

/// What the lock of a run is called.
fn key(run: &str) -> Bind {
    Bind::Text(format!("mailthrottle run {run}"))
}

fn plain(sql: &str) -> Statement {
    Statement::plain(Dialect::Postgres, sql)
}
