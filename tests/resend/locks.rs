//! A lock is not the process: it may be lost while its run lives, and a file may be taken away under it.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Stdio};
use std::time::Duration;

use mailthrottle::model::Stage;
use serde_json::json;

use crate::smtp_server::{Settings, SmtpServer};
use crate::support::postgres::Server;
use crate::support::{Ran, TestLog, on_every_database};
use crate::table::{MAIL, Mail, make, time};
use crate::{answer, no_duplicates, resend, url};

/// A run whose first message waits for the answer to its dot, until the server's limit is raised.
fn begin(log: &TestLog, server: &SmtpServer, database: &str) -> Child {
    let url = url(server);
    let args = ["--db", database, "-q", "--format", "json", "resend", "--smtp", &url, "--rate", "60000/1m"];
    let args = [&args[..], &["--yes", "--cap", "1"]].concat();
    let child = log.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    server.wait_until(|seen| seen.contents > 0);
    child
}

fn slow() -> SmtpServer {
    answering_after(1500)
}

fn answering_after(millis: u64) -> SmtpServer {
    let latency = vec![(Stage::Dot, Duration::from_millis(millis))];
    SmtpServer::start(Settings { latency, ..Settings::default() })
}

fn end(child: Child) -> Ran {
    child.wait_with_output().unwrap().into()
}

