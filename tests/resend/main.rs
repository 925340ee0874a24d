//! Sending again: the plan, the sending, the ledger and what is in doubt, on every database, against a server that throttles.
#![allow(missing_docs, clippy::unwrap_used)]

mod account;
mod backlog;
mod doubt;
mod driver;
mod exim;
mod held;
mod ledgers;
mod locks;
mod oauth2;
mod once;
mod pooler;
mod secrets;
#[path = "../smtp_server/mod.rs"]
mod smtp_server;
#[path = "../support/mod.rs"]
mod support;
mod table;
mod way;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;
use std::time::Duration;

use mailthrottle::model::Stage;
use serde_json::{Value, json};
use smtp_server::{Fault, Settings, SmtpServer};
use support::{Ran, TestLog, on_every_database};

fn url(server: &SmtpServer) -> String {
    format!("smtp://127.0.0.1:{}", server.port)
}

/// Runs `resend` quickly against a server.
fn resend(log: &TestLog, server: &SmtpServer, more: &[&str]) -> Ran {
    let url = url(server);
    log.run(
        &[&["-q", "--format", "json", "resend", "--smtp", &url, "--rate", "60000/1m", "--yes"], more]
            .concat(),
    )
}

fn answer(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"))
}

/// A single value of a query, as text.
fn value(log: &TestLog, sql: &str) -> String {
    log.value(sql)
}

fn no_duplicates(server: &SmtpServer) -> usize {
    let accepted: BTreeMap<String, usize> = server.accepted();
    assert!(accepted.values().all(|count| *count == 1), "{accepted:?}");
    accepted.len()
}

#[test]
fn what_was_throttled_goes_again_once() {
    on_every_database(|log| {
        log.make_throttled(30);
        let server = SmtpServer::start(Settings { limit: 3, ..Settings::default() });
        let first = resend(log, &server, &[]);
        assert_eq!(first.code, 0, "{}", first.stderr);
        let said = answer(&first);
        assert_eq!([&said["sent"], &said["throttled"], &said["connections_opened"]], [30, 0, 3]);
        assert_eq!(no_duplicates(&server), 30);
        assert!(server.seen().violations.is_empty());
        assert_eq!(value(log, "SELECT count(*) FROM email_log WHERE status = 'S'"), "30");
        // a second run finds nothing to do
        let second = answer(&resend(log, &server, &[]));
        assert_eq!([&second["selected"], &second["sent"]], [0, 0]);
        assert_eq!(no_duplicates(&server), 30);
        let report = log.json(&["report", "--since", "all"]);
        assert_eq!(
            [&report["totals"]["failed"], &report["totals"]["recovered"], &report["totals"]["sent"]],
            [30, 30, 0]
        );
        assert_eq!([&report["clusters"][0]["failures"], &report["clusters"][0]["recovered"]], [30, 30]);
        assert_eq!(report["verdict"]["kind"], json!("burst-throttling"));
        let history = log.json(&["resend", "--history"]);
        assert_eq!(history["runs"][0]["sent"], json!(30));
    });
}

