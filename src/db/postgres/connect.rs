//! Connecting, and waiting for answers no longer than the user allows.

use std::pin::pin;
use std::time::Duration;

use anyhow::Result;
use futures_util::FutureExt;
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnection;

use super::params::Params;
use super::{error, grants, plain};
use crate::db::Target;
use crate::db::statement::query;
use crate::mapping::sql::{Bind, Statement};

const WRITE_SETTINGS: &str = include_str!("../../../queries/postgres/write_settings.sql");

/// So much longer than the server's own limit the program waits for it to say something.
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
            return answer.map_err(|cause| error::explain(&cause, self));
        }
        let answered = match self.limit {
            Duration::ZERO => Ok(answer.await),
            limit => tokio::time::timeout(limit.saturating_add(GRACE), answer).await,
        };
        match answered {
            Ok(answer) => answer.map_err(|cause| error::explain(&cause, self)),
            Err(_) => Err(error::silence(self)),
        }
    }
}

/// Connects to a target.
pub(super) async fn connect(target: &Target) -> Result<(PgConnection, Asked)> {
    let params = Params::find(target)?;
    let limit = target.statement_timeout;
    let (name, role) = (params.name(), params.role());
    let asked =
        Asked { name, role, tables: Vec::new(), limit, indexes: "an index".to_owned(), grants: Vec::new() };
    tracing::debug!("connecting to {}", asked.name);
    let options = params.options()?.disable_statement_logging();
    let connecting = tokio::time::timeout(params.connect_timeout, options.connect());
    let connection = match connecting.await {
        Ok(connected) => connected.map_err(|cause| error::explain(&cause, &asked))?,
        Err(_) => return Err(error::no_connection(&asked, params.connect_timeout)),
    };
    Ok((connection, asked))
}

/// Connects to a target to write to it. What is set holds for the session: commits are on the disk, times are UTC, and a
/// transaction may stay open while a server takes its time.
pub async fn open_to_write(target: &Target) -> Result<(PgConnection, Asked)> {
    let (mut connection, asked) = connect(target).await?;
    let settings = Statement { binds: vec![asked.limit_in_millis()], ..plain(WRITE_SETTINGS) };
    asked.answer(query(settings).persistent(false).execute(&mut connection)).await?;
    Ok((connection, asked))
}
