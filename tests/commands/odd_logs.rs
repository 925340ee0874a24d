//! Logs that are odd but real: what is in them is counted right, or said to be unreadable.

use std::io::Write;
use std::process::Stdio;

use crate::support::{Ran, TABLE, TestLog, blocking, leaked};
use serde_json::{Value, json};

const THROTTLE: &str = "432 4.3.2 Concurrent connections limit exceeded";

/// Rows, failed, unreadable and the verdict of a report.
fn figures(log: &TestLog, window: &[&str]) -> Value {
    let report = log.json(&[&["report"], window].concat());
    let totals = &report["totals"];
    json!([totals["rows"], totals["failed"], totals["unreadable"], report["verdict"]["kind"]])
}

#[test]
fn a_link_to_a_live_database_shows_what_its_writer_wrote() {
    let log = TestLog::of(TABLE);
    std::os::unix::fs::symlink(log.db(), log.path("link.db")).unwrap();
    blocking(async {
        let mut writer = log.connect().await;
        let insert = "INSERT INTO email_log (status, sent_date) VALUES ('F', '2026-11-20 10:00:00')";
        for sql in ["PRAGMA journal_mode = WAL", "PRAGMA wal_autocheckpoint = 0", insert] {
            sqlx::raw_sql(leaked(sql)).execute(&mut writer).await.unwrap();
        }
        let ran = log.run_bare(&["--db", "link.db", "--format", "json", "report", "--since", "all"]);
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(report["totals"]["failed"], 1);
    });
}

#[test]
fn text_in_utf_16_is_read() {
    for encoding in ["UTF-16le", "UTF-16be"] {
        let log = TestLog::of(&format!(
            "PRAGMA encoding = '{encoding}'; {TABLE} INSERT INTO email_log (status, sent_date, sender, error_message) \
             VALUES ('F', '2026-11-20 10:00:00', 'münch@example.com', '{THROTTLE}')"
        ));
        let report = log.report();
        assert_eq!(report["senders"][0]["sender"], "münch@example.com");
        assert_eq!(report["causes"][0]["class"], "throttle-concurrency");
    }
}

#[test]
fn a_window_may_end_far_away_and_not_beyond_all_years() {
    let log = TestLog::incident();
    for until in ["9999-12-31", "9999-12-31 23:59:59"] {
        assert_eq!(figures(&log, &["--since", "all", "--until", until])[0], 673);
    }
    for since in ["300000y", "10000-01-01", "0000-12-31"] {
        assert!(
            log.error(&["report", "--since", since]).contains(&format!("--since '{since}' is no time")),
            "{since}"
        );
    }
}

#[test]
fn numbers_of_another_form_than_most_are_read_or_counted_as_unreadable_in_every_window() {
    for (usual, other) in
        [("1795159800000 + i * 1000", 1_795_159_800_i64), ("1795159800 + i", 1_795_159_800_000)]
    {
        for index in ["", "CREATE INDEX i ON email_log (status, sent_date);"] {
            let log = TestLog::of(&format!(
                "CREATE TABLE email_log (id INTEGER PRIMARY KEY, status, sent_date INTEGER, error_message); {index} \
                 WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) \
                 INSERT INTO email_log (status, sent_date) SELECT 'S', {usual} FROM n; \
                 INSERT INTO email_log (status, sent_date, error_message) VALUES \
                 ('F', 1000000000000000000, '{THROTTLE}'), ('F', {other}, '{THROTTLE}')"
            ));
            for window in [
                &["--since", "all"][..],
                &["--since", "2026-11-20"],
                &["--since", "2026-11-20", "--until", "2026-11-21"],
            ] {
                assert_eq!(figures(&log, window), json!([102, 2, 1, "mixed"]), "{usual} {index} {window:?}");
            }
            assert_eq!(log.report()["causes"][0]["first_at"], "2026-11-20T07:30:00.000Z");
        }
    }
}

