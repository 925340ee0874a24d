//! A small log in Oracle's own words, and what a run of the program asked the stand-in for.
#![allow(dead_code, missing_docs, clippy::unwrap_used, reason = "each test file uses its own part")]

use std::path::Path;

use serde_json::Value;

use super::oracle::OracleDatabase;
use super::postgres::server;
use super::{Database, Ran, TestLog};

pub fn database(log: &TestLog) -> &OracleDatabase {
    let Database::Oracle(database) = log.database() else { unreachable!("the log is on Oracle") };
    database
}

/// Runs Oracle's own SQL.
pub fn sql(log: &TestLog, script: &str) {
    database(log).sql(script);
}

/// Runs the program by a URL, whose password is then not on the command line.
pub fn at(log: &TestLog, url: &str, args: &[&str]) -> Ran {
    log.command(args).env("MAILTHROTTLE_DB", url).output().unwrap().into()
}

/// What messages call the database.
pub fn place(log: &TestLog) -> String {
    format!("oracle://127.0.0.1:{}/{}", server().port, database(log).name())
}

/// A small log of failed mails in Oracle's words.
pub fn small() -> TestLog {
    let log = TestLog::on_oracle();
    sql(
        &log,
        "CREATE TABLE email_log (id NUMBER(10) PRIMARY KEY, status VARCHAR2(10), sent_date DATE, sender VARCHAR2(200), \
         recipient VARCHAR2(200), subject VARCHAR2(200), body CLOB, error_message CLOB);
         INSERT INTO email_log VALUES (1, 'F', DATE '2026-11-20' + 8 / 24, 'erp@contoso.example', 'a@example.com', 'A', 'x', \
         '432 4.3.2 Concurrent connections limit exceeded');
         INSERT INTO email_log VALUES (2, 'S', DATE '2026-11-20' + 9 / 24, 'erp@contoso.example', 'b@example.com', 'B', 'y', NULL);",
    );
    log
}

/// Sends the log's failed mails again through a server on this port.
pub fn resend(log: &TestLog, port: u16, url: &str, more: &[&str]) -> Ran {
    let smtp = format!("smtp://127.0.0.1:{port}");
    let args = [
        "-q", "--format", "json", "resend", "--smtp", &smtp, "--rate", "60000/1m", "--yes", "--since", "all",
    ];
    at(log, url, &[&args[..], &["--max-age", "100y"], more].concat())
}

/// A statement that a run of the program sent.
pub struct Asked {
    pub session: u64,
    /// In one line.
    pub sql: String,
    pub is_refused: bool,
    pub rows: u64,
    /// How often the server was asked for it.
    pub round_trips: u64,
}

/// The statements of a trace.
pub fn traced(path: &Path) -> Vec<Asked> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let asked = lines.map(|line| Asked {
        session: line["session"].as_u64().unwrap(),
        sql: line["sql"].as_str().unwrap().split_whitespace().collect::<Vec<_>>().join(" "),
        is_refused: !line["error"].is_null(),
        rows: line["rows"].as_u64().unwrap(),
        round_trips: line["round_trips"].as_u64().unwrap(),
    });
    asked.collect()
}
