//! The tests' SQL, which is PostgreSQL's, in Oracle's words: types, several rows of VALUES, numbers made up, aliases.
#![allow(dead_code, missing_docs, clippy::unwrap_used, reason = "each test file uses its own part")]

use std::sync::LazyLock;

use regex::Regex;

/// PostgreSQL's types, as Oracle calls what holds the same.
const TYPES: &[(&str, &str)] = &[
    ("text", "VARCHAR2(4000)"),
    ("bigint", "NUMBER(19)"),
    ("integer", "NUMBER(10)"),
    ("smallint", "NUMBER(5)"),
    ("boolean", "NUMBER(1)"),
    ("numeric", "NUMBER"),
    ("varchar", "VARCHAR2"),
    ("timestamptz", "TIMESTAMP(6) WITH TIME ZONE"),
    ("timestamp", "TIMESTAMP(6)"),
    ("uuid", "VARCHAR2(36)"),
    ("jsonb", "VARCHAR2(4000)"),
    ("json", "VARCHAR2(4000)"),
    ("bytea", "BLOB"),
];

/// Statements that Oracle needs not.
const IDLE: &[&str] = &["ANALYZE", "BEGIN", "COMMIT", "SET", "PRAGMA"];

/// A statement in Oracle's words.
pub enum Worded {
    /// As it stands.
    Plain(String),
    /// Rows for a table: its name, perhaps with some of its columns, and each row's values as SQL.
    Rows { table: String, columns: Option<Vec<String>>, rows: Vec<Vec<String>> },
    /// The rows of a query for a table: the columns of the query as SQL, and what it reads.
    Query { table: String, columns: Option<Vec<String>>, list: Vec<String>, from: String },
}

/// The statements of a script, without what ends them.
pub fn statements(script: &str) -> Vec<Worded> {
    let script = counted(script);
    let tokens: Vec<&str> = tokens(&script).into_iter().filter(|token| !token.starts_with("--")).collect();
    let mut statements = Vec::new();
    for statement in tokens.split(|token| *token == ";") {
        let mut words =
            statement.iter().filter(|token| !token.trim().is_empty()).map(|word| word.to_uppercase());
        match (words.next().unwrap_or_default().as_str(), words.next().unwrap_or_default().as_str()) {
            ("", _) | ("CREATE", "TYPE") => {}
            (idle, _) if IDLE.contains(&idle) => {}
            ("CREATE", "TABLE") => statements.push(Worded::Plain(table(statement))),
            ("INSERT", _) => statements.push(inserted(statement)),
            _ => statements.push(Worded::Plain(reworded(statement))),
        }
    }
    statements
}

/// A recursion that counts, as a query that counts.
fn counted(script: &str) -> String {
    let form = r"WITH RECURSIVE n \(i\) AS \(SELECT (\d+) UNION ALL SELECT i \+ 1 FROM n WHERE i < (\d+)\)\s+(INSERT INTO .*?) FROM n";
    let count = |found: &regex::Captures<'_>| {
        let (first, last): (u32, u32) = (found[1].parse().unwrap(), found[2].parse().unwrap());
        format!(
            "{} FROM (SELECT LEVEL + {} AS i FROM dual CONNECT BY LEVEL <= {})",
            &found[3],
            first - 1,
            last - first + 1
        )
    };
    Regex::new(form).unwrap().replace_all(script, count).into_owned()
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

/// Names that Oracle takes for a column only in quotes.
const RESERVED: &[&str] = &["date", "level", "mode", "comment", "user", "size", "number", "file", "session"];

fn name(token: &str) -> String {
    let is_reserved = RESERVED.contains(&token.to_lowercase().as_str());
    if is_reserved { format!("\"{}\"", token.to_uppercase()) } else { token.to_owned() }
}

fn table(statement: &[&str]) -> String {
    let mut text = String::new();
    for token in statement {
        let is_type = !text.trim_end().ends_with(['(', ',']);
        let known = TYPES.iter().find(|(name, _)| is_type && token.eq_ignore_ascii_case(name));
        let is_long = text.trim_end().ends_with("error_message") && token.eq_ignore_ascii_case("text");
        // a list of words that a test makes
        let is_list = is_type && *token == "state";
        match known {
            _ if is_long => text.push_str("CLOB"),
            _ if is_list => text.push_str("VARCHAR2(20)"),
            Some((_, oracle)) => text.push_str(oracle),
            None if is_type => text.push_str(token),
            None => text.push_str(&name(token)),
        }
    }
    let text = text.trim().replace("double precision", "BINARY_DOUBLE").replace(" without time zone", "");
    let text = SIZELESS.replace_all(&text, "VARCHAR2(4000)$1");
    // an empty text is NULL
    NOT_EMPTY.replace_all(&text, "$1").into_owned()
}

