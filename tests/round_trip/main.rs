//! What arrives is what the row says: thousands of random mails, sent by the program and read by Python's own reader of mail.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../smtp_server/mod.rs"]
mod smtp_server;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;
use support::TestLog;
use support::exim::Exim;

const ROWS: usize = 5000;

/// Runs the script beside this file; gives what it says.
fn python(args: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/round_trip/mail.py");
    let ran = Command::new(interpreter()).arg(script).args(args).output().expect("python3 is missing");
    let said = String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{args:?}: {said}");
    said
}

/// Debian's, which has Debian's modules.
fn interpreter() -> &'static str {
    if Path::new("/usr/bin/python3").exists() { "/usr/bin/python3" } else { "python3" }
}

/// Makes a log, sends it to a port, and has `got` write what arrived.
fn round_trip(server: &str, rows: usize, port: impl FnOnce(&Path) -> u16, got: impl FnOnce(&Path)) {
    let log = TestLog::empty();
    let folder = log.path("").display().to_string();
    python(&["make", &folder, &rows.to_string(), "1"]);
    fs::create_dir(log.path("got")).unwrap();
    let url = format!("smtp://127.0.0.1:{}", port(&log.path("got")));
    let said =
        log.json(&["-q", "resend", "--smtp", &url, "--rate", "600000/1m", "--without-attachment", "--yes"]);
    assert_eq!([&said["sent"], &said["held"]], [&json!(rows), &json!(0)], "{server}");
    got(&log.path("got"));
    println!("| {server} | {} |", python(&["check", &folder]).trim());
}

#[test]
fn what_arrives_is_what_the_row_says() {
    let server = smtp_server::SmtpServer::start(smtp_server::Settings::default());
    let write = |got: &Path| {
        for (place, mail) in server.seen().accepted.iter().enumerate() {
            fs::write(got.join(format!("{place}.eml")), &mail.bytes).unwrap();
        }
    };
    round_trip("the scripted server", ROWS, |_| server.port, write);
}

/// The same through Exim and aiosmtpd, which `tests/round_trip.sh` asks for.
#[test]
fn what_arrives_through_other_servers_is_what_the_row_says() {
    if std::env::var_os("MAILTHROTTLE_LONG").is_none_or(|long| long.is_empty()) {
        return;
    }
    let exim = Exim::start();
    let write = |got: &Path| {
        for (place, bytes) in exim.accepted().iter().enumerate() {
            fs::write(got.join(format!("{place}.eml")), bytes).unwrap();
        }
    };
    round_trip("Exim", ROWS, |_| exim.port, write);
    let mut serving = None;
    let serve = |got: &Path| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/round_trip/mail.py");
        let mut child = Command::new(interpreter());
        child
            .arg(script)
            .arg("serve")
            .arg(got.parent().unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = child.spawn().unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        serving = Some(child);
        port.trim().parse().expect("aiosmtpd is missing: install the Debian package python3-aiosmtpd")
    };
    round_trip("aiosmtpd", ROWS, serve, |_| {});
    let mut child = serving.unwrap();
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}
