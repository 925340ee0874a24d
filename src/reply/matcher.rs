//! Many patterns over one text in one pass.
//!
//! From each pattern the words are taken that must stand in every text it takes; the finder looks for all of them at
//! once. Only a pattern whose words were all found is then really run, and one that is nothing but words
//! is decided already. So a text costs its length, and a rule costs nothing until its words turn up.

use std::collections::HashMap;
use std::sync::OnceLock;

use aho_corasick::AhoCorasick;
use regex::bytes::{Regex, RegexBuilder};

use super::required_literals::{self, RequiredLiterals};

/// All patterns, known by their place in the list they were made from.
#[derive(Debug)]
pub struct Matcher {
    patterns: Vec<RulePattern>,
    finder: AhoCorasick,
    /// The patterns that each literal calls up: literal `n` has those from `starts[n]` to `starts[n + 1]`.
    called: Vec<u32>,
    starts: Vec<u32>,
    /// Patterns that no literal calls up.
    always: Vec<u32>,
}

#[derive(Debug)]
struct RulePattern {
    text: String,
    /// Compiled when it is needed for the first time: most patterns never are.
    regex: OnceLock<Option<Regex>>,
    literals_decide: bool,
    /// Groups beside the one that calls it up; of each a literal must be there as well.
    also: Vec<Vec<u32>>,
}

impl Matcher {
    /// Prepares the patterns; `None` if they are too large together.
    pub fn new<'p>(patterns: impl Iterator<Item = &'p str>) -> Option<Matcher> {
        let mut index = LiteralIndex::default();
        let patterns = patterns.enumerate().map(|(i, text)| index.add(i, text)).collect();
        let mut starts = vec![0];
        let mut called = Vec::new();
        for patterns in index.calls {
            called.extend(patterns);
            starts.push(u32::try_from(called.len()).ok()?);
        }
        Some(Matcher {
            patterns,
            finder: AhoCorasick::new(LiteralIndex::literals(index.known)).ok()?,
            called,
            starts,
            always: index.always,
        })
    }

    /// The patterns that may match `text`, which is in lower case, in their order.
    pub fn candidates(&self, text: &str) -> Vec<u32> {
        let mut found = self.always.clone();
        let mut seen = FoundLiterals::new(self.starts.len());
        for literal in self.finder.find_overlapping_iter(text) {
            self.call(literal.pattern().as_usize(), &mut seen, &mut found);
        }
        found.sort_unstable();
        found.dedup();
        found.retain(|pattern| self.patterns[*pattern as usize].also.iter().all(|group| seen.any(group)));
        found
    }

    /// A literal was found: it calls up its patterns the first time.
    fn call(&self, literal: usize, seen: &mut FoundLiterals, found: &mut Vec<u32>) {
        if seen.is_new(literal) {
            found.extend_from_slice(
                &self.called[self.starts[literal] as usize..self.starts[literal + 1] as usize],
            );
        }
    }

    /// Whether a candidate really matches.
    pub fn is_match(&self, candidate: u32, text: &str) -> bool {
        let pattern = &self.patterns[candidate as usize];
        if pattern.literals_decide {
            return true;
        }
        let regex = pattern.regex.get_or_init(|| compile(&pattern.text).ok());
        regex.as_ref().is_some_and(|regex| regex.is_match(text.as_bytes()))
    }
}

/// The literals that were found in a text.
struct FoundLiterals(Vec<u64>);

impl FoundLiterals {
    fn new(literals: usize) -> FoundLiterals {
        FoundLiterals(vec![0; literals.div_ceil(64)])
    }

    fn is_new(&mut self, literal: usize) -> bool {
        let bit = 1 << (literal % 64);
        let new = self.0[literal / 64] & bit == 0;
        self.0[literal / 64] |= bit;
        new
    }

    fn any(&self, literals: &[u32]) -> bool {
        literals.iter().any(|literal| self.0[*literal as usize / 64] & (1 << (literal % 64)) != 0)
    }
}

#[derive(Default)]
struct LiteralIndex {
    known: HashMap<String, u32>,
    calls: Vec<Vec<u32>>,
    always: Vec<u32>,
}

impl LiteralIndex {
    fn add(&mut self, pattern: usize, text: &str) -> RulePattern {
        let RequiredLiterals { mut groups, exact } = required_literals::of(text);
        let pattern = u32::try_from(pattern).unwrap_or(u32::MAX);
        // The longest words are the rarest: they call the pattern up, the others only confirm.
        groups.sort_by_key(|group| group.iter().map(String::len).min());
        match groups.pop() {
            None => self.always.push(pattern),
            Some(rarest) => {
                for literal in rarest {
                    let place = self.place(literal);
                    self.calls[place as usize].push(pattern);
                }
            }
        }
        let also = groups
            .into_iter()
            .map(|group| group.into_iter().map(|literal| self.place(literal)).collect())
            .collect();
        RulePattern { text: text.to_owned(), regex: OnceLock::new(), literals_decide: exact, also }
    }

    fn place(&mut self, literal: String) -> u32 {
        let next = u32::try_from(self.known.len()).unwrap_or(u32::MAX);
        let place = *self.known.entry(literal).or_insert(next);
        if place == next {
            self.calls.push(Vec::new());
        }
        place
    }

    /// The literals in the order of their places.
    fn literals(known: HashMap<String, u32>) -> Vec<String> {
        let mut literals: Vec<_> = known.into_iter().collect();
        literals.sort_unstable_by_key(|(_, place)| *place);
        literals.into_iter().map(|(literal, _)| literal).collect()
    }
}

/// Compiles one pattern: upper and lower case alike, a dot is any character.
pub fn compile(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(&required_literals::with_mode(pattern))
        .unicode(false)
        .case_insensitive(true)
        .dot_matches_new_line(true)
        .size_limit(4 << 20)
        .build()
}
