//! Status, time and text out of a further table: of its rows for a mail the newest counts, on every database alike.

use crate::support::{TestLog, on_every_database, same};
use serde_json::{Value, json};

/// Names in mixed case, which PostgreSQL knows only in quotes.
const TABLES: &str = r#"
    CREATE TABLE "Mail" ("Id" integer PRIMARY KEY, "To" text, "Queued" timestamp);
    CREATE TABLE "Try" ("Id" integer PRIMARY KEY, "MailId" integer, "State" varchar(10), "At" timestamp, "Kind" text, "Text" text);
    INSERT INTO "Mail" VALUES
    (1, 'a@example.com', '2026-11-18 08:00:00'), (2, 'b@example.com', '2026-11-18 08:00:00'),
    (3, 'c@example.com', '2026-11-18 08:00:00'), (4, 'd@example.com', '2026-11-18 08:00:00'),
    (5, 'e@example.com', '2026-11-18 08:00:00'), (6, 'f@example.com', '2026-11-18 08:00:00'),
    (7, 'g@example.com', '2026-11-18 08:00:00'), (8, 'h@example.com', '2026-11-18 08:00:00');
    INSERT INTO "Try" VALUES
    (11, 1, 'failed', '2026-11-18 09:00:00', 'SMTPDataError', '432 4.3.2 Concurrent connections limit exceeded'),
    (12, 1, 'ok', '2026-11-18 10:00:00', NULL, NULL),
    (14, 2, 'failed', '2026-11-18 10:00:01', 'SMTPDataError', '432 4.3.2 Concurrent connections limit exceeded'),
    (13, 2, 'ok', '2026-11-18 09:00:00', NULL, NULL),
    (15, 4, 'ok', '2026-11-18 10:00:02', 'first', 'not this one'),
    (16, 4, 'failed', '2026-11-18 10:00:02', '', '550 5.1.1 User unknown'),
    (17, 5, 'ok', '2026-11-18 10:00:03', NULL, NULL),
    (18, 5, 'failed', NULL, NULL, 'without a time it is older than all others'),
    (19, 6, 'failed', '2026-11-18 10:00:04', NULL, NULL),
    (20, 7, NULL, '2026-11-18 10:00:05', NULL, NULL),
    (21, 8, 'failed', NULL, 'TimeoutError', 'timed out'),
    (22, NULL, 'failed', '2026-11-18 10:00:06', NULL, 'of no mail'),
    (23, 99, 'failed', '2026-11-18 10:00:06', NULL, 'of a mail that is gone');
"#;

const CONFIG: &str = r#"
    [email_log]
    table = "mail"
    sent = ["ok"]
    failed = ["failed"]
    pending = []
    columns = { status = "tries.state", sent_date = ["tries.at", "queued"], error_message = ["tries.kind", "tries.text"], recipient = "to" }
    [email_log.joins.tries]
    table = "try"
    on = "mailid"
    newest_by = "at"
"#;

fn make(log: &TestLog) {
    log.sql(TABLES);
    log.write("mailthrottle.toml", CONFIG);
}

