//! A file on its way in: its lines go to the parser, its events get the hashes they are known again by.
//!
//! Where an import goes on, lines before the position are read again only for what they tell of later ones; they are
//! not counted, and their events are there already.

use super::recent::Repeats;
use super::{Line, LineCounts, LogFormat, Parsed, ParsedAttempt, Parser, ParserSettings};

/// An attempt, and the hash it is known again by.
pub type Hashed = (ParsedAttempt, i64);

/// A file on its way in.
#[derive(Debug)]
pub struct Intake {
    parser: Parser,
    repeats: Repeats,
    found: Parsed,
    /// What became of the new lines while there is none.
    none: LineCounts,
    ready: Vec<Hashed>,
    /// New lines begin here.
    from: u64,
    is_new: bool,
    lines: u64,
}

impl Intake {
    /// An intake that counts lines from an offset on, before which there were so many.
    pub fn new(format: LogFormat, settings: &ParserSettings, from: u64, lines: u64) -> Self {
        Self {
            parser: Parser::new(format, settings),
            repeats: Repeats::new(),
            found: Parsed::default(),
            none: LineCounts::default(),
            ready: Vec::new(),
            from,
            is_new: from == 0,
            lines,
        }
    }

    /// Takes the next line.
    pub fn line(&mut self, line: Line<'_>) {
        if !self.is_new && line.start >= self.from {
            self.finish();
            (self.is_new, self.found) = (true, Parsed::default());
        }
        self.lines += u64::from(self.is_new);
        self.parser.line(Line { number: self.lines, ..line }, &mut self.found);
        if !self.found.rows.is_empty() {
            self.hash();
        }
    }

    /// No line follows.
    pub fn finish(&mut self) {
        self.parser.finish(&mut self.found);
        self.hash();
    }

    fn hash(&mut self) {
        for row in self.found.rows.drain(..) {
            let hash = self.repeats.turn(row.key);
            if row.start >= self.from {
                self.ready.push((row, hash));
            }
        }
    }

    /// The attempts that are ready.
    pub fn take_rows(&mut self) -> Vec<Hashed> {
        std::mem::take(&mut self.ready)
    }

    /// How many attempts are ready.
    pub fn ready(&self) -> usize {
        self.ready.len()
    }

    /// Unparsed lines that look like a failure.
    pub fn take_left(&mut self) -> Vec<Vec<u8>> {
        let left = std::mem::take(&mut self.found.left);
        if self.is_new { left } else { Vec::new() }
    }

    /// What became of the new lines.
    pub fn counts(&self) -> &LineCounts {
        if self.is_new { &self.found.counts } else { &self.none }
    }

    /// The attempts so far of the entry that more lines may follow.
    pub fn unfinished(&self) -> Vec<Hashed> {
        let mut found = Parsed::default();
        self.parser.peek(&mut found);
        found
            .rows
            .into_iter()
            .map(|row| (self.repeats.next_turn(row.key), row))
            .map(|(hash, row)| (row, hash))
            .collect()
    }

    /// Where to go on if no more came than up to an offset, and how many lines lie before.
    pub fn position(&self, offset: u64) -> (u64, u64) {
        self.parser
            .open_entry()
            .map_or((offset, self.lines), |(start, number)| (start, number.saturating_sub(1)))
    }
}
