//! The user's table in the canonical terms of `queries/README.md`.
//!
//! What the config says ([`wanted`]: [`raw`] on top of a [`preset`]) is checked against the columns that are there ([`resolve`]) and
//! becomes a `Mapping`; from a mapping and a `Selection` of rows, [`sql`] makes the relation `email_log` that every query
//! file reads, in the words of the database ([`dialect`]). What a row means is a word of its status, or a condition ([`meaning`]; its
//! SQL in `conditions`). Where nobody wrote a config, [`guess`] proposes one for the tables
//! of the catalogue ([`described`]). Names are looked up before they are quoted; values are bound.

mod bind;
mod bounds;
mod conditions;
pub mod described;
pub mod dialect;
pub mod guess;
pub mod meaning;
pub mod path;
pub mod preset;
pub mod raw;
pub mod resolve;
pub mod sql;
pub mod time;
pub mod time_format;
pub mod wanted;
pub mod words;
mod write;

use std::str::FromStr;

pub use dialect::Dialect;
pub use raw::RawMapping;
pub use resolve::{Key, Mapping};
pub use wanted::Wanted;
pub use words::StatusWords;

/// The columns of the canonical relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    /// The row's key.
    Id,
    /// The application's own status word.
    Status,
    /// When the attempt was made.
    SentDate,
    /// The stored error text.
    ErrorMessage,
    /// The mailbox the mail went out from.
    Sender,
    /// To whom.
    Recipient,
    /// Copies.
    Cc,
    /// Blind copies.
    Bcc,
    /// Where answers go.
    ReplyTo,
    /// The subject.
    Subject,
    /// The text.
    BodyText,
    /// The text as HTML.
    BodyHtml,
    /// A whole RFC 5322 message.
    Raw,
    /// Files, as paths.
    Attachments,
    /// The Message-ID.
    MessageId,
    /// When the mail was put in the queue.
    QueuedAt,
    /// When the attempt ended.
    FinishedAt,
    /// How often it was tried.
    Attempts,
    /// The batch it belongs to.
    Job,
}

/// Every canonical column with its name and the names it goes by where the config does not say.
const COLUMNS: &[(Column, &str, &[&str])] = &[
    (Column::Id, "id", &["id"]),
    (Column::Status, "status", &["status"]),
    (Column::SentDate, "sent_date", &["sent_date"]),
    (Column::ErrorMessage, "error_message", &["error_message"]),
    (Column::Sender, "sender", &["sender"]),
    (Column::Recipient, "recipient", &["recipient"]),
    (Column::Cc, "cc", &["cc"]),
    (Column::Bcc, "bcc", &["bcc"]),
    (Column::ReplyTo, "reply_to", &["reply_to"]),
    (Column::Subject, "subject", &["subject"]),
    (Column::BodyText, "body_text", &["body_text", "body"]),
    (Column::BodyHtml, "body_html", &["body_html"]),
    (Column::Raw, "raw", &["raw"]),
    (Column::Attachments, "attachments", &["attachments"]),
    (Column::MessageId, "message_id", &["message_id"]),
    (Column::QueuedAt, "queued_at", &["queued_at"]),
    (Column::FinishedAt, "finished_at", &["finished_at"]),
    (Column::Attempts, "attempts", &["attempts"]),
    (Column::Job, "job", &["job"]),
];

impl Column {
    /// Every canonical column.
    pub fn all() -> impl Iterator<Item = Column> {
        COLUMNS.iter().map(|(column, ..)| *column)
    }

    /// The name in the canonical relation and in the config.
    pub fn name(self) -> &'static str {
        COLUMNS[self as usize].1
    }

    /// The names it goes by where the config does not say.
    fn usual_names(self) -> &'static [&'static str] {
        COLUMNS[self as usize].2
    }

    /// Whether every log must have it.
    fn is_required(self) -> bool {
        matches!(self, Column::Id | Column::Status | Column::SentDate)
    }

    fn is_time(self) -> bool {
        matches!(self, Column::SentDate | Column::QueuedAt | Column::FinishedAt)
    }
}

impl FromStr for Column {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = || Column::all().map(Column::name).collect::<Vec<_>>();
        Column::all()
            .find(|column| column.name() == name)
            .ok_or_else(|| format!("'{name}' is not one of the columns {}", known().join(", ")))
    }
}

/// `schema.table`, each part perhaps in double quotes, in which a quote is doubled.
pub fn name_parts(wanted: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut is_quoted = false;
    let mut letters = wanted.chars().peekable();
    while let Some(letter) = letters.next() {
        let part = parts.last_mut().expect("it begins with one");
        match letter {
            '"' if is_quoted && letters.next_if_eq(&'"').is_some() => part.push('"'),
            '"' => is_quoted = !is_quoted,
            '.' if !is_quoted => parts.push(String::new()),
            letter => part.push(letter),
        }
    }
    parts
}

/// The name most like the one asked for, if any is like it at all.
pub fn nearest<'a>(name: &str, present: &'a [String]) -> Option<&'a str> {
    let likeness = |there: &str| strsim::jaro_winkler(&name.to_lowercase(), &there.to_lowercase());
    present
        .iter()
        .map(|there| (likeness(there), there))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, there)| there.as_str())
}
