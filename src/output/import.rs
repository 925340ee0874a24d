//! What an import took in, and the formats it knows.

use anyhow::Result;
use serde::Serialize;
use serde_json::Value;

use super::document::{Block, ColumnHead, Document, Table, Tone};
use super::{Values, View, escape, values};
use crate::import::{self, LineCounts};
use crate::zone;

const KEYS: &[&str] = &[
    "file",
    "format",
    "lines",
    "events",
    "continuations",
    "noise",
    "unparsed",
    "unparsed_failures",
    "sent",
    "failed",
    "deferred",
    "pending",
    "first_at",
    "last_at",
    "rows",
    "bytes",
    "resumed_at",
    "cut_lines",
    "error",
];

/// What an import took in; as JSON `mailthrottle/import/1`.
#[derive(Debug, Serialize)]
pub struct Imported {
    schema: &'static str,
    /// The file with the rows; none where they were only counted.
    database: Option<String>,
    lines: u64,
    events: u64,
    continuations: u64,
    noise: u64,
    unparsed: u64,
    unparsed_failures: u64,
    sent: u64,
    failed: u64,
    deferred: u64,
    pending: u64,
    rows: u64,
    files: Vec<FileRead>,
}

/// One file of an import.
#[derive(Debug, Clone, Serialize)]
pub struct FileRead {
    /// Its name.
    pub file: String,
    /// Its format.
    pub format: &'static str,
    /// What became of the lines that were not read before.
    #[serde(flatten)]
    pub counts: LineCounts,
    /// Rows that were added, or whose error text has grown.
    pub rows: u64,
    /// Bytes read from the disk.
    pub bytes: u64,
    /// Where the reading went on, in a file that was read before.
    pub resumed_at: Option<u64>,
    /// Lines too long to be kept whole.
    pub cut_lines: u64,
    /// What kept the rest from being read.
    pub error: Option<String>,
}

impl Imported {
    /// Sums the files up.
    pub fn new(database: Option<String>, files: Vec<FileRead>) -> Self {
        let sum = |of: fn(&LineCounts) -> u64| files.iter().map(|file| of(&file.counts)).sum();
        Self {
            schema: "mailthrottle/import/1",
            database,
            lines: sum(|counts| counts.lines),
            events: sum(|counts| counts.events),
            continuations: sum(|counts| counts.continuations),
            noise: sum(|counts| counts.noise),
            unparsed: sum(|counts| counts.unparsed),
            unparsed_failures: sum(|counts| counts.unparsed_failures),
            sent: sum(|counts| counts.sent),
            failed: sum(|counts| counts.failed),
            deferred: sum(|counts| counts.deferred),
            pending: sum(|counts| counts.pending),
            rows: files.iter().map(|file| file.rows).sum(),
            files,
        }
    }
}

impl View for Imported {
    fn document(&self, _: u16) -> Document {
        document(self)
    }

    fn object(&self) -> Result<Value> {
        Ok(serde_json::to_value(self)?)
    }

    fn rows(&self) -> (&'static [&'static str], Values<'_>) {
        (KEYS, values(&self.files))
    }
}

fn document(imported: &Imported) -> Document {
    let tone = if imported.unparsed_failures > 0 { Tone::Warning } else { Tone::Good };
    let mut blocks = vec![Block::Verdict(verdict(imported), tone), Block::Table(files(&imported.files))];
    blocks.extend(notes(imported).into_iter().map(Block::Line));
    Document { blocks }
}

fn verdict(it: &Imported) -> String {
    let attempts = format!("{} sent, {} failed, {} pending", it.sent, it.failed, it.pending);
    match &it.database {
        Some(database) => {
            let rows = if it.rows == 1 { "1 row".to_owned() } else { format!("{} rows", it.rows) };
            format!("{rows} added to {}, of attempts read: {attempts}.", escape::line(database))
        }
        None => format!("Nothing was written; attempts read: {attempts}."),
    }
}

