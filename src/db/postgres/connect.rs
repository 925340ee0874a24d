//! Connecting to a server.

use anyhow::Result;
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnection;

use super::error::Asked;
use super::params::Params;
use super::{error, plain};
use crate::db::statement::query;
use crate::db::target::Target;
use crate::mapping::sql::Statement;

const WRITE_SETTINGS: &str = include_str!("../../../queries/postgres/write_settings.sql");

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
