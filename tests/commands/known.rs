//! Only what is known is said: of throttling, of words without a meaning, of what still has to go, of times.

use serde_json::{Value, json};

use crate::support::{Ran, TABLE, TestLog};

const THROTTLED: &str = "432 4.3.2 Concurrent connections limit exceeded.";

/// Rows of the generic table: status, seconds before noon of 2026-11-20, sender, error.
pub fn log(rows: &[(&str, f64, &str, &str)]) -> TestLog {
    let values: Vec<String> = rows
        .iter()
        .enumerate()
        .map(|(number, (status, before, sender, error))| {
            let error = if error.is_empty() { "NULL".to_owned() } else { format!("'{}'", error.replace('\'', "''")) };
            format!(
                "('{status}', strftime('%Y-%m-%d %H:%M:%f', '2026-11-20 12:00:00', '-{before} seconds'), '{sender}', \
                 'u{number}@example.com', 'Invoice {number}', 'Text', {error})"
            )
        })
        .collect();
    let columns = "(status, sent_date, sender, recipient, subject, body, error_message)";
    TestLog::of(&format!("{TABLE} INSERT INTO email_log {columns} VALUES {};", values.join(", ")))
}

/// So many rows 50 ms apart that end ten minutes before noon, of which every fifth fails with a text.
pub fn every_fifth(rows: u32, error: &str) -> TestLog {
    let at = |row: u32| 600.0 + 0.05 * f64::from(rows - row);
    let row = |row: u32| match row % 5 {
        0 => ("F", at(row), "a@contoso.example", error),
        _ => ("S", at(row), "a@contoso.example", ""),
    };
    log(&(1..=rows).map(row).collect::<Vec<_>>())
}

pub fn report(log: &TestLog) -> Value {
    log.json(&["report", "--at", "2026-11-20 12:00"])
}

pub fn alert(log: &TestLog, more: &[&str]) -> Ran {
    log.run(&[&["alert", "--at", "2026-11-20 12:00"], more].concat())
}

/// Every sentence of a report.
fn sentences(report: &Value) -> String {
    let verdict = &report["verdict"];
    let lists = ["evidence", "advice"].iter().flat_map(|list| verdict[*list].as_array().unwrap());
    let lines = lists.map(|line| line.as_str().unwrap()).collect::<Vec<_>>();
    let text = format!("{}\n{}", verdict["summary"].as_str().unwrap(), lines.join("\n"));
    // the program's own name is no word about a throttle
    text.replace("mailthrottle", "mt")
}

fn has(report: &Value, part: &str) {
    assert!(sentences(report).contains(part), "{part}\nin {}", sentences(report));
}

fn lacks(report: &Value, part: &str) {
    assert!(!sentences(report).contains(part), "{part}\nin {}", sentences(report));
}

#[test]
fn a_burst_of_errors_of_the_application_is_no_throttling() {
    for error in
        ["Template invoice.html not found", "java.lang.NullPointerException", "No space left on device"]
    {
        let log = every_fifth(20, error);
        let report = report(&log);
        assert_eq!(report["verdict"]["kind"], "application-errors", "{error}");
        let cluster = &report["clusters"][0];
        assert_eq!([&cluster["class"], &cluster["burst"]], [&json!("application"), &json!(true)]);
        has(&report, "The application failed before it asked a mail server: 100 % of 4 failed mails.");
        has(
            &report,
            "4 of them failed in one burst, at 2026-11-20 11:49:59 +00:00: 4 within 0.8 s, of 20 attempts from 10s before on",
        );
        lacks(&report, "hrottl");
        lacks(&report, "3 connections");
        let alert = alert(&log, &[]);
        assert_eq!(alert.code, 2);
        assert_eq!(alert.stdout, "CRITICAL: bursts 1 (application), rate 20%; 4 of 20 mails in 1h failed\n");
    }
}

#[test]
fn a_text_that_no_rule_knows_is_unexplained() {
    let report = report(&every_fifth(20, "frobnicator said no"));
    assert_eq!(report["verdict"]["kind"], "unexplained");
    has(&report, "Failures with a text that no rule knows, or with none at all: 100 % of 4 failed mails.");
    has(&report, "mt explain --test-rules shows the texts");
    lacks(&report, "hrottl");
}

