//! The report, as a user runs it.

use crate::support::{TABLE, TestLog};
use serde_json::{Value, json};

/// The keys of an object, in order.
fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// Where the incident stands among the clusters.
fn the_burst(report: &Value) -> &Value {
    &report["clusters"][0]
}

#[test]
fn the_incident_shows_its_burst() {
    let report = TestLog::incident().report();
    let burst = the_burst(&report);
    assert_eq!(burst["attempts"], 27);
    assert_eq!(burst["failures"], 2);
    assert!(burst["span_ms"].as_i64().unwrap() < 3000);
    assert_eq!(burst["class"], "throttle-concurrency");
    assert_eq!(burst["enhanced"], "4.3.2");
    assert_eq!(burst["burst"], true);
    assert_eq!(burst["row_ids"], json!(["1119", "1127"]));
    assert_eq!(burst["start"], "2026-11-09T21:30:07.006Z");
    assert_eq!(report["verdict"]["kind"], "burst-throttling");
}

#[test]
fn the_incident_shows_its_burst_in_every_format() {
    let log = TestLog::incident();
    let shown = |format| {
        let ran = log.run(&["--format", format, "report", "--since", "all"]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        ran.stdout
    };
    let table = shown("table");
    assert!(table.starts_with("Burst throttling: 38 of 54 failed mails were refused in 7 bursts"));
    assert!(
        table.contains("2026-11-09 21:30:07 +00:00  0.9 s    2 of 27  throttle-concurrency  yes"),
        "{table}"
    );
    let markdown = shown("markdown");
    assert!(markdown.starts_with("**Burst throttling: 38 of 54"));
    assert!(
        markdown.contains(
            "| 2026-11-09 21:30:07 +00:00 | 0.9 s | 2 of 27 | 7.4 % | throttle-concurrency | 4.3.2"
        )
    );
    let csv = shown("csv");
    assert!(csv.lines().nth(1).unwrap().starts_with(
        "burst-throttling,throttle-concurrency,retry,,4.3.2,2026-11-09T21:30:07.006Z,2026-11-09T21:30:07.871Z,865,2,0,27,"
    ));
    let lines: Vec<Value> = shown("ndjson").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["kind"], "burst-throttling");
    let burst = lines.iter().find(|line| line["record"] == "cluster").unwrap();
    assert_eq!((&burst["attempts"], &burst["failures"]), (&json!(27), &json!(2)));
}

#[test]
fn the_truth_written_under_the_fixture_is_found() {
    let report = TestLog::incident().report();
    let totals = &report["totals"];
    assert_eq!((&totals["rows"], &totals["sent"], &totals["failed"]), (&json!(673), &json!(617), &json!(54)));
    assert_eq!(
        (&totals["pending"], &totals["other"], &totals["unreadable"]),
        (&json!(1), &json!(1), &json!(0))
    );
    let row = |cluster: &Value| {
        let number = |key: &str| cluster[key].as_i64().unwrap();
        (
            cluster["class"].as_str().unwrap().to_owned(),
            number("span_ms"),
            number("failures"),
            number("attempts"),
        )
    };
    let clusters: Vec<_> = report["clusters"].as_array().unwrap().iter().map(row).collect();
    let throttled = "throttle-concurrency";
    let expected = [
        (throttled, 865, 2, 27),
        (throttled, 2230, 3, 36),
        (throttled, 2512, 5, 52),
        (throttled, 2710, 9, 90),
        (throttled, 711, 2, 17),
        (throttled, 2202, 4, 39),
        ("quota", 6746, 3, 3),
        (throttled, 2598, 13, 155),
    ];
    assert_eq!(
        clusters,
        expected.map(|(class, span, failures, attempts)| (class.to_owned(), span, failures, attempts))
    );
    assert_eq!(report["clusters"][7]["collateral"], 1);
    assert_eq!(report["clusters"][7]["reply"], 432);
    assert_eq!(report["clusters"][6]["burst"], false);
}

