//! Logs become rows of an `email_log`: a file for each log format, and the parts they share.
//!
//! Parsers take lines and give rows; they know no clock and no file, so the time of the file, which tells the year of
//! stamps that have none, is an argument. Only [`source`] touches files. Every line is counted as exactly one of
//! event, continuation, noise or unparsed; what is unparsed and looks like a failure is kept.

pub mod app;
pub mod columns;
pub mod csv;
pub mod detect;
pub mod exim;
pub mod failure;
pub mod intake;
pub mod json;
pub mod lines;
pub mod months;
pub mod packed;
pub mod patterns;
pub mod postfix;
pub mod postqueue;
pub mod reading;
pub mod recent;
pub mod sendmail;
pub mod source;
pub mod stamp;
pub mod syslog;

use std::borrow::Cow;

use serde::Serialize;
use twox_hash::XxHash3_64;

use crate::model::{Millis, Stage};
use crate::zone;

/// A line on its way into a parser, without its line end.
#[derive(Debug, Clone, Copy)]
pub struct Line<'l> {
    /// Its bytes.
    pub text: &'l [u8],
    /// Where it begins in the uncompressed file.
    pub start: u64,
    /// Its number, from 1.
    pub number: u64,
}

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
    /// A word that is none of these.
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
pub struct Row {
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

impl Row {
    /// The row of an event that begins with a line.
    pub fn at(line: Line<'_>) -> Self {
        Self { start: line.start, line: line.number, key: hash(line.text), ..Self::default() }
    }
}

/// A hash that is the same on every machine and in every version.
pub fn hash(bytes: &[u8]) -> u64 {
    XxHash3_64::oneshot(bytes)
}

/// A text without the mark of its encoding that may stand in front of it.
pub fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

/// Bytes as text that a database takes: what is not UTF-8 replaced, NULs left out.
pub fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    if text.contains('\0') { text.replace('\0', "") } else { text.into_owned() }
}

/// How many lines became what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// All lines.
    pub lines: u64,
    /// Lines that begin an event.
    pub events: u64,
    /// Lines that belong to the line before them.
    pub continuations: u64,
    /// Lines of the format that tell of no attempt.
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

impl Counts {
    fn add(&mut self, row: &Row) {
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
pub struct Found {
    /// Attempts.
    pub rows: Vec<Row>,
    /// Unparsed lines that look like a failure.
    pub left: Vec<Vec<u8>>,
    /// What became of the lines.
    pub counts: Counts,
}

impl Found {
    /// The line begins an event, whose rows follow.
    pub fn event(&mut self) {
        self.counts.events += 1;
    }

    /// One attempt of an event.
    pub fn row(&mut self, row: Row) {
        self.counts.add(&row);
        self.rows.push(row);
    }

    /// The line belongs to the one before it.
    pub fn continuation(&mut self) {
        self.counts.continuations += 1;
    }

    /// The line tells of no attempt.
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

/// A log format by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Postfix in syslog, or from journalctl
    Postfix,
    /// Postfix queue listing: postqueue -j
    Postqueue,
    /// Exim main log
    Exim,
    /// Sendmail in syslog
    Sendmail,
    /// Application log: .NET, Java, Python, PHP, Node and others with a time stamp on each entry
    #[value(aliases = ["dotnet", "azure", "log4j", "java", "python", "php", "laravel", "symfony", "node"])]
    App,
    /// Rows with a head: Exchange Online message trace, OutSystems Service Center, own exports
    #[value(alias = "outsystems")]
    Csv,
    /// A JSON object a line
    #[value(aliases = ["jsonl", "ndjson"])]
    Json,
    /// Lines that the patterns of the config know
    Patterns,
}

impl Format {
    /// Every format, in the order they are listed.
    pub const ALL: [Format; 8] = [
        Format::Postfix,
        Format::Postqueue,
        Format::Exim,
        Format::Sendmail,
        Format::App,
        Format::Csv,
        Format::Json,
        Format::Patterns,
    ];

    /// The word for `--as`.
    pub const fn name(self) -> &'static str {
        match self {
            Format::Postfix => "postfix",
            Format::Postqueue => "postqueue",
            Format::Exim => "exim",
            Format::Sendmail => "sendmail",
            Format::App => "app",
            Format::Csv => "csv",
            Format::Json => "json",
            Format::Patterns => "patterns",
        }
    }

    /// What it is, and how one of its lines begins.
    pub const fn about(self) -> (&'static str, &'static str) {
        match self {
            Format::Postfix => (
                "Postfix in syslog or from journalctl -o short-iso",
                "Nov 20 08:30:12 mx1 postfix/smtp[4711]: 4XyZ12: to=<a@example.com>, relay=...",
            ),
            Format::Postqueue => {
                ("Postfix queue, from postqueue -j", "{\"queue_name\": \"deferred\", \"queue_id\": ...")
            }
            Format::Exim => {
                ("Exim main log", "2026-11-20 08:30:12 1vLxyz-000000001Ab-2CdE == a@example.com ...")
            }
            Format::Sendmail => (
                "Sendmail in syslog",
                "Nov 20 08:30:12 mx1 sm-mta[4711]: 5AK7UCab012345: to=<a@example.com>, ...",
            ),
            Format::App => (
                "application log: .NET, Java, Python, PHP, Node",
                "2026-11-20T08:30:12Z [Error] Failed to send email: 432 4.3.2 ...",
            ),
            Format::Csv => (
                "rows with a head: message trace, Service Center",
                "Received,Sender address,Recipient address,Status,...",
            ),
            Format::Json => {
                ("a JSON object a line", "{\"time\": \"2026-11-20T08:30:12Z\", \"level\": \"error\", ...")
            }
            Format::Patterns => ("lines that [[import.patterns]] of the config know", "as the patterns say"),
        }
    }
}

/// What parsers have to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The zone of stamps that name none.
    pub zone: chrono_tz::Tz,
    /// When the file was last written; tells the year of stamps that have none.
    pub file_time: Millis,
    /// Whether 3/4/2026 is the third of April.
    pub day_first: bool,
    /// The user's own names of columns.
    pub columns: columns::Names,
    /// The user's own patterns.
    pub patterns: Vec<patterns::Pattern>,
}

