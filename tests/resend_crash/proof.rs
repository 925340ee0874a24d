//! What is left when a run that was cut off is started again until it is done.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::smtp_server::SmtpServer;
use crate::support::{Ran, TestLog};

/// Mails of each batch.
pub const ROWS: usize = 50;

/// A run that sends everything there is as fast as it can.
pub fn command(log: &TestLog, server: &SmtpServer) -> Command {
    let (database, url) = (log.url(), format!("smtp://127.0.0.1:{}", server.port));
    let args = [
        "--db", &database, "-q", "--format", "json", "resend", "--smtp", &url, "--rate", "60000/1m", "--yes",
    ];
    let mut command = log.command(&args);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Starts it, to die at a point and passing (`POINT#NUMBER`) if one is named.
pub fn start(log: &TestLog, server: &SmtpServer, die_at: Option<&str>) -> Child {
    let mut command = command(log, server);
    if let Some(point) = die_at {
        command.env("MAILTHROTTLE_DIE_AT", point);
    }
    command.spawn().unwrap()
}

/// Waits for its end.
pub fn finish(child: Child) -> Ran {
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
pub fn head(what: &str) {
    println!("\n| {what} | lost | sent twice | in doubt |\n| --- | ---: | ---: | ---: |");
}

/// Starts again until nothing is left, prints what came of it, and holds it to that nothing is lost or sent twice.
pub fn prove(name: &str, log: &TestLog, server: &SmtpServer) {
    let Proof { lost, duplicates, doubts } = run_again(log, server);
    println!("| {name} | {lost} | {duplicates} | {doubts} |");
    assert_eq!((lost, duplicates), (0, 0), "{name}");
    let sent: usize =
        log.value("SELECT count(DISTINCT recipient) FROM email_log WHERE status = 'S'").parse().unwrap();
    assert_eq!(sent, ROWS - doubts, "{name}");
}