static SIZELESS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"VARCHAR2\b([^(])").unwrap());
static NOT_EMPTY: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(VARCHAR2\(\d+\)|CLOB) NOT NULL").unwrap());

fn inserted(statement: &[&str]) -> Worded {
    let into = statement.iter().position(|token| token.eq_ignore_ascii_case("INTO")).unwrap();
    let starts =
        |token: &&str| ["VALUES", "SELECT", "WITH"].iter().any(|word| token.eq_ignore_ascii_case(word));
    let start = statement.iter().position(starts).unwrap();
    let head = &statement[into + 1..start];
    let open = head.iter().position(|token| *token == "(");
    let table = head[..open.unwrap_or(head.len())].concat().trim().to_owned();
    let columns = open.map(|open| parts(&head[open + 1..]).iter().map(|token| name(token)).collect());
    let rest = &statement[start + 1..];
    if statement[start].eq_ignore_ascii_case("VALUES") {
        let (mut depth, mut rows) = (0, Vec::<Vec<&str>>::new());
        for token in rest {
            depth -= i32::from(*token == ")");
            if depth > 0 {
                rows.last_mut().unwrap().push(token);
            } else if *token == "(" {
                rows.push(Vec::new());
            }
            depth += i32::from(*token == "(");
        }
        return Worded::Rows { table, columns, rows: rows.iter().map(|row| parts(row)).collect() };
    }
    let mut depth = 0;
    let from = rest.iter().position(|token| {
        depth += i32::from(*token == "(") - i32::from(*token == ")");
        depth == 0 && token.eq_ignore_ascii_case("FROM")
    });
    let (list, from) = rest.split_at(from.unwrap());
    Worded::Query { table, columns, list: parts(list), from: reworded(from) }
}

/// What stands between commas, up to a bracket that closes nothing.
fn parts(tokens: &[&str]) -> Vec<String> {
    let (mut depth, mut parts) = (0, vec![Vec::new()]);
    for token in tokens {
        depth += i32::from(*token == "(") - i32::from(*token == ")");
        match *token {
            _ if depth < 0 => break,
            "," if depth == 0 => parts.push(Vec::new()),
            token => parts.last_mut().unwrap().push(token),
        }
    }
    parts.iter().map(|part| reworded(part)).collect()
}

/// Numbers by `generate_series`, truth as numbers, no AS before a table's alias.
pub fn reworded(tokens: &[&str]) -> String {
    let word = |token: &&str| match token.to_lowercase().as_str() {
        "true" => "1".to_owned(),
        "false" => "0".to_owned(),
        "char" => "CHR".to_owned(),
        _ => (*token).to_owned(),
    };
    let text = tokens.iter().map(word).collect::<String>().trim().to_owned();
    // of a hundred thousand rows most values are but a literal
    if tokens.iter().filter(|token| !token.trim().is_empty()).count() < 2 {
        return text;
    }
    let text = SERIES.replace_all(&text, "SELECT LEVEL AS n FROM dual CONNECT BY LEVEL <= $1");
    let text =
        TIME.replace_all(&text, |found: &regex::Captures<'_>| format!("{}{}", &found[1], instant(&found[2])));
    ALIAS.replace(&text, ") $1").into_owned()
}

static SERIES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"SELECT generate_series\(1, (\d+)\) AS n").unwrap());
static TIME: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(sent_date = )('\d{4}-[^']*')").unwrap());
static ALIAS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\) AS (\w+)$").unwrap());

/// A literal as a time: of UTC where it ends with Z.
pub fn instant(literal: &str) -> String {
    match literal.trim_matches('\'').strip_suffix('Z') {
        Some(time) => format!("TIMESTAMP '{time} +00:00'"),
        None => format!("TIMESTAMP {literal}"),
    }
}
