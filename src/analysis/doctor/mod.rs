//! Whether the setup is as it should be: checks in a fixed order, each a function from facts to a finding.
//!
//! What a check says depends on the rows and the mapping alone, so that it is the same on every database; what only this
//! database says (versions, plans, statements in its words) is in the details.

pub mod log;
pub mod setup;
pub mod tally;

use serde::Serialize;
use serde_json::Value;

/// Every check in its order. One that needs what an earlier one found wanting is left out.
pub const NAMES: &[&str] = &[
    "connection",
    "table",
    "rights",
    "columns",
    "key",
    "status-words",
    "times",
    "unclassified",
    "clock",
    "index",
    "pending",
    "backlog",
    "sent-with-error",
    "failed-without-text",
];

/// The check that runs only on request.
pub const SMTP: &str = "smtp";

/// How serious a finding is, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// As it should be.
    Ok,
    /// Works, but something is worth a look.
    Warning,
    /// Does not work.
    Problem,
}

impl Severity {
    /// The word in JSON and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Ok => "ok",
            Severity::Warning => "warning",
            Severity::Problem => "problem",
        }
    }
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// Which.
    pub name: &'static str,
    /// How serious.
    pub state: Severity,
    /// What is so.
    pub message: String,
    /// What to do.
    pub advice: Option<String>,
    /// What this database says of it.
    #[serde(skip)]
    pub details: Vec<(&'static str, Value)>,
}

impl Finding {
    fn new(name: &'static str, state: Severity, message: impl Into<String>) -> Self {
        debug_assert!(NAMES.contains(&name) || name == SMTP, "{name}");
        Self { name, state, message: message.into(), advice: None, details: Vec::new() }
    }

    fn ok(name: &'static str, message: impl Into<String>) -> Self {
        Self::new(name, Severity::Ok, message)
    }

    fn warning(name: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..Self::new(name, Severity::Warning, message) }
    }

    fn problem(name: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..Self::new(name, Severity::Problem, message) }
    }

    fn with(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.details.push((key, value.into()));
        self
    }
}
