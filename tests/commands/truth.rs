//! The report against plain counting: by SQL, and by simple loops over random logs.

use crate::support::{TABLE, TestLog, blocking};
use serde_json::{Value, json};
use sqlx::Row;

/// A row of a random log: milliseconds since 2026-11-20, status, sender, error.
type Row4 = (i64, &'static str, &'static str, &'static str);

const START: i64 = 1_795_132_800_000;

const ERRORS: [(&str, &str); 4] = [
    ("4.3.2 Concurrent connections limit exceeded.", "throttle-concurrency 4.3.2"),
    (
        "421 4.4.2 Message submission rate for this client has exceeded the configured limit",
        "throttle-rate 4.4.2",
    ),
    ("550 5.1.1 User unknown", "recipient 5.1.1"),
    ("554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException", "quota 5.2.0"),
];

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// Batches, single mails and pauses that are exactly as long as the gap.
fn random_log(seed: u64) -> Vec<Row4> {
    let mut dice = Dice(seed);
    let mut rows = Vec::new();
    let mut at = 0;
    for _ in 0..400 {
        at += match dice.below(8) {
            0 => i64::try_from(dice.below(3_000_000)).unwrap(),
            1 => 10_000,
            2 => 10_001,
            3 => 0,
            _ => i64::try_from(dice.below(500)).unwrap(),
        };
        let status = ["S", "S", "F", "P", "F"][usize::try_from(dice.below(5)).unwrap()];
        let sender = ["a@example.com", "b@example.com"][usize::try_from(dice.below(2)).unwrap()];
        let error = if status == "F" { ERRORS[usize::try_from(dice.below(4)).unwrap()].0 } else { "" };
        rows.push((at, status, sender, error));
    }
    rows
}

fn insert(rows: &[Row4], table: &str) -> String {
    let row = |(at, status, sender, error): &Row4| {
        format!(
            "('{status}', strftime('%Y-%m-%d %H:%M:%f', {} / 1000.0, 'unixepoch'), '{sender}', 'x@y', '{error}')",
            START + at
        )
    };
    let values: Vec<_> = rows.iter().map(row).collect();
    format!(
        "INSERT INTO {table} (status, sent_date, sender, recipient, error_message) VALUES {}",
        values.join(", ")
    )
}

/// Clusters by the shortest loop that can be written: signature, start, end, failures, attempts, peak a second.
fn clusters(rows: &[Row4]) -> Vec<(String, i64, i64, usize, usize, usize)> {
    let mut found = Vec::new();
    for (error, signature) in ERRORS {
        let times: Vec<i64> = rows.iter().filter(|row| row.3 == error).map(|row| row.0).collect();
        let mut start = 0;
        for end in 0..times.len() {
            if times.get(end + 1).is_some_and(|next| next - times[end] <= 10_000) {
                continue;
            }
            let (first, last) = (times[start], times[end]);
            let inside: Vec<i64> =
                rows.iter().map(|row| row.0).filter(|at| (first - 10_000..=last).contains(at)).collect();
            let second = |at: &i64| (START + at) / 1000;
            let peak = inside
                .iter()
                .map(|at| inside.iter().filter(|other| second(other) == second(at)).count())
                .max();
            if end > start {
                found.push((signature.to_owned(), first, last, end + 1 - start, inside.len(), peak.unwrap()));
            }
            start = end + 1;
        }
    }
    found.sort_by_key(|cluster| (cluster.1, cluster.2));
    found
}

fn reported(report: &Value) -> Vec<(String, i64, i64, usize, usize, usize)> {
    let row = |cluster: &Value| {
        let time = |key: &str| {
            chrono::DateTime::parse_from_rfc3339(cluster[key].as_str().unwrap()).unwrap().timestamp_millis()
                - START
        };
        let number = |key: &str| usize::try_from(cluster[key].as_u64().unwrap()).unwrap();
        let signature =
            format!("{} {}", cluster["class"].as_str().unwrap(), cluster["enhanced"].as_str().unwrap());
        (
            signature,
            time("start"),
            time("end"),
            number("failures"),
            number("attempts"),
            number("peak_per_second"),
        )
    };
    report["clusters"].as_array().unwrap().iter().map(row).collect()
}

#[test]
fn clusters_are_those_that_plain_loops_find() {
    for seed in 0..12 {
        let rows = random_log(seed);
        let log = TestLog::of(&format!("{TABLE} {}", insert(&rows, "email_log")));
        assert_eq!(reported(&log.report()), clusters(&rows), "seed {seed}");
    }
}

#[test]
fn senders_and_overlap_are_those_that_plain_loops_find() {
    for seed in 20..26 {
        let rows = random_log(seed);
        let report = TestLog::of(&format!("{TABLE} {}", insert(&rows, "email_log"))).report();
        let is_throttle = |row: &Row4| row.3 == ERRORS[0].0 || row.3 == ERRORS[1].0;
        for sender in report["senders"].as_array().unwrap() {
            let own: Vec<&Row4> = rows.iter().filter(|row| sender["sender"] == row.2).collect();
            let minute = |row: &Row4| (START + row.0) / 60_000;
            let peak =
                own.iter().map(|row| own.iter().filter(|other| minute(other) == minute(row)).count()).max();
            assert_eq!(sender["attempts"], own.len(), "seed {seed}");
            assert_eq!(sender["throttled"], own.iter().filter(|row| is_throttle(row)).count(), "seed {seed}");
            assert_eq!(sender["peak_per_minute"], peak.unwrap(), "seed {seed}");
            let second = |row: &Row4| (START + row.0).div_euclid(1000);
            let day = own.iter().map(|row| {
                own.iter()
                    .filter(|other| (second(row) - 86_399..=second(row)).contains(&second(other)))
                    .count()
            });
            assert_eq!(sender["recipients_24h"], day.max().unwrap(), "seed {seed}");
        }
        let together = |row: &Row4| -> Vec<&Row4> {
            rows.iter()
                .filter(|other| other.2 == row.2 && (row.0 - 1999..=row.0).contains(&other.0))
                .collect()
        };
        let at_failure: Vec<usize> =
            rows.iter().filter(|row| is_throttle(row)).map(|row| together(row).len()).collect();
        let free = rows
            .iter()
            .filter(|row| !together(row).into_iter().any(is_throttle))
            .map(|row| together(row).len())
            .max();
        let overlap = &report["overlap"];
        assert_eq!(overlap["failures_begin_at"], *at_failure.iter().min().unwrap(), "seed {seed}");
        assert_eq!(overlap["max_at_failure"], *at_failure.iter().max().unwrap(), "seed {seed}");
        assert_eq!(overlap["max_without_failure"], free.unwrap(), "seed {seed}");
        assert_eq!(overlap["failures"], at_failure.len(), "seed {seed}");
    }
}

#[test]
fn totals_and_clusters_of_the_incident_are_those_of_plain_sql() {
    let log = TestLog::incident();
    let report = log.report();
    let totals = "SELECT count(*), sum(status = 'S'), sum(status = 'F'), sum(status = 'P') FROM email_log";
    let islands = "
        WITH failed AS (
          SELECT CAST(round((julianday(sent_date) - 2440587.5) * 86400000) AS INTEGER) AS ms FROM email_log
          WHERE status = 'F' AND (error_message LIKE '%4.3.2%' OR error_message LIKE '432%')
        ),
        marked AS (SELECT ms, ms - lag(ms, 1, 0) OVER (ORDER BY ms) > 10000 AS is_first FROM failed),
        numbered AS (SELECT ms, sum(is_first) OVER (ORDER BY ms) AS island FROM marked)
        SELECT count(*), max(ms) - min(ms) FROM numbered GROUP BY island HAVING count(*) > 1 ORDER BY min(ms)";
    let (totals, islands) = blocking(async {
        let mut connection = log.connect().await;
        let totals = sqlx::query(totals).fetch_one(&mut connection).await.unwrap();
        let islands = sqlx::query(islands).fetch_all(&mut connection).await.unwrap();
        let islands: Vec<(i64, i64)> = islands.iter().map(|row| (row.get(0), row.get(1))).collect();
        ([0, 1, 2, 3].map(|i| totals.get::<i64, _>(i)), islands)
    });
    let shown = ["rows", "sent", "failed", "pending"].map(|key| report["totals"][key].as_i64().unwrap());
    assert_eq!(shown, totals);
    let throttles =
        report["clusters"].as_array().unwrap().iter().filter(|cluster| cluster["class"] != "quota");
    let shown: Vec<(i64, i64)> =
        throttles.map(|c| (c["failures"].as_i64().unwrap(), c["span_ms"].as_i64().unwrap())).collect();
    assert_eq!(shown, islands);
}

#[test]
fn every_form_of_a_time_gives_the_same_report() {
    let rows = random_log(42);
    let text = |form: &str| format!("strftime('{form}', sent_date)");
    let seconds = "(julianday(sent_date) - 2440587.5) * 86400";
    let forms = [
        ("TEXT", "sent_date".to_owned()),
        ("TEXT", text("%Y-%m-%dT%H:%M:%f")),
        ("TEXT", format!("{} || 'Z'", text("%Y-%m-%dT%H:%M:%f"))),
        ("TEXT", "strftime('%Y-%m-%d %H:%M:%f', sent_date, '+2 hours') || '+02:00'".to_owned()),
        ("DATETIME", text("%Y-%m-%d %H:%M:%f")),
        ("INTEGER", format!("CAST(round({seconds} * 1000) AS INTEGER)")),
        ("REAL", format!("round({seconds}, 3)")),
        ("TEXT", format!("CAST(round({seconds} * 1000) AS INTEGER)")),
    ];
    let log = TestLog::of(&format!("{TABLE} {}", insert(&rows, "email_log")));
    let windows =
        [&["--since", "all"][..], &["--since", "2026-11-20 05:00", "--until", "2026-11-20 20:30:15"]];
    for window in windows {
        let args = |table: &'static str| [&["--table", table, "report"], window].concat();
        let strip = |mut report: Value| {
            (report["generated_at"], report["source"]) = (Value::Null, Value::Null);
            report
        };
        let expected = strip(log.json(&args("email_log")));
        assert!(expected["totals"]["rows"].as_u64().unwrap() > 10);
        for (kind, form) in &forms {
            for index in ["", "CREATE INDEX i ON other (status, sent_date);"] {
                log.sql(&format!(
                    "CREATE TABLE other (id INTEGER PRIMARY KEY, status, sent_date {kind}, sender, recipient, error_message); \
                     INSERT INTO other SELECT id, status, {form}, sender, recipient, error_message FROM email_log; {index}"
                ));
                assert_eq!(strip(log.json(&args("other"))), expected, "{kind} {form} {index} {window:?}");
                log.sql("DROP TABLE other");
            }
        }
    }
}

#[test]
fn a_row_written_otherwise_than_most_is_found_at_the_border_of_the_window() {
    let log = TestLog::of(TABLE);
    log.sql(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) \
         INSERT INTO email_log (id, status, sent_date) \
         SELECT i, 'S', strftime('%Y-%m-%d %H:%M:%S', 1795159800 + i, 'unixepoch') FROM n; \
         INSERT INTO email_log (id, status, sent_date, error_message) VALUES \
         (-1, 'F', '2026-11-19T23:30:00-09:00', 'x'), (-2, 'F', 1795132800, 'x'), (-3, 'F', '1795132800500', 'x');",
    );
    let window = ["report", "--since", "2026-11-20 00:00", "--until", "2026-11-20 10:00"];
    let report = log.json(&window);
    assert_eq!((&report["totals"]["rows"], &report["totals"]["failed"]), (&json!(1003), &json!(3)));
    assert_eq!(report["totals"]["unreadable"], 0);
}