#[test]
fn a_message_has_what_the_log_has() {
    let log = TestLog::empty();
    log.make_throttled(1);
    let server = SmtpServer::start(Settings::default());
    resend(&log, &server, &[]);
    let seen = server.seen();
    let mail = &seen.accepted[0];
    let text = String::from_utf8_lossy(&mail.bytes);
    for part in [
        "Subject: Invoice 1\r\n",
        "To: user1@example.com\r\n",
        "From: reports@contoso.example\r\n",
        "X-Mailthrottle-Resend: ",
        "Text 1",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn nothing_is_sent_without_a_server_or_consent() {
    let log = TestLog::empty();
    log.make_throttled(2);
    let server = SmtpServer::start(Settings::default());
    let url = url(&server);
    assert_eq!(
        log.error(&["resend", "--yes"]),
        "mailthrottle: no server to send through: give --smtp smtp://USER@HOST:PORT, or url in [smtp] of the config; \
         nothing is sent without it"
    );
    assert_eq!(
        log.error(&["resend", "--smtp", &url]),
        "mailthrottle: nothing was sent: 2 rows would go; agree by --yes, or look first with --dry-run"
    );
    let before = log.files();
    let plan = log.json(&["resend", "--smtp", &url, "--dry-run"]);
    assert_eq!(
        [&plan["dry_run"], &plan["selected"], &plan["run_id"]],
        [&json!(true), &json!(2), &Value::Null]
    );
    assert_eq!(log.files(), before);
    assert_eq!(server.seen().connections, 0);
}

#[test]
fn rows_that_must_not_go_are_listed_with_their_reason() {
    on_every_database(|log| {
        log.make_throttled(6);
        log.sql(
            "UPDATE email_log SET error_message = '550 5.1.1 User unknown' WHERE id = 2; \
             UPDATE email_log SET body = NULL WHERE id = 3; \
             UPDATE email_log SET sent_date = '2020-01-01 00:00:00' WHERE id = 4; \
             INSERT INTO email_log SELECT 7, 'S', sent_date, sender, recipient, subject, body, NULL FROM email_log WHERE id = 5; \
             INSERT INTO email_log SELECT 8, 'S', sent_date, sender, recipient, subject, 'another text', NULL FROM email_log WHERE id = 6",
        );
        let plan = log.json(&["resend", "--max-age", "7d", "--since", "all", "--dry-run"]);
        let reasons: BTreeMap<_, _> = plan["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| (row["id"].as_str().unwrap(), row["reason"].as_str().unwrap_or("goes")))
            .collect();
        let expected = [
            ("1", "goes"),
            (
                "2",
                "recipient: it will not go without a change; correct the row and empty its error text, then --id sends it",
            ),
            ("3", "the log keeps nothing to send: no text, no HTML, no raw message and no attachment"),
            ("5", "went out as row 7"),
            ("6", "goes"),
        ];
        assert_eq!(reasons, BTreeMap::from(expected));
        let counts = ["selected", "skipped", "held", "too_old"].map(|count| &plan[count]);
        assert_eq!(counts, [2, 2, 1, 1]);
    });
}

#[test]
fn rows_beyond_the_limit_are_counted() {
    let log = TestLog::empty();
    log.make_throttled(5);
    let server = SmtpServer::start(Settings::default());
    let limited = ["resend", "--limit", "2", "--dry-run"];
    let plan = log.json(&limited);
    assert_eq!([&plan["selected"], &plan["skipped"], &plan["beyond_limit"]], [2, 0, 3]);
    let text = log.run(&limited).stdout;
    assert!(text.starts_with("2 rows go again, 0 are skipped, 3 are left beyond --limit; "), "{text}");
    assert!(text.contains("3  beyond --limit"), "{text}");
    let said = answer(&resend(&log, &server, &["--limit", "2"]));
    assert_eq!([&said["sent"], &said["skipped"], &said["beyond_limit"]], [2, 0, 3]);
    assert_eq!(said["rows"].as_array().unwrap().len(), 2);
}

/// The server's limit is lowered while it is sent: every mail goes, the refusals are counted, no row is given up.
#[test]
fn a_lowered_limit_is_found_and_kept_to() {
    let log = TestLog::empty();
    log.make_throttled(60);
    let latency = vec![(Stage::Dot, Duration::from_millis(20))];
    let server = SmtpServer::start(Settings { limit: 2, latency, ..Settings::default() });
    let said = answer(&resend(&log, &server, &["--cap", "3"]));
    assert_eq!([&said["sent"], &said["deferred"], &said["refused"]], [60, 0, 0]);
    assert!(said["throttled"].as_u64().unwrap() > 0);
    assert_eq!(no_duplicates(&server), 60);
}

#[test]
fn a_lost_answer_is_a_doubt_that_a_person_settles() {
    on_every_database(|log| {
        log.make_throttled(4);
        let fault = Fault::hang_up(Stage::Dot).nth(2).accepting();
        let server = SmtpServer::start(Settings { faults: vec![fault], ..Settings::default() });
        let ran = resend(log, &server, &["--cap", "1"]);
        assert_eq!(ran.code, 2);
        let said = answer(&ran);
        assert_eq!([&said["sent"], &said["doubt"]], [3, 1]);
        assert_eq!(no_duplicates(&server), 4);
        // it does not go again by itself
        let again = answer(&resend(log, &server, &[]));
        assert_eq!([&again["selected"], &again["sent"]], [0, 0]);
        let listed = log.run(&["--format", "json", "resend", "--doubt"]);
        assert_eq!(listed.code, 2);
        let doubt = answer(&listed);
        let id = doubt["rows"][0]["id"].as_str().unwrap().to_owned();
        let message_id = doubt["rows"][0]["message_id"].as_str().unwrap();
        assert_eq!(server.accepted().get(message_id), Some(&1));
        let error = log.error(&["resend", "--doubt", "delivered", "99"]);
        assert_eq!(error, "mailthrottle: --doubt: row 99 is not in doubt; list them with resend --doubt");
        let settled = log.run(&["resend", "--doubt", "delivered", &id]);
        assert_eq!(settled.code, 0, "{}", settled.stderr);
        assert_eq!(value(log, "SELECT count(*) FROM email_log WHERE status = 'S'"), "4");
        assert!(
            value(log, "SELECT settled_by FROM mailthrottle_mail WHERE settled_by IS NOT NULL").contains('@')
        );
    });
}

/// What doctor says of mails that went out and have an error text.
fn sent_with_error(log: &TestLog) -> String {
    let visit = answer(&log.run(&["--format", "json", "doctor"]));
    let check = visit["checks"].as_array().unwrap().iter().find(|check| check["name"] == "sent-with-error");
    check.unwrap()["state"].as_str().unwrap().to_owned()
}

/// A view, or a table of which only reading is allowed, with the ledger in a file of its own.
#[test]
fn a_separate_ledger_keeps_what_was_sent() {
    on_every_database(|log| {
        log.make_throttled(5);
        let server = SmtpServer::start(Settings::default());
        let ledger = format!("sqlite:{}", log.path("ledger.db").display());
        let said = answer(&resend(log, &server, &["--ledger", &ledger]));
        assert_eq!(said["sent"], json!(5));
        assert_eq!(value(log, "SELECT count(*) FROM email_log WHERE status = 'S'"), "5");
        // what was sent again keeps its error text, which is no contradiction to whoever knows the ledger
        assert_eq!(sent_with_error(log), "warning");
        log.write("mailthrottle.toml", format!("[resend]\nledger = '{ledger}'\n"));
        assert_eq!(sent_with_error(log), "ok");
        log.sql("UPDATE email_log SET status = 'F'");
        let again = answer(&resend(log, &server, &["--ledger", &ledger]));
        assert_eq!([&again["selected"], &again["sent"]], [0, 0]);
        assert_eq!(no_duplicates(&server), 5);
    });
}

#[test]
fn a_view_is_recorded_in_the_ledger_alone() {
    let log = TestLog::empty();
    log.make_throttled(3);
    log.sql("CREATE VIEW mails AS SELECT * FROM email_log");
    let server = SmtpServer::start(Settings::default());
    let args = ["--table", "mails"];
    let said = answer(&resend(&log, &server, &args));
    assert_eq!(said["sent"], json!(3));
    assert_eq!(value(&log, "SELECT count(*) FROM email_log WHERE status = 'F'"), "3");
    let again = answer(&resend(&log, &server, &args));
    assert_eq!(again["selected"], json!(0));
    assert_eq!(no_duplicates(&server), 3);
    let report = log.json(&["--table", "mails", "report", "--since", "all"]);
    assert_eq!([&report["totals"]["failed"], &report["totals"]["recovered"]], [3, 3]);
}

/// The application's own job changes a status between claim and data: the row is not sent.
#[test]
fn claim_status_is_seen_by_the_application_and_put_back() {
    on_every_database(|log| {
        log.make_throttled(3);
        log.write("mailthrottle.toml", "[resend]\nclaim_status = 'R'\n");
        let faults = vec![Fault::says(Stage::Rcpt, "550 5.1.1 unknown").nth(2)];
        let server = SmtpServer::start(Settings { faults, ..Settings::default() });
        let ran = resend(log, &server, &["--cap", "1"]);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        let said = answer(&ran);
        assert_eq!([&said["sent"], &said["refused"]], [2, 1]);
        assert_eq!(value(log, "SELECT count(*) FROM email_log WHERE status = 'S'"), "2");
        assert_eq!(value(log, "SELECT count(*) FROM email_log WHERE status = 'F'"), "1");
    });
}

/// Several senders at the same table: the caps hold for all of them together, and nothing goes twice.
#[test]
fn four_senders_share_the_caps() {
    const ROWS: usize = 500;
    println!("| four senders, cap 3, on | sent | sent twice | refused | most sessions at once |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    on_every_database(|log| {
        log.make_throttled(ROWS);
        let latency = vec![(Stage::Dot, Duration::from_millis(2))];
        let server = SmtpServer::start(Settings { limit: 3, latency, ..Settings::default() });
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let ran = resend(log, &server, &["--cap", "3", "--wait", "10m"]);
                    assert_eq!(ran.code, 0, "{}", ran.stderr);
                });
            }
        });
        let (accepted, seen) = (server.accepted(), server.seen());
        let twice = accepted.values().filter(|count| **count > 1).count();
        let (sent, refused, peak) = (accepted.len(), seen.refusals.len(), seen.peak_sending);
        println!("| {} | {sent} | {twice} | {refused} | {peak} |", log.kind());
        assert_eq!((sent, twice, refused), (ROWS, 0, 0));
        assert!(peak <= 3);
        assert_eq!(value(log, "SELECT count(*) FROM email_log WHERE status = 'S'"), ROWS.to_string());
    });
}