/// Id, time and text of the failed mails, newest first.
fn failures(args: &[&str]) -> Value {
    let answer = same(make, &[&["failures"], args].concat());
    answer["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| json!([row["id"], row["sent_date"], row["error_message"]]))
        .collect()
}

#[test]
fn the_newest_row_says_how_each_mail_ended() {
    let report = same(make, &["report", "--since", "all"]);
    let totals =
        ["rows", "sent", "failed", "pending", "other"].map(|key| report["totals"][key].as_u64().unwrap());
    assert_eq!(totals, [8, 2, 4, 0, 2]);
    assert_eq!(
        report["statuses"],
        json!([
            {"status": "failed", "meaning": "failed", "mapped": true, "rows": 4},
            {"status": null, "meaning": "other", "mapped": false, "rows": 2},
            {"status": "ok", "meaning": "sent", "mapped": true, "rows": 2}
        ])
    );
}

#[test]
fn the_failed_mails_are_those_whose_newest_row_failed() {
    let expected = json!([
        ["6", "2026-11-18T10:00:04.000Z", null],
        ["4", "2026-11-18T10:00:02.000Z", "550 5.1.1 User unknown"],
        ["2", "2026-11-18T10:00:01.000Z", "SMTPDataError: 432 4.3.2 Concurrent connections limit exceeded"],
        ["8", "2026-11-18T08:00:00.000Z", "TimeoutError: timed out"]
    ]);
    assert_eq!(failures(&[]), expected);
    assert_eq!(failures(&["--status", "failed"]), expected);
    let sent = failures(&["--status", "ok"]);
    assert_eq!([&sent[0][0], &sent[1][0], &sent[2]], [&json!("5"), &json!("1"), &Value::Null]);
}

#[test]
fn a_window_is_one_of_the_joined_times() {
    let window = ["--since", "2026-11-18T10:00:02Z", "--until", "2026-11-18T10:00:05Z"];
    let found = failures(&window);
    assert_eq!([&found[0][0], &found[1][0], &found[2]], [&json!("6"), &json!("4"), &Value::Null]);
    let report = same(make, &[&["report"], &window[..]].concat());
    assert_eq!([&report["totals"]["rows"], &report["totals"]["sent"]], [&json!(3), &json!(1)]);
    let before = same(make, &["report", "--until", "2026-11-18T10:00:00Z", "--since", "all"]);
    assert_eq!(before["totals"]["rows"], json!(2));
}

/// Texts, numbers and typed times of a further table are bounded as the log's own are.
#[test]
fn joined_times_of_every_type_give_the_same() {
    let window = ["report", "--since", "2026-11-18T10:00:02Z", "--until", "2026-11-18T10:00:05Z"];
    let expected = same(make, &window);
    let types = [
        ("text", "to_char(%, 'YYYY-MM-DD HH24:MI:SS')"),
        ("timestamptz", "% AT TIME ZONE 'UTC'"),
        ("bigint", "(extract(epoch FROM %) * 1000)::bigint"),
        ("numeric(18, 6)", "extract(epoch FROM %)"),
    ];
    for (kind, value) in types {
        let log = TestLog::on_postgres();
        make(&log);
        for (table, column) in [("Mail", "\"Queued\""), ("Try", "\"At\"")] {
            let value = value.replace('%', column);
            log.sql(&format!("ALTER TABLE \"{table}\" ALTER {column} TYPE {kind} USING {value}"));
        }
        assert_eq!(crate::support::without_source(log.json(&window)), expected, "{kind}");
    }
}

#[test]
fn what_is_not_there_is_answered_with_the_key_that_names_it() {
    let cases = [
        ("table = \"try\"", "table = \"tray\"", "name it by [email_log.joins.tries] table"),
        ("on = \"mailid\"", "on = \"mail\"", "set [email_log.joins.tries]"),
        ("newest_by = \"at\"", "newest_by = \"date\"", "set [email_log.joins.tries]"),
        ("newest_by = \"at\"", "to = \"number\"", "set [email_log.joins.tries]"),
        ("tries.state", "tries.stat", "set [email_log] columns = { status = \"tries.COLUMN\" }"),
        (
            "tries.state",
            "tray.state",
            "set [email_log] columns = { status = \"...\" } or [email_log.joins.tray]",
        ),
    ];
    on_every_database(|log| {
        make(log);
        for (right, wrong, advice) in cases {
            log.write("mailthrottle.toml", CONFIG.replace(right, wrong));
            let error = log.error(&["report"]);
            assert!(error.ends_with(&format!("; {advice}")), "{error}");
        }
    });
}

#[test]
fn a_missing_index_on_a_further_table_is_named_where_it_takes_too_long() {
    on_every_database(|log| {
        make(log);
        log.sql(
            "WITH RECURSIVE n (i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) \
             INSERT INTO \"Try\" (\"Id\", \"MailId\", \"State\") SELECT i, i, 'ok' FROM n; \
             INSERT INTO \"Mail\" (\"Id\") SELECT \"MailId\" FROM \"Try\" WHERE \"MailId\" > 99",
        );
        let slow = ["--statement-timeout", "1s", "report", "--since", "all"];
        let error = log.error(&slow);
        assert!(
            error.contains("add an index on (status, sent_date) and one on Try (MailId), or raise"),
            "{error}"
        );
        log.sql("CREATE INDEX i ON \"Try\" (\"MailId\")");
        assert_eq!(log.report()["totals"]["sent"], json!(19_903));
    });
}
