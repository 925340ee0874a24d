//! The ledger: what was claimed, handed over and answered, written before and after the wire.
//!
//! A mail is known by the log's table, its key and the time of its first attempt. A run claims it, commits that it is about
//! to be handed over, and commits what came of it together with the log's status; every write is guarded by the claim. A
//! ledger in the log's own database shares its transactions; one in a file of its own is written first, and the log follows.

mod belonging;
mod decisions;
mod past;
mod start;
mod steps;
mod writer;

use std::sync::Arc;

use crate::analysis::mails::SameMailBy;
use crate::db::Db;
use crate::digest::Digest;
use crate::mapping::Mapping;
use crate::mapping::sql::{Bind, Statement};
use crate::model::Millis;
use crate::resend::fingerprint::MailFingerprint;
use crate::resend::kept::Version;
use crate::resend::state::{RowEnd, RowState};
use crate::zone;

pub use decisions::{Decision, Doubted, Origin, PastRun};
pub use past::{MailRecord, Past, PastAttempt, read_attempts, read_past};
use writer::Handing;
pub use writer::{LedgerHandle, LedgerWriter, Pause, Pending};

/// A mail of the log, as the ledger knows it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MailKey {
    /// The row's key.
    pub id: String,
    /// The time of its first attempt; `None` where the log has none that can be read.
    pub sent_date: Option<Millis>,
}

impl MailKey {
    /// The time as the ledger writes it; Oracle takes an empty text for NULL.
    pub fn time(&self) -> String {
        self.sent_date.map_or_else(|| "-".to_owned(), zone::rfc3339)
    }
}

/// A further attempt of a mail.
#[derive(Debug, Clone)]
pub struct Further {
    /// Which row.
    pub key: MailKey,
    /// The status word it has in the log.
    pub status: Arc<str>,
    /// By what it is known to be of the same mail.
    pub join: SameMailBy,
    /// Whether its error says that it may have been delivered.
    pub is_doubt: bool,
    /// Whether it counts as failed still; else only the ledger has it.
    pub is_failed: bool,
}

/// A mail that goes: the row that is sent, and the further attempts for which it goes.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// The row that is sent.
    pub key: MailKey,
    /// The status word it has in the log.
    pub status: Arc<str>,
    /// How many recipients it has.
    pub recipients: u32,
    /// What the log kept of it when it was planned.
    pub version: Version,
    /// What of it is sent.
    pub content: MailFingerprint,
    /// What other attempts of the same mail have in common with it.
    pub ties: [Option<Digest>; 2],
    /// The Message-ID it was handed over with before.
    pub message_id: Option<String>,
    /// The further attempts.
    pub further: Vec<Further>,
    /// Whether a person named the row.
    pub is_named: bool,
    /// The fingerprint of a refusal that an earlier run noted; mails were delivered since, so that the same one is final.
    pub refused_before: Option<String>,
}

/// A mail that is to be claimed.
#[derive(Debug, Clone)]
pub struct ClaimRequest {
    /// Which mail.
    pub mail: Arc<Outgoing>,
    /// The attempts it has used up.
    pub attempts: u32,
    /// The time now.
    pub now: Millis,
}

/// What came of a claim, or of asking whether it still holds.
#[derive(Debug)]
pub enum ClaimAnswer<T> {
    /// Granted.
    Yes(T),
    /// It is not; why.
    No(Objection),
}

/// Why a mail may not be claimed or handed over.
#[derive(Debug, Clone)]
pub struct Objection {
    /// In words.
    pub reason: String,
    /// Whether the mail is still to go: it changed, and a later run looks at it again. Else others dealt with it.
    pub is_for_now: bool,
}

impl Objection {
    fn for_now(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_for_now: true }
    }

    fn over(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_for_now: false }
    }
}

impl<T> ClaimAnswer<T> {
    fn is_yes(&self) -> bool {
        matches!(self, ClaimAnswer::Yes(_))
    }
}

/// How an attempt ended.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// Which mail.
    pub mail: Arc<Outgoing>,
    /// What became of it.
    pub end: RowEnd,
    /// Whether this is the final word on an attempt that has ended before.
    pub is_correction: bool,
    /// The time now.
    pub now: Millis,
}

/// Ledger and log of one run.
pub struct Ledger {
    store: Db,
    /// The log, where the ledger is in a file of its own.
    log: Option<Db>,
    mapping: Mapping,
    table: String,
    /// Which database the log is in, as the ledger first knew it.
    database: String,
    run: String,
    /// The account and the server that this run sends through.
    identity: String,
    /// The log's status while a mail is claimed.
    claim_status: Option<String>,
    /// The log's status of a mail that went; none where the log is left alone.
    sent_word: Option<String>,
}

impl Ledger {
    /// A ledger beside the log, or with `log` in a file of its own.
    pub fn new(
        store: Db,
        log: Option<Db>,
        mapping: Mapping,
        claim_status: Option<String>,
        sent_word: Option<String>,
    ) -> Self {
        let table = format!("{}.{}", mapping.table.0, mapping.table.1);
        let sent_word = sent_word.filter(|_| mapping.can_write_status());
        let claim_status = claim_status.filter(|_| sent_word.is_some());
        Self {
            store,
            log,
            mapping,
            table,
            database: String::new(),
            run: String::new(),
            identity: String::new(),
            claim_status,
            sent_word,
        }
    }

    /// The name of this run; empty before it has begun.
    pub fn run(&self) -> &str {
        &self.run
    }

    fn log(&mut self) -> &mut Db {
        self.log.as_mut().unwrap_or(&mut self.store)
    }

    /// The status a claimed mail has in the log.
    fn held<'s>(&'s self, status: &'s str) -> &'s str {
        self.claim_status.as_deref().unwrap_or(status)
    }

    fn key_binds(&self, key: &MailKey) -> Vec<Bind> {
        vec![Bind::Text(self.table.clone()), Bind::Text(key.id.clone()), Bind::Text(key.time())]
    }

    fn about_mail(&self, sql: &str, key: &MailKey, rest: Vec<Bind>) -> Statement {
        self.store.statement(sql, [self.key_binds(key), rest].concat())
    }

    /// The status the log gets when an attempt has ended so.
    fn due(&self, state: RowState, status: &str) -> Option<String> {
        match state {
            RowState::Sent => self.sent_word.clone(),
            RowState::Deferred
            | RowState::Refused
            | RowState::Dropped
            | RowState::Held
            | RowState::Skipped
            | RowState::Untouched => self.claim_status.is_some().then(|| status.to_owned()),
            RowState::Claimed | RowState::HandedOver | RowState::Doubt => None,
        }
    }
}
