//! What init proposes, and for whom it is in a config file.

use anyhow::Result;
use serde_json::{Value, json};

use super::config_file::{self, ConfigFile};
use super::document::{Block, ColumnHead, Document, Table, Tone};
use super::{Values, View, escape, text, values};
use crate::mapping::guess::{GuessedWord, Proposal, is_good};
use crate::mapping::{Column as Canonical, guess, preset};
use crate::zone;

const KEYS: &[&str] = &["column", "names", "reason"];

/// Status words shown; the config has them all.
const MOST_WORDS: usize = 15;

/// Other tables named.
const MOST_OTHERS: usize = 5;

/// A proposal, with the tables it was chosen from.
#[derive(Debug, Clone, Copy)]
pub struct Proposed<'p> {
    /// The file it makes.
    pub file: ConfigFile<'p>,
    /// All tables that were looked into, the likeliest first.
    pub candidates: &'p [Proposal],
    /// Where the file is to be, if it is written.
    pub path: Option<&'p str>,
}

impl View for Proposed<'_> {
    fn document(&self, _: u16) -> Document {
        document(self)
    }

    fn object(&self) -> Result<Value> {
        Ok(object(self))
    }

    fn rows(&self) -> (&'static [&'static str], Values<'_>) {
        (KEYS, values(columns(self.file.proposal)))
    }
}

/// The tables to choose from, numbered.
pub fn list(candidates: &[&Proposal], look: text::TextStyle) -> String {
    let columns = vec![
        ColumnHead::numbers(""),
        ColumnHead::words("table").flexible(),
        ColumnHead::numbers("rows"),
        ColumnHead::numbers("score"),
        ColumnHead::words("columns found").flexible(),
    ];
    let row = |(number, proposal): (usize, &&Proposal)| {
        let found: Vec<_> = proposal.columns.iter().map(|found| found.column.name()).collect();
        let found = proposal.preset.map_or_else(|| found.join(" "), |preset| format!("preset {preset}"));
        let rows = proposal.rows.map_or_else(|| "?".to_owned(), |rows| rows.to_string());
        vec![number.to_string(), escape::line(&proposal.table), rows, proposal.score.to_string(), found]
    };
    let rows = (1..).zip(candidates).map(row).collect();
    text::render(&Document { blocks: vec![Block::Table(Table { columns, rows, ..Table::default() })] }, look)
}

/// `mailthrottle/init/1`: the same for the same rows on every database, but for `source`.
fn object(proposed: &Proposed<'_>) -> Value {
    let ConfigFile { proposal, rows, .. } = proposed.file;
    let candidate = |proposal: &Proposal| json!({ "table": proposal.table, "preset": proposal.preset, "score": proposal.score, "good": is_good(proposal) });
    json!({
        "schema": "mailthrottle/init/1",
        "generated_at": zone::rfc3339(proposed.file.now),
        "source": {
            "database": proposed.file.database,
            "file": proposed.path,
            "config": config_file::text(&proposed.file),
        },
        "table": proposal.table,
        "preset": proposal.preset,
        "failed_when": proposal.failed_when_not_empty.then_some("not empty"),
        "columns": columns(proposal),
        "other_columns": proposal.others,
        "rows": rows.counted,
        "rows_are_all": rows.are_all,
        "statuses": proposal.words.iter().map(status).collect::<Vec<_>>(),
        "candidates": proposed.candidates.iter().map(candidate).collect::<Vec<_>>(),
    })
}

fn columns(proposal: &Proposal) -> Vec<Value> {
    let found = proposal.columns.iter();
    found
        .map(|found| json!({ "column": found.column.name(), "names": found.names, "reason": found.reason }))
        .collect()
}

fn status(word: &GuessedWord) -> Value {
    json!({
        "status": word.counted.word,
        "meaning": word.meaning,
        "rows": word.counted.rows,
        "share": word.share,
        "with_error": word.counted.with_error,
        "reason": word.reason,
    })
}

