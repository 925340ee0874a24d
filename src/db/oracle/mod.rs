//! The wire to Oracle, through its own client library.
//!
//! To read, everything is read in one read-only transaction, which sees one state of the database. Rows are streamed: a report
//! keeps those that failed and counts the others (`attempts`). What is written outside a transaction is committed at once, as in
//! the other databases. `session` owns the connection, on a thread of its own; `address` and `client` reach the server, `tables`
//! finds what the mapping names by describing it, `values` reads cells, `locks` reports whether a run is alive.

mod address;
mod attempts;
mod binds;
mod client;
mod error;
mod grants;
mod locks;
mod selfcheck;
mod session;
mod tables;
mod values;

use anyhow::Result;

use crate::db::product::Product;
use crate::db::row::{Cells, Row};
use crate::db::statement::{WriteStep, statements};
use crate::db::target::{Access, Target};
use crate::mapping::Dialect;
use crate::mapping::sql::{Statement, body};
use session::{Session, WIDE};
use values::Cell;

pub use client::NoClient;
pub use locks::RowLock;

/// What is particular to Oracle.
pub const PRODUCT: Product = Product {
    dialect: Dialect::Oracle,
    server: include_str!("../../../queries/oracle/server.sql"),
    tls_by: "have the listener offer TCPS and write oracles://HOST:2484/SERVICE, or have the server encrypt by itself (SQLNET.ENCRYPTION_SERVER)",
    identity: Some(include_str!("../../../queries/oracle/identity.sql")),
    zone: Some(include_str!("../../../queries/oracle/zone.sql")),
    time_sample: include_str!("../../../queries/oracle/time_sample.sql"),
    status_words: None,
    is_there: include_str!("../../../queries/oracle/is_there.sql"),
    reads: include_str!("../../../queries/oracle/reads.sql"),
    migrations: [
        include_str!("../../../queries/oracle/ledger/migration_1.sql"),
        include_str!("../../../queries/oracle/ledger/migration_2.sql"),
        include_str!("../../../queries/oracle/ledger/migration_3.sql"),
    ],
    claim: include_str!("../../../queries/oracle/ledger/claim.sql"),
    pause: include_str!("../../../queries/oracle/ledger/pause.sql"),
    refusal_ends_transaction: false,
};

const ENCRYPTION: &str = include_str!("../../../queries/oracle/encryption.sql");

/// On the disk when it returns, whatever the server's settings.
const COMMIT: &str = "COMMIT WRITE IMMEDIATE WAIT";

/// Refusals for what exists already: a row that another session has just inserted, a table, a column.
const ROW_IS_THERE: i32 = 1;
const TABLE_IS_THERE: i32 = 955;
const COLUMN_IS_THERE: i32 = 1430;

/// An open connection.
pub struct Oracle {
    /// The session.
    pub session: Session,
    /// To connect again: a lock has a session of its own.
    target: Target,
    is_in_transaction: bool,
}

impl Oracle {
    /// Connects; to read, begins a read-only transaction.
    ///
    /// # Errors
    /// One line that names the server and says what to do; three where the client library is missing.
    pub async fn open(target: &Target, access: Access) -> Result<Self> {
        let session = Session::open(target).await?;
        if access == Access::Read {
            session.execute(plain("SET TRANSACTION READ ONLY")).await?;
        }
        Ok(Self { session, target: target.clone(), is_in_transaction: false })
    }

    /// `oracle://HOST:PORT/SERVICE`.
    pub fn name(&self) -> String {
        self.session.asked.name.clone()
    }

    /// The server's version and that of the client library.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn version(&self) -> Result<String> {
        let version = self.session.run(|connection| connection.server_version()).await?.0;
        Ok(format!("Oracle {version}, client {}", self.session.client))
    }

    /// By what the server itself encrypts the session; `None`: this user may not see it.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn encryption(&self) -> Result<Option<Vec<String>>> {
        let banners = self.session.tried(|connection| {
            connection.query_as::<String>(body(ENCRYPTION), &[])?.collect::<oracle::Result<Vec<_>>>()
        });
        match banners.await? {
            Ok(banners) => Ok(Some(banners)),
            Err(refused) if refused.oci_code().is_some_and(|code| error::NO_RIGHT.contains(&code)) => {
                Ok(None)
            }
            Err(refused) => Err(error::explain(&refused, &self.session.asked)),
        }
    }

    /// Lets go of the connection.
    pub async fn close(self) {
        self.session.close().await;
    }

    /// Learns what would make statements quicker.
    pub fn advise(&mut self, indexes: String) {
        self.session.asked.indexes = indexes;
    }

    /// Every row of an answer, its cells as text.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn rows(&mut self, statement: Statement) -> Result<Vec<Row>> {
        let rows = self.session.all(statement).await?;
        Ok(rows.into_iter().map(|row| Row::of(row.0.into_iter().map(Cell::into_bytes).collect())).collect())
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
        self.session.each(statement, WIDE, &mut |row| each(row)).await
    }

    /// Runs a statement and says how many rows it changed; of several, each the way where the one before it changed none: a row
    /// is updated, else inserted, unless it is there after all. What is to be made and is there stays.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn execute(&mut self, statement: Statement) -> Result<u64> {
        let mut changed = 0;
        for (place, sql) in statements(&statement.sql).enumerate() {
            let expected: &[i32] = match sql.split_whitespace().next() {
                Some("INSERT") if place > 0 => &[ROW_IS_THERE],
                Some("CREATE" | "ALTER") => &[TABLE_IS_THERE, COLUMN_IS_THERE],
                _ => &[],
            };
            let one = Statement { binds: statement.binds.clone(), ..plain(sql) };
            changed = self.session.execute_unless(one, expected).await?.unwrap_or(0);
            if changed > 0 {
                break;
            }
        }
        if !self.is_in_transaction {
            self.session.execute(plain(COMMIT)).await?;
        }
        Ok(changed)
    }

    /// Takes a step of a transaction that writes; Oracle itself begins one with the first statement.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn transact(&mut self, step: WriteStep) -> Result<()> {
        self.is_in_transaction = step == WriteStep::Begin;
        match step {
            WriteStep::Begin => Ok(()),
            WriteStep::Commit => self.session.execute(plain(COMMIT)).await.map(drop),
            WriteStep::RollBack => self.session.execute(plain("ROLLBACK")).await.map(drop),
        }
    }

    /// Takes the lock of a run; `None`: it is held.
    ///
    /// # Errors
    /// No session for it can be had, or the server's refusal.
    pub async fn lock(&mut self, run: &str) -> Result<Option<RowLock>> {
        RowLock::take(&self.target, run).await
    }
}

fn plain(sql: &str) -> Statement {
    Statement::plain(Dialect::Oracle, sql)
}
