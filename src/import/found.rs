//! What parsers give: attempts, and what became of each line.

use serde::Serialize;

use super::{Line, failure, hash};
use crate::model::{Millis, Stage};
use crate::zone;

/// What became of a mail at one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Status {
    /// Handed over.
    #[default]
    Sent,
    /// Refused or not handed over, for now.
    Deferred,
    /// Refused for good.
    Failed,
    /// Not tried yet.
    Pending,
    /// Any other word.
    Other(String),
}

impl Status {
    /// The word in the column `status`.
    pub fn word(&self) -> &str {
        match self {
            Status::Sent => "S",
            Status::Deferred | Status::Failed => "F",
            Status::Pending => "P",
            Status::Other(word) => word,
        }
    }
}

/// One attempt to send a mail.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ParsedAttempt {
    /// When it was made.
    pub at: Option<Millis>,
    /// How it ended.
    pub status: Status,
    /// The mailbox it went out from.
    pub sender: Option<String>,
    /// To whom.
    pub recipient: Option<String>,
    /// The subject.
    pub subject: Option<String>,
    /// The Message-ID.
    pub message_id: Option<String>,
    /// What the server or the client said of the failure.
    pub error: Option<String>,
    /// When the mail came in.
    pub queued_at: Option<Millis>,
    /// The mail server's own id of the mail.
    pub queue_id: Option<String>,
    /// The server it was to be handed to.
    pub relay: Option<String>,
    /// The delivery status code as logged.
    pub dsn: Option<String>,
    /// Seconds the mail had been waiting.
    pub delay: Option<f64>,
    /// Seconds before the queue, in it, to connect and to transmit, as logged.
    pub delays: Option<String>,
    /// The step that failed.
    pub stage: Option<Stage>,
    /// What a reader has to know of the row.
    pub note: Option<&'static str>,
    /// Where its first line begins in the file.
    pub start: u64,
    /// The number of that line.
    pub line: u64,
    /// A hash of what makes the event the event it is: its first line as written.
    pub key: u64,
}

impl ParsedAttempt {
    /// The row of an event that begins with a line.
    pub fn at(line: Line<'_>) -> Self {
        Self { start: line.start, line: line.number, key: hash(line.text), ..Self::default() }
    }
}

/// How many lines became what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LineCounts {
    /// All lines.
    pub lines: u64,
    /// Lines that begin an event.
    pub events: u64,
    /// Lines that belong to the line before them.
    pub continuations: u64,
    /// Lines of the format that report no attempt.
    pub noise: u64,
    /// Lines that are not of the format.
    pub unparsed: u64,
    /// Unparsed lines that look like a failure.
    pub unparsed_failures: u64,
    /// Attempts that succeeded.
    pub sent: u64,
    /// Attempts that did not.
    pub failed: u64,
    /// Of these, those the mail server tries again by itself.
    pub deferred: u64,
    /// Mails not tried yet.
    pub pending: u64,
    /// The first time.
    #[serde(serialize_with = "zone::serialize")]
    pub first_at: Option<Millis>,
    /// The last time.
    #[serde(serialize_with = "zone::serialize")]
    pub last_at: Option<Millis>,
}

impl LineCounts {
    fn add(&mut self, row: &ParsedAttempt) {
        match row.status {
            Status::Sent => self.sent += 1,
            Status::Deferred => (self.failed, self.deferred) = (self.failed + 1, self.deferred + 1),
            Status::Failed => self.failed += 1,
            Status::Pending => self.pending += 1,
            Status::Other(_) => (),
        }
        if let Some(at) = row.at {
            self.first_at = Some(self.first_at.map_or(at, |first| first.min(at)));
            self.last_at = Some(self.last_at.map_or(at, |last| last.max(at)));
        }
    }
}

/// What a parser has found.
#[derive(Debug, Default)]
pub struct Parsed {
    /// Attempts.
    pub rows: Vec<ParsedAttempt>,
    /// Unparsed lines that look like a failure.
    pub left: Vec<Vec<u8>>,
    /// What became of the lines.
    pub counts: LineCounts,
}

impl Parsed {
    /// The line begins an event, whose rows follow.
    pub fn event(&mut self) {
        self.counts.events += 1;
    }

    /// One attempt of an event.
    pub fn row(&mut self, row: ParsedAttempt) {
        self.counts.add(&row);
        self.rows.push(row);
    }

    /// The line belongs to the one before it.
    pub fn continuation(&mut self) {
        self.counts.continuations += 1;
    }

    /// The line reports no attempt.
    pub fn noise(&mut self) {
        self.counts.noise += 1;
    }

    /// The line is not of the format; an empty one is noise.
    pub fn unparsed(&mut self, text: &[u8]) {
        if text.trim_ascii().is_empty() {
            return self.noise();
        }
        self.counts.unparsed += 1;
        if failure::looks_like_one(text) {
            self.counts.unparsed_failures += 1;
            self.left.push(text.to_owned());
        }
    }
}