/// A run once it says that it waits for another, and what it says from then on.
fn waiting(mut run: Child) -> (Child, BufReader<ChildStderr>) {
    let mut told = BufReader::new(run.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("waiting for it to end") {
        line.clear();
        assert!(told.read_line(&mut line).unwrap() > 0, "it did not wait");
    }
    (run, told)
}

/// Somebody ends the session, or a cleaner removes the lock's file: the run goes on, and whoever decides in the meantime makes no
/// second copy.
#[test]
fn who_decides_while_a_run_without_its_lock_lives_makes_no_second_copy() {
    on_every_database(|log| {
        if log.is_on_oracle() {
            return;
        }
        log.make_throttled(2);
        let server = answering_after(6000);
        let child = begin(log, &server, &log.url());
        if log.word("file", "session") == "file" {
            for entry in std::fs::read_dir(log.folder()).unwrap() {
                let path = entry.unwrap().path();
                if path.extension().is_some_and(|ending| ending == "lock") {
                    std::fs::remove_file(path).unwrap();
                }
            }
        } else {
            let ended = log.value(
                "SELECT count(pg_terminate_backend(pid)) > 0 FROM pg_locks JOIN pg_database d ON d.oid = database \
                 WHERE locktype = 'advisory' AND datname = current_database()",
            );
            assert_eq!(ended, "true");
        }
        // now it is taken for dead, and a person lets the mail go again
        let settled = log.run(&["resend", "--doubt", "again", "1"]);
        assert_eq!(settled.code, 0, "{settled:?}");
        assert!(
            settled.stdout.starts_with("1 mail may go again with resend, 11 minutes after"),
            "{settled:?}"
        );
        assert_eq!(log.value("SELECT stage FROM mailthrottle_mail WHERE row_id = '1'"), "deferred");
        let ran = end(child);
        let meanwhile = resend(log, &server, &[]);
        assert!(matches!(meanwhile.code, 0 | 1), "{meanwhile:?}");
        assert!(ran.code < 4, "{ran:?}");
        assert_eq!(no_duplicates(&server), 2, "{ran:?} {meanwhile:?}");
        // what the server said in the end is written down, also by a run whose session was ended
        assert_eq!(log.value("SELECT count(*) FROM mailthrottle_mail WHERE stage = 'sent'"), "2");
        assert_eq!(log.value("SELECT count(*) FROM email_log WHERE status = 'S'"), "2");
    });
}

#[test]
fn a_file_is_locked_by_whatever_name_it_is_opened() {
    let log = TestLog::empty();
    log.make_throttled(4);
    std::os::unix::fs::symlink(log.db(), log.path("link.db")).unwrap();
    let server = slow();
    let child = begin(&log, &server, "link.db");
    let ran = resend(&log, &server, &["--wait", "0s"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("another run has been sending for the same account"), "{ran:?}");
    assert_eq!(answer(&end(child))["sent"], json!(4));
}

#[test]
fn a_file_that_is_taken_away_ends_the_run_before_the_next_mail() {
    let log = TestLog::empty();
    log.make_throttled(8);
    let server = slow();
    let child = begin(&log, &server, "log.db");
    std::fs::rename(log.db(), log.path("away.db")).unwrap();
    let ran = end(child);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains("was removed or replaced while it was written"), "{ran:?}");
    assert!(server.seen().accepted.len() <= 1);
}

/// Killed in the middle of a commit of the log, whose ledger is a file of its own: the next run undoes it and goes on.
#[test]
fn a_run_that_was_killed_in_a_commit_of_the_log_keeps_no_later_one_out() {
    let log = TestLog::empty();
    log.make_throttled(4);
    // a change that is half on the disk
    let broken = "PRAGMA cache_size = 1; BEGIN IMMEDIATE; UPDATE email_log SET subject = 'half'; \
                  CREATE TABLE big AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) \
                  SELECT i, hex(randomblob(50)) FROM n;\n.shell kill -9 $PPID\n";
    let mut shell = std::process::Command::new("sqlite3");
    let mut shell = shell.arg(log.db()).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    std::io::Write::write_all(&mut shell.stdin.take().unwrap(), broken.as_bytes()).unwrap();
    shell.wait().unwrap();
    assert!(log.path("log.db-journal").exists());
    let server = SmtpServer::start(Settings::default());
    let ledger = format!("sqlite:{}", log.path("ledger.db").display());
    let ran = resend(&log, &server, &["--ledger", &ledger]);
    assert_eq!((ran.code, &answer(&ran)["sent"]), (0, &json!(4)), "{ran:?}");
    assert_eq!(log.value("SELECT count(*) FROM email_log WHERE subject = 'half'"), "0");
}

/// As a cron job that comes more often than the run before it ends. The server lets fewer sessions in than there are runs.
#[test]
fn sixty_four_runs_behind_a_slow_one_end_soon_and_hold_no_session() {
    let own: &'static Server = Box::leak(Box::new(Server::start(None)));
    let log = TestLog::on_own_postgres(own);
    log.make_throttled(20);
    let server = answering_after(6000);
    let mut child = begin(&log, &server, &log.url());
    let url = url(&server);
    let args = ["--db", &log.url(), "resend", "--smtp", &url, "--yes", "--wait", "14s"];
    let begin_another = |_| {
        let another = log.command(&args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        waiting(another.unwrap())
    };
    let others: Vec<_> = (0..64).map(begin_another).collect();
    for (mut other, mut told) in others {
        let mut said = String::new();
        told.read_to_string(&mut said).unwrap();
        assert_eq!(other.wait().unwrap().code(), Some(1), "{said}");
        assert!(said.contains("another run has been sending for the same account"), "{said}");
    }
    assert_eq!(child.try_wait().unwrap(), None, "the slow run ended before them");
    child.kill().unwrap();
    child.wait().unwrap();
    no_duplicates(&server);
}

/// The plan is old by the time the turn comes: what went meanwhile does not go again.
#[test]
fn what_went_while_a_run_waited_is_not_sent_again() {
    on_every_database(|log| {
        if log.is_on_oracle() {
            return;
        }
        let to = |id, recipient| Mail { id, recipient, ..MAIL };
        make(log, &[to(1, "a@example.com"), to(2, "b@example.com"), to(3, "c@example.com")]);
        let server = answering_after(3000);
        let (url, db) = (url(&server), log.url());
        let args = ["--db", &db, "--format", "json", "resend", "--smtp", &url, "--yes", "--rate", "60000/1m"];
        let begin = |more: &[&str]| {
            let args = [&args[..], more].concat();
            log.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let first = begin(&["--id", "1"]);
        server.wait_until(|seen| seen.contents > 0);
        let (second, _told) = waiting(begin(&["--wait", "1m"]));
        let wait = log.word("PRAGMA busy_timeout = 5000;", "");
        log.sql(&format!(
            "{wait} INSERT INTO email_log SELECT 1000, 'S', '{}', sender, recipient, subject, body, NULL FROM email_log WHERE id = 2",
            time(0)
        ));
        assert_eq!(end(first).code, 0);
        let ran = end(second);
        let said = answer(&ran);
        assert_eq!(said["sent"], json!(1), "{ran:?}");
        assert!(said["rows"].to_string().contains("went out as row 1000"), "{said}");
        assert_eq!(server.seen().accepted.len(), 2);
    });
}
