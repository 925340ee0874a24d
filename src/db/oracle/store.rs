//! The session that writes: ledger and status. What is written outside a transaction is committed at once, as in the other
//! databases.

use anyhow::Result;

use super::session::Session;
use super::{binds, error, plain};
use crate::db::Target;
use crate::db::row::Row;
use crate::mapping::sql::{Bind, Statement};

const MAKE_LOCKS: &str = include_str!("../../../queries/oracle/ledger/make_locks.sql");
const ADD_LOCK: &str = include_str!("../../../queries/oracle/ledger/add_lock.sql");
const TAKE_LOCK: &str = include_str!("../../../queries/oracle/ledger/take_lock.sql");
const DROP_LOCK: &str = include_str!("../../../queries/oracle/ledger/drop_lock.sql");

/// On the disk when it returns, whatever the server's settings.
const COMMIT: &str = "COMMIT WRITE IMMEDIATE WAIT";

/// Refusals with a meaning of their own: the row is there, somebody holds it, the table is not there, or is already.
const IS_THERE: i32 = 1;
const IS_HELD: i32 = 54;
const NO_TABLE: i32 = 942;
const TABLE_IS_THERE: i32 = 955;
const COLUMN_IS_THERE: i32 = 1430;

/// A session that writes.
pub struct Writer {
    session: Session,
    /// To connect again: a lock has a session of its own.
    target: Target,
    is_in_transaction: bool,
}

/// The row that a session of its own holds; whoever dies lets go of it.
pub struct RowLock(Session);

impl std::fmt::Debug for RowLock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RowLock")
    }
}

impl Writer {
    /// Connects.
    ///
    /// # Errors
    /// One line that names the server and says what to do.
    pub async fn open(target: &Target) -> Result<Self> {
        Ok(Self { session: Session::open(target).await?, target: target.clone(), is_in_transaction: false })
    }

    /// Connects anew.
    ///
    /// # Errors
    /// The server cannot be reached.
    pub async fn reconnect(&mut self) -> Result<()> {
        self.session = Session::open(&self.target).await?;
        self.is_in_transaction = false;
        Ok(())
    }

    /// Begins a transaction; Oracle itself does so with the first statement.
    pub fn begin(&mut self) {
        self.is_in_transaction = true;
    }

    /// Ends the transaction; all of it is on the disk then.
    ///
    /// # Errors
    /// None of it is.
    pub async fn commit(&mut self) -> Result<()> {
        self.is_in_transaction = false;
        self.session.execute(plain(COMMIT)).await.map(drop)
    }

    /// Takes back the transaction.
    pub async fn roll_back(&mut self) {
        self.is_in_transaction = false;
        let _ = self.session.execute(plain("ROLLBACK")).await;
    }

    /// Runs a statement and says how many rows it changed. A row that somebody else has just put in is not merged.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn execute(&mut self, statement: Statement) -> Result<u64> {
        let is_merge = binds::statements(&statement.sql).any(|sql| sql.starts_with("MERGE "));
        let expected: &[i32] = if is_merge { &[IS_THERE] } else { &[] };
        let changed = refused(&self.session, statement, expected).await?.unwrap_or(0);
        if !self.is_in_transaction {
            self.session.execute(plain(COMMIT)).await?;
        }
        Ok(changed)
    }

    /// Runs a query.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn rows(&mut self, statement: Statement) -> Result<Vec<Row>> {
        rows(&self.session, statement).await
    }

    /// Runs the statements of a file that makes tables, each of which ends the transaction; those that are there stay.
    ///
    /// # Errors
    /// The server's refusal; run again, it goes on where it stopped.
    pub async fn make(&mut self, file: &str) -> Result<()> {
        for statement in binds::statements(file) {
            refused(&self.session, plain(statement), &[TABLE_IS_THERE, COLUMN_IS_THERE]).await?.ok();
        }
        Ok(())
    }

    /// Takes a lock by its name; `None`: somebody holds it.
    ///
    /// # Errors
    /// No session for it can be had, or the server's refusal.
    pub async fn lock(&mut self, name: &str) -> Result<Option<RowLock>> {
        let holder = Session::open(&self.target).await?;
        let named = |sql| Statement { binds: vec![Bind::Text(name.to_owned())], ..plain(sql) };
        loop {
            // another may just have put the row there
            if let Err(NO_TABLE) = refused(&holder, named(ADD_LOCK), &[NO_TABLE, IS_THERE]).await? {
                refused(&holder, plain(MAKE_LOCKS), &[TABLE_IS_THERE]).await?.ok();
                continue;
            }
            holder.execute(plain(COMMIT)).await?;
            match refused(&holder, named(TAKE_LOCK), &[IS_HELD]).await? {
                Err(_) => return Ok(None),
                // whoever held it let go of it in between, and took the row away
                Ok(0) => {}
                Ok(_) => return Ok(Some(RowLock(holder))),
            }
        }
    }

    /// Lets go of a lock.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn unlock(&mut self, name: &str, lock: RowLock) -> Result<()> {
        let named = Statement { binds: vec![Bind::Text(name.to_owned())], ..plain(DROP_LOCK) };
        lock.0.execute(named).await?;
        lock.0.execute(plain(COMMIT)).await?;
        lock.0.close().await;
        Ok(())
    }

    /// Takes leave.
    pub async fn close(self) {
        self.session.close().await;
    }
}

/// Every row of an answer, its cells as text.
pub(super) async fn rows(session: &Session, statement: Statement) -> Result<Vec<Row>> {
    let rows = session.all(statement).await?;
    Ok(rows.into_iter().map(|row| Row::of(row.into_iter().map(super::Cell::into_bytes).collect())).collect())
}

/// Runs a statement and says how many rows it changed or gave, or for which of the reasons looked for it was refused.
async fn refused(
    session: &Session,
    statement: Statement,
    reasons: &'static [i32],
) -> Result<Result<u64, i32>> {
    let asked = binds::positional(&statement).0;
    let ran = session.tried(move |connection| {
        let (sql, values) = binds::positional(&statement);
        let values = binds::parameters(values);
        let mut prepared = connection.statement(&sql).build()?;
        let ran = if prepared.is_query() {
            prepared.query(&binds::lent(&values)).map(|rows| rows.count() as u64)
        } else {
            prepared.execute(&binds::lent(&values)).and_then(|()| prepared.row_count())
        };
        let known = |cause: &oracle::Error| cause.oci_code().filter(|code| reasons.contains(code));
        match ran {
            Err(cause) => known(&cause).map(Err).ok_or(cause),
            Ok(rows) => Ok(Ok(rows)),
        }
    });
    ran.await?.map_err(|cause| error::explain_write(&cause, &session.asked, &asked))
}