#[test]
fn the_json_follows_the_contract_key_by_key() {
    let report = TestLog::incident().report();
    let subset = |value: &Value, wanted: &str| {
        let there = keys(value);
        for key in wanted.split_whitespace() {
            assert!(there.contains(&key), "{key} is missing in {there:?}");
        }
    };
    assert_eq!(report["schema"], "mailthrottle/report/1");
    subset(
        &report,
        "schema generated_at window source totals statuses causes clusters senders timeline overlap verdict",
    );
    subset(&report["window"], "since until time_zone");
    subset(&report["source"], "database table");
    subset(
        &report["totals"],
        "rows sent failed pending other recovered failure_rate unclassified unreadable doubt",
    );
    subset(&report["statuses"][0], "status meaning rows");
    subset(
        &report["causes"][0],
        "class disposition reply enhanced fingerprint rows recovered first_at last_at example",
    );
    subset(
        the_burst(&report),
        "class disposition reply enhanced start end span_ms failures recovered attempts failure_rate peak_per_second \
         surge burst collateral senders row_ids",
    );
    subset(&report["senders"][0], "sender attempts failed throttled peak_per_minute recipients_24h");
    subset(&report["timeline"][0], "start attempts failed throttled");
    subset(&report["overlap"], "basis failures_begin_at max_at_failure max_without_failure");
    subset(&report["verdict"], "kind confidence summary evidence advice");
    assert_eq!(report["window"], json!({ "since": null, "until": null, "time_zone": "UTC" }));
    assert!(report["causes"][0]["reply"].is_null() && report["causes"][1]["reply"].is_u64());
    assert!(report["totals"]["failure_rate"].as_f64().is_some_and(|rate| (0.0..=1.0).contains(&rate)));
}

#[test]
fn senders_are_held_against_their_limits() {
    let report = TestLog::incident().report();
    let senders = report["senders"].as_array().unwrap();
    assert_eq!(senders[0]["sender"], "reports@contoso.example");
    assert_eq!((&senders[0]["attempts"], &senders[0]["failed"]), (&json!(528), &json!(45)));
    assert_eq!(
        report["limits"],
        json!({
            "profile": "exchange-online", "messages_per_minute": 30, "recipients_per_day": 10000
        })
    );
    let evidence = report["verdict"]["evidence"].to_string();
    assert!(
        evidence.contains("reports@contoso.example had 201 attempts in its busiest minute; above 30"),
        "{evidence}"
    );
}