#[test]
fn a_database_that_cannot_be_written_sends_nothing() {
    let log = TestLog::on_postgres();
    log.make_throttled(3);
    let server = SmtpServer::start(Settings::default());
    let support::Database::Postgres(database) = log.database().clone() else { unreachable!() };
    log.sql(&format!(
        "CREATE ROLE only_{database} LOGIN PASSWORD 'x'; GRANT SELECT ON email_log TO only_{database}; REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    ));
    let login = support::postgres::server().tcp_url(&format!("only_{database}:x"), &database);
    let url = url(&server);
    let mut command = log.command(&["resend", "--smtp", &url, "--yes"]);
    let ran: Ran = command.env("MAILTHROTTLE_DB", login).output().unwrap().into();
    let error = ran.error();
    assert!(
        error.contains(
            "the ledger's tables cannot be made; have them made by init --ledger, or use --ledger sqlite:PATH"
        ),
        "{error}"
    );
    assert_eq!(server.seen().connections, 0);
}

#[test]
fn caps_are_lowered_to_those_of_a_known_provider() {
    let log = TestLog::empty();
    log.make_throttled(1);
    log.write("mailthrottle.toml", "[provider]\nprofile = 'exchange-online'\n");
    let plan = log.json(&[
        "-q",
        "resend",
        "--smtp",
        "smtp://u@smtp.office365.com",
        "--cap",
        "20",
        "--rate",
        "100/1m",
        "--dry-run",
    ]);
    assert_eq!(
        plan["caps"],
        json!(
            "3 connections, 30/1m messages, 10000 recipients a day (Exchange Online, SMTP AUTH client submission)"
        )
    );
}

#[test]
fn a_password_has_no_place_on_the_command_line() {
    let log = TestLog::empty();
    log.make_throttled(1);
    assert_eq!(
        log.error(&["resend", "--smtp", "smtp://u:secret@host", "--dry-run"]),
        "mailthrottle: --smtp: a password in the URL can be seen by others; set password_file or password_env in [smtp]"
    );
}

#[test]
fn the_ledger_can_be_made_beforehand_and_its_attempts_are_shown() {
    on_every_database(|log| {
        log.make_throttled(2);
        let made = log.run(&["init", "--ledger"]);
        assert_eq!((made.code, made.stdout.as_str()), (0, "Made the ledger: the tables mailthrottle_*.\n"));
        assert_eq!(log.run(&["init", "--ledger"]).stdout, "The ledger is there already.\n");
        let faults =
            vec![Fault::says(Stage::Rcpt, "451 4.3.0 try later").nth(1), Fault::hang_up(Stage::Dot).nth(2)];
        let server = SmtpServer::start(Settings { faults, ..Settings::default() });
        let ran = resend(log, &server, &["--cap", "1", "--max-attempts", "1"]);
        assert_eq!(ran.code, 2);
        let failures = log.json(&["failures"]);
        let outcomes: Vec<_> = failures["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| (row["id"].as_str().unwrap(), row["attempts"][0]["outcome"].as_str().unwrap()))
            .collect();
        assert_eq!(outcomes, [("2", "doubt"), ("1", "refused")]);
        let report = log.json(&["report", "--since", "all"]);
        assert_eq!(report["totals"]["doubt"], json!(1));
        let evidence = report["verdict"]["evidence"].to_string();
        assert!(evidence.contains("settle it with resend --doubt"), "{evidence}");
    });
}

#[test]
fn a_log_that_is_held_by_another_writer_sends_nothing() {
    let log = TestLog::empty();
    log.make_throttled(3);
    log.run(&["init", "--ledger"]);
    let server = SmtpServer::start(Settings::default());
    support::blocking(async {
        let mut writer = log.connect().await;
        sqlx::raw_sql("BEGIN IMMEDIATE; UPDATE email_log SET subject = 'x'")
            .execute(&mut writer)
            .await
            .unwrap();
        let ran = resend(&log, &server, &[]);
        let error = ran.error();
        assert!(error.contains("log.db is locked: another process has held it for 5 s"), "{error}");
        sqlx::raw_sql("ROLLBACK").execute(&mut writer).await.unwrap();
    });
    assert!(server.seen().accepted.is_empty());
    assert_eq!(answer(&resend(&log, &server, &[]))["sent"], json!(3));
}

/// The application begins to send while we do: from then on a connection is left to it.
#[test]
fn a_connection_is_left_to_an_application_that_begins_to_send() {
    on_every_database(|log| {
        log.make_throttled(120);
        let latency = vec![(Stage::Dot, Duration::from_millis(20))];
        let server = SmtpServer::start(Settings { limit: 3, latency, ..Settings::default() });
        let url = url(&server);
        let args =
            ["--db", &log.url(), "-q", "resend", "--smtp", &url, "--rate", "60000/1m", "--yes", "--cap", "3"];
        let child = log.command(&args).env("MAILTHROTTLE_LOOK_AGAIN", "20").stdout(Stdio::piped()).spawn();
        server.wait_until(|seen| seen.accepted.len() >= 6 && seen.peak_sending == 3);
        let now = chrono::Utc::now().format("%Y-%m-%d %H:%M:%S");
        let ours =
            "SELECT 1000, 'S', {now}, sender, 'x@example.com', 'x', 'x', NULL FROM email_log WHERE id = 1";
        let wait = log.word("PRAGMA busy_timeout = 5000;", "");
        log.sql(&format!("{wait} INSERT INTO email_log {}", ours.replace("{now}", &format!("'{now}'"))));
        assert!(child.unwrap().wait().unwrap().success());
        assert_eq!(no_duplicates(&server), 120);
        let seen = server.seen();
        let last: BTreeSet<_> = seen.accepted.iter().rev().take(30).map(|mail| mail.connection).collect();
        assert_eq!(last.len(), 2, "{last:?}");
    });
}