#[test]
fn a_mixed_log_counts_only_what_is_throttled() {
    let throttled = (0..40).map(|row| ("F", 900.0 + f64::from(row) * 0.2, "a@contoso.example", THROTTLED));
    let unknown =
        (0..40).map(|row| ("F", 2000.0 + f64::from(row) * 0.2, "a@contoso.example", "frobnicator said no"));
    let report = report(&log(&throttled.chain(unknown).collect::<Vec<_>>()));
    assert_eq!(
        [&report["verdict"]["kind"], &report["verdict"]["confidence"]],
        [&json!("burst-throttling"), &json!(0.5)]
    );
    has(&report, "Burst throttling: 40 of 80 failed mails were refused in one burst");
    has(
        &report,
        "Confidence 0.50: 40 of 80 failed mails have causes of another kind, 40 of which no rule knows.",
    );
}

/// Mails of one sender that begin 10 ms apart in one second, the last of them throttled.
pub fn wave(before: f64, sent: u32, throttled: u32) -> Vec<(&'static str, f64, &'static str, &'static str)> {
    (0..sent + throttled)
        .map(|number| {
            let at = before - 0.01 * f64::from(number);
            if number < sent {
                ("S", at, "a@contoso.example", "")
            } else {
                ("F", at, "a@contoso.example", THROTTLED)
            }
        })
        .collect()
}

#[test]
fn a_number_at_once_is_named_only_where_the_log_shows_it() {
    let shown = report(&log(&[wave(900.0, 3, 1), wave(800.0, 3, 1), wave(700.0, 3, 2)].concat()));
    has(&shown, "Throttling began at 4 running at once (4 of 4 refusals at that number or above), up to 5");
    // two refusals, a refusal of a mail that ran alone, and a number that others passed more often
    let two = log(&[wave(900.0, 3, 1), wave(800.0, 3, 1)].concat());
    let alone =
        log(&(0..8).flat_map(|number| wave(900.0 - 60.0 * f64::from(number), 0, 1)).collect::<Vec<_>>());
    let passed = log(&[wave(900.0, 3, 1), wave(800.0, 3, 1), wave(700.0, 3, 1), wave(600.0, 9, 0)].concat());
    for log in [two, alone, passed] {
        lacks(&report(&log), "running at once");
    }
}

#[test]
fn an_account_is_blocked_only_while_nothing_goes_from_it() {
    let refused = "535 5.7.3 Authentication unsuccessful";
    let sent = |count: u32, from: f64| {
        (0..count).map(move |row| ("S", from - f64::from(row), "busy@contoso.example", ""))
    };
    // one refusal among mails of the same sender, and the same with nothing after it
    let open =
        log(&sent(300, 3000.0).chain([("F", 2900.0, "busy@contoso.example", refused)]).collect::<Vec<_>>());
    let report_of_open = report(&open);
    assert_ne!(report_of_open["verdict"]["kind"], "account-blocked");
    lacks(&report_of_open, "blocked");
    has(&report_of_open, "1 failed mail, class auth. Other mail of the same sender went after that.");
    assert_eq!(alert(&open, &["--account-blocked-critical", "0"]).code, 0);
    let rows: Vec<_> = sent(300, 3000.0)
        .chain([
            ("F", 500.0, "other@contoso.example", refused),
            ("F", 400.0, "other@contoso.example", refused),
        ])
        .collect();
    let closed = log(&rows);
    let report = report(&closed);
    assert_eq!(report["verdict"]["kind"], "account-blocked");
    has(
        &report,
        "The account is blocked (other@contoso.example): 2 mails were refused so since 2026-11-20 11:51:40 +00:00, and nothing \
         went from it after that.",
    );
    assert_eq!(report["blocked_senders"][0]["rows"], 2);
    let alert = alert(&closed, &[]);
    assert_eq!(alert.code, 2);
    assert!(alert.stdout.starts_with("CRITICAL: account-blocked 2;"), "{}", alert.stdout);
}

