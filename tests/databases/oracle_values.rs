//! What only Oracle holds: its types of times, its names, values at the ends of what it holds, and a host's language.

use crate::smtp_server::{Settings, SmtpServer};
use crate::support::oracle_log::{database, resend, small, sql};
use crate::support::{INCIDENT, Ran, TestLog, without_source};
use serde_json::{Value, json};

const WINDOW: [&str; 5] = ["report", "--since", "2026-11-10", "--until", "2026-11-12"];

/// What the small log says, whatever it is called.
fn is_small(log: &TestLog, args: &[&str]) {
    let totals = &log.json(&[args, &["report", "--since", "all"]].concat())["totals"];
    assert_eq!([&totals["rows"], &totals["failed"], &totals["sent"]], [2, 1, 1], "{args:?}");
}

#[test]
fn the_incident_with_times_of_every_type() {
    let exact = without_source(TestLog::incident().json(&WINDOW));
    let cut = TestLog::of(&format!("{INCIDENT}; UPDATE email_log SET sent_date = substr(sent_date, 1, 19)"));
    let cut = without_source(cut.json(&WINDOW));
    let number = "(SELECT ROUND((TO_DATE(SUBSTR(x, 1, 19), 'YYYY-MM-DD HH24:MI:SS') - DATE '1970-01-01') * 86400) FROM \
                  (SELECT :3 AS x FROM dual))";
    let millis = number.replace("86400)", "86400) * 1000 + TO_NUMBER(SUBSTR(x, 21, 3))");
    let zoned = "TO_TIMESTAMP_TZ(:3 || ' +00:00', 'YYYY-MM-DD HH24:MI:SS.FF TZH:TZM')";
    let other = "TO_TIMESTAMP_TZ(:3 || ' +00:00', 'YYYY-MM-DD HH24:MI:SS.FF TZH:TZM') AT TIME ZONE '+05:30'";
    let types = [
        ("DATE", "TO_DATE(SUBSTR(:3, 1, 19), 'YYYY-MM-DD HH24:MI:SS')", &cut, "TO_DATE(:1, "),
        ("TIMESTAMP(3)", "TO_TIMESTAMP(:3, 'YYYY-MM-DD HH24:MI:SS.FF')", &exact, "TO_TIMESTAMP(:1, "),
        ("TIMESTAMP(6) WITH TIME ZONE", zoned, &exact, "FROM_TZ(TO_TIMESTAMP(:1, "),
        ("TIMESTAMP(6) WITH TIME ZONE", other, &exact, "FROM_TZ(TO_TIMESTAMP(:1, "),
        ("TIMESTAMP(6) WITH LOCAL TIME ZONE", zoned, &exact, "CAST(FROM_TZ(TO_TIMESTAMP(:1, "),
        ("VARCHAR2(40)", ":3", &exact, ":1 "),
        ("NUMBER(10)", number, &cut, ":1 "),
        ("NUMBER", &millis, &exact, ":1 "),
    ];
    for (kind, value, expected, bound) in types {
        let log = TestLog::on_oracle();
        database(&log).make_incident(kind, value);
        for index in [
            "SELECT 1 FROM dual",
            "CREATE INDEX i ON email_log (status, sent_date)",
            "CREATE INDEX j ON email_log (sent_date)",
        ] {
            if index.starts_with("CREATE") {
                sql(&log, index);
            }
            assert_eq!(&without_source(log.json(&WINDOW)), expected, "{kind} {value} {index}");
        }
        // the bound is made into the column's type, never the column into the bound's
        let printed = log.run(&[&["--print-sql"], &WINDOW[..]].concat()).stdout;
        let condition = format!("t.\"SENT_DATE\" >= {bound}");
        assert!(printed.contains(&condition), "{kind}: no {condition} in {printed}");
        // rows without a time are asked for by themselves, so that the index on the time serves
        assert!(kind.starts_with(['V', 'N']) || !printed.contains("IS NULL OR"), "{kind}: {printed}");
    }
}

/// Naive times are those of the database's host.
#[test]
fn naive_times_are_in_the_zone_of_the_databases_host() {
    if crate::support::oracle::is_real() {
        return;
    }
    let log = small();
    let name = database(&log).name();
    database(&log).behind(&format!("ALTER DATABASE {name} SET oracle.host_zone = 'Asia/Kolkata'"));
    let failures = log.json(&["failures"]);
    assert_eq!(failures["rows"][0]["sent_date"], json!("2026-11-20T02:30:00.000Z"));
    assert_eq!(log.report()["window"]["time_zone"], json!("Asia/Kolkata"));
    let failures = log.json(&["--time-zone", "Europe/Berlin", "failures"]);
    assert_eq!(failures["rows"][0]["sent_date"], json!("2026-11-20T07:00:00.000Z"));
    // a zone of which nobody knows a name has to be said
    database(&log).behind(&format!("ALTER DATABASE {name} SET oracle.host_zone = 'America/St_Johns'"));
    let error = log.error(&["report"]);
    assert!(
        error.starts_with("mailthrottle: the database's clock is at -0")
            && error.ends_with("; say which zone that is by --time-zone or [email_log] time_zone"),
        "{error}"
    );
}

