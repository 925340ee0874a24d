//! Failed mails, a row each.

use anyhow::Result;
use serde::Serialize;
use serde_json::{Value, json};

use super::document::{Block, ColumnHead, Document, Table};
use super::report::{again, code};
use super::{Values, View, escape, values};
use crate::model::{Class, Disposition, Enhanced, Mail, Millis, Stage};
use crate::reply::Classifier;
use crate::window::{self, Window};
use crate::zone;

/// Characters shown of a stored text.
const TEXT: usize = 200;

const KEYS: &[&str] = &[
    "id",
    "status",
    "sent_date",
    "sender",
    "recipient",
    "subject",
    "reply",
    "enhanced",
    "class",
    "disposition",
    "stage",
    "error_message",
];

/// A failed mail with what its error means; as JSON a row of `mailthrottle/failures/1`.
#[derive(Debug, Serialize)]
pub struct FailureRow {
    /// The row's key.
    pub id: String,
    /// The application's status word.
    pub status: Option<String>,
    /// When it was tried.
    #[serde(serialize_with = "zone::serialize")]
    pub sent_date: Option<Millis>,
    /// The mailbox.
    pub sender: Option<String>,
    /// To whom.
    pub recipient: Option<String>,
    /// The subject.
    pub subject: Option<String>,
    /// Reply code.
    pub reply: Option<u16>,
    /// Enhanced code.
    pub enhanced: Option<Enhanced>,
    /// What kind of trouble.
    pub class: Class,
    /// What may be done.
    pub disposition: Disposition,
    /// The step that failed.
    pub stage: Option<Stage>,
    /// The stored text.
    pub error_message: Option<String>,
    /// How sending it again went so far.
    pub attempts: Vec<ResendAttempt>,
    #[serde(skip)]
    meaning: String,
}

/// An attempt to send a mail again.
#[derive(Debug, Clone, Serialize)]
pub struct ResendAttempt {
    /// The run.
    pub run_id: String,
    /// When it ended.
    #[serde(serialize_with = "zone::serialize")]
    pub ended_at: Option<Millis>,
    /// `sent`, `deferred`, `refused` or `doubt`.
    pub outcome: String,
    /// What was answered.
    pub reply: Option<String>,
    /// What that means.
    pub class: Option<String>,
    /// The Message-ID it went with.
    pub message_id: Option<String>,
}

impl FailureRow {
    /// Reads a mail's error.
    pub fn new(mail: Mail, classifier: &Classifier, attempts: Vec<ResendAttempt>) -> Self {
        let reading = classifier.read(mail.error.as_deref().unwrap_or_default());
        Self {
            id: mail.id,
            status: mail.status,
            sent_date: mail.at,
            sender: mail.sender,
            recipient: mail.recipient,
            subject: mail.subject,
            reply: reading.reply,
            enhanced: reading.enhanced,
            class: reading.class,
            disposition: reading.disposition,
            stage: reading.stage,
            meaning: reading.rule.meaning_for(reading.disposition).to_owned(),
            attempts,
            error_message: mail.error,
        }
    }
}

/// The last failed mails, newest first.
#[derive(Debug, Clone, Copy)]
pub struct FailureRows<'r> {
    /// The mails.
    pub rows: &'r [FailureRow],
    /// What was asked about.
    pub window: Window,
}

impl View for FailureRows<'_> {
    fn document(&self, _: u16) -> Document {
        document(self.rows, self.window)
    }

    fn ticket(&self) -> Document {
        match self.rows {
            [] => document(self.rows, self.window),
            rows => Document { blocks: vec![Block::Table(table(rows, self.window))] },
        }
    }

    fn object(&self) -> Result<Value> {
        Ok(json!({ "schema": "mailthrottle/failures/1", "rows": self.rows }))
    }

    fn lines(&self) -> Values<'_> {
        values(self.rows)
    }

    fn rows(&self) -> (&'static [&'static str], Values<'_>) {
        (KEYS, self.lines())
    }
}

fn document(rows: &[FailureRow], window: Window) -> Document {
    if rows.is_empty() {
        let line = match window.since {
            Some(at) => format!(
                "No failed mail since {}; --since all looks at every row.",
                window::show(at, window.zone)
            ),
            None => "No failed mail.".to_owned(),
        };
        return Document { blocks: vec![Block::Line(line)] };
    }
    let facts = rows.iter().flat_map(|row| facts(row, window).into_iter().chain(again_so_far(row, window)));
    Document { blocks: vec![Block::Facts(facts.collect())] }
}

/// A row for each mail.
fn table(rows: &[FailureRow], window: Window) -> Table {
    let heads = ["id", "time", "sender", "recipient", "subject", "class", "code", "again", "text"];
    let value = |text: &Option<String>| text.as_deref().map_or_else(String::new, escape::line);
    let cells = |row: &FailureRow| {
        let so_far: Vec<String> = again_so_far(row, window).into_iter().map(|(_, line)| line).collect();
        let text = [vec![escape::short(&value(&row.error_message), TEXT)], so_far].concat();
        vec![
            escape::line(&row.id),
            row.sent_date.map_or_else(String::new, |at| window::show(at, window.zone)),
            value(&row.sender),
            value(&row.recipient),
            value(&row.subject),
            row.class.to_string(),
            code(row.reply, row.enhanced),
            again(row.disposition).to_owned(),
            text.join("; "),
        ]
    };
    let columns = heads.map(ColumnHead::words).into();
    Table { columns, rows: rows.iter().map(cells).collect(), ..Table::default() }
}

/// A line for each attempt to send it again.
fn again_so_far(row: &FailureRow, window: Window) -> Vec<(String, String)> {
    let line = |attempt: &ResendAttempt| {
        let time = attempt.ended_at.map_or_else(String::new, |at| window::show(at, window.zone));
        let reply = attempt.reply.as_deref().unwrap_or_default();
        let said = format!("sent again {time}: {}, {}", attempt.outcome, escape::line(reply));
        (String::new(), escape::short(&said, TEXT))
    };
    row.attempts.iter().map(line).collect()
}

/// Three lines: which mail, what it means, what was stored.
fn facts(row: &FailureRow, window: Window) -> [(String, String); 3] {
    let value = |text: &Option<String>| text.as_deref().map_or_else(|| "(none)".to_owned(), escape::line);
    let time = row.sent_date.map_or("(no readable time)".to_owned(), |at| window::show(at, window.zone));
    let mail =
        format!("{time}  {} to {}: {}", value(&row.sender), value(&row.recipient), value(&row.subject));
    let codes = [row.class.to_string(), code(row.reply, row.enhanced)].join(" ");
    let meaning = format!("{}, again: {}. {}", codes.trim_end(), again(row.disposition), row.meaning);
    let stored = escape::short(&value(&row.error_message), TEXT);
    [(escape::line(&row.id), mail), (String::new(), meaning), (String::new(), stored)]
}
