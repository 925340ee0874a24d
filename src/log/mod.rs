//! The log as commands see it: opened, its failures read, its attempts gone over, and what the ledger knows of it.

mod backlog;
mod failed_mails;
mod failures;
mod imported;
mod ledger;
mod mails;
mod open;
mod scan;

pub use backlog::{Confined, Counted, backlog, begin as begin_of_backlog};
pub use failed_mails::{Considered, Failed, FailedMails, MailSelector, Terms, failed_mails, read};
pub use failures::{failures, failures_for_alert};
pub use imported::is_imported;
pub use ledger::{CLOSED, is_missing, past};
pub use mails::{PlannedRows, Purpose, Sought, each_message};
pub use open::{Log, Rules, open};
pub use scan::{ScanOptions, around, each_attempt, scan, source};

/// Whether a value is the one wished for, if one is.
pub fn wanted(wish: Option<&str>, value: Option<&str>) -> bool {
    wish.is_none_or(|wish| value == Some(wish))
}
