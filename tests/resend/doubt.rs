//! Mails that may have been delivered: those this program handed over, and those whose error in the log says so.

use std::time::Duration;

use mailthrottle::model::Stage;
use serde_json::{Value, json};

use crate::smtp_server::{Fault, Settings, SmtpServer};
use crate::support::{TestLog, on_every_database};
use crate::table::{MAIL, Mail, make, statuses};
use crate::{answer, resend};

fn doubts(log: &TestLog, more: &[&str]) -> (i32, Value) {
    let ran = log.run(&[&["--format", "json", "resend", "--doubt"], more].concat());
    (ran.code, answer(&ran))
}

fn ids(answer: &Value) -> Vec<&str> {
    answer["rows"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect()
}

/// Lets the time pass that a server may take to answer.
fn make_due(log: &TestLog) {
    log.sql("UPDATE mailthrottle_mail SET next_at = 0 WHERE next_at IS NOT NULL");
}

#[test]
fn a_doubt_goes_again_when_the_answer_cannot_come_any_more_or_is_dropped() {
    on_every_database(|log| {
        log.make_throttled(2);
        let fault = |nth| Fault::hang_up(Stage::Dot).nth(nth);
        let server = SmtpServer::start(Settings { faults: vec![fault(1), fault(2)], ..Settings::default() });
        let said = answer(&resend(log, &server, &["--cap", "1"]));
        assert_eq!(said["doubt"], json!(2));
        assert_eq!(log.run(&["resend", "--doubt", "again", "1", "1"]).code, 2);
        assert_eq!(log.run(&["resend", "--doubt", "drop", "2"]).code, 0);
        let waiting = resend(log, &server, &[]);
        let said = answer(&waiting);
        assert_eq!((waiting.code, &said["deferred"], &said["skipped"]), (1, &json!(1), &json!(1)));
        let deferred =
            said["rows"].as_array().unwrap().iter().find(|row| row["outcome"] == "deferred").unwrap();
        let next_at = chrono::DateTime::parse_from_rfc3339(deferred["next_at"].as_str().unwrap()).unwrap();
        let minutes = (next_at.to_utc() - chrono::Utc::now()).as_seconds_f64() / 60.0;
        assert!((10.0..=11.0).contains(&minutes), "{minutes}");
        make_due(log);
        let said = answer(&resend(log, &server, &[]));
        assert_eq!([&said["sent"], &said["skipped"]], [1, 1]);
        assert_eq!(server.seen().accepted.len(), 1);
    });
}

#[test]
fn what_the_log_itself_has_in_doubt_is_listed_and_settled_by_ids_or_filters() {
    on_every_database(|log| {
        let mails = [
            (1, "a@example.com", "The operation has timed out"),
            (2, "b@example.com", "Read timed out"),
            (3, "c@example.com", "Connection unexpectedly closed"),
            (4, "d@example.com", "Connection refused"),
            (5, "e@example.com", "SMTPServerDisconnected: Connection unexpectedly closed"),
        ];
        let mails = mails.map(|(id, recipient, error)| Mail { id, recipient, error, ..MAIL });
        make(log, &mails);
        let server = SmtpServer::start(Settings::default());
        // unasked only what was refused before it was handed over goes
        let first = resend(log, &server, &[]);
        assert_eq!((first.code, &answer(&first)["sent"]), (2, &json!(1)));
        let (code, listed) = doubts(log, &[]);
        assert_eq!((code, ids(&listed)), (2, vec!["1", "2", "3", "5"]));
        assert!(listed["rows"].as_array().unwrap().iter().all(|row| row["origin"] == "log"), "{listed}");
        let text = log.run(&["resend", "--doubt"]).stdout;
        for part in
            ["4 rows may have been delivered", "a@example.com: Daily sales", "The operation has timed out"]
        {
            assert!(text.contains(part), "{part} in {text}");
        }
        let unknown = log.error(&["resend", "--doubt", "again", "1", "4"]);
        assert_eq!(unknown, "mailthrottle: --doubt: row 4 is not in doubt; list them with resend --doubt");
        assert_eq!(log.run(&["resend", "--doubt", "delivered", "1"]).code, 2);
        assert_eq!(log.run(&["resend", "--doubt", "drop", "5"]).code, 2);
        assert_eq!(statuses(log), "SFFSF");
        let (code, left) = doubts(log, &["again", "--class", "network"]);
        assert_eq!((code, ids(&left)), (0, Vec::new()));
        let said = answer(&resend(log, &server, &[]));
        assert_eq!([&said["sent"], &said["skipped"]], [2, 1]);
        assert_eq!(statuses(log), "SSSSF");
        assert_eq!(server.seen().accepted.len(), 3);
        assert!(log.value("SELECT settled_by FROM mailthrottle_mail WHERE row_id = '5'").contains('@'));
    });
}

#[test]
fn a_decision_names_its_rows() {
    let log = TestLog::empty();
    make(&log, &[MAIL]);
    assert_eq!(
        log.error(&["resend", "--doubt", "again"]),
        "mailthrottle: --doubt again: name the rows, such as --doubt again 17 23, or a filter such as --class network"
    );
    assert_eq!(
        log.error(&["resend", "--doubt", "again", "--class", "network"]),
        "mailthrottle: --doubt: no row in doubt is one of those that the filters ask for; list them with resend --doubt"
    );
    let (code, none) = doubts(&log, &[]);
    assert_eq!((code, ids(&none)), (0, Vec::new()));
}

#[test]
fn refused_and_dropped_rows_can_be_freed() {
    on_every_database(|log| {
        log.make_throttled(3);
        let faults = vec![Fault::says(Stage::Rcpt, "550 5.1.1 User unknown").nth(1)];
        let server = SmtpServer::start(Settings { faults, ..Settings::default() });
        let said = answer(&resend(log, &server, &["--cap", "1"]));
        assert_eq!([&said["sent"], &said["refused"]], [2, 1]);
        let plan = log.json(&["resend", "--dry-run"]);
        let reason = plan["rows"][0]["reason"].as_str().unwrap();
        assert!(reason.ends_with("resend --free frees it"), "{reason}");
        assert_eq!(
            log.error(&["resend", "--free", "2"]),
            "mailthrottle: --free: row 2 is neither refused nor dropped; see resend --dry-run"
        );
        assert_eq!(
            log.error(&["resend", "--free", "1"]),
            "mailthrottle: nothing was changed; agree by --yes"
        );
        let freed = log.run(&["resend", "--free", "1", "--yes"]);
        assert_eq!(
            (freed.code, freed.stdout.as_str()),
            (0, "1 row may go again; resend sends what nothing else speaks against.\n")
        );
        assert!(log.value("SELECT settled_by FROM mailthrottle_mail WHERE row_id = '1'").contains('@'));
        assert_eq!(answer(&resend(log, &server, &[]))["sent"], json!(1));
        assert_eq!(statuses(log), "SSS");
    });
}

/// Whoever looks at the history sees that a run was killed.
#[test]
fn a_killed_run_is_shown_as_such() {
    let log = TestLog::empty();
    log.make_throttled(3);
    let latency = vec![(Stage::Dot, Duration::from_secs(60))];
    let server = SmtpServer::start(Settings { latency, ..Settings::default() });
    let url = crate::url(&server);
    let args = ["--db", &log.url(), "-q", "resend", "--smtp", &url, "--yes"];
    let mut child = log.command(&args).stdout(std::process::Stdio::null()).spawn().unwrap();
    server.wait_until(|seen| seen.begun > 0);
    let history = || log.json(&["resend", "--history"])["runs"][0]["reason"].as_str().unwrap().to_owned();
    assert_eq!(history(), "at work");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(history(), "died, or was killed; the next resend takes up what it left");
}
