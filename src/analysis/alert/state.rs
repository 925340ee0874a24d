//! How bad it is.

use serde::{Deserialize, Serialize};

/// How bad it is, in the words and codes of monitoring plugins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlertState {
    /// 0: nobody is needed.
    Ok,
    /// 1: something to look at.
    Warning,
    /// 2: a person is needed now.
    Critical,
    /// 3: it could not be found out.
    Unknown,
}

impl AlertState {
    /// The exit code, the same as for monitoring plugins.
    /// Source: <https://www.monitoring-plugins.org/doc/guidelines.html#AEN78>
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The word at the head of an answer.
    pub fn word(self) -> &'static str {
        match self {
            AlertState::Ok => "OK",
            AlertState::Warning => "WARNING",
            AlertState::Critical => "CRITICAL",
            AlertState::Unknown => "UNKNOWN",
        }
    }

    /// The order of badness: what could not be judged may hide more than a warning does, and no more than what is critical.
    pub(super) fn badness(self) -> u8 {
        match self {
            AlertState::Ok => 0,
            AlertState::Warning => 1,
            AlertState::Unknown => 2,
            AlertState::Critical => 3,
        }
    }
}
