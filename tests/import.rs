//! `import` and `report --log`: every format, nothing twice, nothing lost in silence, bad input.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use mailthrottle::import::intake::Intake;
use mailthrottle::import::lines::Lines;
use mailthrottle::import::{Format, Settings};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{TABLE, TestLog};

fn fixture(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name).display().to_string()
}

/// What an import says of the first file: format, events, sent, failed, rows.
fn figures(imported: &Value) -> Value {
    let file = &imported["files"][0];
    json!([file["format"], file["events"], file["sent"], file["failed"], file["rows"]])
}

fn import(log: &TestLog, file: &str) -> Value {
    let imported = log.json(&["import", file]);
    for file in imported["files"].as_array().unwrap() {
        let sum: u64 = ["events", "continuations", "noise", "unparsed"]
            .map(|kind| file[kind].as_u64().unwrap())
            .iter()
            .sum();
        assert_eq!(file["lines"].as_u64(), Some(sum), "{file}");
    }
    imported
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
        ("logs/exim.log", json!(["exim", 5, 2, 3, 5])),
        ("logs/sendmail.log", json!(["sendmail", 3, 1, 3, 4])),
    ];
    for (file, expected) in cases {
        let log = TestLog::empty();
        assert_eq!(figures(&import(&log, &fixture(file))), expected, "{file}");
        assert_eq!(import(&log, &fixture(file))["rows"], 0, "{file}");
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
    import(&log, &fixture("logs/postfix.log"));
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
    assert_eq!(import(&log, "mail.log")["rows"], 2);
    log.write("mail.log", &text);
    let grown = import(&log, "mail.log");
    assert_eq!((&grown["rows"], &grown["lines"]), (&json!(2), &json!(4)));
    assert_eq!(log.json(&["failures"])["rows"][1]["sender"], "reports@contoso.example");
    let overlap = text.match_indices('\n').nth(3).unwrap().0 + 1;
    log.write("mail.log.1", &text[overlap..]);
    assert_eq!(import(&log, "mail.log.1")["rows"], 0);
}