fn document(proposed: &Proposed<'_>) -> Document {
    let ConfigFile { proposal, rows, database, .. } = proposed.file;
    let mut blocks = vec![
        Block::Verdict(escape::line(&summary(proposal)), tone(proposal)),
        Block::Line(String::new()),
        Block::Line(escape::line(&format!("{} in {database}", proposal.table))),
    ];
    if let Some(preset) = proposal.preset.and_then(preset::by_name) {
        blocks.push(Block::Line(format!("It fits the preset {}: {}.", preset.name, preset.title)));
        blocks.extend(preset.note.clone().map(Block::Line));
    }
    blocks.extend([Block::Heading("Columns".to_owned()), Block::Table(table_of_columns(proposal))]);
    if !proposal.words.is_empty() {
        let heading = format!("Status words in {}", rows.in_words());
        blocks.extend([Block::Heading(heading), Block::Table(table_of_words(proposal))]);
    }
    let others: Vec<_> = proposed
        .candidates
        .iter()
        .filter(|other| is_good(other) && other.table != proposal.table)
        .take(MOST_OTHERS)
        .map(|other| escape::line(&other.table))
        .collect();
    if !others.is_empty() {
        let line =
            format!("\nOther tables look like a mail log as well: {}. --table takes one.", others.join(", "));
        blocks.push(Block::Line(line));
    }
    Document { blocks }
}

fn summary(proposal: &Proposal) -> String {
    let understood = proposal.words.iter().filter(|word| word.meaning.is_some()).count();
    let words = match proposal.words.len() {
        0 if proposal.failed_when_not_empty => "; what failed is told by the error text".to_owned(),
        0 => "; it has no row yet, so its status words are guessed".to_owned(),
        all if proposal.failed_when_not_empty || understood == all => {
            ", and its status words are understood".to_owned()
        }
        all => format!(", and {understood} of its {all} status words are understood"),
    };
    let all = Canonical::all().count();
    format!(
        "{} looks like the mail log: {} of {all} columns found{words}.",
        proposal.table,
        proposal.columns.len()
    )
}

fn tone(proposal: &Proposal) -> Tone {
    let is_clear = proposal.words.iter().all(|word| word.meaning.is_some()) && guess::is_good(proposal);
    if is_clear { Tone::Good } else { Tone::Warning }
}

fn table_of_columns(proposal: &Proposal) -> Table {
    let columns =
        vec![ColumnHead::words("column"), ColumnHead::words("yours"), ColumnHead::words("why").flexible()];
    let rows = proposal.columns.iter().map(|found| {
        let reason = match found.column {
            Canonical::Status => words_in_short(proposal).unwrap_or_else(|| found.reason.clone()),
            _ => found.reason.clone(),
        };
        vec![found.column.name().to_owned(), escape::line(&found.names.join(", ")), escape::line(&reason)]
    });
    Table { columns, rows: rows.collect(), ..Table::default() }
}

/// `S 98.9 %, F 1.0 %, P 0.1 %`.
fn words_in_short(proposal: &Proposal) -> Option<String> {
    let word = |word: &GuessedWord| {
        format!("{} {:.1} %", word.counted.word.as_deref().unwrap_or("NULL"), word.share * 100.0)
    };
    let words: Vec<_> = proposal.words.iter().take(MOST_WORDS).map(word).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

fn table_of_words(proposal: &Proposal) -> Table {
    let columns = vec![
        ColumnHead::words("status"),
        ColumnHead::words("means"),
        ColumnHead::numbers("rows"),
        ColumnHead::numbers("with error"),
        ColumnHead::words("why").flexible(),
    ];
    let rows = proposal.words.iter().take(MOST_WORDS).map(|word| {
        vec![
            word.counted.word.as_deref().map_or_else(|| "NULL".to_owned(), escape::line),
            word.meaning.map_or_else(|| "?".to_owned(), |meaning| meaning.to_string()),
            word.counted.rows.to_string(),
            word.counted.with_error.to_string(),
            word.reason.to_owned(),
        ]
    });
    Table { columns, rows: rows.collect(), ..Table::default() }
}