#[test]
fn words_that_nobody_mapped_are_named_and_not_called_quiet() {
    let row = |status: &'static str, row: u32| (status, 60.0 + f64::from(row), "a@contoso.example", "");
    let some =
        log(&(0..90).map(|n| row("S", n)).chain((90..100).map(|n| row("DELIVERED", n))).collect::<Vec<_>>());
    let all = log(&(0..20).map(|n| row("ok", n)).collect::<Vec<_>>());
    for (log, rows, words) in
        [(some, "10 of 100 rows have", "'DELIVERED' (10)"), (all, "20 of 20 rows have", "'ok' (20)")]
    {
        let report = report(&log);
        assert_eq!(report["verdict"]["kind"], "unmapped");
        has(
            &report,
            &format!("Nobody can say how many mails failed: {rows} a status word without a meaning."),
        );
        has(
            &report,
            &format!("add each word to sent, failed or pending of [email_log], whichever it means: {words}."),
        );
        // UNKNOWN is told on stdout in every format
        for format in ["table", "json", "ndjson", "csv", "markdown", "nagios", "prometheus"] {
            let ran = log.run(&["--format", format, "alert", "--at", "2026-11-20 12:00"]);
            assert_eq!((ran.code, ran.stderr.as_str()), (3, ""), "{format}");
            assert!(!ran.stdout.is_empty(), "{format}");
        }
        let line = alert(&log, &[]).stdout;
        assert!(line.starts_with(&format!("UNKNOWN: status words without a meaning: {words}")), "{line}");
    }
    // nine of a hundred are a word in the evidence
    let few = log(&(0..91).map(|n| row("S", n)).chain((91..100).map(|n| row("X", n))).collect::<Vec<_>>());
    let report = report(&few);
    assert_eq!(report["verdict"]["kind"], "quiet");
    has(&report, "Status words without a meaning: 'X' (9)");
    assert_eq!(alert(&few, &[]).code, 0);
}

#[test]
fn what_is_critical_is_more_than_unknown_words() {
    let mut rows: Vec<_> = (0..20).map(|n| ("ok", 60.0 + f64::from(n), "a@contoso.example", "")).collect();
    rows.extend((0..9).map(|n| ("F", 300.0 + f64::from(n), "a@contoso.example", THROTTLED)));
    let ran = alert(&log(&rows), &[]);
    assert_eq!(ran.code, 2);
    assert!(ran.stdout.contains("status words without a meaning: 'ok' (20)"), "{}", ran.stdout);
}

#[test]
fn an_empty_window_is_told_from_a_quiet_one() {
    let log = log(&[("S", 200_000.0, "a@contoso.example", "")]);
    let report = report(&log);
    assert_eq!(
        [&report["verdict"]["kind"], &report["verdict"]["summary"]],
        ["empty", "No mail in this window."]
    );
    assert_eq!(log.report()["verdict"]["kind"], "quiet");
}

#[test]
fn times_that_are_still_to_come_are_a_warning_of_report_and_alert() {
    let ahead = |minutes: u32| {
        let log = TestLog::of(&format!(
            "{TABLE} INSERT INTO email_log (status, sent_date, sender, recipient) VALUES \
             ('S', datetime('now', '-10 minutes'), 'a@x.example', 'b@x.example'), \
             ('S', datetime('now', '+{minutes} minutes'), 'a@x.example', 'c@x.example'), \
             ('P', datetime('now', '+3 hours'), 'a@x.example', 'd@x.example');"
        ));
        let codes = ["alert", "doctor"].map(|command| log.run(&[command]).code);
        (log.json(&["report"]), log.run(&["alert"]).stdout, codes)
    };
    let (report, line, codes) = ahead(58);
    has(&report, "Warning: 1 row was tried at a time that is still to come, up to ");
    has(&report, "set time_zone in [email_log]");
    assert_eq!((codes, &report["totals"]["future"]), ([1, 1], &json!(1)));
    assert!(line.starts_with("WARNING: future 1; "), "{line}");
    // clocks differ, and a mail that was not tried yet may be meant for later
    let (report, _, codes) = ahead(4);
    lacks(&report, "still to come");
    assert_eq!(codes, [0, 0]);
}

