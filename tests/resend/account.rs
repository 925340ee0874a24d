//! What the server says of the account: it outlives the run, and is told from what it says of a row.

use std::process::Stdio;

use mailthrottle::model::Stage;
use serde_json::{Value, json};

use crate::smtp_server::{Fault, Settings, SmtpServer};
use crate::support::{TestLog, on_every_database};
use crate::{answer, no_duplicates, resend, url};

/// Replies for good that are about the account, the host or the config, at the stages at which servers give them.
const ABOUT_THE_ACCOUNT: [(Stage, &str); 10] = [
    (Stage::Mail, "501 5.5.4 Unsupported parameter"),
    (Stage::Mail, "555 5.5.4 Unsupported option: SIZE"),
    (Stage::Dot, "552 5.2.2 mailbox full"),
    (
        Stage::Rcpt,
        "550 5.7.1 <user@example.com>: Recipient address rejected: Please see http://www.openspf.example/",
    ),
    (Stage::Rcpt, "550 5.7.1 Relay access denied"),
    (Stage::Mail, "554 5.7.1 <client.example[192.0.2.1]>: Client host rejected: Access denied"),
    (Stage::Rcpt, "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using list.example"),
    (Stage::Mail, "550 sender not owned by user"),
    (Stage::Mail, "502 5.5.1 Command not implemented"),
    (Stage::Dot, "554 5.3.0 queue file write error"),
];

fn statuses(log: &TestLog, status: &str) -> String {
    log.value(&format!("SELECT count(*) FROM email_log WHERE status = '{status}'"))
}

#[test]
fn three_equal_refusals_that_are_not_about_a_row_burn_no_row() {
    for (stage, words) in ABOUT_THE_ACCOUNT {
        let log = TestLog::empty();
        log.make_throttled(12);
        let server =
            SmtpServer::start(Settings { faults: vec![Fault::says(stage, words)], ..Settings::default() });
        let ran = resend(&log, &server, &["--cap", "1"]);
        assert_eq!(ran.code, 3, "{words}: {ran:?}");
        let said = answer(&ran);
        assert_eq!([&said["sent"], &said["refused"], &said["deferred"]], [0, 0, 12], "{words}");
        let code = words.split(' ').next().unwrap();
        let last = ran.stderr.lines().last().unwrap();
        assert!(last.contains("the account was refused: ") && last.contains(code), "{last}");
        assert_eq!(log.value("SELECT count(*) FROM mailthrottle_mail WHERE stage = 'refused'"), "0");
        assert_eq!(statuses(&log, "F"), "12");
        let mended = SmtpServer::start(Settings::default());
        assert_eq!(answer(&resend(&log, &mended, &["--cap", "1"]))["sent"], json!(12), "{words}");
        // what was tried in vain goes last
        let first = &mended.seen().accepted[0].recipients[0].clone();
        assert_eq!(first, "user4@example.com");
    }
}

#[test]
fn a_refusal_becomes_final_when_another_mail_is_delivered_after_it() {
    on_every_database(|log| {
        log.make_throttled(5);
        let faults = vec![Fault::says(Stage::Dot, "554 5.7.1 Message contains spam").nth(2)];
        let server = SmtpServer::start(Settings { faults, ..Settings::default() });
        let ran = resend(log, &server, &["--cap", "1"]);
        let said = answer(&ran);
        assert_eq!((ran.code, &said["sent"], &said["refused"]), (2, &json!(4), &json!(1)), "{ran:?}");
        assert_eq!(log.value("SELECT stage FROM mailthrottle_mail WHERE row_id = '2'"), "refused");
        let history = log.json(&["resend", "--history"]);
        assert_eq!([&history["runs"][0]["refused"], &history["runs"][0]["deferred"]], [1, 0]);
        assert_eq!(answer(&resend(log, &server, &[]))["selected"], json!(0));
    });
}

