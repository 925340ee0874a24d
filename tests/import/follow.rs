//! `import` that goes on: a growing file, stdin, and runs that end before their time.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStderr, Command, Stdio};

use crate::support::{Ran, TestLog, delivered, fixture};
use serde_json::json;

/// An import that follows a file, and what it says of it.
struct Follower {
    child: Child,
    says: BufReader<ChildStderr>,
}

impl Follower {
    fn of(log: &TestLog, file: &str) -> Self {
        let mut command = log.command(&["-v", "--db", "log.db", "import", "--follow", file]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let says = BufReader::new(child.stderr.take().unwrap());
        Self { child, says }
    }

    /// Waits until everything that is there has been taken in.
    fn caught_up(&mut self, lines: u64) {
        let expected = format!(" {lines} lines read to its end");
        let said: Vec<String> = self
            .says
            .by_ref()
            .lines()
            .map(Result::unwrap)
            .take_while(|line| !line.contains(&expected))
            .collect();
        let alive = self.child.try_wait().unwrap().is_none();
        assert!(alive, "{said:?}");
    }

    fn stop(mut self, signal: &str) -> Ran {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        let mut rest = String::new();
        self.says.read_to_string(&mut rest).unwrap();
        Ran { stderr: rest, ..self.child.wait_with_output().unwrap().into() }
    }
}

fn lines(from: u32, to: u32) -> String {
    (from..to).map(delivered).collect()
}

fn append(log: &TestLog, name: &str, text: &str) {
    let mut file = std::fs::File::options().append(true).open(log.path(name)).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

#[test]
fn a_growing_log_is_followed_through_its_rotation() {
    let log = TestLog::empty();
    let text = std::fs::read_to_string(fixture("logs/postfix.log")).unwrap();
    let there = text.lines().count() as u64;
    log.write("mail.log", &text);
    let mut follower = Follower::of(&log, "mail.log");
    follower.caught_up(there);
    assert_eq!(log.report()["totals"]["failed"], 3);
    append(&log, "mail.log", &lines(0, 2));
    follower.caught_up(there + 2);
    std::fs::rename(log.path("mail.log"), log.path("mail.log.1")).unwrap();
    log.write("mail.log", text.replace("4Dxk1J2Qz1z", "4Dxk1J2Qz2z"));
    follower.caught_up(there);
    assert_eq!(log.report()["totals"]["failed"], 6);
    follower.stop("-TERM");
}

#[test]
fn following_ends_with_its_summary_when_it_is_interrupted() {
    for signal in ["-INT", "-TERM"] {
        let log = TestLog::empty();
        log.write("mail.log", lines(0, 3));
        let mut follower = Follower::of(&log, "mail.log");
        follower.caught_up(3);
        let ran = follower.stop(signal);
        assert_eq!(ran.code, 130, "{}", ran.stderr);
        let summary = "3 rows added to sqlite:log.db, of attempts read: 3 sent, 0 failed, 0 pending.";
        assert_eq!(ran.stdout.lines().next(), Some(summary), "{}", ran.stderr);
        assert_eq!(log.import("mail.log")["lines"], 0);
    }
}

#[test]
fn half_a_line_waits_for_its_end() {
    let log = TestLog::empty();
    let (first, second) = (delivered(0), delivered(1));
    let (half, rest) = second.split_at(60);
    log.write("mail.log", format!("{first}{half}"));
    let mut follower = Follower::of(&log, "mail.log");
    follower.caught_up(1);
    append(&log, "mail.log", rest);
    follower.caught_up(2);
    follower.stop("-INT");
    assert_eq!(log.report()["totals"]["rows"], 2);
}

#[test]
fn an_import_that_was_killed_goes_on_and_adds_nothing_twice() {
    let log = TestLog::empty();
    log.write("mail.log", lines(0, 30_000));
    let mut follower = Follower::of(&log, "mail.log");
    follower.caught_up(30_000);
    append(&log, "mail.log", &lines(30_000, 60_000));
    let ran = follower.stop("-KILL");
    assert_eq!((ran.code, ran.stdout.as_str()), (-1, ""));
    let file = &log.import("mail.log")["files"][0];
    assert!(file["resumed_at"].as_u64() >= Some(lines(0, 30_000).len() as u64), "{file}");
    assert_eq!(log.report()["totals"]["rows"], 60_000);
}

#[test]
fn stdin_is_read_and_adds_nothing_twice() {
    let log = TestLog::empty();
    for rows in [2_500, 0] {
        let mut child = log.command(&["--format", "json", "--db", "log.db", "import", "-"]);
        let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(lines(0, 2_500).as_bytes()).unwrap();
        let ran: Ran = child.wait_with_output().unwrap().into();
        let imported: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!((ran.code, &imported["rows"]), (0, &json!(rows)));
        assert_eq!(imported["files"][0]["file"], "stdin");
    }
}

#[test]
fn what_cannot_grow_is_not_followed() {
    let log = TestLog::empty();
    log.write("two.log", lines(0, 1));
    let one_file = "mailthrottle: --follow: give one file to follow; start one import for each";
    assert_eq!(log.error(&["import", "--follow", "-"]), one_file);
    assert_eq!(log.error(&["import", "--follow", "two.log", "three.log"]), one_file);
    log.write("utf16.log", b"\xff\xfeN\0o\0v\0");
    let plain =
        "mailthrottle: --follow: utf16.log is compressed or in UTF-16; only a plain file can be followed";
    assert_eq!(log.error(&["import", "--follow", "utf16.log"]), plain);
}