#[test]
fn dates_without_a_time_of_day_show_no_burst() {
    let rows = (0..20).map(|row| {
        format!(
            "('{}', '2026-11-20', 'a@x.example', 'u{row}@x.example', {})",
            if row % 5 == 0 { "F" } else { "S" },
            if row % 5 == 0 { format!("'{THROTTLED}'") } else { "NULL".to_owned() }
        )
    });
    let rows: Vec<String> = rows.collect();
    let log = TestLog::of(&format!(
        "{TABLE} INSERT INTO email_log (status, sent_date, sender, recipient, error_message) VALUES {};",
        rows.join(", ")
    ));
    for zone in ["UTC", "Europe/Berlin"] {
        let report = log.json(&["--time-zone", zone, "report", "--at", "2026-11-20 12:00"]);
        has(&report, "4 of 4 failed mails met a throttle.");
        has(&report, "dates without a time of day, so bursts, peaks and how many ran at once cannot be told");
        lacks(&report, "burst,");
        assert_eq!(
            [&report["clusters"], &report["senders"][0]["peak_per_minute"]],
            [&json!([]), &Value::Null]
        );
    }
    let ran = log.run(&[
        "--format",
        "json",
        "alert",
        "--at",
        "2026-11-20 12:00",
        "--window",
        "1d",
        "--bursts-critical",
        "0",
    ]);
    let outcome: Value = serde_json::from_str(&ran.stdout).unwrap();
    let bursts = outcome["metrics"].as_array().unwrap().iter().find(|row| row["name"] == "bursts").unwrap();
    assert_eq!(
        [&bursts["value"], &bursts["note"]],
        [&Value::Null, &json!("the log has dates without a time of day")]
    );
}

/// A window of an hour holds no row of such a log, and that is no sign that all is well.
#[test]
fn an_hour_of_a_log_of_dates_cannot_be_judged() {
    let log = every_fifth(20, THROTTLED);
    log.sql("UPDATE email_log SET sent_date = date(sent_date)");
    let ran = alert(&log, &["--rate-warning", "5"]);
    assert_eq!(ran.code, 3);
    assert!(ran.stdout.starts_with("UNKNOWN: the log has dates without a time of day"), "{}", ran.stdout);
    let doctor = log.run(&["doctor", "--at", "2026-11-20 12:00"]).stdout;
    assert!(doctor.contains("warning  times: the times are dates without a time of day"), "{doctor}");
    // a batch at midnight is none
    let batch = every_fifth(20, THROTTLED);
    batch.sql("UPDATE email_log SET sent_date = '2026-11-20 00:00:00'");
    assert_eq!(report(&batch)["clusters"][0]["failures"], 4);
}

#[test]
fn failed_mails_without_a_time_are_counted_and_in_no_burst() {
    let log = every_fifth(20, THROTTLED);
    log.sql("UPDATE email_log SET sent_date = NULL WHERE status = 'F'");
    let details = alert(&log, &["-v"]).stdout;
    assert!(details.contains("4 failed mails without a"), "{details}");
    let report = report(&log);
    has(&report, "4 of 4 failed mails met a throttle.");
    assert_eq!(report["backlog"]["rows"], 4);
}

#[test]
fn what_failed_before_it_asked_a_server_ran_beside_nothing() {
    let at = |number: u32| 900.0 - 0.01 * f64::from(number);
    let error = |number: u32| if number < 10 { "Template invoice.html not found" } else { THROTTLED };
    let rows: Vec<_> = (0..15).map(|number| ("F", at(number), "a@contoso.example", error(number))).collect();
    let overlap = &report(&log(&rows))["overlap"];
    assert_eq!([&overlap["failures_begin_at"], &overlap["max_at_failure"]], [1, 5]);
}

