//! Exit codes, the same for every command, so that cron jobs and monitors can rely on them.
//!
//! clap's own 2 for a mistyped flag is mapped to 3: a monitor reads 2 as critical, and a typing mistake is
//! not a mail outage.

use std::process::ExitCode;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: nothing to do for anybody.
    Fine,
    /// 1: something to look at.
    Warning,
    /// 2: somebody is needed now.
    Critical,
    /// 3: the question could not be answered: usage, config, connection or database.
    Unknown,
    /// 130: interrupted by a person.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(match exit {
            Exit::Fine => 0,
            Exit::Warning => 1,
            Exit::Critical => 2,
            Exit::Unknown => 3,
            Exit::Interrupted => 130,
        })
    }
}
