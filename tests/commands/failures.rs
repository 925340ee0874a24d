//! `failures`, as a user runs it.

use crate::support::TestLog;
use serde_json::{Value, json};

#[test]
fn the_last_failures_come_newest_first() {
    let log = TestLog::incident();
    let listed = log.json(&["failures", "--since", "all"]);
    let rows = listed["rows"].as_array().unwrap();
    assert_eq!((&listed["schema"], rows.len()), (&json!("mailthrottle/failures/1"), 20));
    assert!(rows.windows(2).all(|pair| pair[0]["sent_date"].as_str() >= pair[1]["sent_date"].as_str()));
    let keys: Vec<&str> = rows[0].as_object().unwrap().keys().map(String::as_str).collect();
    let expected = "id status sent_date sender recipient subject reply enhanced class disposition stage error_message attempts";
    assert_eq!(keys.join(" "), expected);
    assert_eq!(rows[0]["id"], "8301");
}

#[test]
fn the_list_is_the_one_that_plain_sql_gives() {
    let log = TestLog::incident();
    let ids = |args: &[&str]| -> Vec<String> {
        let listed = log.json(&[&["failures", "--since", "all"], args].concat());
        listed["rows"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    let sql = std::process::Command::new("sqlite3")
        .arg(log.db())
        .arg("SELECT id FROM email_log WHERE status = 'F' ORDER BY sent_date DESC, id DESC")
        .output()
        .unwrap();
    let expected: Vec<String> = String::from_utf8(sql.stdout).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(ids(&["--limit", "100"]), expected);
    assert_eq!(ids(&["--limit", "3"]), expected[..3]);
}

#[test]
fn each_is_shown_with_what_its_error_means() {
    let shown =
        TestLog::incident().run(&["failures", "--since", "all", "--code", "5.1.1", "--limit", "1"]).stdout;
    let lines: Vec<&str> = shown.lines().map(str::trim).collect();
    assert!(lines[0].contains("2026-11-18 13:08:29 +00:00"), "{shown}");
    assert!(lines.iter().any(|line| line.starts_with("recipient 550 5.1.1, again: no.")), "{shown}");
    assert!(lines.iter().any(|line| line.starts_with("550 5.1.1 <")), "{shown}");
}

#[test]
fn a_mail_without_a_readable_time_stays_in_sight() {
    let log =
        TestLog::with_rows(&[("'F'", "'2026-11-20 08:00:00'", "'550 5.1.1 no'"), ("'F'", "'soon'", "NULL")]);
    let rows = log.json(&["failures", "--since", "2026-11-20"])["rows"].clone();
    assert_eq!(
        (&rows[0]["id"], &rows[0]["sent_date"], &rows[0]["class"]),
        (&json!("2"), &Value::Null, &json!("unknown"))
    );
    assert_eq!(rows[1]["id"], "1");
}

#[test]
fn filters_and_formats() {
    let log = TestLog::incident();
    let rows = log.json(&["failures", "--since", "all", "--class", "quota", "--limit", "50"])["rows"].clone();
    assert_eq!(rows.as_array().unwrap().len(), 6);
    let csv = log.run(&["--format", "csv", "failures", "--since", "all", "--class", "quota"]).stdout;
    assert!(csv.starts_with(
        "id,status,sent_date,sender,recipient,subject,reply,enhanced,class,disposition,stage,error_message\n"
    ));
    let ndjson = log.run(&["--format", "ndjson", "failures", "--since", "all"]).stdout;
    assert_eq!(ndjson.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok()).count(), 20);
    let none = log.run(&["failures", "--since", "2026-12-01"]);
    assert_eq!(
        (none.code, none.stdout.as_str()),
        (0, "No failed mail since 2026-12-01 00:00:00 +00:00; --since all looks at every row.\n")
    );
}