#[test]
fn an_error_text_that_was_cut_short_is_completed() {
    let log = TestLog::empty();
    let text = std::fs::read_to_string(fixture("azure-functions.log")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    log.write("app.log", format!("{}\n", lines[..2].join("\n")));
    import(&log, "app.log");
    log.write("app.log", &text);
    import(&log, "app.log");
    let rows = log.json(&["failures"]);
    assert_eq!(rows["rows"].as_array().unwrap().len(), 3);
    for row in rows["rows"].as_array().unwrap() {
        assert!(row["error_message"].as_str().unwrap().contains("limit exceeded"), "{row}");
    }
}

#[test]
fn packed_files_are_read_and_half_of_one_keeps_what_was_read() {
    use std::io::Write;
    let log = TestLog::empty();
    let text: String = (0..20_000)
        .map(|n| format!("2026-11-18T21:30:04Z mx1 postfix/smtp[1]: A{n:08X}: to=<u{n}@b.example>, relay=none, delay=1, dsn=2.0.0, status=sent (ok {})\n", n * 7919))
        .collect();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(text.as_bytes()).unwrap();
    let packed = gz.finish().unwrap();
    log.write("half.gz", &packed[..packed.len() / 2]);
    let half = log.run(&["--format", "json", "import", "half.gz"]);
    assert_eq!(half.code, 3);
    assert!(half.stderr.contains("half.gz, after "), "{}", half.stderr);
    assert!(half.stderr.contains("get the whole file and import it again"), "{}", half.stderr);
    log.write("whole.gz", &packed);
    let whole = import(&log, "whole.gz")["rows"].as_u64().unwrap();
    assert!(whole > 0 && whole < 20_000, "{whole}");
    let plain = log.write("log", &text);
    let bz =
        std::process::Command::new("bzip2").arg("-c").arg(plain).output().expect("install the package bzip2");
    log.write("log.bz2", bz.stdout);
    assert_eq!(import(&log, "log.bz2")["rows"], 0);
    let zst = ruzstd::encoding::compress_to_vec(text.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest);
    log.write("log.zst", zst);
    let read = import(&log, "log.zst");
    assert_eq!((&read["rows"], &read["lines"]), (&json!(0), &json!(20_000)));
}

#[test]
fn what_is_no_log_is_refused_in_one_line() {
    let log = TestLog::empty();
    log.write("noise.txt", "dear diary\nnothing today\n");
    log.write("picture.png", [0u8, 1, 2, 3, 4, 5, 6, 7, 8].repeat(500));
    log.write("empty.log", "");
    std::fs::create_dir(log.path("logs")).unwrap();
    let cases = [
        ("gone.log", "mailthrottle: gone.log: no such file"),
        ("logs", "mailthrottle: logs is a directory; give the files in it, as logs/*.log"),
        ("empty.log", "mailthrottle: empty.log is empty"),
        (
            "picture.png",
            "mailthrottle: picture.png is a binary file and no log; give a text file, or one packed by gzip, zstd or bzip2",
        ),
        (
            "noise.txt",
            "mailthrottle: noise.txt: none of its 2 lines is of a known format; expected postfix, postqueue, exim, sendmail, \
             app, csv, json, patterns; import --list shows how their lines begin, and [[import.patterns]] in the config can \
             describe others",
        ),
    ];
    for (file, message) in cases {
        assert_eq!(log.error(&["import", file]), message);
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

#[test]
fn years_are_resolved_across_new_year() {
    let log = TestLog::empty();
    let line = |stamp: &str| {
        format!(
            "{stamp} mx1 postfix/smtp[1]: ABCDEF12: to=<a@b.example>, relay=none, delay=1, dsn=4.4.1, status=deferred (connect to b.example: timed out)\n"
        )
    };
    let path = log.write("mail.log", [line("Dez 31 23:59:59"), line("Jan  1 00:00:01")].concat());
    let new_year = std::time::UNIX_EPOCH + Duration::from_secs(1_767_312_000);
    std::fs::File::options().append(true).open(path).unwrap().set_modified(new_year).unwrap();
    let file = &import(&log, "mail.log")["files"][0];
    assert_eq!(file["first_at"], "2025-12-31T23:59:59.000Z");
    assert_eq!(file["last_at"], "2026-01-01T00:00:01.000Z");
}

#[test]
fn a_growing_log_is_followed_through_its_rotation() {
    let log = TestLog::empty();
    let text = std::fs::read_to_string(fixture("logs/postfix.log")).unwrap();
    log.write("mail.log", &text);
    let mut follower = log.command(&["--db", "log.db", "import", "--follow", "mail.log"]);
    let mut follower = follower.stdout(Stdio::null()).spawn().unwrap();
    let failed = |expected: u64| {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(20) {
            let ran = log.run(&["--format", "json", "report", "--since", "all"]);
            let report: Option<Value> = serde_json::from_str(&ran.stdout).ok();
            if report.is_some_and(|report| report["totals"]["failed"] == expected) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        false
    };
    let first = failed(3);
    std::fs::rename(log.path("mail.log"), log.path("mail.log.1")).unwrap();
    log.write("mail.log", text.replace("4Dxk1J2Qz1z", "4Dxk1J2Qz2z"));
    let second = failed(6);
    follower.kill().unwrap();
    follower.wait().unwrap();
    assert!(first && second, "{first} {second}");
}

fn settings() -> Settings {
    let columns = mailthrottle::import::columns::Names::default();
    Settings {
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

fn events(text: &[u8], format: Format, chunk: usize) -> String {
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
    fn no_bytes_make_a_parser_panic(noise in prop::collection::vec(any::<u8>(), 0..200), at in 0usize..4000, which in 0usize..13) {
        let files = ["azure-functions.log", "logs/log4j.log", "logs/python.log", "logs/laravel.log", "logs/node.log",
            "logs/service-center.csv", "logs/message-trace.csv", "logs/pino.jsonl", "logs/postfix.log", "logs/postqueue.json",
            "logs/exim.log", "logs/sendmail.log", "logs/own.log"];
        let mut text = std::fs::read(fixture(files[which])).unwrap();
        let at = at.min(text.len());
        let end = (at + noise.len() / 2).min(text.len());
        text.splice(at..end, noise);
        for format in Format::ALL {
            prop_assert_eq!(events(&text, format, 1 << 20), events(&text, format, 1 + at % 97));
        }
    }
}

#[test]
fn an_import_that_was_killed_goes_on_and_adds_nothing_twice() {
    let log = TestLog::empty();
    let line = |n: u32| {
        format!(
            "2026-11-18T21:30:04Z mx1 postfix/smtp[1]: A{n:08X}: to=<u{n}@b.example>, relay=none, delay=1, dsn=2.0.0, status=sent (ok)\n"
        )
    };
    log.write("mail.log", (0..60_000).map(line).collect::<String>());
    let mut first = log.command(&["--db", "log.db", "import", "mail.log"]);
    let mut first = first.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let start = Instant::now();
    while !log.path("log.db-wal").metadata().is_ok_and(|data| data.len() > 1 << 20) {
        assert!(start.elapsed() < Duration::from_secs(20));
        if first.try_wait().unwrap().is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let _ = first.kill();
    first.wait().unwrap();
    import(&log, "mail.log");
    assert_eq!(log.report()["totals"]["rows"], 60_000);
}
