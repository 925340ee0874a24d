//! Mail addresses in the free text in which applications store them.
//!
//! Lists are separated by `,` or `;`, outside quotes and angle brackets, or written in JSON. A piece without an `@` belongs to
//! the next one: `Weiss, Karl <k@x.example>` is one person, as Outlook writes it. Of a group, `Team: a@x.example, b@x.example;`
//! (RFC 5322, 3.4), the members count.

use serde_json::Value;

/// Keys of a JSON object for an address and the name of its owner.
const ADDRESS_KEYS: [&str; 3] = ["email", "address", "mail"];
const NAME_KEY: &str = "name";

/// The entries of a list, each with its name and address still together.
///
/// ```
/// # use mailthrottle::address::entries;
/// assert_eq!(entries("Weiss, Karl <k@x.example>; a@y.example"), ["Weiss, Karl <k@x.example>", "a@y.example"]);
/// assert_eq!(entries("[\"a@x.example\", {\"email\": \"b@y.example\"}]"), ["a@x.example", "b@y.example"]);
/// ```
pub fn entries(text: &str) -> Vec<String> {
    in_json(text).unwrap_or_else(|| pieces(text))
}

/// The address of an entry, without name and angle brackets.
pub fn bare(entry: &str) -> &str {
    parts(entry).1
}

/// Name, quoted or not, and address of `Name <address>`, `<address>` or `address`.
pub fn parts(entry: &str) -> (&str, &str) {
    match entry.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
        Some((name, address)) => (name.trim(), address.trim()),
        None => ("", entry.trim()),
    }
}

/// The addresses of several lists in one form that is the same however they are written: in small letters, each once, sorted.
pub fn normal<'t>(lists: impl IntoIterator<Item = &'t str>) -> String {
    let entries = lists.into_iter().flat_map(entries);
    let mut addresses: Vec<_> = entries.map(|entry| bare(&entry).to_lowercase()).collect();
    addresses.sort();
    addresses.dedup();
    addresses.join(",")
}

/// The entries of a list in JSON: of texts, of objects with an address, or of one such object; none where it is no JSON.
fn in_json(text: &str) -> Option<Vec<String>> {
    let text = text.trim();
    let value: Value = text.starts_with(['[', '{']).then(|| serde_json::from_str(text).ok())??;
    let mut entries = Vec::new();
    collect(&value, &mut entries);
    Some(entries)
}

fn collect(value: &Value, entries: &mut Vec<String>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| collect(value, entries)),
        Value::String(text) => entries.extend(pieces(text)),
        Value::Object(object) => {
            let mut addresses = ADDRESS_KEYS.iter().filter_map(|key| object.get(*key)?.as_str());
            let address = addresses.next().filter(|first| addresses.all(|other| other == *first));
            // whoever is not to be seen must not be listed with those who are
            let is_hidden = |(key, value): (&String, &Value)| {
                key.eq_ignore_ascii_case("type")
                    && value.as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("bcc"))
            };
            let address = address.filter(|_| !object.iter().any(is_hidden));
            match (address, object.get(NAME_KEY).and_then(Value::as_str)) {
                (Some(address), Some(name)) if !name.is_empty() => {
                    entries
                        .push(format!("\"{}\" <{address}>", name.replace('\\', "\\\\").replace('"', "\\\"")));
                }
                (Some(address), _) => entries.extend(pieces(address)),
                // a value in place of an address must not be dropped silently
                (None, _) => entries.push(value.to_string()),
            }
        }
        Value::Null => {}
        other => entries.push(other.to_string()),
    }
}

fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = vec![String::new()];
    let has_groups = text.contains(';');
    let members = split(text).map(|part| if has_groups { without_group(part) } else { part });
    for part in members.filter(|part| !part.is_empty()) {
        let last = pieces.last_mut().expect("there is always one");
        if !last.is_empty() && !last.contains('@') {
            last.push_str(", ");
        } else if !last.is_empty() {
            pieces.push(String::new());
        }
        pieces.last_mut().expect("there is always one").push_str(part);
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// A part without the name of the group that it begins; the group's end is one of the separators.
fn without_group(part: &str) -> &str {
    let name = part.split_once(':').filter(|(name, _)| !name.contains(['@', '"', '<']));
    name.map_or(part, |(_, members)| members.trim())
}

/// The parts between separators outside quotes and angle brackets.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped, mut angle) = (false, false, false);
    let separates = move |c: char| {
        let was_escaped = escaped;
        escaped = c == '\\' && quoted && !was_escaped;
        match c {
            '"' if !was_escaped => quoted = !quoted,
            '<' if !quoted => angle = true,
            '>' if !quoted => angle = false,
            _ => {}
        }
        matches!(c, ',' | ';') && !quoted && !angle
    };
    text.split(separates).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_in_json_and_groups_are_read_as_lists() {
        let cases = [
            (r#"["u@x.example"]"#, vec!["u@x.example"]),
            (r#"["u@x.example; v@x.example", null]"#, vec!["u@x.example", "v@x.example"]),
            (r#"{"address": "u@x.example", "name": "Weiss, K"}"#, vec![r#""Weiss, K" <u@x.example>"#]),
            (r#"[{"mail": "u@x.example"}]"#, vec!["u@x.example"]),
            (r#"[{"to": 5}]"#, vec![r#"{"to":5}"#]),
            (r#"[{"email":"a@x","type":"bcc"}]"#, vec![r#"{"email":"a@x","type":"bcc"}"#]),
            (r#"{"email":"a@x","mail":"b@x"}"#, vec![r#"{"email":"a@x","mail":"b@x"}"#]),
            ("[not json", vec!["[not json"]),
            ("[]", vec![]),
            (
                "Team: a@x.example, B <b@x.example>; c@x.example",
                vec!["a@x.example", "B <b@x.example>", "c@x.example"],
            ),
            ("undisclosed-recipients:;", vec![]),
            ("Team: a@x.example", vec!["Team: a@x.example"]),
        ];
        for (text, expected) in cases {
            assert_eq!(entries(text), expected, "{text}");
        }
    }

    #[test]
    fn recipients_are_the_same_however_they_are_written() {
        let written =
            ["Bob <B@x.example>, a@x.example", "a@X.example;b@x.example", r#"["b@x.example","a@x.example"]"#];
        for text in written {
            assert_eq!(normal([text]), "a@x.example,b@x.example", "{text}");
        }
        assert_eq!(normal(["a@x.example", "", "a@x.example"]), "a@x.example");
        assert_eq!(normal([""]), "");
    }
}
