//! Logs that were imported from a mail server: it tries again by itself, and it delivers to many providers or to one.

use anyhow::Result;

use crate::db::Db;
use crate::provider::{self, Profile};

const RELAYS: &str = include_str!("../../queries/import/relays.sql");

/// The table by which an imported log is known.
pub const TABLE: &str = "mailthrottle_import";

/// Whether the log was imported: nothing of it is sent again, for its writer may have done so.
///
/// # Errors
/// The database's refusal.
pub async fn is_imported(db: &mut Db) -> Result<bool> {
    // only a file is imported into
    Ok(!db.is_server() && db.has_table(TABLE).await?)
}

/// The profile of where an imported log of a mail server delivers to; `None` for a log of another kind.
///
/// # Errors
/// The database's refusal.
pub async fn mail_server(db: &mut Db) -> Result<Option<&'static Profile>> {
    let relays = db.rows(db.statement(RELAYS, Vec::new())).await?;
    Ok(relays.first().and_then(|row| profile(&row.text(0).unwrap_or_default())))
}

/// The profile of `smtp.office365.com[192.0.2.7]:587`, as Postfix writes it, or with a blank, as Exim and Sendmail do.
fn profile(relay: &str) -> Option<&'static Profile> {
    let host = relay.split(['[', ' ', ':']).next().unwrap_or_default();
    provider::by_host(host).or_else(|| provider::by_name("mail-server"))
}
