//! Typed results as JSON: one object, or one a line.

use serde::Serialize;

use super::escape;

/// One object over several lines.
///
/// # Errors
/// None for the types of this program.
pub fn object(value: &impl Serialize) -> serde_json::Result<String> {
    Ok(guarded(&serde_json::to_string_pretty(value)?) + "\n")
}

/// One object on a line of its own.
///
/// # Errors
/// None for the types of this program.
pub fn line(value: &impl Serialize) -> serde_json::Result<String> {
    Ok(guarded(&serde_json::to_string(value)?) + "\n")
}

/// JSON leaves some characters in place that a terminal would obey.
fn guarded(json: &str) -> String {
    if !json.contains(escape::is_obeyed) {
        return json.to_owned();
    }
    let write = |c: char| {
        if escape::is_obeyed(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() }
    };
    json.chars().map(write).collect()
}
