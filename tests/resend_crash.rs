//! The crash proof: the program is killed at every point between two writes of the ledger or two steps of the dialogue,
//! started again until it is done, and nothing is lost or sent twice; what may have been delivered is listed as in doubt.
#![allow(missing_docs, clippy::unwrap_used)]

mod smtp_server;
mod support;

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Stdio};
use std::time::Duration;

use mailthrottle::model::Stage;
use serde_json::Value;
use smtp_server::{Fault, Settings, SmtpServer};
use support::{Ran, TestLog};

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

const ROWS: usize = 50;

fn start(log: &TestLog, server: &SmtpServer, die_at: Option<&str>) -> Child {
    let (database, url) = (log.url(), format!("smtp://127.0.0.1:{}", server.port));
    let args = [
        "--db", &database, "-q", "--format", "json", "resend", "--smtp", &url, "--rate", "60000/1m", "--yes",
    ];
    let mut command = log.command(&args);
    if let Some(point) = die_at {
        command.env("MAILTHROTTLE_DIE_AT", point);
    }
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn finish(child: Child) -> Ran {
    child.wait_with_output().unwrap().into()
}

/// What is left once it was started again until done.
struct Proof {
    lost: usize,
    duplicates: usize,
    doubts: usize,
}

fn run_again(log: &TestLog, server: &SmtpServer) -> Proof {
    let killed = server.seen().accepted.len();
    let listed = log.run(&["--format", "json", "resend", "--doubt"]);
    let doubts = serde_json::from_str::<Value>(&listed.stdout).unwrap()["rows"].as_array().unwrap().clone();
    assert_eq!(server.seen().accepted.len(), killed, "listing sends nothing");
    let ran = finish(start(log, server, None));
    assert!(matches!(ran.code, 0 | 2), "{}", ran.stderr);
    let nothing: Value = serde_json::from_str(&finish(start(log, server, None)).stdout).unwrap();
    assert_eq!(nothing["selected"], 0);
    let accepted: BTreeMap<String, usize> = server.accepted();
    let in_doubt = |id: &&String| doubts.iter().any(|row| row["message_id"].as_str() == Some(id));
    let doubted_and_taken = accepted.keys().filter(in_doubt).count();
    Proof {
        lost: ROWS - accepted.len() - (doubts.len() - doubted_and_taken),
        duplicates: accepted.values().filter(|count| **count > 1).count(),
        doubts: doubts.len(),
    }
}

fn prove(name: &str, log: &TestLog, server: &SmtpServer) {
    let Proof { lost, duplicates, doubts } = run_again(log, server);
    println!("| {name} | {lost} | {duplicates} | {doubts} |");
    assert_eq!((lost, duplicates), (0, 0), "{name}");
    let sent: usize = log.value("SELECT count(*) FROM email_log WHERE status = 'S'").parse().unwrap();
    assert_eq!(sent, ROWS - doubts, "{name}");
}

fn killed_at_points(log: impl Fn() -> TestLog) {
    println!("| killed | lost | sent twice | in doubt |\n| --- | ---: | ---: | ---: |");
    for (point, nth) in POINTS {
        let (log, server) = (log(), SmtpServer::start(Settings { limit: 3, ..Settings::default() }));
        log.make_throttled(ROWS);
        let mut child = start(&log, &server, Some(&format!("{point}#{nth}")));
        assert_eq!(child.wait().unwrap().signal(), Some(9), "{point}#{nth} was not reached");
        prove(&format!("{point}, no. {nth}"), &log, &server);
    }
}

fn killed_at_steps(log: impl Fn() -> TestLog) {
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
fn killed_at_any_step_of_the_dialogue() {
    killed_at_steps(TestLog::empty);
    killed_at_steps(TestLog::on_postgres);
}

/// Ctrl-C and SIGTERM: what is under way is settled, the rest is left as it was, and goes the next time.
#[test]
fn interrupted_it_settles_what_is_under_way() {
    for signal in ["INT", "TERM"] {
        let log = TestLog::empty();
        log.make_throttled(ROWS);
        let latency = vec![(Stage::Dot, Duration::from_millis(30))];
        let server = SmtpServer::start(Settings { limit: 3, latency, ..Settings::default() });
        let child = start(&log, &server, None);
        server.wait_until(|seen| seen.accepted.len() >= 5);
        let id = child.id().to_string();
        std::process::Command::new("kill").args([format!("-{signal}"), id]).status().unwrap();
        let ran = finish(child);
        assert_eq!(ran.code, 130, "{}", ran.stderr);
        let said: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(said["sent"].as_u64().unwrap() as usize, server.seen().accepted.len());
        assert!(said["deferred"].as_u64().unwrap() > 0);
        prove(&format!("SIG{signal}"), &log, &server);
    }
}

/// The server is killed in the middle, and another takes its place.
#[test]
fn a_server_that_dies_loses_nothing() {
    let log = TestLog::empty();
    log.make_throttled(ROWS);
    let fault = Fault::hang_up(Stage::Mail).nth(0);
    let server = SmtpServer::start(Settings { faults: vec![fault], ..Settings::default() });
    let ran = finish(start(&log, &server, None));
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(server.seen().accepted.is_empty());
    log.sql("UPDATE mailthrottle_mail SET next_at = NULL");
    let other = SmtpServer::start(Settings::default());
    prove("a server that hangs up", &log, &other);
}
