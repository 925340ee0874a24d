//! `alert` between runs and towards others: cron's manners, the state file, the lock, webhook and command.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{INCIDENT, Ran, TestLog, on_every_database};
use serde_json::Value;

/// Half an hour after the fixture's last burst.
const AT: &str = "2026-11-18 22:00";

/// What a resend does to the log.
const RESENT: &str = "UPDATE email_log SET status = 'S', error_message = NULL WHERE status = 'F'";

fn cron(log: &TestLog, args: &[&str]) -> Ran {
    log.run(&[&["alert", "--cron", "--at", AT, "--state", "state.json"], args].concat())
}

fn state_of(log: &TestLog) -> Value {
    serde_json::from_slice(&fs::read(log.path("state.json")).unwrap()).unwrap()
}

#[test]
fn the_incident_is_told_once_and_its_recovery_once() {
    on_every_database(|log| {
        log.make_incident();
        let first = cron(log, &[]);
        assert_eq!((first.code, first.stderr.as_str()), (2, ""));
        assert!(
            first
                .stdout
                .starts_with("CRITICAL: bursts 1, throttled 13, backlog_age 520192s (35 failed mails, the oldest for 6 days 29m),")
        );
        assert!(
            first.stdout.contains("\nAdvice\n")
                && first.stdout.contains(" resend --since 2026-11-18T21:00:00.000Z")
        );
        let second = cron(log, &[]);
        assert_eq!((second.code, second.stdout.as_str(), second.stderr.as_str()), (2, "", ""));
        log.sql(RESENT);
        let recovered = cron(log, &[]);
        assert_eq!(
            (recovered.code, recovered.stdout.as_str()),
            (0, "OK again: none of 201 mails in 1h failed\n")
        );
        let after = cron(log, &[]);
        assert_eq!((after.code, after.stdout.as_str(), after.stderr.as_str()), (0, "", ""));
    });
}

