//! The attempts of a log on Oracle: in how many round trips they come, and that they say the same however they come.

use std::time::Instant;

use crate::support::oracle_log::{Asked, database, sql, traced};
use crate::support::{TestLog, without_source};
use serde_json::Value;

/// So many rows of numbers the program asks for at once.
const ARRAY: u64 = 200_000;

/// A log of so many mails, ten a second, of which each two-thousandth failed.
fn long(rows: u64) -> TestLog {
    let log = TestLog::on_oracle();
    sql(
        &log,
        &format!(
            "CREATE TABLE email_log (id NUMBER(10) PRIMARY KEY, status VARCHAR2(10), sent_date DATE, sender VARCHAR2(200), \
             recipient VARCHAR2(200), subject VARCHAR2(200), error_message VARCHAR2(400));
             INSERT INTO email_log SELECT n, CASE WHEN MOD(n, 2000) = 0 THEN 'F' ELSE 'S' END, \
             DATE '2026-11-10' + TRUNC(n / 10) / 86400, 'erp' || MOD(n, 3) || '@contoso.example', \
             'user' || MOD(n, 1000) || '@example.com', 'Invoice ' || n, \
             CASE WHEN MOD(n, 2000) = 0 THEN '432 4.3.2 Concurrent connections limit exceeded' END \
             FROM (SELECT LEVEL AS n FROM dual CONNECT BY LEVEL <= {rows})"
        ),
    );
    log
}

/// A report, without where and when, and what was asked of the log for it.
fn report(log: &TestLog, args: &[&str]) -> (Value, Vec<Asked>) {
    let trace = log.path("trace");
    let _ = std::fs::remove_file(&trace);
    let mut command = log.command(&[&["--format", "json", "report"], args].concat());
    let output = command.env("ORACLE_STANDIN_TRACE", &trace).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut asked = traced(&trace);
    asked.retain(|asked| asked.sql.starts_with("WITH email_log "));
    (without_source(serde_json::from_slice(&output.stdout).unwrap()), asked)
}

fn is_of_pairs(asked: &Asked) -> bool {
    asked.sql.contains("SELECT pair, MIN(status) AS status")
}

fn is_of_numbers(asked: &Asked) -> bool {
    asked.sql.contains("AS pair_and_recipients")
}

fn is_of_texts(asked: &Asked) -> bool {
    asked.sql.contains("AS recipients, finished_at FROM email_log")
}

/// A real server leaves no trace.
fn came_as_texts(asked: &[Asked]) -> bool {
    crate::support::oracle::has_server() || asked.iter().any(is_of_texts) && !asked.iter().any(is_of_numbers)
}

/// A million rows where there is time for them, else a quarter of it.
#[test]
fn a_long_log_comes_in_a_handful_of_round_trips() {
    let is_long = std::env::var_os("MAILTHROTTLE_LONG").is_some_and(|value| !value.is_empty());
    let rows = if is_long { 1_000_000 } else { 250_000 };
    let log = long(rows);
    let begun = Instant::now();
    let (report, asked) = report(&log, &["--since", "all"]);
    println!("{rows} rows in {:?}", begun.elapsed());
    assert_eq!([&report["totals"]["rows"], &report["totals"]["failed"]], [rows, rows / 2000]);
    if crate::support::oracle::is_real() {
        return;
    }
    // the first counts the rows
    let [_, failed, pairs, numbers] = asked.as_slice() else {
        panic!("asked {:?}", asked.iter().map(|asked| &asked.sql).collect::<Vec<_>>())
    };
    assert_eq!((failed.rows, failed.round_trips), (rows / 2000, rows / 2000 / 250 + 1));
    assert!(is_of_pairs(pairs) && is_of_numbers(numbers), "{} {}", pairs.sql, numbers.sql);
    assert_eq!((pairs.rows, pairs.round_trips), (6, 1));
    // the execution itself, each array that is full, and the one that is not
    assert_eq!((numbers.rows, numbers.round_trips), (rows, 1 + rows / ARRAY + 1));
    assert!(pairs.round_trips + numbers.round_trips <= 10);
}

