//! Whether a session is this program's own, as the lock of a run has to be.
//!
//! A pooler that hands out the server's sessions by transaction gives the lock to a session that others use next. It shows
//! when two connections rest and work in turn: the sessions they get are the same, or change.

use anyhow::{Result, bail};
use sqlx::Connection;
use sqlx::postgres::PgConnection;

use super::error::Asked;
use super::values::cells;
use super::{connect, plain};

use crate::db::statement::query;
use crate::db::target::Target;

/// How often two connections take turns.
const TURNS: usize = 3;

/// Makes sure that a connection keeps the server's session that it has.
///
/// # Errors
/// A pooler that would give it another one.
pub async fn check_own_session(connection: &mut PgConnection, asked: &Asked, target: &Target) -> Result<()> {
    let (mut other, other_asked) = connect::connect(target).await?;
    let own = session(connection, asked).await?;
    let mut is_own = true;
    for _ in 0..TURNS {
        let theirs = session(&mut other, &other_asked).await?;
        // while it is within a transaction, no pooler can lend its session to the first one
        run(&mut other, &other_asked, "BEGIN").await?;
        let held = session(&mut other, &other_asked).await?;
        is_own &= own != theirs && held == theirs && session(connection, asked).await? == own;
        run(&mut other, &other_asked, "COMMIT").await?;
        if !is_own {
            break;
        }
    }
    let _ = other.close().await;
    if !is_own {
        bail!(
            "{}: a pooler stands in between that hands out sessions by transaction, so that no lock would show whether a run \
             is alive; give the address of the server itself, or of a pool by session",
            asked.name
        );
    }
    Ok(())
}

async fn session(connection: &mut PgConnection, asked: &Asked) -> Result<Vec<Option<Vec<u8>>>> {
    let asking = query(plain("SELECT pg_backend_pid()::text")).persistent(false).fetch_one(connection);
    cells(&asked.answer(asking).await?)
}

async fn run(connection: &mut PgConnection, asked: &Asked, sql: &str) -> Result<()> {
    asked.answer(query(plain(sql)).persistent(false).execute(connection)).await.map(drop)
}
