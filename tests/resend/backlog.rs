//! What still has to go: report, alert, doctor and the plan give the same number, before, between and after two resends.

use mailthrottle::model::Stage;
use serde_json::{Value, json};

use crate::smtp_server::{Fault, Settings, SmtpServer};
use crate::support::{TestLog, on_every_database};
use crate::{answer, resend};

/// The number that each of them gives: report, alert, doctor, plan.
fn numbers(log: &TestLog) -> [u64; 4] {
    let report = log.json(&["report"]);
    let outcome: Value = serde_json::from_str(&log.run(&["--format", "json", "alert"]).stdout).unwrap();
    let metric = outcome["metrics"].as_array().unwrap().iter().find(|row| row["name"] == "backlog_rows");
    let doctor: Value = serde_json::from_str(&log.run(&["--format", "json", "doctor"]).stdout).unwrap();
    let found = doctor["checks"].as_array().unwrap().iter().find(|row| row["name"] == "backlog").unwrap();
    let message = found["message"].as_str().unwrap();
    let of_doctor = message.split_once(" failed mail").map_or("0", |(number, _)| number);
    let plan = log.json(&["resend", "--dry-run"]);
    [
        report["backlog"]["rows"].as_u64().unwrap(),
        metric.unwrap()["value"].as_f64().unwrap() as u64,
        of_doctor.parse().unwrap_or(0),
        plan["selected"].as_u64().unwrap() + plan["held"].as_u64().unwrap(),
    ]
}

#[test]
fn everyone_gives_the_same_number_until_nothing_is_left() {
    on_every_database(|log| {
        log.make_throttled(9);
        // held: no error text; going anyhow: no content in the log; no part of it: a recipient that does not exist
        log.sql(
            "UPDATE email_log SET error_message = NULL WHERE id = 7; UPDATE email_log SET body = NULL WHERE id = 8; \
             UPDATE email_log SET error_message = '550 5.1.1 User unknown' WHERE id = 9",
        );
        assert_eq!(numbers(log), [8; 4]);
        let server = SmtpServer::start(Settings { limit: 3, ..Settings::default() });
        assert_eq!(answer(&resend(log, &server, &["--limit", "2"]))["sent"], 2);
        assert_eq!(numbers(log), [6; 4]);
        resend(log, &server, &[]);
        assert_eq!(numbers(log), [2; 4]);
        let report = log.json(&["report"]);
        // one has no error text, the other no content
        assert_eq!([&report["backlog"]["held"], &report["backlog"]["too_old"]], [2, 0]);
        // what shall not go any more leaves it, and comes back
        let dropped = log.run(&["resend", "--drop", "7", "8", "--yes"]);
        assert_eq!(
            (dropped.code, dropped.stdout.as_str()),
            (0, "2 mails dropped; resend leaves them alone until --free.\n")
        );
        assert_eq!(numbers(log), [0; 4]);
        assert_eq!(log.run(&["resend", "--free", "7", "8", "--yes"]).code, 0);
        assert_eq!(numbers(log), [2; 4]);
    });
}

#[test]
fn a_mail_is_dropped_by_its_filter_and_the_ledger_keeps_who_and_when() {
    on_every_database(|log| {
        log.make_throttled(4);
        log.sql("UPDATE email_log SET sender = 'other@contoso.example' WHERE id > 2");
        let error = log.error(&["resend", "--drop"]);
        assert!(error.starts_with("mailthrottle: --drop: name the rows"), "{error}");
        let error = log.error(&["resend", "--drop", "1", "77", "--yes"]);
        assert!(error.starts_with("mailthrottle: --drop: row 77 does not wait to be sent again"), "{error}");
        let error = log.error(&["resend", "--drop", "1"]);
        assert_eq!(error, "mailthrottle: nothing was changed; agree by --yes");
        let said = log.json(&["resend", "--drop", "--sender", "other@contoso.example", "--yes"]);
        assert_eq!([&said["skipped"], &said["rows"][0]["id"]], [&json!(2), &json!("3")]);
        let who = "SELECT count(*) FROM mailthrottle_mail WHERE stage = 'dropped' AND settled_by IS NOT NULL AND settled_at > 0";
        assert_eq!(log.value(who), "2");
        let server = SmtpServer::start(Settings::default());
        assert_eq!(answer(&resend(log, &server, &[]))["sent"], 2);
        assert_eq!(log.json(&["report"])["backlog"]["rows"], 0);
    });
}

/// A mail that a run has put off is known to the ledger; dropped and freed again it goes, and is in no doubt.
#[test]
fn a_mail_that_was_put_off_can_be_dropped_and_freed() {
    on_every_database(|log| {
        log.make_throttled(1);
        log.write("mailthrottle.toml", "[resend]\nretry = \"1h\"");
        let later = Fault::says(Stage::Rcpt, "451 4.7.1 later");
        let server = SmtpServer::start(Settings { faults: vec![later], ..Settings::default() });
        let ran = resend(log, &server, &[]);
        assert_eq!(answer(&ran)["sent"], 0, "{ran:?}");
        let state = "SELECT stage FROM mailthrottle_mail";
        assert_eq!(log.value(state), "deferred");
        assert_eq!(log.run(&["resend", "--drop", "1", "--yes"]).code, 0);
        assert_eq!(log.value(state), "dropped");
        assert_eq!(log.json(&["report"])["backlog"]["rows"], 0);
        assert_eq!(log.run(&["resend", "--free", "1", "--yes"]).code, 0);
        assert_eq!(log.value(state), "deferred");
        assert!(log.value("SELECT attempts FROM mailthrottle_mail") != "0", "it is put off as before");
    });
}

/// Rows of one mail are dropped and freed together, by whichever of them.
#[test]
fn all_attempts_of_a_mail_are_dropped() {
    on_every_database(|log| {
        log.make_throttled(1);
        log.sql(
            "INSERT INTO email_log (id, status, sent_date, sender, recipient, subject, body, error_message) \
             SELECT 2, status, sent_date, sender, recipient, subject, body, error_message FROM email_log",
        );
        assert_eq!(log.json(&["resend", "--dry-run"])["selected"], 1);
        assert_eq!(log.run(&["resend", "--drop", "1", "--yes"]).code, 0);
        assert_eq!(log.value("SELECT count(*) FROM mailthrottle_mail WHERE stage = 'dropped'"), "2");
        let freed = log.run(&["resend", "--free", "1", "--yes"]);
        assert_eq!(freed.code, 0, "{freed:?}");
        assert_eq!(log.json(&["resend", "--dry-run"])["selected"], 1);
    });
}