/// A parser of one format.
#[derive(Debug)]
pub enum Parser {
    /// See [`postfix`].
    Postfix(postfix::Postfix),
    /// See [`postqueue`].
    Postqueue(postqueue::Postqueue),
    /// See [`exim`].
    Exim(exim::Exim),
    /// See [`sendmail`].
    Sendmail(sendmail::Sendmail),
    /// See [`app`].
    App(app::App),
    /// See [`csv`].
    Csv(Box<csv::Csv>),
    /// See [`json`].
    Json(json::Json),
    /// See [`patterns`].
    Patterns(patterns::Patterns),
}

impl Parser {
    /// A parser that has seen nothing yet.
    pub fn new(format: Format, settings: &Settings) -> Self {
        let clock = stamp::Clock::new(settings);
        match format {
            Format::Postfix => Parser::Postfix(postfix::Postfix::new(clock)),
            Format::Postqueue => Parser::Postqueue(postqueue::Postqueue),
            Format::Exim => Parser::Exim(exim::Exim::new(clock)),
            Format::Sendmail => Parser::Sendmail(sendmail::Sendmail::new(clock)),
            Format::App => Parser::App(app::App::new(clock)),
            Format::Csv => Parser::Csv(Box::new(csv::Csv::new(clock, settings.columns.clone()))),
            Format::Json => Parser::Json(json::Json::new(clock, settings.columns.clone())),
            Format::Patterns => Parser::Patterns(patterns::Patterns::new(clock, settings.patterns.clone())),
        }
    }

    /// Takes the next line.
    pub fn line(&mut self, line: Line<'_>, found: &mut Found) {
        found.counts.lines += 1;
        let line = if line.start == 0 { Line { text: without_mark(line.text), ..line } } else { line };
        match self {
            Parser::Postfix(parser) => parser.line(line, found),
            Parser::Postqueue(parser) => parser.line(line, found),
            Parser::Exim(parser) => parser.line(line, found),
            Parser::Sendmail(parser) => parser.line(line, found),
            Parser::App(parser) => parser.line(line, found),
            Parser::Csv(parser) => parser.line(line, found),
            Parser::Json(parser) => parser.line(line, found),
            Parser::Patterns(parser) => parser.line(line, found),
        }
    }

    /// Where the entry begins that further lines may still belong to, and the number of its first line.
    pub fn open_entry(&self) -> Option<(u64, u64)> {
        match self {
            Parser::App(parser) => parser.open_entry(),
            Parser::Csv(parser) => parser.open_entry(),
            Parser::Patterns(parser) => parser.open_entry(),
            _ => None,
        }
    }

    /// What the open entry would be if no line followed; it stays open.
    pub fn peek(&self, found: &mut Found) {
        match self {
            Parser::App(parser) => parser.clone().finish(found),
            Parser::Csv(_) => (),
            Parser::Patterns(parser) => parser.clone().finish(found),
            _ => (),
        }
    }

    /// No line follows.
    pub fn finish(&mut self, found: &mut Found) {
        match self {
            Parser::App(parser) => parser.finish(found),
            Parser::Csv(parser) => parser.finish(found),
            Parser::Patterns(parser) => parser.finish(found),
            _ => (),
        }
    }
}

/// A part of a line as text, or nothing where it is empty.
fn some_text(bytes: &[u8]) -> Option<String> {
    (!bytes.is_empty()).then(|| text(bytes))
}

/// The text cut to so many bytes at a character's end.
fn cut(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most {
        return Cow::Borrowed(text);
    }
    let end = (0..=most).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    Cow::Borrowed(&text[..end])
}
