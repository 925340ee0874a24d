//! What the README says is true: its commands run, what it shows is what they print, its config is accepted.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{Ran, TestLog};

const README: &str = include_str!("../../README.md");

/// The blocks of one language, `""` for those without.
fn blocks(language: &str) -> Vec<&'static str> {
    let fences: Vec<&str> = README.split("\n```").collect();
    let opened = fences.iter().skip(1).step_by(2);
    opened
        .filter_map(|block| block.split_once('\n'))
        .filter(|(of, _)| *of == language)
        .map(|(_, body)| body)
        .collect()
}

/// Runs a command of the README in the project's folder, with the program that the tests were built with.
fn run(command: &str) -> Ran {
    let program = assert_cmd::cargo::cargo_bin!("mailthrottle").display().to_string();
    let command = command
        .replace("cargo run --release --quiet --", "mailthrottle")
        .replace("mailthrottle ", &format!("{program} "));
    Command::new("sh")
        .args(["-c", &command])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .env_remove("MAILTHROTTLE_CONFIG")
        .env_remove("COLUMNS")
        .stdin(Stdio::null())
        .output()
        .unwrap()
        .into()
}

#[test]
fn every_command_runs() {
    let commands = blocks("sh");
    assert_eq!(commands.len(), 11);
    for command in commands.iter().filter(|command| **command != "tests/run.sh") {
        let ran = run(command);
        // the bundled log has something for the doctor
        let code = if command.contains(" doctor") { 1 } else { 0 };
        assert_eq!((ran.code, ran.stderr.as_str()), (code, ""), "{command}");
        assert!(!ran.stdout.is_empty(), "{command}");
    }
    assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/run.sh").is_file());
}

#[test]
fn what_it_shows_is_what_the_commands_print() {
    let shown = blocks("");
    let printed: Vec<String> = blocks("sh")
        .iter()
        .copied()
        .filter(|command| *command != "tests/run.sh")
        .map(|command| run(command).stdout)
        .collect();
    assert_eq!(shown.len(), 3);
    for picture in shown {
        assert!(printed.iter().any(|out| out.starts_with(picture.trim_end())), "nothing prints:\n{picture}");
    }
}

#[test]
fn its_config_is_accepted() {
    let log = TestLog::of(
        "CREATE TABLE outbox (no INTEGER PRIMARY KEY, state, sent_at, created_at, reason); \
         INSERT INTO outbox VALUES (1, 'error', NULL, '2026-11-20 08:00:00', '451 gateway 7 full, later please');",
    );
    let [importing, sending, reading] = blocks("toml")[..] else { panic!("the README has another config") };
    log.write("mailthrottle.toml", [importing, reading].join("\n"));
    let report = log.report();
    assert_eq!(report["causes"][0]["class"], "throttle-concurrency");
    assert_eq!(report["causes"][0]["first_at"], "2026-11-20T07:00:00.000Z");
    let incident = TestLog::incident();
    incident.write("mailthrottle.toml", sending);
    let plan = incident.json(&["resend", "--at", "2026-11-19 12:00", "--dry-run"]);
    assert_eq!(plan["server"], "smtp://reports%40contoso.example@smtp.office365.com:587");
}

#[test]
fn the_bundled_log_is_the_one_that_can_be_read_in_a_diff() {
    let dump = |db: &Path| Command::new("sqlite3").arg(db).arg(".dump").output().unwrap().stdout;
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/incident.db");
    assert!(
        dump(&bundled) == dump(&TestLog::incident().db()),
        "make it anew: sqlite3 fixtures/incident.db < fixtures/incident.sql"
    );
}
