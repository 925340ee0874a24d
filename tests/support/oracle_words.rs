//! The tests' SQL, which is PostgreSQL's, in Oracle's words: types, several rows of VALUES, numbers made up, aliases.
#![allow(dead_code, missing_docs, clippy::unwrap_used, reason = "each test file uses its own part")]

/// PostgreSQL's types, as Oracle calls what holds the same.
const TYPES: &[(&str, &str)] = &[
    ("text", "VARCHAR2(4000)"),
    ("bigint", "NUMBER(19)"),
    ("integer", "NUMBER(10)"),
    ("smallint", "NUMBER(5)"),
    ("boolean", "NUMBER(1)"),
    ("numeric", "NUMBER"),
    ("varchar", "VARCHAR2"),
    ("timestamptz", "TIMESTAMP(3) WITH TIME ZONE"),
    ("timestamp", "TIMESTAMP(3)"),
    ("uuid", "VARCHAR2(36)"),
    ("jsonb", "VARCHAR2(4000)"),
    ("json", "VARCHAR2(4000)"),
    ("bytea", "BLOB"),
    // the list of words of a test
    ("state", "VARCHAR2(20)"),
];

/// Statements that Oracle needs not.
const IDLE: &[&str] = &["ANALYZE", "BEGIN", "COMMIT", "SET", "PRAGMA"];

/// A statement, and the texts that are too long to stand in it.
pub type Worded = (String, Vec<String>);

/// A literal may have so many letters.
const LONGEST: usize = 3900;

/// The statements of a script in Oracle's words, without what ends them.
pub fn statements(script: &str) -> Vec<Worded> {
    let tokens = tokens(script);
    let mut statements = Vec::new();
    for statement in tokens.split(|token| *token == ";") {
        let statement: Vec<&str> =
            statement.iter().copied().filter(|token| !token.starts_with("--")).collect();
        let Some(first) = statement.iter().find(|token| !token.trim().is_empty()) else {
            continue;
        };
        match first.to_uppercase().as_str() {
            idle if IDLE.contains(&idle) => {}
            "CREATE" if second(&statement) == "TYPE" => {}
            "CREATE" => statements.push(created(&statement)),
            "INSERT" => statements.extend(inserted(&statement)),
            _ => statements.push(reworded(&statement)),
        }
    }
    statements
}

/// Strings, quoted names, comments, words with digits, blanks, and every other character by itself.
fn tokens(script: &str) -> Vec<&str> {
    let (mut tokens, mut rest) = (Vec::new(), script);
    while let Some(first) = rest.chars().next() {
        let run = |holds: fn(char) -> bool| rest.find(|c| !holds(c)).unwrap_or(rest.len());
        let length = match first {
            '\'' | '"' => quoted_length(rest, first),
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            c if c.is_alphanumeric() || c == '_' => run(|c| c.is_alphanumeric() || c == '_'),
            c if c.is_whitespace() => run(char::is_whitespace),
            c => c.len_utf8(),
        };
        tokens.push(&rest[..length]);
        rest = &rest[length..];
    }
    tokens
}

fn quoted_length(text: &str, quote: char) -> usize {
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((place, letter)) = letters.next() {
        if letter == quote && letters.next_if(|(_, next)| *next == quote).is_none() {
            return place + 1;
        }
    }
    text.len()
}

fn second(statement: &[&str]) -> String {
    statement
        .iter()
        .filter(|token| !token.trim().is_empty())
        .nth(1)
        .map_or_else(String::new, |word| word.to_uppercase())
}

fn created(statement: &[&str]) -> Worded {
    if second(statement) != "TABLE" {
        return reworded(statement);
    }
    let mut text = String::new();
    for token in statement {
        let known = TYPES.iter().find(|(name, _)| token.eq_ignore_ascii_case(name));
        let is_long = text.trim_end().ends_with("error_message") && token.eq_ignore_ascii_case("text");
        text.push_str(if is_long { "CLOB" } else { known.map_or(*token, |(_, oracle)| oracle) });
    }
    (text.trim().replace("double precision", "BINARY_DOUBLE"), Vec::new())
}

/// One statement for each row.
fn inserted(statement: &[&str]) -> Vec<Worded> {
    let Some(values) = statement.iter().position(|token| token.eq_ignore_ascii_case("VALUES")) else {
        return vec![reworded(statement)];
    };
    let (head, mut depth, mut rows) = (&statement[..=values], 0, Vec::<Vec<&str>>::new());
    for token in &statement[values + 1..] {
        match *token {
            "(" => {
                if depth == 0 {
                    rows.push(Vec::new());
                }
                depth += 1;
            }
            ")" => depth -= 1,
            _ => {}
        }
        if depth > 0 || *token == ")" {
            rows.last_mut().unwrap().push(token);
        }
    }
    rows.iter().map(|row| reworded(&[head, &[" "], row].concat())).collect()
}

/// Other statements: numbers by `generate_series`, truth as numbers, instants as literals, no AS before a table's alias.
fn reworded(statement: &[&str]) -> Worded {
    let (mut words, mut long): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for token in statement {
        let before = words.iter().rev().find(|word| !word.trim().is_empty());
        let is_typed = before.is_some_and(|word| word.eq_ignore_ascii_case("timestamp"));
        words.push(match token.to_lowercase().as_str() {
            "true" => "1".to_owned(),
            "false" => "0".to_owned(),
            "char" => "CHR".to_owned(),
            _ if token.starts_with('\'') && token.len() > LONGEST => {
                long.push(token[1..token.len() - 1].replace("''", "'"));
                format!(":{}", long.len())
            }
            _ if !is_typed && is_instant(token) => {
                format!("TIMESTAMP {} +00:00'", token.trim_end_matches("Z'"))
            }
            _ => (*token).to_owned(),
        });
    }
    let text = words.concat().trim().to_owned();
    let alias = regex::Regex::new(r"\) AS (\w+)(\s|$)").unwrap();
    let series = regex::Regex::new(r"SELECT generate_series\(1, (\d+)\) AS n").unwrap();
    let text = series.replace_all(&text, "SELECT LEVEL AS n FROM dual CONNECT BY LEVEL <= $1").into_owned();
    let text = match text.to_uppercase().contains(" FROM (") {
        true => alias.replace_all(&text, ") $1$2").into_owned(),
        false => text,
    };
    (text, long)
}

/// Whether a literal is a time in UTC: `'2026-11-20 08:00:00Z'`.
fn is_instant(token: &str) -> bool {
    let form = regex::Regex::new(r"^'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?Z'$").unwrap();
    form.is_match(token)
}
