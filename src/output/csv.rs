//! Rows as CSV (RFC 4180): the keys of the JSON contract as head, a list's values divided by `;`. No cell is a formula.

use anyhow::Result;
use serde_json::Value;

use super::escape;

/// The head and the rows under it, each by itself.
pub fn one_by_one(
    keys: &'static [&'static str],
    rows: impl Iterator<Item = Result<Value>>,
) -> impl Iterator<Item = Result<String>> {
    let head = record(keys.iter().map(|key| (*key).to_owned()));
    let row = |row: Result<Value>| {
        let row = row?;
        record(keys.iter().map(|key| field(&row[*key])))
    };
    std::iter::once(head).chain(rows.map(row))
}

fn record(fields: impl Iterator<Item = String>) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(fields.collect::<Vec<_>>())?;
    Ok(String::from_utf8(writer.into_inner()?)?)
}

fn field(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => guarded(escape::visible(text).into_owned()),
        Value::Array(values) => {
            let plain = |value: &Value| {
                value.as_str().map_or_else(|| value.to_string(), |text| escape::visible(text).into_owned())
            };
            guarded(values.iter().map(plain).collect::<Vec<_>>().join(";"))
        }
        other => other.to_string(),
    }
}

/// A text that a spreadsheet would take for a formula gets an apostrophe before it; a number stays a number.
/// Source: <https://owasp.org/www-community/attacks/CSV_Injection>
fn guarded(text: String) -> String {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err() {
        true => format!("'{text}"),
        false => text,
    }
}