#[test]
fn a_window_that_is_empty_says_what_the_table_holds() {
    let log = TestLog::incident();
    let ran = log.run(&["report", "--since", "2026-12-01"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stdout.starts_with("No mail in this window.\n"), "{}", ran.stdout);
    assert!(
        ran.stdout.contains(
            "No row lies in the window. The table's own times run from 2026-11-09 08:03:12 +00:00 to 2026-11-19"
        ),
        "{}",
        ran.stdout
    );
    let report = log.json(&["report", "--since", "2026-12-01"]);
    assert_eq!(report["source"]["first_at"], "2026-11-09T08:03:12.593Z");
    assert_eq!(report["totals"]["rows"], 0);
}

#[test]
fn the_window_takes_in_its_start_and_leaves_out_its_end() {
    let log = TestLog::with_rows(&[
        ("'S'", "'2026-11-20 08:00:00'", "NULL"),
        ("'S'", "'2026-11-20 09:00:00'", "NULL"),
        ("'F'", "'2026-11-20 10:00:00'", "'451 4.7.500 Server busy'"),
    ]);
    let rows =
        |since, until| log.json(&["report", "--since", since, "--until", until])["totals"]["rows"].clone();
    assert_eq!(rows("2026-11-20 08:00", "2026-11-20 10:00"), 2);
    assert_eq!(rows("2026-11-20 08:00:00.001", "2026-11-20 10:00:00.001"), 2);
}

#[test]
fn a_quiet_log_is_called_quiet_and_a_log_of_unknown_words_is_not() {
    let quiet = TestLog::with_rows(&[("'S'", "'2026-11-20 08:00:00'", "NULL")]).report();
    assert_eq!(
        (&quiet["verdict"]["kind"], &quiet["verdict"]["summary"]),
        (&json!("quiet"), &json!("Quiet: 1 mail, none failed."))
    );
    let unknown = TestLog::with_rows(&[("'failed'", "'2026-11-20 08:00:00'", "'432 4.3.2 x'")]).report();
    assert_eq!(
        unknown["verdict"]["summary"],
        "Nobody can say how many mails failed: 1 of 1 row has a status word without a meaning."
    );
}

#[test]
fn a_failed_row_without_a_readable_time_is_never_quiet() {
    for date in [
        "NULL",
        "''",
        "'0000-00-00'",
        "'soon'",
        "'2026-13-45 99:99'",
        "'2026-02-30'",
        "'2026-11-00'",
        "'2026-2-5'",
        "'20/11/2026'",
        "0",
        "x'00ff'",
    ] {
        for index in [
            "",
            "CREATE INDEX i ON email_log (status, sent_date);",
            "CREATE INDEX i ON email_log (sent_date);",
        ] {
            let log = TestLog::with_rows(&[
                ("'S'", "'2026-11-20 08:00:00'", "NULL"),
                ("'F'", date, "'550 5.1.1 no'"),
            ]);
            log.sql(index);
            for since in ["all", "2026-11-20", "2026-12-01"] {
                let report = log.json(&["report", "--since", since]);
                assert_eq!(report["totals"]["unreadable"], 1, "{date} {index} {since}");
                assert_eq!(report["totals"]["failed"], 1, "{date} {index} {since}");
                assert_ne!(report["verdict"]["kind"], "quiet", "{date} {index} {since}");
            }
        }
    }
}

#[test]
fn a_garbled_error_text_is_counted_and_not_dropped() {
    let log = TestLog::with_rows(&[
        ("'F'", "'2026-11-20 08:00:00'", "CAST(x'343332fffe' AS TEXT)"),
        ("'F'", "'2026-11-20 09:00:00'", "CAST(x'35353020352e312e31206e6f0020783030' AS TEXT)"),
        ("'F'", "'2026-11-20 10:00:00'", "'550 5.1.1 no'"),
    ]);
    let totals = log.report()["totals"].clone();
    assert_eq!((&totals["failed"], &totals["unreadable"]), (&json!(3), &json!(2)));
}

#[test]
fn terminal_escapes_are_shown_and_not_obeyed() {
    let log = TestLog::with_rows(&[(
        "'F'",
        "'2026-11-20 08:00:00'",
        "'550 5.1.1 no' || char(27) || '[31m' || char(155) || 'red'",
    )]);
    for format in ["table", "json", "ndjson", "csv", "markdown"] {
        let report = log.run(&["--format", format, "report", "--since", "all"]).stdout;
        let failures = log.run(&["--format", format, "failures", "--since", "all"]).stdout;
        for text in [report, failures] {
            assert!(!text.contains(['\u{1b}', '\u{9b}']), "{format}: {text}");
        }
    }
}

#[test]
fn views_and_tables_without_a_key_give_the_same_report() {
    let plain = TestLog::incident();
    plain.sql(
        "CREATE VIEW seen AS SELECT * FROM email_log; \
         CREATE TABLE keyless (id TEXT PRIMARY KEY, status, sent_date, sender, recipient, subject, error_message) WITHOUT ROWID; \
         INSERT INTO keyless SELECT id, status, sent_date, sender, recipient, subject, error_message FROM email_log; \
         CREATE TABLE shuffled (id INTEGER PRIMARY KEY, status, sent_date, sender, recipient, subject, error_message); \
         INSERT INTO shuffled SELECT (id * 7919) % 100003, status, sent_date, sender, recipient, subject, error_message FROM email_log;",
    );
    let expected = plain.report();
    for table in ["seen", "keyless", "shuffled"] {
        let report = plain.json(&["--table", table, "report", "--since", "all"]);
        for part in ["totals", "statuses", "senders", "timeline", "overlap"] {
            assert_eq!(report[part], expected[part], "{table} {part}");
        }
        let figures = |report: &Value| -> Vec<Value> {
            let clusters = report["clusters"].as_array().unwrap().iter();
            clusters
                .map(|cluster| json!([cluster["start"], cluster["failures"], cluster["attempts"]]))
                .collect()
        };
        assert_eq!(figures(&report), figures(&expected), "{table}");
    }
}

#[test]
fn an_index_changes_the_way_and_not_the_report() {
    let log = TestLog::incident();
    let window = ["report", "--since", "2026-11-10", "--until", "2026-11-13 12:00"];
    let mut expected = log.json(&window);
    expected["generated_at"] = Value::Null;
    for index in ["email_log (status, sent_date)", "email_log (sent_date)"] {
        log.sql(&format!("CREATE INDEX i ON {index}"));
        let mut report = log.json(&window);
        report["generated_at"] = Value::Null;
        assert_eq!(report, expected, "{index}");
        log.sql("DROP INDEX i");
    }
    assert_eq!(expected["totals"]["rows"], 277);
}

#[test]
fn a_value_with_the_divider_of_pages_in_it_is_read() {
    let log = TestLog::of(TABLE);
    log.sql(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3500) \
         INSERT INTO email_log (id, status, sent_date, sender) \
         SELECT i, iif(i = 1500, 'a|b', 'S'), strftime('%Y-%m-%d %H:%M:%S', 1795159800 + i, 'unixepoch'), 'x|y@z' || (i > 2500) FROM n",
    );
    let report = log.report();
    assert_eq!(report["totals"]["rows"], 3500);
    assert_eq!(
        report["statuses"][1],
        json!({ "status": "a|b", "meaning": "other", "mapped": false, "rows": 1 })
    );
    assert_eq!(
        report["senders"][0],
        json!({
            "sender": "x|y@z0", "attempts": 2500, "failed": 0, "throttled": 0, "peak_per_minute": 60, "opened_per_minute": 60,
            "opened_per_hour": 1799, "recipients_24h": 0
        })
    );
}

