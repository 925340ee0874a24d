//! Logs become rows of an `email_log`: a file for each log format, and the parts they share.
//!
//! Parsers take lines and give rows; they know no clock and no file, so the time of the file, which gives the year of
//! stamps that have none, is an argument. Only [`source`] touches files. Every line is counted as exactly one of
//! event, continuation, noise or unparsed; what is unparsed and looks like a failure is kept.

pub mod app;
pub mod columns;
pub mod compressed;
pub mod csv;
mod cursor;
pub mod detect;
pub mod exim;
pub mod failure;
pub mod format;
pub mod found;
pub mod intake;
pub mod json;
pub mod lines;
pub mod months;
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

use twox_hash::XxHash3_64;

pub use format::LogFormat;
pub use found::{LineCounts, Parsed, ParsedAttempt, Status};

use crate::model::Millis;

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

/// A hash that is the same on every machine and in every version.
pub fn hash(bytes: &[u8]) -> u64 {
    XxHash3_64::oneshot(bytes)
}

/// A text without the mark of its encoding that may precede it.
pub fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

/// Bytes as text that a database takes: what is not UTF-8 replaced, NULs left out.
pub fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    if text.contains('\0') { text.replace('\0', "") } else { text.into_owned() }
}

/// What parsers have to know.
#[derive(Debug, Clone)]
pub struct ParserSettings {
    /// The zone of stamps that name none.
    pub zone: chrono_tz::Tz,
    /// When the file was last written; gives the year of stamps that have none.
    pub file_time: Millis,
    /// Whether 3/4/2026 is the third of April.
    pub day_first: bool,
    /// The user's own names of columns.
    pub columns: columns::UserColumns,
    /// The user's own patterns.
    pub patterns: Vec<patterns::LogPattern>,
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
    pub fn new(format: LogFormat, settings: &ParserSettings) -> Self {
        let clock = stamp::Clock::new(settings);
        match format {
            LogFormat::Postfix => Parser::Postfix(postfix::Postfix::new(clock)),
            LogFormat::Postqueue => Parser::Postqueue(postqueue::Postqueue),
            LogFormat::Exim => Parser::Exim(exim::Exim::new(clock)),
            LogFormat::Sendmail => Parser::Sendmail(sendmail::Sendmail::new(clock)),
            LogFormat::App => Parser::App(app::App::new(clock)),
            LogFormat::Csv => Parser::Csv(Box::new(csv::Csv::new(clock, settings.columns.clone()))),
            LogFormat::Json => Parser::Json(json::Json::new(clock, settings.columns.clone())),
            LogFormat::Patterns => {
                Parser::Patterns(patterns::Patterns::new(clock, settings.patterns.clone()))
            }
        }
    }

    /// Takes the next line.
    pub fn line(&mut self, line: Line<'_>, found: &mut Parsed) {
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
    pub fn peek(&self, found: &mut Parsed) {
        match self {
            Parser::App(parser) => parser.clone().finish(found),
            Parser::Csv(_) => (),
            Parser::Patterns(parser) => parser.clone().finish(found),
            _ => (),
        }
    }

    /// No line follows.
    pub fn finish(&mut self, found: &mut Parsed) {
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

/// The same for what is remembered of a mail, which is long only in a forged log.
fn short_text(bytes: &[u8]) -> Option<String> {
    some_text(&bytes[..bytes.len().min(1000)])
}

/// The text cut to so many bytes at a character's end.
fn cut(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most {
        return Cow::Borrowed(text);
    }
    let end = (0..=most).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    Cow::Borrowed(&text[..end])
}