fn files(files: &[FileRead]) -> Table {
    let columns = vec![
        ColumnHead::words("file").flexible(),
        ColumnHead::words("format"),
        ColumnHead::numbers("lines"),
        ColumnHead::numbers("events"),
        ColumnHead::numbers("more"),
        ColumnHead::numbers("noise"),
        ColumnHead::numbers("unparsed"),
        ColumnHead::numbers("rows"),
        ColumnHead::words("from").if_wide(),
        ColumnHead::words("to").if_wide(),
    ];
    let row = |file: &FileRead| {
        let counts = &file.counts;
        let time = |at: Option<i64>| at.map_or_else(String::new, zone::rfc3339);
        let numbers =
            [counts.lines, counts.events, counts.continuations, counts.noise, counts.unparsed, file.rows];
        let mut cells = vec![escape::line(&file.file), file.format.to_owned()];
        cells.extend(numbers.map(|number| number.to_string()));
        cells.extend([time(counts.first_at), time(counts.last_at)]);
        cells
    };
    Table { columns, rows: files.iter().map(row).collect(), ..Table::default() }
}

fn notes(it: &Imported) -> Vec<String> {
    let mut notes = Vec::new();
    if it.deferred > 0 {
        let (attempts, them) = counted(it.deferred, ["attempt was", "attempts were"], ["it", "them"]);
        notes.push(format!(
            "{attempts} deferred: the mail server tries again by itself and may have delivered {them} later."
        ));
    }
    if it.unparsed_failures > 0 {
        let (lines, them) = counted(
            it.unparsed_failures,
            ["unparsed line looks like a failure", "unparsed lines look like failures"],
            ["it", "them"],
        );
        notes.push(format!(
            "{lines}; --unparsed FILE keeps {them}, [[import.patterns]] in the config can read {them}."
        ));
    }
    let cut: u64 = it.files.iter().map(|file| file.cut_lines).sum();
    if cut > 0 {
        let (lines, _) = counted(cut, ["line was", "lines were"], ["it", "them"]);
        notes.push(format!("{lines} longer than 1 MiB and cut."));
    }
    notes.extend(it.files.iter().filter_map(resumed));
    notes
}

/// What is said of a file that was read before.
fn resumed(file: &FileRead) -> Option<String> {
    let (name, at) = (escape::line(&file.file), file.resumed_at?);
    Some(match file.counts.lines {
        0 => format!("{name}: nothing new since it was read."),
        _ => format!("{name}: went on at byte {at}, where it stopped before."),
    })
}

/// A number with its words, and the word for them.
fn counted(number: u64, words: [&str; 2], them: [&'static str; 2]) -> (String, &'static str) {
    let place = usize::from(number != 1);
    (format!("{number} {}", words[place]), them[place])
}

/// The formats, for `import --list`.
#[derive(Debug, Serialize)]
struct Listed {
    format: &'static str,
    about: &'static str,
    example: &'static str,
}

/// The formats that are known.
#[derive(Debug, Serialize)]
pub struct Formats {
    schema: &'static str,
    formats: Vec<Listed>,
}

impl Formats {
    /// All of them.
    pub fn all() -> Self {
        let listed = |one: import::LogFormat| Listed {
            format: one.name(),
            about: one.about().0,
            example: one.about().1,
        };
        Self {
            schema: "mailthrottle/formats/1",
            formats: import::LogFormat::ALL.into_iter().map(listed).collect(),
        }
    }
}

impl View for Formats {
    fn document(&self, _: u16) -> Document {
        let fact = |one: &Listed| (one.format.to_owned(), format!("{}: {}", one.about, one.example));
        Document { blocks: vec![Block::Facts(self.formats.iter().map(fact).collect())] }
    }

    fn object(&self) -> Result<Value> {
        Ok(serde_json::to_value(self)?)
    }

    fn rows(&self) -> (&'static [&'static str], Values<'_>) {
        (&["format", "about", "example"], values(&self.formats))
    }
}
