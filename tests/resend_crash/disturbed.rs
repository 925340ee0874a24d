//! Interrupted, or disturbed in the middle: by the database, the mail server, or the application's own job.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use mailthrottle::model::Stage;
use serde_json::Value;

use crate::proof::{ROWS, command, finish, head, prove, start};
use crate::smtp_server::{Fault, Settings, SmtpServer};
use crate::support::postgres::Server;
use crate::support::{self, Ran, TestLog};

/// Somebody who is not root.
const NOBODY: u32 = 65534;

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
        Command::new("kill").args([format!("-{signal}"), id]).status().unwrap();
        let ran = finish(child);
        assert_eq!(ran.code, 130, "{}", ran.stderr);
        let said: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(said["sent"].as_u64().unwrap() as usize, server.seen().accepted.len());
        assert!(said["deferred"].as_u64().unwrap() > 0);
        proved(&format!("SIG{signal}"), &log, &server);
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
        proved("SIGINT, with claim_status", log, &server);
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
    proved("a server that hangs up", &log, &other);
}

fn doubts(log: &TestLog) -> usize {
    let listed = log.run(&["--format", "json", "resend", "--doubt"]);
    serde_json::from_str::<Value>(&listed.stdout).unwrap()["rows"].as_array().unwrap().len()
}

fn proved(name: &str, log: &TestLog, server: &SmtpServer) {
    head(&format!("disturbed on {}", log.kind()));
    prove(name, log, server);
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

/// The writing session is ended by the server's administrator: nothing more is sent, and what the server still says of what was under
/// way is written down through a new session.
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
    assert!(ran.stderr.contains("so sending was ended"), "{}", ran.stderr);
    assert!(server.seen().accepted.len() < ROWS);
    proved("the session is ended in the middle", &log, &server);
}

/// The server goes down in the middle with all its sessions, and comes back.
#[test]
fn a_database_server_that_goes_down_stops_the_sending() {
    let own: &'static Server = Box::leak(Box::new(Server::start(None)));
    let (log, server) = (TestLog::on_own_postgres(own), slow_server());
    let ran = disturbed(&log, &server, || own.crash());
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(server.seen().accepted.len() < ROWS);
    proved("the database server goes down", &log, &server);
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
    proved("file and folder made read-only", &log, &server);
}

/// The disk is full, by the limit that the shell sets on the size of files: sending stops.
#[test]
fn a_ledger_that_fills_up_stops_the_sending() {
    let (log, server) = (TestLog::empty(), SmtpServer::start(Settings { limit: 3, ..Settings::default() }));
    log.make_throttled(ROWS);
    log.run(&["init", "--ledger"]);
    let pages: u64 = log.value("SELECT page_count FROM pragma_page_count").parse().unwrap();
    let blocks = (pages + 2) * 4096 / 512;
    let resend = command(&log, &server);
    let full = Command::new("sh")
        .args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"")])
        .arg(resend.get_program())
        .args(resend.get_args())
        .envs(resend.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .current_dir(log.folder())
        .output();
    let ran: Ran = full.unwrap().into();
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!((1..ROWS).contains(&server.seen().accepted.len()), "{}", server.seen().accepted.len());
    proved("the disk is full", &log, &server);
}

/// Another process begins to write and takes longer than a lock is waited for, until sending has stopped: what was handed over
/// is written down as soon as that ends.
#[test]
fn a_database_held_by_another_writer_stops_the_sending() {
    let (log, server) = (TestLog::empty(), slow_server());
    let ran = disturbed(&log, &server, || {
        support::blocking(async {
            let mut writer = log.connect().await;
            let hold = "PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE; UPDATE email_log SET subject = 'x'";
            sqlx::raw_sql(hold).execute(&mut writer).await.unwrap();
            server.wait_until(|seen| seen.open == 0);
        });
    });
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(server.seen().accepted.len() < ROWS);
    assert_eq!(doubts(&log), 0);
    proved("held by another writer", &log, &server);
}

/// The log refuses the change of one status: the ledger knows, sending stops, and the log learns at the next start.
#[test]
fn a_log_that_cannot_be_told_learns_at_the_next_start() {
    let (log, server) = (TestLog::empty(), slow_server());
    let ran = disturbed(&log, &server, || {
        log.sql(
            "PRAGMA busy_timeout = 5000; CREATE TRIGGER no BEFORE UPDATE ON email_log WHEN new.id = 30 \
             BEGIN SELECT RAISE(ABORT, 'frozen'); END",
        );
    });
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("the log could not be told how a mail ended, so sending was ended"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.ends_with(": row 30: log.db: frozen\n"), "{}", ran.stderr);
    assert!(server.seen().accepted.len() < ROWS);
    log.sql("DROP TRIGGER no");
    proved("a trigger refuses the status", &log, &server);
}

/// The application's own job takes rows that were not handed over yet; what it gives back goes the next time.
#[test]
fn a_row_whose_status_changes_meanwhile_is_left_alone() {
    support::on_every_database(|log| {
        let server = slow_server();
        let wait = log.word("PRAGMA busy_timeout = 5000;", "");
        let ran = disturbed(log, &server, || {
            log.sql(&format!("{wait} UPDATE email_log SET status = 'P' WHERE id > 40"));
        });
        let said: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!([&said["sent"], &said["skipped"]], [40, 10], "{said}");
        assert_eq!(server.accepted().len(), 40);
        assert_eq!(log.value("SELECT count(*) FROM email_log WHERE status = 'P'"), "10");
        log.sql("UPDATE email_log SET status = 'F' WHERE id > 40");
        proved("the application's own job takes ten", log, &server);
    });
}
