//! The bundled incident: its attachments are there, and its recent copy is the same log at another time.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::support::{Ran, TestLog, fixture};
use chrono::{NaiveDateTime, TimeDelta, Utc};
use mailthrottle::resend::attachments::Attachments;

/// Runs the example that writes a recent copy; all of `cargo test` builds it, a single test file does not.
fn recent_incident(target: &Path) -> Ran {
    let program = assert_cmd::cargo::cargo_bin!("mailthrottle").with_file_name("examples/recent_incident");
    assert!(program.exists(), "build it first: cargo build --example recent_incident");
    Command::new(program).arg(target).output().unwrap().into()
}

fn times(log: &TestLog) -> Vec<NaiveDateTime> {
    let rows = log.all(&["sent_date"]);
    let time = |row: &Vec<Option<String>>| {
        let text = row[0].as_deref().unwrap();
        let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.3f").unwrap();
        assert_eq!(time.format("%Y-%m-%d %H:%M:%S%.3f").to_string(), text);
        time
    };
    rows.iter().map(time).collect()
}

#[test]
fn mails_that_speak_of_an_attachment_have_one() {
    let log = TestLog::incident();
    let attachments = Attachments { under: Some(fixture("reports").into()), max_message_size: 1_000_000 };
    let mut files = BTreeSet::new();
    for row in log.all(&["sender", "subject", "body", "attachments"]) {
        let row: [Option<String>; 4] = row.try_into().unwrap();
        let [sender, subject, body, named] = row.map(Option::unwrap_or_default);
        if sender == "reports@contoso.example" {
            assert_eq!(body, format!("This is an automatic message. Please find attached: {subject}"));
            let loaded = attachments.load(&named, 0).unwrap();
            assert_eq!(loaded.len(), 1, "{subject}: {named}");
            files.extend(loaded.into_iter().map(|file| file.name));
        } else {
            assert_eq!((body, named), (format!("This is an automatic message: {subject}"), String::new()));
        }
    }
    // and no file lies there that nothing names
    assert_eq!(files.len(), std::fs::read_dir(fixture("reports")).unwrap().count());
}

#[test]
fn the_recent_copy_ends_an_hour_ago_and_is_otherwise_the_same() {
    let (incident, recent) = (TestLog::incident(), TestLog::empty());
    let ran = recent_incident(&recent.db());
    assert_eq!((ran.code, ran.stderr.as_str(), ran.stdout.lines().count()), (0, "", 1));
    let (before, after) = (times(&incident), times(&recent));
    assert_eq!(after.len(), 673);
    let distances: BTreeSet<TimeDelta> =
        before.iter().zip(&after).map(|(before, after)| *after - *before).collect();
    assert_eq!(distances.len(), 1);
    let age = Utc::now().naive_utc() - *after.iter().max().unwrap();
    assert!((59..61).contains(&age.num_minutes()), "{age}");
    let others = ["id", "status", "sender", "recipient", "subject", "body", "attachments", "error_message"];
    assert_eq!(recent.all(&others), incident.all(&others));
}

#[test]
fn the_recent_copy_is_written_over_nothing() {
    let log = TestLog::empty();
    let there = log.write("there.db", "mine");
    assert_eq!(
        recent_incident(&there).error(),
        format!("recent_incident: {} exists already; remove it or name another file", there.display())
    );
    assert_eq!(std::fs::read_to_string(there).unwrap(), "mine");
    // in a folder it gets its usual name
    assert_eq!(recent_incident(log.folder()).code, 0);
    assert!(log.path("incident.db").exists());
    assert_eq!(recent_incident(log.folder()).code, 3);
}

#[test]
fn the_config_for_trying_it_out_is_accepted() {
    let log = TestLog::incident();
    let plan =
        log.json(&["--config", &fixture("incident.toml"), "resend", "--at", "2026-11-19 12:00", "--dry-run"]);
    assert_ne!(plan["selected"], 0);
}
