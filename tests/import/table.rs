//! `import` and `report --log`: every format, nothing twice, nothing lost in silence.

use crate::support::{TABLE, TestLog, fixture};
use mailthrottle::import::intake::Intake;
use mailthrottle::import::lines::Lines;
use mailthrottle::import::{LogFormat, ParserSettings};
use proptest::prelude::*;
use serde_json::{Value, json};

/// What an import says of the first file: format, events, sent, failed, rows.
fn figures(imported: &Value) -> Value {
    let file = &imported["files"][0];
    json!([file["format"], file["events"], file["sent"], file["failed"], file["rows"]])
}

#[test]
fn every_format_is_found_and_a_second_import_adds_nothing() {
    let cases = [
        ("azure-functions.log", json!(["app", 3, 0, 3, 3])),
        ("logs/log4j.log", json!(["app", 2, 0, 2, 2])),
        ("logs/report-server.log", json!(["app", 2, 0, 2, 2])),
        ("logs/python.log", json!(["app", 2, 0, 2, 2])),
        ("logs/laravel.log", json!(["app", 2, 0, 2, 2])),
        ("logs/node.log", json!(["app", 2, 0, 2, 2])),
        ("logs/service-center.csv", json!(["csv", 2, 0, 2, 2])),
        ("logs/message-trace.csv", json!(["csv", 5, 1, 2, 5])),
        ("logs/pino.jsonl", json!(["json", 2, 0, 2, 2])),
        ("logs/postfix.log", json!(["postfix", 4, 1, 3, 4])),
        ("logs/postqueue.json", json!(["postqueue", 2, 0, 2, 3])),
        ("logs/postfix-campaigns.log", json!(["postfix", 63, 38, 25, 63])),
        ("logs/exim.log", json!(["exim", 5, 2, 3, 5])),
        ("logs/exim-queue.log", json!(["exim", 7, 3, 4, 7])),
        ("logs/sendmail.log", json!(["sendmail", 3, 1, 3, 4])),
    ];
    for (file, expected) in cases {
        let log = TestLog::empty();
        assert_eq!(figures(&log.import(&fixture(file))), expected, "{file}");
        assert_eq!(log.import(&fixture(file))["rows"], 0, "{file}");
    }
}

#[test]
fn a_report_on_a_log_file_shows_the_burst() {
    let log = TestLog::empty();
    for file in
        ["azure-functions.log", "logs/log4j.log", "logs/python.log", "logs/pino.jsonl", "logs/exim.log"]
    {
        let ran = log.run_bare(&["--format", "json", "report", "--log", &fixture(file)]);
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(report["clusters"][0]["class"], "throttle-concurrency", "{file}");
        assert_eq!(report["verdict"]["kind"], "burst-throttling", "{file}");
    }
}

#[test]
fn a_delivery_keeps_what_postfix_says_of_it() {
    let log = TestLog::empty();
    log.import(&fixture("logs/postfix.log"));
    let failures = log.json(&["failures"]);
    let first = failures["rows"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["recipient"] == "b.oduya@fabrikam.example");
    let first = first.unwrap();
    assert_eq!(first["sender"], "reports@contoso.example");
    assert_eq!(first["sent_date"], "2026-11-18T21:30:05.500Z");
    assert_eq!((&first["reply"], &first["stage"]), (&json!(450), &json!("mail")));
}

#[test]
fn a_log_that_grew_or_was_rotated_gives_only_its_new_rows() {
    let log = TestLog::empty();
    let text = std::fs::read_to_string(fixture("logs/postfix.log")).unwrap();
    let half = text.match_indices('\n').nth(5).unwrap().0 + 1;
    log.write("mail.log", &text[..half]);
    assert_eq!(log.import("mail.log")["rows"], 2);
    log.write("mail.log", &text);
    let grown = log.import("mail.log");
    assert_eq!((&grown["rows"], &grown["lines"]), (&json!(2), &json!(4)));
    assert_eq!(log.json(&["failures"])["rows"][1]["sender"], "reports@contoso.example");
    let overlap = text.match_indices('\n').nth(3).unwrap().0 + 1;
    log.write("mail.log.1", &text[overlap..]);
    assert_eq!(log.import("mail.log.1")["rows"], 0);
}