#[test]
fn windows_around_a_change_of_clocks_hold_the_same_rows_with_and_without_an_index() {
    let log = TestLog::of(&format!(
        "{TABLE} WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 480) \
         INSERT INTO email_log (status, sent_date) SELECT 'S', datetime('2026-10-24 22:00', '+' || i || ' minutes') FROM n"
    ));
    let rows = |since: &str, until: &str| {
        let args = ["--time-zone", "Europe/Berlin", "report", "--since", since, "--until", until];
        log.json(&args)["totals"]["rows"].as_u64().unwrap()
    };
    // 02:00 to 03:00 happens twice; its naive times are taken for the first
    let windows = [
        ("2026-10-24T23:30:00Z", "2026-10-25T00:30:00Z", 60),
        ("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", 30),
        ("2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z", 30),
    ];
    for index in ["SELECT 1", "CREATE INDEX i ON email_log (status, sent_date)"] {
        log.sql(index);
        for (since, until, expected) in windows {
            assert_eq!(rows(since, until), expected, "{since} {index}");
        }
    }
}

#[test]
fn whole_seconds_are_found_out_too() {
    let log = TestLog::of(
        "CREATE TABLE email_log (id INTEGER PRIMARY KEY, status, sent_date INTEGER, error_message); \
         INSERT INTO email_log VALUES (1, 'S', 1795159800, NULL), (2, 'F', 1795159801, '550 5.1.1 no');",
    );
    let report = log.report();
    assert_eq!(report["causes"][0]["first_at"], "2026-11-20T07:30:01.000Z");
    let said = log.run(&["-v", "report", "--since", "all"]).stderr;
    assert_eq!(said, " INFO times in sent_date are read as seconds since 1970; naive ones in UTC\n");
}

