//! Waiting for answers no longer than the user allows, and what PostgreSQL refused, in one line that says what to do. The server's own words are kept, in its own language; what
//! to do follows from its code. Source: <https://www.postgresql.org/docs/current/errcodes-appendix.html>

use std::io::ErrorKind;
use std::pin::pin;
use std::time::Duration;

use anyhow::{Error, Result, anyhow};
use futures_util::FutureExt;

use super::grants;
use crate::mapping::sql::Bind;

/// How much longer than the server's own limit the program waits for an answer.
const GRACE: Duration = Duration::from_secs(5);

/// What an error has to name: whom was asked, and how long an answer may take.
pub struct Asked {
    pub(super) name: String,
    pub(super) role: String,
    /// The tables in question, by schema and name.
    pub(super) tables: Vec<(String, String)>,
    pub(super) limit: Duration,
    /// What would make statements quicker.
    pub(super) indexes: String,
    /// What lets the role run the statement that is asked, where it writes.
    pub(super) grants: Vec<String>,
}

impl Asked {
    /// Says what is about to be asked, so that a refusal can name the right that is missing.
    pub fn about_to_write(&mut self, sql: &str) {
        self.grants = grants::to_write(sql, &self.role);
    }

    pub(super) fn limit_in_millis(&self) -> Bind {
        Bind::Text(self.limit.as_millis().to_string())
    }

    /// Waits for an answer, for little longer than the server may take for it.
    pub async fn answer<T>(&self, answer: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T> {
        let mut answer = pin!(answer);
        // most rows are there already, and a look at the clock for each would cost more than they do
        if let Some(answer) = answer.as_mut().now_or_never() {
            return answer.map_err(|cause| explain(&cause, self));
        }
        let answered = match self.limit {
            Duration::ZERO => Ok(answer.await),
            limit => tokio::time::timeout(limit.saturating_add(GRACE), answer).await,
        };
        match answered {
            Ok(answer) => answer.map_err(|cause| explain(&cause, self)),
            Err(_) => Err(silence(self)),
        }
    }
}

/// Explains an error of the driver.
pub fn explain(error: &sqlx::Error, asked: &Asked) -> Error {
    let name = &asked.name;
    match error {
        sqlx::Error::Database(refusal) => {
            let code = refusal.code().unwrap_or_default();
            anyhow!("{name}: {}; {}", refusal.message(), advice(&code, asked))
        }
        sqlx::Error::Tls(cause) => no_tls(name, cause.as_ref()),
        // a handshake that fails says so as bad data
        sqlx::Error::Io(cause) if cause.kind() == ErrorKind::InvalidData => no_tls(name, cause),
        sqlx::Error::Io(cause) => anyhow!("{name}: {}", io(cause)),
        other => anyhow!("{name}: {other}; check that a PostgreSQL server answers there"),
    }
}

fn no_tls(name: &str, cause: &(dyn std::error::Error + 'static)) -> Error {
    anyhow!("{name}: no TLS: {}; check sslmode and sslrootcert", innermost(cause))
}

/// The server said nothing for longer than its own time limit.
pub fn silence(asked: &Asked) -> Error {
    let limit = humantime::format_duration(asked.limit);
    anyhow!(
        "{}: no answer, not even to say that the statement took longer than {limit}; check the server and the network",
        asked.name
    )
}

/// Nothing answered.
pub fn no_connection(asked: &Asked, waited: Duration) -> Error {
    let waited = humantime::format_duration(waited);
    anyhow!("{}: no connection within {waited}; check host, port and firewall", asked.name)
}

fn advice(code: &str, asked: &Asked) -> String {
    match code {
        "28P01" => "check user and password (URL, password_file, PGPASSWORD, ~/.pgpass)".to_owned(),
        "28000" => "check the user, or have the server let this host in (pg_hba.conf)".to_owned(),
        "3D000" => "name another database in --db".to_owned(),
        "42501" => {
            match [grants::needed(&asked.tables, &asked.role), asked.grants.clone()].concat().as_slice() {
                [] => format!("have its owner give the role {} that right", asked.role),
                grants => format!("ask for: {}", grants.join("; ")),
            }
        }
        "57014" => format!(
            "the limit is {} (--statement-timeout): take a shorter window, add {}, or raise the limit",
            humantime::format_duration(asked.limit),
            asked.indexes
        ),
        "57P01" | "57P02" => {
            "the server ended the connection, nothing was changed; run this again".to_owned()
        }
        "57P03" | "53300" => "try again later".to_owned(),
        "40001" => "the standby dropped the snapshot; run this again, or on the primary".to_owned(),
        _ => "--print-sql shows what was asked".to_owned(),
    }
}

fn io(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::ConnectionRefused => {
            "connection refused; check host and port, and that the server runs".to_owned()
        }
        ErrorKind::NotFound => {
            "no server's socket there; check host and port, and that the server runs".to_owned()
        }
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
            "the connection was lost, nothing was changed; check the server and run this again".to_owned()
        }
        _ => format!("{error}; check host and port"),
    }
}

/// The cause that says it, without the layers around it.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