#[test]
fn an_error_text_that_was_cut_short_is_completed() {
    let log = TestLog::empty();
    let text = std::fs::read_to_string(fixture("azure-functions.log")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    log.write("app.log", format!("{}\n", lines[..2].join("\n")));
    log.import("app.log");
    log.write("app.log", &text);
    log.import("app.log");
    let rows = log.json(&["failures"]);
    assert_eq!(rows["rows"].as_array().unwrap().len(), 3);
    for row in rows["rows"].as_array().unwrap() {
        assert!(row["error_message"].as_str().unwrap().contains("limit exceeded"), "{row}");
    }
}

#[test]
fn a_log_of_an_application_is_never_added_to() {
    let log = TestLog::of(TABLE);
    assert_eq!(
        log.error(&["import", &fixture("azure-functions.log")]),
        "mailthrottle: log.db holds an email_log that is no import's, and an application may send what is added to it; \
         import into a file of its own, as --db sqlite:imported.db"
    );
}

#[test]
fn patterns_of_the_config_read_what_nobody_else_can() {
    let log = TestLog::empty();
    log.write(
        "mailthrottle.toml",
        r"[[import.patterns]]
name = 'gone'
regex = '^(?<time>\S+ \S+) \| mail \d+ from <(?<sender>.*?)> to <(?<recipient>.*?)> : gone$'
status = 'sent'
[[import.patterns]]
name = 'not gone'
regex = '^(?<time>\S+ \S+) \| mail \d+ from <(?<sender>.*?)> to <(?<recipient>.*?)> : NOT gone, (?<error>.*)'
status = 'failed'
",
    );
    let imported = log.json(&["import", "--unparsed", "left.txt", &fixture("logs/own.log")]);
    assert_eq!(figures(&imported), json!(["patterns", 3, 1, 2, 3]));
    assert_eq!(imported["unparsed_failures"], 1);
    assert!(std::fs::read_to_string(log.path("left.txt")).unwrap().contains("queue error"));
    assert_eq!(log.report()["clusters"][0]["failures"], 2);
}

fn settings() -> ParserSettings {
    let columns = mailthrottle::import::columns::UserColumns::default();
    ParserSettings {
        zone: chrono_tz::UTC,
        file_time: 1_795_037_406_000,
        day_first: false,
        columns,
        patterns: Vec::new(),
    }
}

/// Gives a few bytes at a time.
struct Chunks<'t>(&'t [u8], usize);

impl std::io::Read for Chunks<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let length = self.1.min(self.0.len()).min(into.len());
        let (now, rest) = self.0.split_at(length);
        into[..length].copy_from_slice(now);
        self.0 = rest;
        Ok(length)
    }
}

fn events(text: &[u8], format: LogFormat, chunk: usize) -> String {
    let mut intake = Intake::new(format, &settings(), 0, 0);
    let mut lines = Lines::new(Chunks(text, chunk), 0);
    while let Some(line) = lines.next_line().unwrap() {
        intake.line(line);
    }
    intake.finish();
    format!("{:?}", intake.take_rows())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_make_a_parser_panic(noise in prop::collection::vec(any::<u8>(), 0..200), at in 0usize..4000, which in 0usize..15) {
        let files = ["azure-functions.log", "logs/log4j.log", "logs/python.log", "logs/laravel.log", "logs/node.log",
            "logs/service-center.csv", "logs/message-trace.csv", "logs/pino.jsonl", "logs/postfix.log", "logs/postqueue.json",
            "logs/exim.log", "logs/sendmail.log", "logs/own.log", "logs/postfix-campaigns.log", "logs/exim-queue.log"];
        let mut text = std::fs::read(fixture(files[which])).unwrap();
        let at = at.min(text.len());
        let end = (at + noise.len() / 2).min(text.len());
        text.splice(at..end, noise);
        for format in LogFormat::ALL {
            prop_assert_eq!(events(&text, format, 1 << 20), events(&text, format, 1 + at % 97));
        }
    }
}

#[test]
fn a_message_trace_becomes_a_log_that_can_be_asked() {
    let log = TestLog::empty();
    log.import(&fixture("logs/message-trace.csv"));
    let report = log.report();
    let statuses: Vec<_> = report["statuses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| json!([s["status"], s["meaning"], s["rows"]]))
        .collect();
    for expected in [json!(["S", "sent", 1]), json!(["F", "failed", 2]), json!(["P", "pending", 1])] {
        assert!(statuses.contains(&expected), "{statuses:?}");
    }
    let row = &log.json(&["failures"])["rows"][1];
    assert_eq!(row["subject"], "Statement\nNovember");
    assert_eq!(row["sent_date"], "2026-11-18T21:30:06.000Z");
}

#[test]
fn columns_of_another_name_are_said_on_the_command_line() {
    let log = TestLog::empty();
    log.write("own.csv", "wann;wer;ergebnis;grund\n2026-11-18 21:30:06;a@b.example;fail;432 4.3.2 Concurrent connections limit exceeded\n");
    let columns = ["time=wann", "recipient=wer", "status=ergebnis", "error=grund"];
    let args: Vec<&str> = columns.iter().flat_map(|column| ["--column", column]).collect();
    let imported = log.json(&[&["import"], args.as_slice(), &["own.csv"]].concat());
    assert_eq!(figures(&imported), json!(["csv", 1, 0, 1, 1]));
    assert_eq!(log.report()["causes"][0]["class"], "throttle-concurrency");
}

#[test]
fn json_lines_and_the_queue_of_postfix_are_taken_in_row_by_row() {
    let log = TestLog::empty();
    log.import(&fixture("logs/pino.jsonl"));
    log.import(&fixture("logs/postqueue.json"));
    let report = log.report();
    assert_eq!((&report["totals"]["failed"], &report["totals"]["pending"]), (&json!(4), &json!(1)));
    let classes: Vec<_> =
        report["causes"].as_array().unwrap().iter().map(|cause| cause["class"].clone()).collect();
    assert!(
        classes.contains(&json!("throttle-rate")) && classes.contains(&json!("throttle-concurrency")),
        "{classes:?}"
    );
}
