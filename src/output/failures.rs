//! Failed mails, a row each.

use anyhow::Result;
use serde::Serialize;
use serde_json::json;

use super::document::{Block, Column, Document, Table};
use super::report::{again, code};
use super::{Format, csv, escape, json as as_json, markdown, text};
use crate::model::{Class, Disposition, Enhanced, FailedMail, Millis, Stage};
use crate::reply::Classifier;
use crate::window::{self, Window};
use crate::zone;

/// Characters shown of a text, and of an address.
const TEXT: usize = 160;
const ADDRESS: usize = 40;

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
pub struct Row {
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
    #[serde(skip)]
    meaning: String,
}

impl Row {
    /// Reads a mail's error.
    pub fn new(mail: FailedMail, classifier: &Classifier) -> Self {
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
            meaning: reading.rule.meaning.clone(),
            error_message: mail.error,
        }
    }
}

/// Writes the rows.
///
/// # Errors
/// None for the types of this program.
pub fn render(rows: &[Row], window: Window, format: Format, look: text::Look) -> Result<String> {
    Ok(match format {
        Format::Table => text::render(&document(rows, window), look),
        Format::Markdown => markdown::render(&document(rows, window)),
        Format::Json => as_json::object(&json!({ "schema": "mailthrottle/failures/1", "rows": rows }))?,
        Format::Ndjson => rows
            .iter()
            .map(as_json::line)
            .collect::<serde_json::Result<String>>()?,
        Format::Csv => csv::rows(KEYS, rows)?,
    })
}

fn document(rows: &[Row], window: Window) -> Document {
    if rows.is_empty() {
        let since = window.since.map_or_else(String::new, |at| {
            format!(" since {}", window::show(at, window.zone))
        });
        let line = format!("No failed mail{since}; --since all looks at every row.");
        return Document {
            blocks: vec![Block::Line(line)],
        };
    }
    let columns = vec![
        Column::words("id"),
        Column::words("time"),
        Column::words("sender").if_wide(),
        Column::words("recipient"),
        Column::words("subject").if_wide(),
        Column::words("again"),
        Column::words("what it means"),
        Column::words("text").if_wide(),
    ];
    let value = |text: &Option<String>, most| {
        text.as_deref()
            .map_or_else(String::new, |text| escape::short(&escape::line(text), most))
    };
    let row = |row: &Row| {
        vec![
            escape::line(&row.id),
            row.sent_date
                .map_or("(unreadable)".to_owned(), |at| window::show(at, window.zone)),
            value(&row.sender, ADDRESS),
            value(&row.recipient, ADDRESS),
            value(&row.subject, ADDRESS),
            again(row.disposition).to_owned(),
            format!("{} {}: {}", row.class, code(row.reply, row.enhanced), row.meaning).replace(" :", ":"),
            value(&row.error_message, TEXT),
        ]
    };
    Document {
        blocks: vec![Block::Table(Table {
            columns,
            rows: rows.iter().map(row).collect(),
        })],
    }
}
