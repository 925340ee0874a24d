//! Writes a copy of the bundled log as if it had happened in the last days, to try out what looks at recent mails only.
//!
//! All its times are moved by the same distance, so that the newest row lies one hour back and each burst stays as it is:
//! `cargo run --example recent_incident -- /tmp/incident.db`

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Parser;
use mailthrottle::exit::Exit;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

const INCIDENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/incident.db");

/// SQLite counts in whole milliseconds, so the distances between the rows stay as they are.
const MOVE: &str = "UPDATE email_log SET sent_date = strftime('%Y-%m-%d %H:%M:%f', sent_date, distance.seconds) \
    FROM (SELECT format('%+.3f seconds', unixepoch('now', 'subsec') - 3600 - unixepoch(max(sent_date), 'subsec')) AS seconds \
          FROM email_log) AS distance";

/// Writes a copy of the bundled log whose newest row lies one hour back
#[derive(Parser)]
struct Args {
    /// File to write, or a folder to write incident.db into; a file that exists is not changed
    target: PathBuf,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let target = Args::parse().target;
    let target = if target.is_dir() { target.join("incident.db") } else { target };
    match write_copy(&target).await {
        Ok((rows, first, last)) => {
            println!("wrote {}: {rows} rows from {first} to {last} UTC", target.display());
            Exit::Fine.into()
        }
        Err(error) => {
            eprintln!("recent_incident: {error:#}");
            Exit::Unknown.into()
        }
    }
}

/// Returns the number of rows, the oldest time and the newest.
async fn write_copy(target: &Path) -> Result<(i64, String, String)> {
    let bytes = std::fs::read(INCIDENT).with_context(|| format!("cannot read {INCIDENT}"))?;
    let mut file = match File::create_new(target) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("{} exists already; remove it or name another file", target.display())
        }
        created => created.with_context(|| format!("cannot write {}", target.display()))?,
    };
    file.write_all(&bytes).with_context(|| format!("cannot write {}", target.display()))?;
    let mut copy = SqliteConnectOptions::new().filename(target).connect().await?;
    sqlx::query(MOVE).execute(&mut copy).await?;
    let span = sqlx::query_as("SELECT count(*), min(sent_date), max(sent_date) FROM email_log")
        .fetch_one(&mut copy)
        .await?;
    copy.close().await?;
    Ok(span)
}
