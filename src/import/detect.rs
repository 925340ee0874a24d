//! Which format a log has, found out by looking at its first lines.

use super::stamp::Clock;
use super::{Format, Line, Settings, app, csv, exim, json, patterns, postfix, postqueue, sendmail};

/// So many lines are looked at.
pub const LINES: usize = 10_000;

/// The format that the lines have, if it is any: the user's patterns go first, then what is written by one program and
/// no other, then what many write.
pub fn detect<'l>(lines: impl Iterator<Item = Line<'l>>, settings: &Settings) -> Option<Format> {
    let mut clock = Clock::new(settings);
    let mut found = [0_usize; Format::ALL.len()];
    let lines = lines.filter(|line| !line.text.trim_ascii().is_empty());
    for (turn, line) in lines.enumerate() {
        let format =
            ORDER.into_iter().find(|format| recognises(*format, line, settings, &mut clock, turn == 0));
        if let Some(format) = format {
            found[place(format)] += 1;
        }
        // rows with a head say so on their first line
        if found[place(Format::Csv)] > 0 {
            return Some(Format::Csv);
        }
    }
    let count = |format: Format| found[place(format)];
    let one_of =
        |formats: &[Format]| formats.iter().copied().filter(|f| count(*f) > 0).max_by_key(|f| count(*f));
    one_of(&[Format::Patterns])
        .or_else(|| one_of(&[Format::Postfix, Format::Postqueue, Format::Exim, Format::Sendmail]))
        .or_else(|| one_of(&[Format::Json, Format::App]))
}

/// A line counts for the first of these that knows it.
const ORDER: [Format; 8] = [
    Format::Patterns,
    Format::Csv,
    Format::Postqueue,
    Format::Postfix,
    Format::Sendmail,
    Format::Exim,
    Format::Json,
    Format::App,
];

fn place(format: Format) -> usize {
    Format::ALL.iter().position(|one| *one == format).unwrap_or(0)
}

fn recognises(format: Format, line: Line<'_>, settings: &Settings, clock: &mut Clock, is_head: bool) -> bool {
    match format {
        Format::Patterns => patterns::recognises(&settings.patterns, line),
        Format::Csv => is_head && csv::recognises(&settings.columns, line),
        Format::Postqueue => postqueue::recognises(line),
        Format::Postfix => postfix::recognises(line),
        Format::Sendmail => sendmail::recognises(line),
        Format::Exim => exim::recognises(line),
        Format::Json => json::recognises(&settings.columns, line),
        Format::App => app::recognises(clock, line),
    }
}

/// Whether a format knows any of the lines; for a format that a person named.
pub fn any<'l>(format: Format, mut lines: impl Iterator<Item = Line<'l>>, settings: &Settings) -> bool {
    let mut clock = Clock::new(settings);
    lines.any(|line| match format {
        Format::App => app::recognises_any(&mut clock, line),
        _ => recognises(format, line, settings, &mut clock, true),
    })
}