#[test]
fn rows_with_t_at_the_border_of_a_window_are_found_through_an_index() {
    let rows = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) \
                INSERT INTO email_log (status, sent_date) SELECT 'S', strftime('FORM', 1795100000 + i * 60, 'unixepoch') FROM n; \
                UPDATE email_log SET sent_date = replace(sent_date, 'FROM', 'TO'), status = 'F' \
                WHERE id IN (1200, 1201, 1300, 1800, 2000)";
    for (form, from, to) in [("%Y-%m-%d %H:%M:%S", " ", "T"), ("%Y-%m-%dT%H:%M:%S", "T", " ")] {
        let rows = rows
            .replace("FORM", form)
            .replace("'FROM'", &format!("'{from}'"))
            .replace("'TO'", &format!("'{to}'"));
        let log = TestLog::of(&format!("{TABLE} {rows}"));
        let window = ["--since", "2026-11-20 10:53:20", "--until", "2026-11-20 20:53:21"];
        let expected = figures(&log, &window);
        log.sql("CREATE INDEX i ON email_log (status, sent_date)");
        assert_eq!(figures(&log, &window), expected, "{form}");
        assert_eq!((&expected[0], &expected[1]), (&json!(601), &json!(4)), "{form}");
    }
}

#[test]
fn what_went_on_before_the_window_tells_a_burst_from_the_usual() {
    let log = TestLog::of(&format!(
        "{TABLE} WITH RECURSIVE k (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM k WHERE i < 14400) \
         INSERT INTO email_log (status, sent_date, error_message) \
         SELECT iif(i BETWEEN 10805 AND 10807, 'F', 'S'), datetime('2026-11-20 07:00:00', '+' || i || ' seconds'), \
         iif(i BETWEEN 10805 AND 10807, 'weird thing zork', NULL) FROM k"
    ));
    let cluster = |since| log.json(&["report", "--since", since])["clusters"][0].clone();
    let expected = cluster("all");
    assert_eq!((&expected["attempts"], &expected["burst"]), (&json!(13), &json!(false)));
    assert_eq!(cluster("2026-11-20 10:00"), expected);
    assert_eq!(log.json(&["report", "--since", "2026-11-20 10:00"])["totals"]["rows"], 3601);
}

#[test]
fn senders_beyond_all_bounds_have_no_peaks_in_common() {
    let log = TestLog::of(&format!(
        "{TABLE} WITH RECURSIVE k (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < 20000) \
         INSERT INTO email_log (status, sent_date, sender, recipient) \
         SELECT 'S', '2026-11-20 10:00:00', 'u' || i || '@example.com', 'r@example.com' FROM k"
    ));
    let report = log.report();
    assert_eq!(
        report["senders"][0],
        json!({
            "sender": "(others)", "attempts": 10000, "failed": 0, "throttled": 0, "peak_per_minute": 0, "opened_per_minute": 0,
            "opened_per_hour": 0, "recipients_24h": 0
        })
    );
    assert_eq!(
        (&report["verdict"]["evidence"], &report["overlap"]["max_without_failure"]),
        (&json!([]), &json!(1))
    );
}

#[test]
fn noise_in_the_status_column_does_not_hide_failures() {
    let log = TestLog::of(&format!(
        "{TABLE} WITH RECURSIVE k (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < 1500) \
         INSERT INTO email_log (status, sent_date) SELECT 'w' || i, '2026-11-20 10:00' FROM k; \
         INSERT INTO email_log (status, sent_date, error_message) VALUES ('F', '2026-11-20 10:01', '{THROTTLE}')"
    ));
    assert_eq!(figures(&log, &["--since", "all"]), json!([1501, 1, 0, "unmapped"]));
}

#[test]
fn a_status_of_any_type_is_the_word_it_shows() {
    let log = TestLog::of(&format!(
        "CREATE TABLE email_log (id, status, sent_date, error_message); INSERT INTO email_log VALUES \
         (1, CAST('F' AS BLOB), '2026-11-20', '{THROTTLE}'), (2, 0.0, '2026-11-20', 'x'), (3, 0, '2026-11-20', 'x'), \
         (4, '0', '2026-11-20', 'x')"
    ));
    log.write("mailthrottle.toml", "[email_log]\nfailed = ['F', '0', '0.0']");
    let report = log.report();
    let rows: u64 =
        report["causes"].as_array().unwrap().iter().map(|cause| cause["rows"].as_u64().unwrap()).sum();
    assert_eq!((&report["totals"]["failed"], rows), (&json!(4), 4));
}

