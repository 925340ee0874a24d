//! The crash proof: the program is killed at every point between two writes of the ledger or two steps of the dialogue,
//! started again until it is done, and nothing is lost or sent twice; what may have been delivered is listed as in doubt.
#![allow(missing_docs, clippy::unwrap_used)]

mod smtp_server;
mod support;

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use mailthrottle::model::Stage;
use serde_json::Value;
use smtp_server::{Fault, Settings, SmtpServer};
use support::postgres::Server;
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

/// Somebody who is not root.
const NOBODY: u32 = 65534;

fn command(log: &TestLog, server: &SmtpServer) -> Command {
    let (database, url) = (log.url(), format!("smtp://127.0.0.1:{}", server.port));
    let args = [
        "--db", &database, "-q", "--format", "json", "resend", "--smtp", &url, "--rate", "60000/1m", "--yes",
    ];
    let mut command = log.command(&args);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn start(log: &TestLog, server: &SmtpServer, die_at: Option<&str>) -> Child {
    let mut command = command(log, server);
    if let Some(point) = die_at {
        command.env("MAILTHROTTLE_DIE_AT", point);
    }
    command.spawn().unwrap()
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
    // what was on its way when the program died still arrives
    server.wait_until(|seen| seen.open == 0);
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

/// The head of a table, on lines of its own.
fn head(what: &str) {
    println!("\n| {what} | lost | sent twice | in doubt |\n| --- | ---: | ---: | ---: |");
}

fn prove(name: &str, log: &TestLog, server: &SmtpServer) {
    let Proof { lost, duplicates, doubts } = run_again(log, server);
    println!("| {name} | {lost} | {duplicates} | {doubts} |");
    assert_eq!((lost, duplicates), (0, 0), "{name}");
    let sent: usize = log.value("SELECT count(*) FROM email_log WHERE status = 'S'").parse().unwrap();
    assert_eq!(sent, ROWS - doubts, "{name}");
}

/// The passings of a point at which the program is killed: one, or many in the long form.
fn passings(nth: u32) -> Vec<u32> {
    let is_long = std::env::var_os("MAILTHROTTLE_LONG").is_some_and(|value| !value.is_empty());
    if is_long { vec![1, 2, 3, 4, 5, 8, 13, 21, 34, 50, 51] } else { vec![nth] }
}

fn killed_at_points(database: &str, log: impl Fn() -> TestLog) {
    head(&format!("killed on {database}"));
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

fn killed_at_steps(database: &str, log: impl Fn() -> TestLog) {
    head(&format!("killed on {database}"));
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
    killed_at_points("SQLite", TestLog::empty);
}

#[test]
fn killed_at_any_point_on_postgres() {
    killed_at_points("PostgreSQL", TestLog::on_postgres);
}

#[test]
fn killed_at_any_point_on_oracle() {
    killed_at_points("Oracle", TestLog::on_oracle);
}

#[test]
fn killed_at_any_step_of_the_dialogue() {
    killed_at_steps("SQLite", TestLog::empty);
    killed_at_steps("PostgreSQL", TestLog::on_postgres);
    killed_at_steps("Oracle", TestLog::on_oracle);
}

/// Ctrl-C and SIGTERM: what is under way is settled, the rest is left as it was, and goes the next time.
/// The clock was an hour ahead, or behind, when the run was killed: its ledger has times that come, or are long over.
#[test]
fn killed_by_a_clock_an_hour_off() {
    head("killed");
    for (clock, hour) in [("ahead", 3_600_000), ("behind", -3_600_000)] {
        for log in [TestLog::empty(), TestLog::on_postgres()] {
            let server = SmtpServer::start(Settings { limit: 3, ..Settings::default() });
            log.make_throttled(ROWS);
            let mut child = start(&log, &server, Some("after the answer#9"));
            assert_eq!(child.wait().unwrap().signal(), Some(9));
            log.sql(&format!(
                "UPDATE mailthrottle_mail SET changed_at = changed_at + {hour}, next_at = next_at + {hour}; \
                 UPDATE mailthrottle_attempt SET ended_at = ended_at + {hour}; \
                 UPDATE mailthrottle_run SET started_at = started_at + {hour}"
            ));
            prove(&format!("by a clock an hour {clock}"), &log, &server);
        }
    }
}

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
        Command::new("kill").args([format!("-{signal}"), id]).status().unwrap();
        let ran = finish(child);
        assert_eq!(ran.code, 130, "{}", ran.stderr);
        let said: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(said["sent"].as_u64().unwrap() as usize, server.seen().accepted.len());
        assert!(said["deferred"].as_u64().unwrap() > 0);
        prove(&format!("SIG{signal}"), &log, &server);
    }
}

/// What was claimed in advance and not sent has its status again, so that the application's own job finds it.
#[test]
fn interrupted_it_gives_back_what_it_had_claimed_in_advance() {
    support::on_every_database(|log| {
        log.write("mailthrottle.toml", "[resend]\nclaim_status = 'R'\n");
        let server = slow_server();
        log.make_throttled(ROWS);
        let child = start(log, &server, None);
        server.wait_until(|seen| seen.accepted.len() >= 5);
        let id = child.id().to_string();
        Command::new("kill").args(["-INT", &id]).status().unwrap();
        let ran = finish(child);
        assert_eq!(ran.code, 130, "{}", ran.stderr);
        assert_eq!(log.value("SELECT count(*) FROM email_log WHERE status = 'R'"), "0");
        prove("SIGINT, with claim_status", log, &server);
    });
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

/// Lets so many messages go, then does something to the database in the middle, and gives how the run ended.
fn disturbed(log: &TestLog, server: &SmtpServer, disturb: impl FnOnce()) -> Ran {
    log.make_throttled(ROWS);
    let child = start(log, server, None);
    server.wait_until(|seen| seen.accepted.len() >= 9);
    disturb();
    finish(child)
}

fn slow_server() -> SmtpServer {
    let latency = vec![(Stage::Dot, Duration::from_millis(20))];
    SmtpServer::start(Settings { limit: 3, latency, ..Settings::default() })
}

/// The writing session is ended by the server's administrator: nothing more is sent, and what was under way is in doubt.
#[test]
fn a_session_that_is_ended_by_the_server_stops_the_sending() {
    let (log, server) = (TestLog::on_postgres(), slow_server());
    let ran = disturbed(&log, &server, || {
        log.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        );
    });
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("the ledger could not be written, so sending was ended"), "{}", ran.stderr);
    assert!(server.seen().accepted.len() < ROWS);
    prove("the session is ended in the middle", &log, &server);
}

