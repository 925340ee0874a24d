//! The user's own patterns: regular expressions with named groups, the first that matches a line decides.
//!
//! Lines that no pattern knows, and that do not begin with a time stamp, belong to the event before them.

use regex::bytes::{Captures, Regex};
use serde::Deserialize;

use super::stamp::Clock;
use super::{Line, Parsed, ParsedAttempt, Status, cut, some_text};

/// The groups that a pattern may name.
pub const GROUPS: [&str; 6] = ["time", "sender", "recipient", "subject", "message_id", "error"];

/// An error text is kept up to so many bytes.
const LONGEST_TEXT: usize = 4096;

/// A pattern as written in `[[import.patterns]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawPattern {
    /// What it is called in messages.
    pub name: String,
    /// The regular expression.
    pub regex: String,
    /// What a matching line reports: `sent`, `failed` or `pending`.
    pub status: String,
}

/// A checked pattern.
#[derive(Debug, Clone)]
pub struct LogPattern {
    regex: Regex,
    status: Status,
}

impl RawPattern {
    /// Checks it.
    ///
    /// # Errors
    /// One line that names the pattern and what is wrong with it.
    pub fn check(&self) -> Result<LogPattern, String> {
        let blame = |error: String| format!("[[import.patterns]] '{}': {error}", self.name.escape_debug());
        let regex = Regex::new(&self.regex).map_err(|error| {
            let error = error.to_string();
            blame(format!(
                "regex: {}",
                error.lines().last().unwrap_or_default().trim_start_matches("error: ")
            ))
        })?;
        if let Some(group) = regex.capture_names().flatten().find(|name| !GROUPS.contains(name)) {
            return Err(blame(format!("the group '{group}' is not one of {}", GROUPS.join(", "))));
        }
        if !regex.capture_names().flatten().any(|name| name == "time") {
            return Err(blame(
                "no group is called time; write (?<time>...) around the time stamp".to_owned(),
            ));
        }
        let status = match self.status.as_str() {
            "sent" => Status::Sent,
            "failed" => Status::Failed,
            "pending" => Status::Pending,
            other => {
                return Err(blame(format!(
                    "status '{}' is not one of sent, failed, pending",
                    other.escape_debug()
                )));
            }
        };
        Ok(LogPattern { regex, status })
    }
}

/// Whether a pattern matches a line.
pub fn recognises(patterns: &[LogPattern], line: Line<'_>) -> bool {
    patterns.iter().any(|pattern| pattern.regex.is_match(line.text))
}

/// Reads lines by patterns.
#[derive(Debug, Clone)]
pub struct Patterns {
    clock: Clock,
    patterns: Vec<LogPattern>,
    open: Option<ParsedAttempt>,
}

impl Patterns {
    /// Nothing has been read yet.
    pub fn new(clock: Clock, patterns: Vec<LogPattern>) -> Self {
        Self { clock, patterns, open: None }
    }

    /// Takes the next line.
    pub fn line(&mut self, line: Line<'_>, found: &mut Parsed) {
        let matched = self
            .patterns
            .iter()
            .find_map(|pattern| Some((pattern.regex.captures(line.text)?, &pattern.status)));
        if let Some((groups, status)) = matched {
            let row = row(&mut self.clock, &groups, status.clone(), line);
            self.finish(found);
            found.event();
            self.open = Some(row);
            return;
        }
        let begins = self.clock.read(line.text.strip_prefix(b"[").unwrap_or(line.text)).is_some();
        match &mut self.open {
            Some(row) if !begins => {
                add(row, line.text);
                found.continuation();
            }
            _ => {
                self.finish(found);
                found.unparsed(line.text);
            }
        }
    }

    /// Where the event begins that further lines may still belong to, and the number of its first line.
    pub fn open_entry(&self) -> Option<(u64, u64)> {
        self.open.as_ref().map(|row| (row.start, row.line))
    }

    /// No line follows that belongs to the event.
    pub fn finish(&mut self, found: &mut Parsed) {
        if let Some(row) = self.open.take() {
            found.row(row);
        }
    }
}

fn row(clock: &mut Clock, groups: &Captures<'_>, status: Status, line: Line<'_>) -> ParsedAttempt {
    let group = |name: &str| groups.name(name).map(|group| group.as_bytes().trim_ascii());
    let value = |name: &str| group(name).and_then(some_text);
    ParsedAttempt {
        at: value("time").and_then(|time| clock.value(&time)),
        sender: value("sender"),
        recipient: value("recipient"),
        subject: value("subject"),
        message_id: value("message_id"),
        error: value("error").filter(|_| status != Status::Sent),
        status,
        ..ParsedAttempt::at(line)
    }
}

/// More of the error text.
fn add(row: &mut ParsedAttempt, line: &[u8]) {
    if let (Some(error), Some(more)) = (&mut row.error, some_text(line.trim_ascii()))
        && error.len() < LONGEST_TEXT
    {
        *error = format!("{error}\n{}", cut(&more, LONGEST_TEXT));
    }
}
