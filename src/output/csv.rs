//! Rows as CSV (RFC 4180): the keys of the JSON contract as head, a list's values divided by `;`.

use anyhow::Result;
use serde::Serialize;
use serde_json::Value;

use super::escape;

/// Writes rows under these keys.
///
/// # Errors
/// None for the types of this program.
pub fn rows<T: Serialize>(keys: &[&str], rows: &[T]) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(keys)?;
    for row in rows {
        let row = serde_json::to_value(row)?;
        writer.write_record(keys.iter().map(|key| field(&row[*key])))?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

fn field(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => escape::visible(text).into_owned(),
        Value::Array(values) => values.iter().map(field).collect::<Vec<_>>().join(";"),
        other => other.to_string(),
    }
}
