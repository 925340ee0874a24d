//! The recipes of docs/alerting.md do what they say, and its config is accepted.

use std::process::Command;

use crate::support::{Ran, TestLog};

const RECIPES: &str = include_str!("../../docs/alerting.md");

/// The blocks of one language.
fn blocks(language: &str) -> Vec<&'static str> {
    let fences = RECIPES.split("\n```").skip(1).step_by(2);
    let blocks = fences.filter_map(|block| block.split_once('\n'));
    blocks.filter(|(of, _)| *of == language).map(|(_, body)| body).collect()
}

/// The incident with a config that names it.
fn incident() -> TestLog {
    let log = TestLog::incident();
    log.write("config.toml", format!("[database]\nurl = 'sqlite:{}'\n", log.db().display()));
    log
}

/// Runs a recipe's command as it stands, with the paths of the test in place of those of a system.
fn run(log: &TestLog, command: &str) -> Ran {
    let program = assert_cmd::cargo::cargo_bin!("mailthrottle").display().to_string();
    let folder = log.folder().display().to_string();
    let command = command
        .replace("/usr/local/bin/mailthrottle", "mailthrottle")
        .replacen("mailthrottle ", &format!("{program} "), 1)
        .replace("/etc/mailthrottle", &folder)
        .replace("/var/lib/mailthrottle", &folder)
        .replace("/var/lib/prometheus/node-exporter", &folder);
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{command} --at '2026-11-18 22:00'")]).current_dir(log.folder());
    shell.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", log.folder()).output().unwrap().into()
}

#[test]
fn the_crontab_line_alerts_once_and_tells_the_recovery_once() {
    let log = incident();
    let command = blocks("cron")[0].strip_prefix("*/5 * * * *  ").unwrap();
    let first = run(&log, command);
    assert_eq!((first.code, first.stderr.as_str()), (2, ""));
    assert!(first.stdout.starts_with("CRITICAL: bursts 1, throttled 13"), "{}", first.stdout);
    assert_eq!(run(&log, command).stdout, "");
    log.sql("UPDATE email_log SET status = 'S', error_message = NULL WHERE status = 'F'");
    assert_eq!(run(&log, command).stdout, "OK again: none of 201 mails in 1h failed\n");
    assert_eq!(run(&log, command).stdout, "");
}

#[test]
fn the_textfile_line_writes_the_metrics() {
    let log = incident();
    let ran = run(&log, blocks("cron")[1].strip_prefix("*/5 * * * *  ").unwrap());
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (2, "", ""));
    let metrics = std::fs::read_to_string(log.path("mailthrottle.prom")).unwrap();
    assert!(metrics.contains("\nmailthrottle_alert_state 2\n"), "{metrics}");
}

#[test]
fn the_service_runs_its_command() {
    let log = incident();
    let command = blocks("ini")[0].lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    let ran = run(&log, command);
    assert_eq!((ran.code, ran.stderr.as_str()), (2, ""));
    assert!(log.path("alert.json").exists());
}

#[test]
fn the_monitors_command_gives_its_line() {
    let log = incident();
    let line =
        blocks("nagios")[0].lines().find_map(|line| line.trim().strip_prefix("command_line")).unwrap().trim();
    for (argument, start) in [
        (
            "",
            "MAILTHROTTLE CRITICAL - bursts 1, throttled 13, backlog_age 520192s (35 failed mails, the oldest for 6 days 29m), ",
        ),
        (
            "-w 10 -c 20",
            "MAILTHROTTLE WARNING - failures 14; 14 of 201 mails in 1h failed | failures=14;10;20;0 ",
        ),
        ("-w ten", "MAILTHROTTLE UNKNOWN - invalid value 'ten' for '--warning <RANGE>'"),
    ] {
        let ran = run(&log, &line.replace("$ARG1$", argument));
        assert!(ran.stdout.starts_with(start) && ran.stdout.lines().count() == 1, "{}", ran.stdout);
    }
}

#[test]
fn the_config_is_accepted() {
    let log = TestLog::incident();
    log.write("mailthrottle.toml", blocks("toml")[0]);
    let mut command =
        log.command(&["--db", "log.db", "--format", "nagios", "alert", "--at", "2026-11-18 22:00"]);
    let ran: Ran = command
        .env("CHAT_WEBHOOK", "http://127.0.0.1:1/")
        .arg("--notify-timeout=1s")
        .output()
        .unwrap()
        .into();
    assert!(ran.stdout.contains("night-job=201;;150:;0"), "{}", ran.stdout);
}
