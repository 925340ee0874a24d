//! Which format a log has, found out by looking at its first lines.

use super::stamp::Clock;
use super::{Line, LogFormat, ParserSettings, app, csv, exim, json, patterns, postfix, postqueue, sendmail};

/// So many lines are looked at.
pub const LINES: usize = 10_000;

/// The format that the lines have, if it is any: the user's patterns go first, then what is written by one program and
/// no other, then what many write.
pub fn detect<'l>(lines: impl Iterator<Item = Line<'l>>, settings: &ParserSettings) -> Option<LogFormat> {
    let mut clock = Clock::new(settings);
    let mut found = [0_usize; LogFormat::ALL.len()];
    let lines = lines.filter(|line| !line.text.trim_ascii().is_empty());
    for (turn, line) in lines.enumerate() {
        let format =
            ORDER.into_iter().find(|format| recognises(*format, line, settings, &mut clock, turn == 0));
        if let Some(format) = format {
            found[place(format)] += 1;
        }
        // rows with a head say so on their first line
        if found[place(LogFormat::Csv)] > 0 {
            return Some(LogFormat::Csv);
        }
    }
    let count = |format: LogFormat| found[place(format)];
    let one_of =
        |formats: &[LogFormat]| formats.iter().copied().filter(|f| count(*f) > 0).max_by_key(|f| count(*f));
    one_of(&[LogFormat::Patterns])
        .or_else(|| one_of(&[LogFormat::Postfix, LogFormat::Postqueue, LogFormat::Exim, LogFormat::Sendmail]))
        .or_else(|| one_of(&[LogFormat::Json, LogFormat::App]))
}

/// A line counts for the first of these that knows it.
const ORDER: [LogFormat; 8] = [
    LogFormat::Patterns,
    LogFormat::Csv,
    LogFormat::Postqueue,
    LogFormat::Postfix,
    LogFormat::Sendmail,
    LogFormat::Exim,
    LogFormat::Json,
    LogFormat::App,
];

fn place(format: LogFormat) -> usize {
    LogFormat::ALL.iter().position(|one| *one == format).unwrap_or(0)
}

fn recognises(
    format: LogFormat,
    line: Line<'_>,
    settings: &ParserSettings,
    clock: &mut Clock,
    is_head: bool,
) -> bool {
    match format {
        LogFormat::Patterns => patterns::recognises(&settings.patterns, line),
        LogFormat::Csv => is_head && csv::recognises(&settings.columns, line),
        LogFormat::Postqueue => postqueue::recognises(line),
        LogFormat::Postfix => postfix::recognises(line),
        LogFormat::Sendmail => sendmail::recognises(line),
        LogFormat::Exim => exim::recognises(line),
        LogFormat::Json => json::recognises(&settings.columns, line),
        LogFormat::App => app::recognises(clock, line),
    }
}

/// Whether a format knows any of the lines; for a format that a person named.
pub fn any<'l>(
    format: LogFormat,
    mut lines: impl Iterator<Item = Line<'l>>,
    settings: &ParserSettings,
) -> bool {
    let mut clock = Clock::new(settings);
    lines.any(|line| match format {
        LogFormat::App => app::recognises_any(&mut clock, line),
        _ => recognises(format, line, settings, &mut clock, true),
    })
}
