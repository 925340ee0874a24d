//! A JSON object a line, from a logger or an export; values within values go by both names, `err.message`.

use serde_json::{Map, Value};

use super::columns::{Columns, UserColumns};
use super::stamp::Clock;
use super::{Line, Parsed};

/// How deep values within values are looked at.
const DEEPEST: u32 = 3;

/// Reads JSON lines.
#[derive(Debug)]
pub struct Json {
    clock: Clock,
    names: UserColumns,
}

/// Whether a line is an object with values that report mails.
pub fn recognises(names: &UserColumns, line: Line<'_>) -> bool {
    object(line.text).is_some_and(|object| Columns::find(&flat(&object).0, names).suffice())
}

fn object(text: &[u8]) -> Option<Map<String, Value>> {
    if !text.trim_ascii_start().starts_with(b"{") {
        return None;
    }
    match serde_json::from_slice(text) {
        Ok(Value::Object(object)) => Some(object),
        _ => None,
    }
}

/// The names and the values of an object, with those inside.
fn flat(object: &Map<String, Value>) -> (Vec<String>, Vec<String>) {
    let mut found = (Vec::new(), Vec::new());
    collect(object, "", 0, &mut found);
    found
}

fn collect(object: &Map<String, Value>, before: &str, depth: u32, found: &mut (Vec<String>, Vec<String>)) {
    for (name, value) in object {
        let name = format!("{before}{name}");
        match value {
            Value::Object(inner) if depth < DEEPEST => collect(inner, &format!("{name}."), depth + 1, found),
            Value::Null => (),
            value => {
                found.0.push(name);
                found.1.push(word(value));
            }
        }
    }
}

fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(word).collect::<Vec<_>>().join("; "),
        other => other.to_string(),
    }
}

impl Json {
    /// Nothing has been read yet.
    pub fn new(clock: Clock, names: UserColumns) -> Self {
        Self { clock, names }
    }

    /// Takes the next line.
    pub fn line(&mut self, line: Line<'_>, found: &mut Parsed) {
        let Some(object) = object(line.text) else {
            return found.unparsed(line.text);
        };
        let (names, values) = flat(&object);
        let rows = Columns::find(&names, &self.names).rows(&values, &mut self.clock, line);
        if rows.is_empty() {
            return found.noise();
        }
        found.event();
        rows.into_iter().for_each(|row| found.row(row));
    }
}
