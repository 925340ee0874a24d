//! The lock of a run: a row that a session of its own holds.

use anyhow::Result;

use super::plain;
use super::session::Session;
use crate::db::target::Target;
use crate::mapping::sql::{Bind, Statement};

const MAKE_LOCKS: &str = include_str!("../../../queries/oracle/ledger/make_locks.sql");
const ADD_LOCK: &str = include_str!("../../../queries/oracle/ledger/add_lock.sql");
const TAKE_LOCK: &str = include_str!("../../../queries/oracle/ledger/take_lock.sql");
const DROP_LOCK: &str = include_str!("../../../queries/oracle/ledger/drop_lock.sql");

/// Refusals with a meaning of their own: the row exists, the lock is held, the table is missing, or exists already.
const IS_THERE: i32 = 1;
const IS_HELD: i32 = 54;
const NO_TABLE: i32 = 942;
const TABLE_IS_THERE: i32 = 955;

/// The row that a session of its own holds; whoever dies lets go of it.
pub struct RowLock(Session);

impl std::fmt::Debug for RowLock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RowLock")
    }
}

impl RowLock {
    /// Takes a lock by its name; `None`: it is held.
    ///
    /// # Errors
    /// No session for it can be had, or the server's refusal.
    pub async fn take(target: &Target, name: &str) -> Result<Option<Self>> {
        let holder = Session::open(target).await?;
        let named = |sql| Statement { binds: vec![Bind::Text(name.to_owned())], ..plain(sql) };
        loop {
            // another may just have put the row there
            if let Err(NO_TABLE) = holder.execute_unless(named(ADD_LOCK), &[NO_TABLE, IS_THERE]).await? {
                holder.execute_unless(plain(MAKE_LOCKS), &[TABLE_IS_THERE]).await?.ok();
                continue;
            }
            holder.execute(plain(super::COMMIT)).await?;
            match holder.execute_unless(named(TAKE_LOCK), &[IS_HELD]).await? {
                Err(_) => return Ok(None),
                // whoever held it let go of it in between, and took the row away
                Ok(0) => {}
                Ok(_) => return Ok(Some(Self(holder))),
            }
        }
    }

    /// Lets go of it.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn release(self, name: &str) -> Result<()> {
        let named = Statement { binds: vec![Bind::Text(name.to_owned())], ..plain(DROP_LOCK) };
        self.0.execute(named).await?;
        self.0.execute(plain(super::COMMIT)).await?;
        self.0.close().await;
        Ok(())
    }
}