/// Words of networks and servers keep their class whatever else stands in the text.
#[test]
fn errors_on_the_way_to_a_server_are_none_of_the_applications() {
    let log = TestLog::empty();
    for (text, class, disposition) in [
        (
            "ORA-29278: SMTP transient error: Service not available ORA-06512: at \"SYS.UTL_SMTP\"",
            "server-busy",
            "retry",
        ),
        (
            "ORA-20001: Error sending mail: ORA-29276: transfer timeout ORA-06512: at line 1",
            "network",
            "doubt",
        ),
        (
            "An existing connection was forcibly closed by the remote host. --- Object reference not set",
            "network",
            "doubt",
        ),
        ("Uncaught Exception: connect ETIMEDOUT 10.0.0.1:25", "network", "retry"),
        ("SSL_connect SYSCALL returned=5 errno=0: no such file or directory", "tls", "retry"),
        ("fopen(): failed to open stream: Connection timed out", "network", "retry"),
        ("Message rejected: invalid template", "policy", "never"),
    ] {
        let said = log.json(&["explain", text]);
        assert_eq!([&said["class"], &said["disposition"]], [class, disposition], "{text}");
    }
    for text in
        ["(1040, 'Too many connections')", "Login failed for user 'app'.", "ORA-28000: the account is locked"]
    {
        assert_eq!(log.json(&["explain", text])["class"], "application", "{text}");
    }
    // a code of PL/SQL may come first
    assert_eq!(
        log.json(&["explain", "-29279: ORA-29279: SMTP permanent error: 550 5.1.1 User unknown"])["reply"],
        550
    );
}

#[test]
fn five_hours_after_a_burst_the_monitor_still_asks_for_a_person() {
    let log = log(&wave(5.0 * 3600.0, 0, 4));
    let ran = alert(&log, &[]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (1, "WARNING: backlog_age 18000s (4 failed mails, the oldest for 5h); no mail in 1h\n")
    );
    let doctor = log.run(&["doctor", "--at", "2026-11-20 12:00"]);
    assert_eq!(doctor.code, 1);
    assert!(doctor.stdout.contains("backlog: 4 failed mails wait to be sent again"), "{}", doctor.stdout);
    has(&report(&log), "4 failed mails wait to be sent again, the oldest of 2026-11-20 07:00:00 +00:00");
    // thresholds of one's own, in lengths of time
    assert_eq!(alert(&log, &["--backlog-age-warning", "6h"]).code, 0);
    assert_eq!(alert(&log, &["--backlog-age-critical", "4h"]).code, 2);
    assert_eq!(alert(&log, &["--backlog-warning", "3"]).code, 1);
    // after a day it is critical
    let ran = log.run(&["alert", "--at", "2026-11-21 12:00"]);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
}

#[test]
fn all_is_well_again_only_once_nothing_waits() {
    let log = log(&wave(600.0, 3, 9));
    let state = log.path("state");
    let flags = ["--window", "30m", "--bursts-critical", "0", "--backlog-age-warning", "3h"];
    let cron = |at: &str| {
        let state = state.to_str().unwrap();
        log.run(&[&["alert", "--cron", "--state", state, "--at", at][..], &flags].concat())
    };
    assert!(cron("2026-11-20 12:00").stdout.starts_with("CRITICAL: bursts 1"));
    // the burst lies outside the window, and its mails still wait
    let ran = cron("2026-11-20 13:00");
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""));
    log.sql("UPDATE email_log SET status = 'S' WHERE status = 'F' AND id > 5");
    assert_eq!(cron("2026-11-20 13:00").stdout, "");
    log.sql("UPDATE email_log SET status = 'S' WHERE status = 'F'");
    let ran = cron("2026-11-20 13:00");
    assert!(ran.stdout.starts_with("OK again: "), "{ran:?}");
    // what left it by age is named
    log.sql("UPDATE email_log SET status = 'F' WHERE id = 5");
    assert!(cron("2026-11-20 16:00").stdout.starts_with("WARNING: backlog_age"));
    let ran = cron("2026-11-27 14:00");
    assert!(
        ran.stdout.starts_with("OK again: no mail in 30m; 1 failed row has become older than 7 days"),
        "{ran:?}"
    );
}
