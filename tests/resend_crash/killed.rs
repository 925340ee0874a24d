//! Killed by SIGKILL, at every point between two writes of the ledger or two steps of the dialogue.

use std::os::unix::process::ExitStatusExt;

use mailthrottle::model::Stage;

use crate::proof::{ROWS, head, prove, start};
use crate::smtp_server::{Fault, Settings, SmtpServer};
use crate::support::TestLog;

/// Points in the program, and at which passing of each it dies.
const POINTS: [(&str, u32); 16] = [
    ("before the run begins", 1),
    ("after the run has begun", 1),
    ("before the claim", 1),
    ("before a claim in advance", 9),
    ("before a commit of the ledger", 1),
    ("before a commit of the ledger", 12),
    ("after a commit of the ledger", 1),
    ("after a commit of the ledger", 13),
    ("after the claim", 9),
    ("before it is committed that it is handed over", 9),
    ("after it is committed that it is handed over", 9),
    ("after the answer", 9),
    ("before the outcome is committed", 9),
    ("after the outcome is committed", 9),
    ("before the run ends", 1),
    ("after the run has ended", 1),
];

/// Steps of the dialogue at which the server falls silent, until the program is killed.
const STEPS: [(&str, Stage, bool); 7] = [
    ("waiting for the greeting", Stage::Connect, false),
    ("waiting for the answer to EHLO", Stage::Ehlo, false),
    ("waiting for the answer to MAIL", Stage::Mail, false),
    ("waiting for the answer to RCPT", Stage::Rcpt, false),
    ("waiting for the answer to DATA", Stage::Data, false),
    ("waiting for the answer to the dot, not taken", Stage::Dot, false),
    ("waiting for the answer to the dot, taken", Stage::Dot, true),
];

/// The passings of a point at which the program is killed: one, or many in the long form.
fn passings(nth: u32) -> Vec<u32> {
    let is_long = std::env::var_os("MAILTHROTTLE_LONG").is_some_and(|value| !value.is_empty());
    if is_long { vec![1, 2, 3, 4, 5, 8, 13, 21, 34, 50, 51] } else { vec![nth] }
}

fn killed_at_points(log: impl Fn() -> TestLog) {
    head(&format!("killed on {}", log().kind()));
    for (point, nth) in POINTS {
        let passings = passings(nth);
        for nth in &passings {
            let (log, server) = (log(), SmtpServer::start(Settings { limit: 3, ..Settings::default() }));
            log.make_throttled(ROWS);
            let mut child = start(&log, &server, Some(&format!("{point}#{nth}")));
            let signal = child.wait().unwrap().signal();
            // in the long form some are passed less often
            if passings.len() > 1 && signal.is_none() {
                break;
            }
            assert_eq!(signal, Some(9), "{point}#{nth} was not reached");
            prove(&format!("{point}, no. {nth}"), &log, &server);
        }
    }
}

/// Points at which a mail with a further attempt could come apart.
const POINTS_OF_SEVERAL_ROWS: [(&str, u32); 6] = [
    ("before a commit of the ledger", 12),
    ("after a commit of the ledger", 13),
    ("after the claim", 9),
    ("after it is committed that it is handed over", 9),
    ("after the answer", 9),
    ("after the outcome is committed", 9),
];

fn killed_with_further_attempts(log: impl Fn() -> TestLog) {
    head(&format!("each mail in two rows, killed on {}", log().kind()));
    for (point, nth) in POINTS_OF_SEVERAL_ROWS {
        for nth in passings(nth) {
            let (log, server) = (log(), SmtpServer::start(Settings { limit: 3, ..Settings::default() }));
            log.make_throttled(ROWS);
            let column = if log.is_on_oracle() { "(message_id VARCHAR2(200))" } else { "message_id text" };
            log.sql(&format!("ALTER TABLE email_log ADD {column}"));
            log.sql("UPDATE email_log SET message_id = '<' || id || '@contoso.example>'");
            log.sql(&format!(
                "INSERT INTO email_log SELECT id + {ROWS}, status, sent_date, sender, recipient, subject, body, error_message, \
                 message_id FROM email_log"
            ));
            let mut child = start(&log, &server, Some(&format!("{point}#{nth}")));
            if child.wait().unwrap().signal().is_none() {
                break;
            }
            prove(&format!("{point}, no. {nth}"), &log, &server);
            let apart = log.value(
                "SELECT count(*) FROM email_log a JOIN email_log b ON b.message_id = a.message_id WHERE a.status <> b.status",
            );
            assert_eq!(apart, "0", "{point}");
        }
    }
}

#[test]
fn killed_with_further_attempts_on_every_database() {
    killed_with_further_attempts(TestLog::empty);
    killed_with_further_attempts(TestLog::on_postgres);
    killed_with_further_attempts(TestLog::on_oracle);
}

fn killed_at_steps(log: impl Fn() -> TestLog) {
    head(&format!("killed on {}", log().kind()));
    for (name, stage, taken) in STEPS {
        // up to EHLO it is the connection that counts, then the message
        let nth = if matches!(stage, Stage::Connect | Stage::Ehlo) { 2 } else { 9 };
        let fault = Fault::stall(stage).nth(nth);
        let fault = if taken { fault.accepting() } else { fault };
        let server = SmtpServer::start(Settings { limit: 3, faults: vec![fault], ..Settings::default() });
        let log = log();
        log.make_throttled(ROWS);
        let mut child = start(&log, &server, None);
        server.wait_until(|seen| seen.stalled > 0);
        child.kill().unwrap();
        child.wait().unwrap();
        prove(name, &log, &server);
    }
}

#[test]
fn killed_at_any_point_on_sqlite() {
    killed_at_points(TestLog::empty);
}

#[test]
fn killed_at_any_point_on_postgres() {
    killed_at_points(TestLog::on_postgres);
}

#[test]
fn killed_at_any_point_on_oracle() {
    killed_at_points(TestLog::on_oracle);
}

#[test]
fn killed_at_any_step_of_the_dialogue() {
    killed_at_steps(TestLog::empty);
    killed_at_steps(TestLog::on_postgres);
    killed_at_steps(TestLog::on_oracle);
}

/// The clock was an hour ahead, or behind, when the run was killed: its ledger has times that come, or are long over.
#[test]
fn killed_by_a_clock_an_hour_off() {
    head("killed");
    for (clock, hour) in [("ahead", 3_600_000), ("behind", -3_600_000)] {
        for log in [TestLog::empty(), TestLog::on_postgres(), TestLog::on_oracle()] {
            let server = SmtpServer::start(Settings { limit: 3, ..Settings::default() });
            log.make_throttled(ROWS);
            let mut child = start(&log, &server, Some("after the answer#9"));
            assert_eq!(child.wait().unwrap().signal(), Some(9));
            for (table, times) in [
                ("mail", &["changed_at", "next_at"][..]),
                ("attempt", &["ended_at"]),
                ("run", &["started_at"]),
            ] {
                for time in times {
                    log.sql(&format!("UPDATE mailthrottle_{table} SET {time} = {time} + {hour}"));
                }
            }
            prove(&format!("by a clock an hour {clock}, on {}", log.kind()), &log, &server);
        }
    }
}