#[test]
fn filters_narrow_the_report() {
    let log = TestLog::incident();
    let report = log.json(&["report", "--since", "all", "--class", "quota"]);
    assert_eq!(report["verdict"]["kind"], "quota-exhausted");
    assert_eq!(report["clusters"].as_array().unwrap().len(), 1);
    let report = log.json(&["report", "--since", "all", "--code", "5.1.1"]);
    assert_eq!(report["verdict"]["kind"], "recipient-problems");
    let report = log.json(&["report", "--since", "all", "--sender", "erp@contoso.example"]);
    assert_eq!((&report["totals"]["rows"], &report["totals"]["failed"]), (&json!(95), &json!(6)));
    let report = log.json(&["report", "--since", "all", "--status", "S"]);
    assert_eq!((&report["totals"]["rows"], &report["totals"]["failed"]), (&json!(617), &json!(0)));
}

#[test]
fn words_are_taken_to_the_letter_whatever_the_collation() {
    let log = TestLog::of(
        "CREATE TABLE email_log (id INTEGER PRIMARY KEY, status TEXT COLLATE NOCASE, sent_date, error_message); \
         INSERT INTO email_log VALUES (1, 'F', '2026-11-20 08:00:00', 'x'), (2, 'f', '2026-11-20 08:00:00', 'x');",
    );
    for index in ["", "CREATE INDEX i ON email_log (status, sent_date)"] {
        log.sql(index);
        let report = log.json(&["report", "--since", "2026-11-20"]);
        assert_eq!(
            (&report["totals"]["failed"], &report["totals"]["other"]),
            (&json!(1), &json!(1)),
            "{index}"
        );
        assert_eq!(report["causes"][0]["rows"], 1, "{index}");
    }
}

#[test]
fn throttles_without_a_burst_are_named() {
    let log = TestLog::with_rows(&[(
        "'F'",
        "'2026-11-20 08:00:00'",
        "'432 4.3.2 Concurrent connections limit exceeded'",
    )]);
    let verdict = log.report()["verdict"].clone();
    assert_eq!(verdict["kind"], "mixed");
    assert_eq!(verdict["summary"], "1 of 1 failed mail met a throttle, none of them in a burst.");
}

#[test]
fn a_blocked_account_comes_first() {
    let log = TestLog::incident();
    log.sql("INSERT INTO email_log (id, status, sent_date, error_message) VALUES (1, 'F', '2026-11-12 08:00:00', '535 5.7.3 Authentication unsuccessful')");
    assert_eq!(log.report()["verdict"]["kind"], "account-blocked");
}

#[test]
fn a_closed_pipe_is_no_error() {
    let log = TestLog::incident();
    let mut child = log
        .command(&["--db", "log.db", "--format", "json", "report", "--since", "all"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}
