//! The findings of the doctor.

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::document::{Block, Document, FindingText, Tone};
use super::{Values, View, escape, values};
use crate::analysis::doctor::{Finding, NAMES, Severity};
use crate::model::Millis;
use crate::window::{self, Window};
use crate::zone;

const KEYS: &[&str] = &["name", "state", "message", "advice"];

/// Lines of a plan that are shown; JSON has them all.
const MOST_LINES: usize = 6;

/// What was found, where and when.
#[derive(Debug)]
pub struct Visit<'c> {
    /// The moment the command was given.
    pub now: Millis,
    /// What the rows were looked for in.
    pub window: Window,
    /// What a report calls the database.
    pub database: &'c str,
    /// The checks that could be made, in their order.
    pub checks: &'c [Finding],
}

impl View for Visit<'_> {
    fn document(&self, _: u16) -> Document {
        document(self)
    }

    fn object(&self) -> Result<Value> {
        Ok(object(self))
    }

    fn lines(&self) -> Values<'_> {
        values(self.checks)
    }

    fn rows(&self) -> (&'static [&'static str], Values<'_>) {
        (KEYS, self.lines())
    }
}

/// `mailthrottle/doctor/1`: the same for the same rows on every database, but for `source`.
fn object(visit: &Visit<'_>) -> Value {
    json!({
        "schema": "mailthrottle/doctor/1",
        "generated_at": zone::rfc3339(visit.now),
        "source": source(visit),
        "state": worst(visit.checks),
        "checks": visit.checks,
        "unchecked": unchecked(visit),
    })
}

fn source(visit: &Visit<'_>) -> Value {
    let mut source = Map::new();
    source.insert("database".to_owned(), visit.database.into());
    source.insert("since".to_owned(), visit.window.since.map(zone::rfc3339).into());
    for check in visit.checks.iter().filter(|check| !check.details.is_empty()) {
        let details = check.details.iter().map(|(key, value)| ((*key).to_owned(), value.clone()));
        source.insert(check.name.replace('-', "_"), Value::Object(details.collect()));
    }
    Value::Object(source)
}

/// The most serious of all findings.
pub fn worst(checks: &[Finding]) -> Severity {
    checks.iter().map(|check| check.state).max().unwrap_or(Severity::Ok)
}

fn unchecked(visit: &Visit<'_>) -> Vec<&'static str> {
    let is_there = |name: &&&str| visit.checks.iter().any(|check| check.name == **name);
    NAMES.iter().filter(|name| !is_there(name)).copied().collect()
}

fn document(visit: &Visit<'_>) -> Document {
    let show = |at| window::show(at, visit.window.zone);
    let rows = match (visit.window.since, visit.window.until) {
        (Some(since), Some(until)) => format!("rows from {} to {}", show(since), show(until)),
        (Some(since), None) => format!("rows since {}", show(since)),
        (None, Some(until)) => format!("rows up to {}", show(until)),
        (None, None) => "all rows".to_owned(),
    };
    let mut blocks = vec![
        Block::Verdict(summary(visit.checks), tone(worst(visit.checks))),
        Block::Line(String::new()),
        Block::Line(escape::line(&format!("{}, {rows}", visit.database))),
        Block::Line(String::new()),
        Block::Findings(visit.checks.iter().map(finding).collect()),
    ];
    let unchecked = unchecked(visit);
    if !unchecked.is_empty() {
        let names = unchecked.join(", ");
        blocks.push(Block::Line(format!("\nNot looked at, since a check before them failed: {names}")));
    }
    Document { blocks }
}

fn summary(checks: &[Finding]) -> String {
    let of = |state: Severity| {
        let names: Vec<_> =
            checks.iter().filter(|check| check.state == state).map(|check| check.name).collect();
        let s = if names.len() == 1 { "" } else { "s" };
        (!names.is_empty()).then(|| format!("{} {}{s} ({})", names.len(), state.as_str(), names.join(", ")))
    };
    let found: Vec<_> = [Severity::Problem, Severity::Warning].into_iter().filter_map(of).collect();
    match found.as_slice() {
        [] => format!("All is well: {} checks, nothing to do.", checks.len()),
        found => format!("{} in {} checks.", found.join(" and "), checks.len()),
    }
}

fn tone(state: Severity) -> Tone {
    match state {
        Severity::Ok => Tone::Good,
        Severity::Warning => Tone::Warning,
        Severity::Problem => Tone::Bad,
    }
}

fn finding(check: &Finding) -> FindingText {
    FindingText {
        tone: tone(check.state),
        word: check.state.as_str(),
        name: check.name.to_owned(),
        message: escape::line(&check.message),
        advice: check.advice.as_deref().map(escape::line),
        details: details(check),
    }
}

/// Short values on one line, lists a line each.
fn details(check: &Finding) -> Vec<String> {
    let short: Vec<_> = check.details.iter().filter_map(|(key, value)| short(key, value)).collect();
    // where all is well, nobody has to read a plan
    let shown = check.details.iter().filter(|(key, _)| *key != "plan" || check.state != Severity::Ok);
    let lists = shown.filter_map(|(_, value)| value.as_array());
    let lines = lists.flat_map(|list| list.iter().take(MOST_LINES).filter_map(Value::as_str));
    let mut details: Vec<_> = (!short.is_empty()).then(|| short.join(", ")).into_iter().collect();
    details.extend(lines.map(|line| escape::visible(line).replace('\n', " ")));
    details
}

fn short(key: &str, value: &Value) -> Option<String> {
    let value = match value {
        Value::String(text) => escape::line(text),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    Some(match key {
        "version" | "reason" | "create" => value,
        "database_ahead_ms" => format!("the database is {value} ms ahead"),
        key => format!("{} {value}", key.replace('_', " ")),
    })
}
