//! The rules, tried on their own examples and on a log.

use anyhow::Result;
use serde::Serialize;
use serde_json::Value;

use super::document::{Block, ColumnHead, Document, Table, Tone};
use super::{Values, View, escape, values};
use crate::analysis::report::rate;
use crate::model::Class;
use crate::reply::bench::{Bench, Tally, suggest};

/// Kinds of unclassified texts that a rule is suggested for.
const SUGGESTED: usize = 3;

/// Rows shown of a long table; JSON has them all.
const MOST_ROWS: usize = 20;

const KEYS: &[&str] = &["rule", "class", "rows", "share"];

/// What the bench found; as JSON `mailthrottle/rules/1`.
#[derive(Debug, Serialize)]
pub struct Tested {
    schema: &'static str,
    rules: usize,
    examples: usize,
    /// What is wrong, a line each.
    pub problems: Vec<String>,
    log: Option<OnLog>,
}

/// What the rules make of a log's failed rows.
#[derive(Debug, Serialize)]
pub struct OnLog {
    failed: u64,
    shares: Vec<RuleShare>,
    unclassified: Vec<UnknownTexts>,
    suggestion: String,
}

/// What one rule takes.
#[derive(Debug, Serialize)]
struct RuleShare {
    rule: String,
    class: Class,
    rows: u64,
    share: f64,
}

/// Texts of one kind that no rule knows.
#[derive(Debug, Serialize)]
struct UnknownTexts {
    fingerprint: String,
    rows: u64,
    example: String,
}

impl Tested {
    /// The bench's findings, and those on the log where there is one.
    pub fn new(bench: &Bench, log: Option<OnLog>) -> Self {
        Self {
            schema: "mailthrottle/rules/1",
            rules: bench.rules,
            examples: bench.examples,
            problems: bench.problems.iter().map(ToString::to_string).collect(),
            log,
        }
    }
}

impl OnLog {
    /// What was counted over the failed rows.
    pub fn new(tally: &Tally<'_>) -> Self {
        let (shares, left) = (tally.shares(), tally.unclassified());
        let failed = shares.iter().map(|share| share.rows).sum();
        let share = |share: crate::reply::bench::Share| RuleShare {
            share: rate(share.rows, failed),
            rule: share.rule,
            class: share.class,
            rows: share.rows,
        };
        let suggestion = suggest(&left, SUGGESTED);
        let left = left.into_iter().map(|left| UnknownTexts {
            fingerprint: left.fingerprint.to_string(),
            rows: left.count,
            example: left.example,
        });
        Self {
            failed,
            shares: shares.into_iter().map(share).collect(),
            unclassified: left.collect(),
            suggestion,
        }
    }
}

impl View for Tested {
    fn document(&self, _: u16) -> Document {
        document(self)
    }

    fn object(&self) -> Result<Value> {
        Ok(serde_json::to_value(self)?)
    }

    fn rows(&self) -> (&'static [&'static str], Values<'_>) {
        (KEYS, values(self.log.as_ref().map_or(&[][..], |log| &log.shares)))
    }
}

fn document(tested: &Tested) -> Document {
    let (rules, examples) = (tested.rules, tested.examples);
    let (verdict, tone) = match tested.problems.len() {
        0 => (format!("{rules} rules take their own {examples} examples."), Tone::Good),
        1 => (format!("One problem in {rules} rules."), Tone::Bad),
        problems => (format!("{problems} problems in {rules} rules."), Tone::Bad),
    };
    let mut blocks = vec![Block::Verdict(verdict, tone)];
    if !tested.problems.is_empty() {
        blocks.push(Block::List(tested.problems.iter().map(|problem| escape::line(problem)).collect()));
    }
    if let Some(log) = &tested.log {
        blocks.extend(on_log(log));
    }
    Document { blocks }
}

fn on_log(log: &OnLog) -> Vec<Block> {
    let row = |share: &RuleShare| {
        let percent = format!("{:.1} %", share.share * 100.0);
        vec![share.rows.to_string(), percent, share.class.to_string(), escape::line(&share.rule)]
    };
    let columns = vec![
        ColumnHead::numbers("rows"),
        ColumnHead::numbers("share"),
        ColumnHead::words("class"),
        ColumnHead::words("rule").flexible(),
    ];
    let rows = log.shares.iter().take(MOST_ROWS).map(row).collect();
    let mut blocks = vec![
        Block::Heading(format!("{} failed rows by rule", log.failed)),
        Block::Table(Table { columns, rows, ..Table::default() }),
    ];
    if !log.unclassified.is_empty() {
        let text = |left: &UnknownTexts| match left.example.trim() {
            "" => "(no text)".to_owned(),
            _ => escape::line(&left.fingerprint),
        };
        let row = |left: &UnknownTexts| vec![left.rows.to_string(), text(left)];
        let columns = vec![ColumnHead::numbers("rows"), ColumnHead::words("text").flexible()];
        let rows = log.unclassified.iter().take(MOST_ROWS).map(row).collect();
        blocks.extend([
            Block::Heading("Unclassified".to_owned()),
            Block::Table(Table { columns, rows, ..Table::default() }),
        ]);
    }
    if !log.suggestion.is_empty() {
        let lines = log.suggestion.lines().map(|line| escape::visible(line).into_owned()).collect();
        blocks.extend([Block::Heading("Suggested for the config".to_owned()), Block::Chart(lines)]);
    }
    blocks
}
