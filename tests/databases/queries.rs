//! The query files: each says what it is for, and runs as it stands on a table with the canonical names.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{TestLog, blocking, leaked};
use sqlx::Connection;

const CANONICAL: &str = "CREATE TABLE email_log (id INTEGER PRIMARY KEY, status text, sent_date timestamp, error_message text, \
    sender text, recipient text, cc text, bcc text, reply_to text, subject text, body_text text, body_html text, raw text, \
    attachments text, message_id text, queued_at timestamp, finished_at timestamp, attempts integer, job text);";

/// What stands for the values that a few files bind: a table's names, and in one file a number of milliseconds.
const VALUES: [(&str, &str); 3] = [("?1", "'email_log'"), ("$1", "'public'"), ("$2", "'email_log'")];
const SETTINGS: [&str; 2] = ["settings.sql", "write_settings.sql"];

/// Every question that an alert can ask.
const ALERT: &[&str] = &[
    "alert",
    "--at",
    "2026-11-12",
    "--silence-warning",
    "10:",
    "--pending-warning",
    "0",
    "--quota-warning",
    "80",
    "--new-causes-warning",
    "0",
];

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|ending| ending == "sql")).collect();
    files.sort();
    files
}

/// The files of these folders with their text.
fn texts(folders: &[&str]) -> Vec<(PathBuf, String)> {
    let files = folders.iter().flat_map(|folder| files(folder));
    files.map(|file| (file.clone(), fs::read_to_string(file).unwrap())).collect()
}

fn all() -> Vec<(PathBuf, String)> {
    texts(&["queries", "queries/sqlite", "queries/postgres", "queries/ledger"])
}

/// A file's text with its values put in.
fn with_values(file: &Path, text: &str) -> String {
    if SETTINGS.iter().any(|name| file.ends_with(name)) {
        return text.replace("$1", "'60000'");
    }
    VALUES.iter().fold(text.to_owned(), |text, (mark, value)| text.replace(mark, value))
}

#[test]
fn each_file_opens_with_its_question_columns_index_and_right() {
    let of_import =
        files("queries/import").into_iter().map(|file| (file.clone(), fs::read_to_string(file).unwrap()));
    for (file, text) in all().into_iter().chain(of_import) {
        let head: Vec<&str> = text.lines().take_while(|line| line.starts_with("--")).collect();
        for part in ["-- Question: ", "-- Columns: ", "-- Index: ", "Right: "] {
            assert!(head.join("\n").contains(part), "{}: {part}", file.display());
        }
        assert!(text.ends_with(";\n"), "{}", file.display());
    }
}

#[test]
fn each_file_runs_as_it_stands() {
    let log = TestLog::of(CANONICAL);
    blocking(async {
        let mut connection = log.connect().await;
        for (file, text) in texts(&["queries", "queries/sqlite"]) {
            let ran = sqlx::raw_sql(leaked(&with_values(&file, &text))).execute(&mut connection).await;
            assert!(ran.is_ok(), "{}: {ran:?}", file.display());
        }
        connection.close().await.unwrap();
    });
}

#[test]
fn each_file_runs_as_it_stands_on_postgres() {
    let log = TestLog::on_postgres();
    log.sql(CANONICAL);
    for (file, text) in texts(&["queries", "queries/postgres"]) {
        println!("{}", file.display());
        log.sql(&with_values(&file, &text));
    }
}

#[test]
fn what_is_printed_is_what_would_run() {
    let log = TestLog::incident();
    let window = ["report", "--since", "2026-11-10", "--until", "2026-11-12"];
    for index in
        ["", "CREATE INDEX i ON email_log (status, sent_date)", "CREATE INDEX i2 ON email_log (sent_date)"]
    {
        log.sql(index);
        for args in [
            &window[..],
            &["report", "--since", "all"],
            &["failures"],
            &["explain", "--test-rules"],
            &["doctor"],
            &["init"],
            ALERT,
        ] {
            let statements = log.printed(args);
            assert!(!statements.is_empty(), "{args:?}");
            blocking(async {
                let mut connection = log.connect().await;
                for sql in statements {
                    let ran = sqlx::raw_sql(leaked(&sql)).execute(&mut connection).await;
                    assert!(ran.is_ok(), "{ran:?} {sql}");
                }
                connection.close().await.unwrap();
            });
        }
    }
}

#[test]
fn the_printed_statement_gives_the_rows_that_plain_sql_gives() {
    let log = TestLog::incident();
    let statements = log.printed(&["failures"]);
    let count = |sql: &str| {
        let output = std::process::Command::new("sqlite3").arg(log.db()).arg(sql).output().unwrap();
        String::from_utf8(output.stdout).unwrap().lines().filter(|line| line.contains("|F|")).count()
    };
    assert_eq!(statements.len(), 1);
    assert_eq!(count(&statements[0]), 54);
}

#[test]
fn each_file_is_used() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut code = String::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            match entry.is_dir() {
                true => folders.push(entry),
                false => code.push_str(&fs::read_to_string(&entry).unwrap()),
            }
        }
    }
    for (file, _) in all() {
        let name = file.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().display().to_string();
        assert!(code.contains(&format!("/{name}\"")), "nothing asks {name}");
    }
}