#[test]
fn naive_times_are_in_the_zone_that_was_named() {
    let log = TestLog::with_rows(&[("'F'", "'2026-07-20 08:30:00'", "'550 5.1.1 no'")]);
    let report = log.json(&[
        "--time-zone",
        "Europe/Berlin",
        "report",
        "--since",
        "2026-07-20",
        "--until",
        "2026-07-21",
    ]);
    assert_eq!(report["causes"][0]["first_at"], "2026-07-20T06:30:00.000Z");
    assert_eq!(
        report["window"],
        json!({
            "since": "2026-07-19T22:00:00.000Z", "until": "2026-07-20T22:00:00.000Z", "time_zone": "Europe/Berlin"
        })
    );
}

#[test]
fn the_first_time_that_is_not_null_counts() {
    let log = TestLog::of(
        "CREATE TABLE mail (no INTEGER PRIMARY KEY, state, sent, made, why); \
         INSERT INTO mail VALUES (7, 'ok', '2026-11-20 08:00:00', '2026-11-19 08:00:00', NULL), \
                                 (8, 'bad', NULL, '2026-11-20 09:00:00', '432 4.3.2 Concurrent connections limit exceeded.');",
    );
    log.write(
        "mailthrottle.toml",
        "[database]\nurl = 'sqlite:log.db'\n[email_log]\ntable = 'mail'\nsent = ['ok']\nfailed = ['bad']\n\
         columns = { id = 'no', status = 'state', sent_date = ['sent', 'made'], error_message = 'why' }\n",
    );
    let ran = log.run_bare(&["--format", "json", "report", "--since", "2026-11-20", "--until", "2026-11-21"]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&report["totals"]["sent"], &report["totals"]["failed"]), (&json!(1), &json!(1)));
    assert_eq!(report["causes"][0]["first_at"], "2026-11-20T09:00:00.000Z");
}

#[test]
fn a_log_out_of_order_beyond_all_patience_is_sorted_by_the_database() {
    let log = TestLog::of(TABLE);
    log.sql(
        "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 299999) \
         INSERT INTO email_log (status, sent_date, sender, recipient) \
         SELECT 'S', strftime('%Y-%m-%d %H:%M:%S', 1795159800 - i, 'unixepoch'), 'a', 'x@y' FROM n",
    );
    let report = log.report();
    assert_eq!(report["totals"]["rows"], 300_000);
    assert_eq!(report["senders"][0]["peak_per_minute"], 60);
    assert_eq!(report["senders"][0]["recipients_24h"], 86_400);
}