#[test]
fn a_log_that_is_well_from_the_start_prints_nothing() {
    let log = TestLog::incident();
    log.sql(RESENT);
    let ran = cron(&log, &[]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
}

#[test]
fn what_lasts_is_told_again_after_the_repeat_time() {
    let log = TestLog::incident();
    cron(&log, &[]);
    assert_eq!(cron(&log, &["--repeat", "1h"]).stdout, "");
    let mut state = state_of(&log);
    state["told_at"] = (state["told_at"].as_i64().unwrap() - 3_600_000).into();
    log.write("state.json", state.to_string());
    assert!(cron(&log, &["--repeat", "1h"]).stdout.starts_with("CRITICAL still: bursts 1"));
    assert_eq!(cron(&log, &["--repeat", "1h"]).stdout, "");
}

#[test]
fn a_failing_database_is_told_once_too() {
    let log = TestLog::incident();
    let gone = ["--table", "gone"];
    assert!(cron(&log, &gone).error().contains("no table 'gone'"));
    let second = cron(&log, &gone);
    assert_eq!((second.code, second.stdout.as_str(), second.stderr.as_str()), (3, "", ""));
}

#[test]
fn each_set_of_checks_has_a_state_of_its_own_in_the_users_folder() {
    let log = TestLog::incident();
    for args in [&[][..], &["-c", "5"], &["-c", "5"]] {
        log.run(&[&["alert", "--cron", "--at", AT], args].concat());
    }
    let files = fs::read_dir(log.path(".local/state/mailthrottle")).unwrap();
    let names: Vec<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(names.iter().filter(|name| name.ends_with(".json")).count(), 2, "{names:?}");
}

#[test]
fn a_broken_state_is_said_and_made_anew() {
    for broken in ["", "{", "{\"state\":\"purple\"}", "\u{0}\u{1}"] {
        let log = TestLog::incident();
        log.write("state.json", broken);
        let ran = cron(&log, &[]);
        assert_eq!(ran.code, 2);
        assert!(ran.stdout.starts_with("CRITICAL: "));
        assert!(
            ran.stderr.contains("state file state.json: it holds no state, so it is made anew"),
            "{}",
            ran.stderr
        );
        let second = cron(&log, &[]);
        assert_eq!((second.code, second.stdout.as_str(), second.stderr.as_str()), (2, "", ""));
    }
}

#[test]
fn a_state_that_cannot_be_kept_is_said_and_is_never_fine() {
    let log = TestLog::incident();
    let ran = log.run(&["alert", "--cron", "--at", AT, "--state", "no/such/folder/state.json"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stdout.starts_with("CRITICAL: "));
    assert!(ran.stderr.contains("state file no/such/folder/state.json: "), "{}", ran.stderr);
    log.sql(RESENT);
    let ran = log.run(&["alert", "--cron", "--at", AT, "--state", "no/such/folder/state.json"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""));
    fs::create_dir(log.path("folder")).unwrap();
    let ran = log.run(&["alert", "--cron", "--at", AT, "--state", "folder"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""));
}

#[test]
fn a_slow_run_is_not_joined_by_a_second() {
    let log = TestLog::incident();
    let lock = fs::File::create(log.path("state.json.lock")).unwrap();
    lock.lock().unwrap();
    assert_eq!(
        cron(&log, &[]).error(),
        "mailthrottle: alert: another run has not ended yet and holds state.json.lock"
    );
    drop(lock);
    assert_eq!(cron(&log, &[]).code, 2);
}

#[test]
fn of_many_runs_at_once_one_tells() {
    let log = TestLog::incident();
    let url = log.url();
    let start = || {
        let mut command =
            log.command(&["--db", &url, "alert", "--cron", "--at", AT, "--state", "state.json"]);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap()
    };
    let running: Vec<_> = (0..6).map(|_| start()).collect();
    let ran: Vec<Ran> = running.into_iter().map(|child| child.wait_with_output().unwrap().into()).collect();
    assert_eq!(ran.iter().filter(|ran| !ran.stdout.is_empty()).count(), 1, "{ran:?}");
    assert!(ran.iter().all(|ran| ran.code == 2 || ran.stderr.contains("another run has not ended yet")));
    assert_eq!(state_of(&log)["state"], "critical");
}

/// What a server does with each connection.
#[derive(Clone, Copy)]
enum Server {
    Answers(u16),
    Closes,
    Hangs,
    FailsOnce,
}

/// A web server on loopback; gives its address and what was posted.
fn serve(server: Server) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook/secret", listener.local_addr().unwrap());
    let (posted, bodies) = channel();
    thread::spawn(move || {
        let mut held = Vec::new();
        for (number, stream) in listener.incoming().map(Result::unwrap).enumerate() {
            let answer = match server {
                Server::Answers(status) => status,
                Server::FailsOnce if number == 0 => 503,
                Server::FailsOnce => 204,
                Server::Closes => continue,
                Server::Hangs => {
                    held.push(stream);
                    continue;
                }
            };
            let _ = posted.send(take(stream, answer));
        }
    });
    (url, bodies)
}

/// Reads a request and answers it; gives its body.
fn take(mut stream: TcpStream, status: u16) -> String {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    write!(stream, "HTTP/1.1 {status} Said\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
    String::from_utf8(body).unwrap()
}

fn post(log: &TestLog, url: &str, args: &[&str]) -> Ran {
    cron(log, &[&["--notify-timeout", "500ms", "--webhook", url], args].concat())
}

#[test]
fn a_webhook_gets_the_json_of_changes_only() {
    let log = TestLog::incident();
    let (url, bodies) = serve(Server::Answers(200));
    assert_eq!(post(&log, &url, &[]).code, 2);
    let body: Value = serde_json::from_str(&bodies.recv().unwrap()).unwrap();
    assert_eq!((&body["schema"], &body["event"]), (&"mailthrottle/alert/1".into(), &"changed".into()));
    assert_eq!(body["exit_code"], 2);
    post(&log, &url, &[]);
    log.sql(RESENT);
    assert_eq!(post(&log, &url, &[]).code, 0);
    let body: Value = serde_json::from_str(&bodies.recv().unwrap()).unwrap();
    assert_eq!((&body["event"], &body["state"]), (&"recovered".into(), &"ok".into()));
    assert!(bodies.try_recv().is_err());
}

#[test]
fn chats_get_their_own_shape() {
    let log = TestLog::incident();
    let (url, bodies) = serve(Server::Answers(200));
    post(&log, &url, &["--webhook-shape", "slack"]);
    let slack: Value = serde_json::from_str(&bodies.recv().unwrap()).unwrap();
    assert_eq!(slack.as_object().unwrap().len(), 1);
    let text = slack["text"].as_str().unwrap();
    assert!(text.starts_with("mailthrottle CRITICAL: bursts 1, throttled 13"), "{text}");
    assert!(text.contains("\nmailthrottle --db log.db resend --since"), "{text}");
    fs::remove_file(log.path("state.json")).unwrap();
    post(&log, &url, &["--webhook-shape", "teams"]);
    let teams: Value = serde_json::from_str(&bodies.recv().unwrap()).unwrap();
    let attachment = &teams["attachments"][0];
    assert_eq!(attachment["contentType"], "application/vnd.microsoft.card.adaptive");
    assert_eq!(attachment["content"]["type"], "AdaptiveCard");
    assert!(
        attachment["content"]["body"][0]["text"].as_str().unwrap().starts_with("mailthrottle CRITICAL: ")
    );
}

#[test]
fn a_webhook_is_tried_twice() {
    let log = TestLog::incident();
    let (url, bodies) = serve(Server::FailsOnce);
    let ran = post(&log, &url, &[]);
    assert_eq!((ran.code, ran.stderr.as_str()), (2, ""));
    assert_eq!(bodies.iter().take(2).count(), 2);
}

#[test]
fn a_webhook_that_fails_is_said_without_its_address_and_changes_nothing_else() {
    for (server, why) in [
        (Server::Answers(404), "webhook at 127.0.0.1: it answered 404"),
        (Server::Answers(302), "webhook at 127.0.0.1: it answered 302"),
        (Server::Answers(500), "webhook at 127.0.0.1: it answered 500"),
        (Server::Hangs, "webhook at 127.0.0.1: no answer in time"),
        (Server::Closes, "webhook at 127.0.0.1: "),
    ] {
        let log = TestLog::incident();
        let (url, _bodies) = serve(server);
        let start = Instant::now();
        let ran = post(&log, &url, &[]);
        assert!(start.elapsed() < Duration::from_secs(8));
        assert_eq!((ran.code, ran.stderr.lines().count()), (2, 1), "{}", ran.stderr);
        assert!(ran.stderr.contains(why) && !ran.stderr.contains("secret"), "{}", ran.stderr);
        assert!(ran.stdout.starts_with("CRITICAL: bursts 1"));
    }
}

#[test]
fn what_could_not_be_told_makes_a_fine_run_a_warning_and_is_told_next_time() {
    let log = TestLog::incident();
    cron(&log, &[]);
    log.sql(RESENT);
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ran = post(&log, &format!("http://{closed}/"), &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, "OK again: none of 201 mails in 1h failed\n"));
    let (url, bodies) = serve(Server::Answers(200));
    let ran = post(&log, &url, &[]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
    let body: Value = serde_json::from_str(&bodies.recv().unwrap()).unwrap();
    assert_eq!(body["event"], "recovered");
}

#[test]
fn a_command_gets_the_json_on_its_stdin() {
    let log = TestLog::incident();
    for _ in 0..2 {
        let ran = cron(&log, &["--exec", "cat >> told.json; echo heard"]);
        assert_eq!(ran.code, 2);
    }
    let told = fs::read_to_string(log.path("told.json")).unwrap();
    assert_eq!(told.lines().count(), 1);
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["event"], "changed");
}

#[test]
fn what_a_command_prints_is_no_result() {
    let ran = cron(&TestLog::incident(), &["--exec", "echo heard"]);
    assert!(!ran.stdout.contains("heard") && ran.stderr.contains("heard"));
}

#[test]
fn a_command_that_fails_or_hangs_is_said() {
    for (command, why) in [
        ("exit 7", "mailthrottle: exec: it failed (exit status: 7); run it by hand to see why\n"),
        ("sleep 30; true", "mailthrottle: exec: it did not end within 200ms\n"),
    ] {
        let log = TestLog::incident();
        let start = Instant::now();
        let ran = cron(&log, &["--notify-timeout", "200ms", "--exec", command]);
        assert!(start.elapsed() < Duration::from_secs(8));
        assert_eq!((ran.code, ran.stderr.as_str()), (2, why));
    }
}

#[test]
fn without_cron_every_run_prints_and_only_changes_are_told() {
    let log = TestLog::incident();
    for _ in 0..2 {
        let ran = log.run(&["alert", "--at", AT, "--state", "state.json", "--exec", "cat >> told.json"]);
        assert!(ran.code == 2 && ran.stdout.starts_with("CRITICAL: "), "{}", ran.stdout);
    }
    assert_eq!(fs::read_to_string(log.path("told.json")).unwrap().lines().count(), 1);
}

#[test]
fn a_config_that_names_a_command_must_be_in_nobody_elses_hands() {
    let log = TestLog::incident();
    let config = log.write("mailthrottle.toml", "[alert]\nexec = 'cat > told.json'\n");
    fs::set_permissions(&config, fs::Permissions::from_mode(0o666)).unwrap();
    let error = log.error(&["alert", "--at", AT]);
    assert_eq!(
        error,
        "mailthrottle: mailthrottle.toml: [alert] exec: mailthrottle.toml names a command and is in the hands of others; \
         make it belong to you or root, and chmod go-w"
    );
    fs::set_permissions(&config, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(log.run(&["alert", "--at", AT]).code, 2);
    assert!(log.path("told.json").exists());
}

#[test]
fn the_webhook_may_stand_in_the_environment() {
    let log = TestLog::of(INCIDENT);
    let (url, bodies) = serve(Server::Answers(200));
    let mut command = log.command(&["--db", "log.db", "alert", "--at", AT]);
    let ran: Ran = command.env("MAILTHROTTLE_WEBHOOK", &url).output().unwrap().into();
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(bodies.recv().is_ok());
}