#[test]
fn what_lies_outside_the_window_is_asked_for_once() {
    if crate::support::oracle::is_real() {
        return;
    }
    let log = long(20_000);
    let window = ["--since", "2026-11-10T00:10:00Z", "--until", "2026-11-10T00:20:00Z"];
    let kinds = |asked: &[Asked]| {
        asked.iter().map(|asked| (is_of_pairs(asked), is_of_numbers(asked))).collect::<Vec<_>>()
    };
    let (pairs, numbers, other) = ((true, false), (false, true), (false, false));
    // without an index every question looks at every row, so there are few: how many rows there are, which failed, which may
    // have to go again, and the attempts
    let (plain, asked) = report(&log, &window);
    assert_eq!(plain["totals"]["rows"], 6000);
    assert_eq!(kinds(&asked), [other, other, other, pairs, numbers]);
    // with one, rows of odd times and those without a time are asked for by themselves; there are none of them here, so only
    // their pairs
    sql(&log, "CREATE INDEX email_log_time ON email_log (sent_date)");
    let (indexed, asked) = report(&log, &window);
    assert_eq!(indexed, plain);
    let [counted, rest @ ..] = asked.as_slice() else { unreachable!("something was asked") };
    assert_eq!(kinds(std::slice::from_ref(counted)), [other]);
    assert_eq!(kinds(rest), [other, other, other, other, pairs, numbers, pairs, pairs]);
    let of_time =
        |asked: &&Asked| asked.sql.contains(" IS NULL OR ") || asked.sql.contains(" OR t.\"SENT_DATE\"");
    assert_eq!(asked.iter().filter(of_time).count(), 0);
    assert!(rest.iter().all(|asked| asked.round_trips <= 2), "a short answer comes at once");
    // nobody knows before what comes
    let printed = log.printed(&[&["report"], &window[..]].concat());
    assert_eq!(printed.iter().filter(|sql| sql.contains("ORA_HASH")).count(), 6);
}

/// Leaves the pairs of status and sender without numbers, so that the attempts come as texts.
fn forget_numbers(log: &TestLog) {
    database(log).behind(
        "CREATE OR REPLACE FUNCTION oracle.ora_hash(text) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS 'SELECT NULL::numeric'",
    );
}

/// Columns, and rows of status, time, sender, recipients, end and error, whose times have the type of the column.
const ODD_ROWS: &[&str] = &[
    "'F', {2026-10-25 00:30:00.123456}, 'a@x.example', 'b@x.example', {2026-10-25 00:30:02.9996}, '432 4.3.2 slow down'",
    "'F', {2026-10-25 01:30:00.999999}, 'a@x.example', 'b@x.example', {2026-10-25 01:30:01}, '432 4.3.2 slow down'",
    "'S', {2026-10-25 02:30:00.001}, 'a@x.example', 'b@x.example; c@x.example', {1969-12-31 23:59:59.5}, NULL",
    "'S', {2026-03-29 02:30:00}, NULL, ' ; ', NULL, NULL",
    "NULL, {2026-10-25 03:00:00}, NULL, NULL, {2026-10-25 02:00:00}, NULL",
    "'', {2026-10-25 03:00:00}, '', '', NULL, NULL",
    "' S', {2026-10-25 03:00:01}, ' a@x.example', 'b', NULL, NULL",
    "'S', NULL, 'a@x.example', 'b@x.example', {2026-10-25 03:00:02}, NULL",
    "'S', {0001-01-01 00:00:00}, 'A@x.example', 'b@x.example', NULL, NULL",
    "'S', {9999-12-31 12:59:59.999}, 'ü' || CHR(31) || 'x@x.example', 'b@x.example', NULL, NULL",
    "'S' || CHR(30), {1970-01-01 00:00:00}, 'b@x.example', 'b@x.example', NULL, NULL",
    "'S', {1969-12-31 23:59:59.999}, CHR(31) || 'b@x.example', 'b@x.example', {1969-12-31 23:59:59.999}, NULL",
    "'S', CAST(DATE '-4712-01-01' AS <type>), 'a@x.example', 'b@x.example', CAST(DATE '-4712-01-01' AS <type>), NULL",
];

/// A log of the odd rows, with a further time that is there where the first is not.
fn odd(kind: &str, status: &str, is_far: bool) -> TestLog {
    let log = TestLog::on_oracle();
    let time = regex::Regex::new(r"\{(.*?)\}").unwrap();
    let mut script = format!(
        "CREATE TABLE email_log (id NUMBER(10) PRIMARY KEY, status {status}, sent_date {kind}, sender VARCHAR2(200), \
         recipient VARCHAR2(200), finished_at {kind}, error_message VARCHAR2(400), made DATE);\n"
    );
    for (id, row) in ODD_ROWS.iter().enumerate() {
        let row = time.replace_all(row, "CAST(TIMESTAMP '$1' AS <type>)").replace("<type>", kind);
        // so far reaches the stand-in's TIMESTAMP WITH TIME ZONE, which also columns of several types become
        let row = if is_far { row } else { row.replace("9999-", "3999-").replace("-4712-", "-0100-") };
        script += &format!("INSERT INTO email_log VALUES ({id}, {row}, DATE '2026-10-25' + {id} / 24);\n");
    }
    sql(&log, &script);
    log
}

