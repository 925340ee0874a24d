//! The query files: each says what it is for, and runs as it stands on a table with the canonical names.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use sqlx::Connection;
use support::{TestLog, blocking, leaked};

const CANONICAL: &str = "CREATE TABLE email_log (id INTEGER PRIMARY KEY, status, sent_date, error_message, sender, recipient, \
    cc, bcc, reply_to, subject, body_text, body_html, raw, attachments, message_id, queued_at, finished_at, attempts, job);";

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|ending| ending == "sql")).collect();
    files.sort();
    files
}

fn all() -> Vec<(PathBuf, String)> {
    let files = files("queries").into_iter().chain(files("queries/sqlite"));
    files.map(|file| (file.clone(), fs::read_to_string(file).unwrap())).collect()
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
        for (file, text) in all() {
            // the one file with a value to bind asks the catalogue, not the relation
            let text = text.replace("?1", "'email_log'");
            let ran = sqlx::raw_sql(leaked(&text)).execute(&mut connection).await;
            assert!(ran.is_ok(), "{}: {ran:?}", file.display());
        }
        connection.close().await.unwrap();
    });
}

#[test]
fn what_is_printed_is_what_would_run() {
    let log = TestLog::incident();
    let window = ["report", "--since", "2026-11-10", "--until", "2026-11-12"];
    for index in
        ["", "CREATE INDEX i ON email_log (status, sent_date)", "CREATE INDEX i2 ON email_log (sent_date)"]
    {
        log.sql(index);
        for args in [&window[..], &["report", "--since", "all"], &["failures"], &["explain", "--test-rules"]]
        {
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
    let sources = ["src/db/sqlite/mod.rs", "src/db/sqlite/attempts.rs", "src/mapping/sql.rs"];
    let code: String = sources.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    for (file, _) in all() {
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(code.contains(name), "nothing asks {name}");
    }
}
