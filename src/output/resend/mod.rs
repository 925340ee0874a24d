//! What `resend` is going to do, what it did, what is in doubt, and the runs of the past.

mod history;
mod said;

use std::fmt;

use anyhow::Result;
use serde::Serialize;
use serde_json::Value;

use super::document::Document;
use super::{Values, View, text, values};
use crate::model::{Class, Enhanced, Millis};
use crate::zone;

pub use history::{History, HistoryRow};
pub use said::length;

const KEYS: &[&str] = &[
    "id",
    "outcome",
    "attempts",
    "next_at",
    "reply",
    "enhanced",
    "class",
    "message_id",
    "reason",
    "sender",
    "recipient",
    "same_as",
    "origin",
];

/// A row of `mailthrottle/resend/1`.
#[derive(Debug, Clone, Serialize)]
pub struct ResendRow {
    /// The row's key.
    pub id: String,
    /// `sent`, `deferred`, `refused`, `doubt`, `skipped`, `held`, `untouched`; before sending `selected`.
    pub outcome: &'static str,
    /// Attempts used up, those of earlier runs included.
    pub attempts: u32,
    /// Not before this time.
    #[serde(serialize_with = "zone::serialize")]
    pub next_at: Option<Millis>,
    /// The reply code of the last answer.
    pub reply: Option<u16>,
    /// Its enhanced code.
    pub enhanced: Option<Enhanced>,
    /// What it means.
    pub class: Option<Class>,
    /// The Message-ID it went with.
    pub message_id: Option<String>,
    /// What was answered, or why it does not go.
    pub reason: Option<String>,
    /// The mailbox it goes out from.
    pub sender: Option<String>,
    /// To whom.
    pub recipient: Option<String>,
    /// The row that goes for this one, which is a further attempt of the same mail.
    pub same_as: Option<String>,
    /// Of a mail in doubt: `ours` or `log`.
    pub origin: Option<&'static str>,
    /// The reason without what differs from row to row.
    #[serde(skip)]
    pub group: &'static str,
    /// To whom and about what.
    #[serde(skip)]
    pub about: String,
}

impl ResendRow {
    /// A row of which nothing is known but what became of it and why.
    pub fn bare(outcome: &'static str, reason: String) -> Self {
        Self {
            id: String::new(),
            outcome,
            attempts: 0,
            next_at: None,
            reply: None,
            enhanced: None,
            class: None,
            message_id: None,
            reason: Some(reason),
            sender: None,
            recipient: None,
            same_as: None,
            origin: None,
            group: "",
            about: String::new(),
        }
    }
}

/// Rows, made one by one as they are written: there may be hundreds of thousands.
pub struct ResendRows<'r>(Box<dyn Fn() -> RowsIter<'r> + 'r>);

type RowsIter<'r> = Box<dyn Iterator<Item = ResendRow> + 'r>;

impl<'r> ResendRows<'r> {
    /// The rows that `make` gives, the same ones each time.
    pub fn made_by<I: Iterator<Item = ResendRow> + 'r>(make: impl Fn() -> I + 'r) -> Self {
        Self(Box::new(move || Box::new(make())))
    }

    fn iter(&self) -> RowsIter<'r> {
        (self.0)()
    }
}

impl Default for ResendRows<'_> {
    fn default() -> Self {
        Self::made_by(std::iter::empty)
    }
}

impl fmt::Debug for ResendRows<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// `mailthrottle/resend/1`.
#[derive(Debug, Default, Serialize)]
pub struct ResendOutput<'r> {
    /// The version of this form.
    pub schema: &'static str,
    /// The run; none before it has begun.
    pub run_id: Option<String>,
    /// Whether nothing was to be done.
    pub dry_run: bool,
    /// Mails that go.
    pub selected: u64,
    /// Accepted by the server.
    pub sent: u64,
    /// Left for a later run.
    pub deferred: u64,
    /// Refused for good.
    pub refused: u64,
    /// In doubt.
    pub doubt: u64,
    /// Mails that did not go, and are not to.
    pub skipped: u64,
    /// Mails that could go once a person fixes something or says so.
    pub held: u64,
    /// Mails that are older than `--max-age`; they are not listed.
    pub too_old: u64,
    /// Mails that would go but for `--limit`; they are not listed.
    pub beyond_limit: u64,
    /// How the system whose table it is sends a mail again itself.
    #[serde(skip)]
    pub own_way: Option<&'static str>,
    /// Of the mails that are skipped, those in doubt.
    #[serde(skip)]
    pub doubts: u64,
    /// The age of the oldest mail that is too old.
    #[serde(skip)]
    pub oldest_age_ms: Option<Millis>,
    /// Older mails do not go.
    #[serde(skip)]
    pub max_age_ms: Millis,
    /// Whether the application does not see which rows are being sent.
    #[serde(skip)]
    pub hides_claims: bool,
    /// Whether the run was interrupted.
    #[serde(skip)]
    pub is_interrupted: bool,
    /// Throttle replies met.
    pub throttled: u64,
    /// Connections opened.
    pub connections_opened: u64,
    /// Connections at once, at most.
    pub peak_connections: u64,
    /// How long it took, or will take as far as can be known.
    pub duration_ms: Millis,
    /// Through which server; none where nothing is sent.
    pub server: Option<String>,
    /// Under which caps.
    pub caps: Option<String>,
    /// Every row; written last, one by one.
    #[serde(skip)]
    pub rows: ResendRows<'r>,
}

/// The name of the form.
pub const SCHEMA: &str = "mailthrottle/resend/1";

impl View for ResendOutput<'_> {
    fn document(&self, _: u16) -> Document {
        said::document(self)
    }

    fn object(&self) -> Result<Value> {
        Ok(serde_json::to_value(self)?)
    }

    fn list(&self) -> Option<(&'static str, Values<'_>)> {
        Some(("rows", self.lines()))
    }

    fn lines(&self) -> Values<'_> {
        values(self.rows.iter())
    }

    fn rows(&self) -> (&'static [&'static str], Values<'_>) {
        (KEYS, self.lines())
    }
}

/// The mails in doubt.
#[derive(Debug)]
pub struct Doubts<'r>(pub ResendOutput<'r>);

impl View for Doubts<'_> {
    fn document(&self, _: u16) -> Document {
        said::doubts(&self.0)
    }

    fn object(&self) -> Result<Value> {
        self.0.object()
    }

    fn list(&self) -> Option<(&'static str, Values<'_>)> {
        self.0.list()
    }

    fn lines(&self) -> Values<'_> {
        self.0.lines()
    }

    fn rows(&self) -> (&'static [&'static str], Values<'_>) {
        View::rows(&self.0)
    }
}

/// The plan, for a person who is asked to agree to it.
pub fn plan(answer: &ResendOutput<'_>, look: text::TextStyle) -> String {
    text::render(&said::document(answer), look)
}