#[test]
fn a_row_without_a_time_does_not_hide_that_the_window_is_empty() {
    let log = TestLog::with_rows(&[
        ("'S'", "''", "NULL"),
        ("'S'", "'20/11/2026'", "NULL"),
        ("'F'", "'2026-11-20 10:00'", "'x'"),
    ]);
    for index in ["", "CREATE INDEX i ON email_log (status, sent_date)"] {
        log.sql(index);
        let shown = log.run(&["report", "--since", "2026-11-01", "--until", "2026-11-02"]).stdout;
        assert!(
            shown.contains(
                "No row lies in the window. The table's own times run from 2026-11-20 10:00:00 +00:00 to"
            ),
            "{shown}"
        );
    }
}

#[test]
fn hours_that_overlap_where_clocks_go_back_by_half_an_hour_hold_what_is_theirs() {
    let times = ["14:35", "14:40", "14:45", "14:59", "15:10", "15:20"];
    let rows: Vec<_> = times.iter().map(|time| format!("('F', '2026-04-04T{time}:00Z')")).collect();
    let log =
        TestLog::of(&format!("{TABLE} INSERT INTO email_log (status, sent_date) VALUES {}", rows.join(", ")));
    let report =
        log.json(&["--time-zone", "Australia/Lord_Howe", "report", "--since", "all", "--by", "hour"]);
    for step in report["timeline"].as_array().unwrap() {
        assert_eq!(step["attempts"], step["failed"], "{step}");
    }
}

#[test]
fn a_fraction_of_a_millisecond_belongs_to_one_of_two_windows_that_touch() {
    let log = TestLog::of(
        "CREATE TABLE email_log (id INTEGER PRIMARY KEY, status, sent_date REAL); INSERT INTO email_log (status, sent_date) \
         VALUES ('F', 1795159800.9996), ('S', 1795159700.5), ('S', 1795159900.5)",
    );
    let failed = |window: &[&str]| figures(&log, window)[1].as_u64().unwrap();
    let border = "2026-11-20T07:30:01Z";
    assert_eq!((failed(&["--since", "all", "--until", border]), failed(&["--since", border])), (1, 0));
}

#[test]
fn a_filter_that_nothing_fits_is_not_called_quiet() {
    let log = TestLog::incident();
    let verdict = log.json(&["report", "--since", "all", "--class", "auth"])["verdict"].clone();
    assert_eq!(
        (&verdict["kind"], &verdict["summary"]),
        (&json!("mixed"), &json!("None of 54 failed mails is of the class or code asked for."))
    );
    assert_eq!(
        log.error(&["report", "--code", "4,3,2"]),
        "mailthrottle: invalid value '4,3,2' for '--code <CODE>': no reply code such as 432 and no enhanced code such as \
         4.3.2; see --help"
    );
}

#[test]
fn lists_of_thousands_of_recipients_are_counted() {
    let log = TestLog::of(&format!(
        "{TABLE} WITH RECURSIVE k (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < 50) \
         INSERT INTO email_log (status, sent_date, recipient) \
         SELECT 'S', '2026-11-20 10:00:00', replace(hex(zeroblob(5000)), '00', 'someone@example.com;') FROM k"
    ));
    assert_eq!(log.report()["senders"][0]["recipients_24h"], 250_000);
}

#[test]
fn a_table_without_a_key_column_is_read_by_its_rowid() {
    let log = TestLog::of(
        "CREATE TABLE email_log (status, sent_date); INSERT INTO email_log VALUES ('F', '2026-11-20')",
    );
    log.write("mailthrottle.toml", "[email_log]\ncolumns = { id = 'rowid' }");
    assert_eq!(log.json(&["failures"])["rows"][0]["id"], "1");
}

#[test]
fn what_is_empty_in_the_environment_is_not_given() {
    let log = TestLog::incident();
    log.write("mailthrottle.toml", "[database]\nurl = 'sqlite:log.db'");
    for name in ["MAILTHROTTLE_DB", "DATABASE_URL", "MAILTHROTTLE_CONFIG", "XDG_CONFIG_HOME"] {
        let ran: Ran = log.command(&["report", "--since", "all"]).env(name, "").output().unwrap().into();
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{name}");
    }
}

#[test]
fn an_interrupt_ends_the_wait_for_stdin() {
    let log = TestLog::empty();
    let mut child = log
        .command(&["-vv", "explain", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // once it has taken more than a pipe holds, it is reading
    stdin.write_all(&vec![b'x'; 1 << 20]).unwrap();
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    drop(stdin);
}