/// Two hosts behind one name answer in different words, and each of them counts.
#[test]
fn replies_in_turn_do_not_hide_one_another() {
    let log = TestLog::empty();
    log.make_throttled(30);
    let words = ["550 5.7.1 not allowed", "554 5.7.1 denied by policy"];
    let faults = (1..=30).map(|nth: u64| Fault::says(Stage::Mail, words[(nth % 2) as usize]).nth(nth));
    let server = SmtpServer::start(Settings { faults: faults.collect(), ..Settings::default() });
    let ran = resend(&log, &server, &["--cap", "1"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains("the account was refused"), "{}", ran.stderr);
    // the fifth is the third time of one of them
    assert_eq!(log.value("SELECT count(*) FROM mailthrottle_attempt"), "5");
}

/// What one sender may do says nothing of another: its rows stay, however many of the other's are delivered in between.
#[test]
fn a_delivery_of_another_sender_makes_nothing_final() {
    on_every_database(|log| {
        log.make_throttled(12);
        log.sql("UPDATE email_log SET sender = 'b@contoso.example' WHERE id IN (2, 4, 6, 8, 10, 12)");
        let words = "550 5.7.60 SMTP; Client does not have permissions to send as this sender";
        let faults = (1..=6).map(|nth| Fault::says(Stage::Mail, words).nth(2 * nth));
        let server = SmtpServer::start(Settings { faults: faults.collect(), ..Settings::default() });
        for _ in 0..2 {
            let ran = resend(log, &server, &["--cap", "1"]);
            let said = answer(&ran);
            assert_eq!(said["refused"], json!(0), "{ran:?}");
        }
        assert_eq!(log.value("SELECT count(*) FROM mailthrottle_mail WHERE stage = 'refused'"), "0");
        assert_eq!(statuses(log, "S"), "12");
    });
}

/// A refusal that is about the account uses up no attempt: however often cron tries, the rows go once it is mended.
#[test]
fn noted_refusals_use_up_no_attempts() {
    let log = TestLog::empty();
    log.make_throttled(2);
    let fault = Fault::says(Stage::Rcpt, "554 5.7.1 Relay access denied");
    let server = SmtpServer::start(Settings { faults: vec![fault], ..Settings::default() });
    for _ in 0..10 {
        let ran = resend(&log, &server, &[]);
        assert_eq!((ran.code, &answer(&ran)["refused"]), (1, &json!(0)), "{ran:?}");
    }
    let mended = SmtpServer::start(Settings::default());
    assert_eq!(answer(&resend(&log, &mended, &[]))["sent"], json!(2));
}

/// Nothing was delivered after it, so it is tried again, last; then it is final.
#[test]
fn a_refusal_of_the_last_row_is_noted_first() {
    on_every_database(|log| {
        log.make_throttled(2);
        let spam = |nth| Fault::says(Stage::Dot, "554 5.7.1 Message contains spam").nth(nth);
        let server = SmtpServer::start(Settings { faults: vec![spam(2), spam(4)], ..Settings::default() });
        let first = resend(log, &server, &["--cap", "1"]);
        let said = answer(&first);
        assert_eq!((first.code, &said["sent"], &said["deferred"]), (1, &json!(1), &json!(1)));
        log.sql(
            "INSERT INTO email_log SELECT 9, 'F', sent_date, sender, 'u9@example.com', subject, body, error_message FROM email_log \
             WHERE id = 2",
        );
        let second = resend(log, &server, &["--cap", "1"]);
        let said = answer(&second);
        assert_eq!((second.code, &said["sent"]), (1, &json!(1)), "{second:?}");
        assert_eq!(log.value("SELECT attempts FROM mailthrottle_mail WHERE row_id = '2'"), "0");
    });
}

#[test]
fn what_the_server_asks_for_binds_the_next_run() {
    on_every_database(|log| {
        log.make_throttled(4);
        let server = SmtpServer::start(Settings { recipients_per_day: Some(1), ..Settings::default() });
        let first = resend(log, &server, &["--cap", "1"]);
        let said = answer(&first);
        assert_eq!((first.code, &said["sent"], &said["deferred"]), (1, &json!(1), &json!(3)), "{first:?}");
        let connections = server.seen().connections;
        for _ in 0..2 {
            let again = resend(log, &server, &["--cap", "1"]);
            let said = answer(&again);
            assert_eq!((again.code, &said["sent"], &said["deferred"]), (1, &json!(0), &json!(3)));
            assert_eq!(said["connections_opened"], json!(0));
            let reasons = said["rows"].to_string();
            assert!(
                reasons.contains("the server asks to wait") && reasons.contains("SubmissionQuotaExceeded"),
                "{reasons}"
            );
        }
        assert_eq!(server.seen().connections, connections);
        log.sql("UPDATE mailthrottle_pace SET pause_until = 1");
        log.sql("UPDATE mailthrottle_mail SET next_at = NULL WHERE stage = 'deferred'");
        let freed = SmtpServer::start(Settings::default());
        assert_eq!(answer(&resend(log, &freed, &[]))["sent"], json!(3));
    });
}

/// Attempts that were refused count as well: whoever kills and starts again sends no faster.
#[test]
fn a_restart_makes_no_burst() {
    const RESTARTS: u64 = 4;
    let log = TestLog::empty();
    log.make_throttled(20);
    let faults = (1..=6).map(|nth| Fault::says(Stage::Rcpt, "451 4.3.0 later").nth(nth)).collect();
    let server = SmtpServer::start(Settings { faults, ..Settings::default() });
    let url = url(&server);
    let args = ["--db", "log.db", "-q", "resend", "--smtp", &url, "--rate", "300/1m", "--yes", "--cap", "1"];
    for restart in 1..=RESTARTS {
        let mut child = log.command(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        server.wait_until(|seen| seen.begun >= restart * 3);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let began = server.seen().begins.clone();
    let elapsed = began[began.len() - 1] - began[0];
    // each kill may hide the message that was just being offered
    let most = elapsed.as_millis() as usize / 200 + 1 + RESTARTS as usize;
    assert!(began.len() <= most, "{} messages in {elapsed:?}", began.len());
    assert!(no_duplicates(&server) >= 1);
}

#[test]
fn a_run_that_finds_another_at_it_says_who_and_ends() {
    on_every_database(|log| {
        log.make_throttled(3);
        let server =
            SmtpServer::start(Settings { faults: vec![Fault::stall(Stage::Dot)], ..Settings::default() });
        let url = url(&server);
        let args = ["--db", &log.url(), "-q", "resend", "--smtp", &url, "--yes"];
        let mut child = log.command(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        server.wait_until(|seen| seen.stalled > 0);
        let ran = resend(log, &server, &["--wait", "0s"]);
        child.kill().unwrap();
        child.wait().unwrap();
        let said: Value = answer(&ran);
        assert_eq!((ran.code, &said["sent"], &said["run_id"]), (1, &json!(0), &Value::Null), "{ran:?}");
        assert_eq!(said["dry_run"], json!(false));
        let error = ran.stderr.lines().last().unwrap();
        assert!(
            error.contains("another run has been sending for the same account") && error.contains("process "),
            "{error}"
        );
    });
}