#[test]
fn synonyms_views_schemas_and_quoted_names() {
    if crate::support::oracle::is_real() {
        return;
    }
    let log = small();
    sql(
        &log,
        "CREATE SYNONYM mails FOR email_log;
         CREATE PUBLIC SYNONYM all_mails FOR mail.email_log;
         CREATE VIEW mail_view AS SELECT * FROM email_log;
         CREATE TABLE \"mail log\" AS SELECT * FROM email_log;
         CREATE TABLE \"lower\" AS SELECT * FROM email_log;",
    );
    for name in [
        "email_log",
        "EMAIL_LOG",
        "mail.email_log",
        "MAIL.\"EMAIL_LOG\"",
        "mails",
        "all_mails",
        "mail_view",
        "mail log",
    ] {
        is_small(&log, &["--table", name]);
    }
    for name in ["\"mail log\"", "mail.\"mail log\"", "lower", "LOWER", "\"lower\""] {
        is_small(&log, &["--table", name]);
    }
    // columns in lower case, which Oracle finds in quotes only
    sql(
        &log,
        "CREATE TABLE quoted AS SELECT id AS \"id\", status AS \"status\", sent_date AS \"Sent Date\", \
         error_message AS \"error_message\" FROM email_log;",
    );
    log.write("mailthrottle.toml", "[email_log]\ncolumns = { sent_date = 'sent date' }");
    is_small(&log, &["--table", "quoted"]);
}

#[test]
fn values_at_the_ends_of_what_oracle_holds() {
    let log = TestLog::on_oracle();
    let key = "12345678901234567890123456789012345678";
    sql(
        &log,
        &format!(
            "CREATE TABLE email_log (id NUMBER(38) PRIMARY KEY, status CHAR(10), sent_date DATE, error_message CLOB, body CLOB);
             INSERT INTO email_log (id, status, sent_date) VALUES ({key}, 'FAILED', DATE '2026-11-20');
             INSERT INTO email_log (id, status, sent_date) VALUES (-{key}, 'SENT', DATE '-4712-01-01');
             INSERT INTO email_log (id, status, sent_date) VALUES (0, '', DATE '9999-12-31');"
        ),
    );
    let text = format!("432 4.3.2 Concurrent connections limit exceeded {}", "ü".repeat(500_000));
    let connection = database(&log).connect();
    connection
        .execute(
            "UPDATE email_log SET error_message = :1, body = :2 WHERE status = 'FAILED'",
            &[&text, &text],
        )
        .unwrap();
    connection.commit().unwrap();
    log.write("mailthrottle.toml", "[email_log]\nsent = ['SENT']\nfailed = ['FAILED']\npending = []");
    let report = log.report();
    let totals = &report["totals"];
    assert_eq!(
        ["rows", "sent", "failed", "other", "unreadable"].map(|key| totals[key].as_u64().unwrap()),
        [3, 1, 1, 1, 1],
        "{totals}"
    );
    let row = &log.json(&["failures"])["rows"][0];
    assert_eq!([&row["id"], &row["status"]], [&json!(key), &json!("FAILED")]);
    assert_eq!(row["error_message"].as_str().unwrap().chars().count(), 500_048);
    // the row of the year -4712 has no readable time, so no window leaves it out
    let report = log.json(&["report", "--since", "2026-11-20", "--until", "2026-11-21"]);
    assert_eq!([&report["totals"]["rows"], &report["totals"]["unreadable"]], [2, 1]);
}

#[test]
fn a_mail_with_a_key_of_38_digits_and_a_padded_status_goes_again() {
    let log = TestLog::on_oracle();
    let key = "12345678901234567890123456789012345678";
    sql(
        &log,
        &format!(
            "CREATE TABLE email_log (id NUMBER(38) PRIMARY KEY, status CHAR(10), sent_date DATE, sender VARCHAR2(200), \
             recipient VARCHAR2(200), subject VARCHAR2(200), body CLOB, error_message CLOB);
             INSERT INTO email_log VALUES ({key}, 'FAILED', SYSDATE - 1 / 24, 'erp@contoso.example', 'a@example.com', 'A', NULL, \
             '432 4.3.2 Concurrent connections limit exceeded');"
        ),
    );
    let body = "Grüße ".repeat(200_000);
    let connection = database(&log).connect();
    connection.execute("UPDATE email_log SET body = :1", &[&body]).unwrap();
    connection.commit().unwrap();
    log.write(
        "mailthrottle.toml",
        "[email_log]\nsent = ['SENT']\nfailed = ['FAILED']\n[resend]\nclaim_status = 'BUSY'",
    );
    let server = SmtpServer::start(Settings::default());
    let ran = resend(&log, server.port, &log.url(), &[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(log.value("SELECT count(*) FROM email_log WHERE status = 'SENT'"), "1");
    assert!(server.seen().accepted[0].bytes.len() > 1_200_000);
}

/// Nothing depends on the language and the country of whoever runs the program.
#[test]
fn the_hosts_language_changes_nothing() {
    let log = TestLog::on_oracle();
    log.make_incident();
    let expected = without_source(log.json(&WINDOW));
    let languages = [
        ("NLS_LANG", "GERMAN_GERMANY.WE8ISO8859P1"),
        ("NLS_LANG", "TURKISH_TURKEY.AL32UTF8"),
        ("NLS_LANG", "nonsense"),
        ("LANG", "tr_TR.UTF-8"),
        ("LC_ALL", "tr_TR.UTF-8"),
        ("ORA_SDTZ", "Asia/Kolkata"),
        ("NLS_DATE_FORMAT", "DD.MM.YY"),
    ];
    for (name, value) in languages {
        let args = [&["--format", "json"], &WINDOW[..]].concat();
        let ran: Ran = log.command(&args).env(name, value).output().unwrap().into();
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{name}={value}");
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(without_source(report), expected, "{name}={value}");
    }
}
