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

/// One object over several lines with a list as its last key, in pieces: the list may be long.
///
/// # Errors
/// None for the types of this program.
pub fn with_list<V: Serialize, T: Serialize, L: Iterator<Item = anyhow::Result<T>>>(
    value: &V,
    key: &str,
    list: L,
) -> serde_json::Result<impl Iterator<Item = anyhow::Result<String>> + use<V, T, L>> {
    let mut head = object(value)?;
    head.truncate(head.len() - "\n}\n".len());
    let mut list = list.peekable();
    let is_empty = list.peek().is_none();
    let begin = format!("{head},\n  {}: [", serde_json::to_string(key)?);
    let mut mark = "\n    ";
    let items = list.map(move |item| {
        // no text of JSON's holds a line break
        let item = guarded(&serde_json::to_string_pretty(&item?)?).replace('\n', "\n    ");
        Ok(std::mem::replace(&mut mark, ",\n    ").to_owned() + &item)
    });
    let end = if is_empty { "]\n}\n" } else { "\n  ]\n}\n" };
    Ok(std::iter::once(Ok(begin)).chain(items).chain([Ok(end.to_owned())]))
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_list_in_pieces_is_written_like_one_in_whole() {
        for list in [json!([]), json!([1]), json!([{"a": "x\ny", "b": [2, {"c": null}]}, 3])] {
            let whole = object(&json!({"schema": "s", "n": 1, "rows": list})).unwrap();
            let items = list.as_array().unwrap().iter().map(Ok);
            let rest = json!({"schema": "s", "n": 1});
            let pieces = with_list(&rest, "rows", items).unwrap();
            assert_eq!(pieces.collect::<anyhow::Result<String>>().unwrap(), whole);
        }
    }
}
