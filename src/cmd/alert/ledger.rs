//! What a resend's ledger says of the rows an alert looks at.
//!
//! The one place to ask it. A log that nothing was resent from has no ledger: no row is recovered, and none is in doubt.

use std::collections::HashSet;

use anyhow::Result;

use crate::cmd::Log;

/// The ledger's word on the rows of a window.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Keys of failed rows that were sent again.
    pub recovered: HashSet<Box<str>>,
    /// Rows of whatever time that may have been delivered, and that nobody has settled.
    pub doubts: u64,
}

/// Asks the ledger.
///
/// # Errors
/// The database's refusal.
pub async fn read(log: &mut Log) -> Result<Ledger> {
    let past = log.past().await?;
    let recovered = past.sent_within(log.window).into_iter().map(String::into_boxed_str).collect();
    Ok(Ledger { recovered, doubts: past.in_doubt() as u64 })
}
