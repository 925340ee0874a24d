//! Many patterns over one text in one pass.
//!
//! From each pattern the words are taken that must stand in every text it takes; one automaton (Aho-Corasick) looks for
//! all of them at once. Only a pattern whose words were all found is then really run, and one that is nothing but words
//! is decided already. So a text costs its length, and a rule costs nothing until its words turn up.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use regex::bytes::{Regex, RegexBuilder};

use super::needles::{self, Needles};

/// All patterns, known by their place in the list they were made from.
#[derive(Debug)]
pub struct Matcher {
    patterns: Vec<Pattern>,
    finder: AhoCorasick,
    /// For each needle, the groups that it fulfils.
    fulfils: Vec<Vec<u32>>,
    /// For each group, its pattern.
    pattern_of: Vec<u32>,
    /// Patterns that no needle tells of.
    always: Vec<u32>,
}

#[derive(Debug)]
struct Pattern {
    text: String,
    /// Compiled when it is needed for the first time: most patterns never are.
    regex: OnceLock<Option<Regex>>,
    needles_decide: bool,
    groups: u8,
}

impl Matcher {
    /// Prepares the patterns; `None` if they are too large together.
    pub fn new<'p>(patterns: impl Iterator<Item = &'p str>) -> Option<Matcher> {
        let mut index = Index::default();
        let patterns = patterns.enumerate().map(|(i, text)| index.add(i, text)).collect();
        let finder = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&index.needles)
            .ok()?;
        let Index {
            fulfils,
            pattern_of,
            always,
            ..
        } = index;
        Some(Matcher {
            patterns,
            finder,
            fulfils,
            pattern_of,
            always,
        })
    }

    /// The patterns that may match `text`, in their order.
    pub fn candidates(&self, text: &str) -> Vec<u32> {
        let mut found = self.always.clone();
        let mut fulfilled = vec![0_u64; self.pattern_of.len().div_ceil(64)];
        let mut counts = vec![0_u8; self.patterns.len()];
        for hit in self.finder.find_overlapping_iter(text) {
            for &group in &self.fulfils[hit.pattern().as_usize()] {
                let (word, bit) = (group as usize / 64, 1 << (group % 64));
                if fulfilled[word] & bit == 0 {
                    fulfilled[word] |= bit;
                    let pattern = self.pattern_of[group as usize];
                    counts[pattern as usize] += 1;
                    if counts[pattern as usize] == self.patterns[pattern as usize].groups {
                        found.push(pattern);
                    }
                }
            }
        }
        found.sort_unstable();
        found
    }

    /// Whether a candidate really matches.
    pub fn is_match(&self, candidate: u32, text: &str) -> bool {
        let pattern = &self.patterns[candidate as usize];
        if pattern.needles_decide {
            return true;
        }
        let regex = pattern.regex.get_or_init(|| compile(&pattern.text).ok());
        regex
            .as_ref()
            .is_some_and(|regex| regex.is_match(text.as_bytes()))
    }
}

#[derive(Default)]
struct Index {
    needles: Vec<String>,
    known: std::collections::HashMap<String, usize>,
    fulfils: Vec<Vec<u32>>,
    pattern_of: Vec<u32>,
    always: Vec<u32>,
}

impl Index {
    fn add(&mut self, pattern: usize, text: &str) -> Pattern {
        let Needles { groups, exact } = needles::of(text);
        let pattern = u32::try_from(pattern).unwrap_or(u32::MAX);
        if groups.is_empty() {
            self.always.push(pattern);
        }
        let count = u8::try_from(groups.len()).unwrap_or(u8::MAX);
        for group in groups.into_iter().take(usize::from(u8::MAX)) {
            let id = u32::try_from(self.pattern_of.len()).unwrap_or(u32::MAX);
            self.pattern_of.push(pattern);
            for needle in group {
                let place = self.place(needle);
                self.fulfils[place].push(id);
            }
        }
        Pattern {
            text: text.to_owned(),
            regex: OnceLock::new(),
            needles_decide: exact,
            groups: count,
        }
    }

    fn place(&mut self, needle: String) -> usize {
        let next = self.needles.len();
        let place = *self.known.entry(needle.clone()).or_insert(next);
        if place == next {
            self.needles.push(needle);
            self.fulfils.push(Vec::new());
        }
        place
    }
}

/// Compiles one pattern: upper and lower case alike, a dot is any character.
pub fn compile(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(&needles::with_mode(pattern))
        .unicode(false)
        .case_insensitive(true)
        .dot_matches_new_line(true)
        .size_limit(4 << 20)
        .build()
}