/// The server goes down in the middle with all its sessions, and comes back.
#[test]
fn a_database_server_that_goes_down_stops_the_sending() {
    let own: &'static Server = Box::leak(Box::new(Server::start(None)));
    let (log, server) = (TestLog::on_own_postgres(own), slow_server());
    let ran = disturbed(&log, &server, || own.crash());
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(server.seen().accepted.len() < ROWS);
    prove("the database server goes down", &log, &server);
}

/// File and folder are made read-only in the middle, which keeps out whoever is not root: sending stops.
#[test]
fn a_database_that_is_made_read_only_stops_the_sending() {
    let (log, server) = (TestLog::empty(), slow_server());
    log.make_throttled(ROWS);
    let paths = [log.folder().to_owned(), log.db()];
    let mut command = command(&log, &server);
    if rustix::process::geteuid().is_root() {
        paths.iter().for_each(|path| chown(path, Some(NOBODY), Some(NOBODY)).unwrap());
        command.uid(NOBODY).gid(NOBODY);
    }
    let child = command.spawn().unwrap();
    server.wait_until(|seen| seen.accepted.len() >= 9);
    let files = log.files();
    let mode = |path: &Path, mode| std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    files.iter().for_each(|(path, _)| mode(path, 0o444));
    mode(log.folder(), 0o555);
    let ran = finish(child);
    mode(log.folder(), 0o755);
    files.iter().filter(|(path, _)| path.exists()).for_each(|(path, _)| mode(path, 0o644));
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(server.seen().accepted.len() < ROWS);
    prove("file and folder made read-only", &log, &server);
}