const NAIVE: &[&str] = &["DATE", "TIMESTAMP(6)"];
const ZONED: &[&str] = &["TIMESTAMP(6) WITH TIME ZONE", "TIMESTAMP(6) WITH LOCAL TIME ZONE"];

/// Whether a row came as numbers or with its texts changes nothing.
#[test]
fn odd_rows_say_the_same_as_numbers_and_as_texts() {
    if crate::support::oracle::is_real() {
        return;
    }
    let windows: [&[&str]; 4] = [
        &["--since", "all"],
        &["--since", "2026-10-25", "--until", "2026-10-26"],
        &["--since", "2026-10-25T00:30:00.123Z", "--until", "2026-10-25T01:30:00.999Z"],
        &["--since", "all", "--sender", "a@x.example"],
    ];
    for kind in [NAIVE, ZONED].concat() {
        for (status, columns) in [("VARCHAR2(10)", "'sent_date'"), ("CHAR(10)", "['sent_date', 'made']")] {
            let is_far = NAIVE.contains(&kind) && columns == "'sent_date'";
            let log = odd(kind, status, is_far);
            log.write(
                "mailthrottle.toml",
                format!("[email_log]\ntime_zone = 'Europe/Berlin'\ncolumns = {{ sent_date = {columns} }}\n"),
            );
            let numbers = windows.map(|window| report(&log, window));
            // a time with a zone beside a DATE makes texts anyway
            let is_text = ZONED.contains(&kind) && columns != "'sent_date'";
            assert!(numbers.iter().all(|(_, asked)| asked.iter().any(is_of_numbers) != is_text), "{kind}");
            forget_numbers(&log);
            for (window, (expected, _)) in windows.iter().zip(numbers) {
                let (texts, asked) = report(&log, window);
                assert!(came_as_texts(&asked), "{kind}");
                assert_eq!(texts, expected, "{kind} {status} {columns} {window:?}");
            }
            let totals = &report(&log, windows[0]).0["totals"];
            assert_eq!(totals["rows"], ODD_ROWS.len(), "{kind} {totals}");
        }
    }
}

/// What stands between status and sender where they are made one text may also stand in them.
#[test]
fn pairs_that_are_written_alike_are_told_apart() {
    let log = long(20);
    sql(
        &log,
        "UPDATE email_log SET status = 'S' || CHR(31), sender = 'a' WHERE id <= 10;
         UPDATE email_log SET status = 'S', sender = CHR(31) || 'a' WHERE id > 10",
    );
    let (report, asked) = report(&log, &["--since", "all"]);
    assert_eq!([&report["totals"]["rows"], &report["totals"]["sent"]], [20, 10]);
    assert!(came_as_texts(&asked));
}

#[test]
fn times_that_are_no_dates_come_as_texts() {
    if crate::support::oracle::is_real() {
        return;
    }
    let log = TestLog::on_oracle();
    database(&log).make_incident("VARCHAR2(40)", ":3");
    let (_, asked) = report(&log, &["--since", "all"]);
    assert!(asked.iter().any(is_of_texts) && !asked.iter().any(is_of_pairs));
}

#[test]
fn where_each_mail_has_a_sender_of_its_own_they_come_as_texts() {
    let log = long(10_001);
    let (by_numbers, _) = report(&log, &["--since", "all"]);
    sql(&log, "UPDATE email_log SET sender = 'bounce+' || id || '@contoso.example'");
    let (report, asked) = report(&log, &["--since", "all"]);
    assert!(came_as_texts(&asked));
    assert_eq!(report["totals"], by_numbers["totals"]);
}

#[test]
fn a_view_that_gives_other_rows_each_time_is_refused() {
    if crate::support::oracle::is_real() {
        return;
    }
    let log = long(10);
    database(&log).behind(
        "CREATE VIEW mail.whims AS SELECT id, status, sent_date, random()::text::oracle.varchar2 AS sender, error_message \
         FROM mail.email_log; GRANT SELECT ON mail.whims TO PUBLIC",
    );
    assert_eq!(
        log.error(&["--table", "whims", "report", "--since", "all"]),
        "mailthrottle: WHIMS gives other rows each time it is read; name a table by --table or [email_log] table"
    );
}
