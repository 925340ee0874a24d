//! One mail once: which rows are attempts of one mail, which went after all, and which only look alike.

use std::process::Stdio;
use std::time::Duration;

use mailthrottle::model::Stage;
use serde_json::{Value, json};

use crate::smtp_server::{Fault, Settings, SmtpServer};
use crate::support::{Ran, TestLog, on_every_database};
use crate::table::{MAIL, Mail, THROTTLED, make, statuses, time};
use crate::{answer, resend, url};

/// What becomes of each row by the plan: `outcome` or `outcome as ROW`, in the order of their keys.
fn planned(log: &TestLog, more: &[&str]) -> Vec<String> {
    outcomes(&log.json(&[&["resend", "--dry-run"], more].concat()))
}

fn outcomes(answer: &Value) -> Vec<String> {
    let rows = answer["rows"].as_array().unwrap();
    let mut outcomes: Vec<_> = rows
        .iter()
        .map(|row| {
            let same_as = row["same_as"].as_str().map_or_else(String::new, |id| format!(" as {id}"));
            let id: u32 = row["id"].as_str().unwrap().parse().unwrap();
            (id, format!("{}{same_as}", row["outcome"].as_str().unwrap()))
        })
        .collect();
    outcomes.sort();
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

fn accepted(server: &SmtpServer) -> usize {
    server.seen().accepted.len()
}

#[test]
fn attempts_with_one_message_id_are_one_mail() {
    on_every_database(|log| {
        let attempt = |id, minutes_ago| Mail { id, minutes_ago, message_id: "<m@contoso.example>", ..MAIL };
        make(log, &[attempt(1, 40), attempt(2, 30), attempt(3, 20)]);
        assert_eq!(planned(log, &[]), ["skipped as 3", "skipped as 3", "selected"]);
        let server = SmtpServer::start(Settings::default());
        let ran = resend(log, &server, &[]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let said = answer(&ran);
        assert_eq!([&said["selected"], &said["sent"], &said["skipped"]], [1, 1, 0]);
        assert_eq!(outcomes(&said), ["sent as 3", "sent as 3", "sent"]);
        assert_eq!(server.accepted().get("<m@contoso.example>"), Some(&1));
        assert_eq!(statuses(log), "SSS");
        let again = answer(&resend(log, &server, &[]));
        assert_eq!([&again["selected"], &again["skipped"], &again["held"]], [0, 0, 0]);
        let totals = &log.report()["totals"];
        assert_eq!([&totals["failed"], &totals["recovered"]], [3, 3]);
    });
}

/// The status of the other attempts is left alone, the ledger knows them.
#[test]
fn without_a_message_id_equal_content_within_an_hour_is_one_mail() {
    on_every_database(|log| {
        let attempt = |id, minutes_ago| Mail { id, minutes_ago, ..MAIL };
        make(log, &[attempt(1, 75), attempt(2, 45), attempt(3, 20), Mail { id: 4, body: "Other", ..MAIL }]);
        assert_eq!(planned(log, &[]), ["skipped as 3", "skipped as 3", "selected", "selected"]);
        let server = SmtpServer::start(Settings::default());
        let said = answer(&resend(log, &server, &[]));
        assert_eq!(outcomes(&said), ["sent as 3", "sent as 3", "sent", "sent"]);
        assert_eq!(accepted(&server), 2);
        assert_eq!(statuses(log), "FFSS");
        let again = resend(log, &server, &[]);
        let said = answer(&again);
        assert_eq!([&said["selected"], &said["held"]], [0, 0]);
        assert_eq!(again.code, 0);
        assert!(said["rows"].to_string().contains("sent again already, as row 3 of the same mail"), "{said}");
        let totals = &log.report()["totals"];
        assert_eq!([&totals["failed"], &totals["recovered"]], [4, 4]);
    });
}

#[test]
fn a_named_row_of_equal_content_goes_unless_a_newer_one_went() {
    let log = TestLog::empty();
    let attempt = |id, minutes_ago| Mail { id, minutes_ago, ..MAIL };
    make(&log, &[attempt(1, 40), attempt(2, 30), attempt(3, 20)]);
    let server = SmtpServer::start(Settings::default());
    let named = |id: &str| answer(&resend(&log, &server, &["--id", id]));
    assert_eq!(outcomes(&named("1")), ["sent", "sent as 1", "sent as 1"]);
    // the ledger has it as the same mail, and the log a look-alike that was sent
    assert_eq!(answer(&resend(&log, &server, &[]))["selected"], json!(0));
    assert_eq!(named("3")["sent"], json!(1));
    let went = named("2");
    assert_eq!([&went["sent"], &went["skipped"]], [0, 1]);
    assert_eq!((accepted(&server), statuses(&log).as_str()), (2, "SFS"));
}

/// Yesterday's report failed, today's went: the same text, perhaps the same mail, perhaps not.
#[test]
fn a_look_alike_is_held_unless_attachments_or_the_raw_message_tell_them_apart() {
    on_every_database(|log| {
        const DAY: i64 = 24 * 60;
        make(
            log,
            &[
                Mail { id: 1, minutes_ago: DAY - 1, ..MAIL },
                Mail { id: 2, minutes_ago: 0, status: "S", error: "", ..MAIL },
                Mail { id: 3, minutes_ago: DAY, recipient: "b@example.com", attachments: "a.csv", ..MAIL },
                Mail {
                    id: 4,
                    status: "S",
                    recipient: "b@example.com",
                    attachments: "b.csv",
                    error: "",
                    ..MAIL
                },
                // the sent one is the older, however long ago
                Mail { id: 7, recipient: "d@example.com", ..MAIL },
                Mail {
                    id: 8,
                    status: "S",
                    minutes_ago: 90 * DAY,
                    recipient: "d@example.com",
                    error: "",
                    ..MAIL
                },
            ],
        );
        log.write("a.csv", "1;2");
        log.write("mailthrottle.toml", "[resend]\nattachments_under = '.'\n");
        let plan = log.json(&["resend", "--dry-run"]);
        assert_eq!(outcomes(&plan), ["held", "selected", "held"], "{plan}");
        assert_eq!([&plan["selected"], &plan["held"], &plan["skipped"]], [1, 2, 0]);
        let server = SmtpServer::start(Settings::default());
        let ran = resend(log, &server, &[]);
        let said = answer(&ran);
        assert_eq!((ran.code, &said["sent"], &said["held"]), (1, &json!(1), &json!(2)));
        let reasons = said["rows"].to_string();
        assert!(
            reasons.contains("looks like row 2, which was sent; if it is another mail, --id sends it"),
            "{reasons}"
        );
        assert_eq!(log.value("SELECT count(*) FROM mailthrottle_mail"), "1");
        let only_held = resend(log, &server, &[]);
        assert_eq!((only_held.code, &answer(&only_held)["held"]), (1, &json!(2)));
        let named = answer(&resend(log, &server, &["--id", "1", "--id", "7"]));
        assert_eq!([&named["sent"], &named["held"]], [2, 0]);
        assert_eq!(accepted(&server), 3);
    });
}

#[test]
fn another_raw_message_is_another_mail() {
    let log = TestLog::empty();
    let mails = [
        Mail { id: 1, minutes_ago: 90, raw: "Subject: a\n\nx", ..MAIL },
        Mail { id: 2, status: "S", raw: "Subject: b\n\nx", error: "", ..MAIL },
        Mail { id: 3, minutes_ago: 90, recipient: "b@example.com", raw: "Subject: a\n\nx", ..MAIL },
        Mail { id: 4, status: "S", recipient: "b@example.com", raw: "Subject: a\n\nx", error: "", ..MAIL },
    ];
    make(&log, &mails);
    assert_eq!(planned(&log, &[]), ["selected", "skipped"]);
}

#[test]
fn a_message_id_counts_together_with_the_recipients() {
    on_every_database(|log| {
        let batch = Mail { message_id: "<batch@contoso.example>", ..MAIL };
        make(
            log,
            &[
                Mail { id: 1, recipient: "a@example.com", ..batch.clone() },
                Mail { id: 2, recipient: "b@example.com", ..batch.clone() },
                Mail { id: 3, status: "S", recipient: "c@example.com", error: "", ..batch.clone() },
                Mail { id: 4, recipient: "a@example.com", cc: "d@example.com", ..batch.clone() },
                // the same people, written otherwise
                Mail { id: 5, recipient: "\"Bob\" <B@example.com>", minutes_ago: 29, ..batch.clone() },
                Mail { id: 6, recipient: "[\"c@example.com\"]", ..batch },
            ],
        );
        let expected = ["selected", "skipped as 5", "selected", "selected", "skipped"];
        assert_eq!(planned(log, &[]), expected);
        let server = SmtpServer::start(Settings::default());
        assert_eq!(answer(&resend(log, &server, &[]))["sent"], json!(3));
        assert_eq!(statuses(log), "SSSSSF");
        let mut to: Vec<_> = server.seen().accepted.iter().map(|mail| mail.recipients.clone()).collect();
        to.sort();
        assert_eq!(
            to,
            [vec!["B@example.com"], vec!["a@example.com"], vec!["a@example.com", "d@example.com"]]
        );
    });
}

#[test]
fn what_keeps_one_attempt_keeps_the_mail() {
    on_every_database(|log| {
        let one = Mail { message_id: "<1@contoso.example>", recipient: "a@example.com", ..MAIL };
        let two = Mail { message_id: "<2@contoso.example>", recipient: "b@example.com", ..MAIL };
        let three = Mail { message_id: "<3@contoso.example>", recipient: "c@example.com", ..MAIL };
        make(
            log,
            &[
                Mail { id: 1, error: "Read timed out", minutes_ago: 90, ..one.clone() },
                Mail { id: 2, ..one },
                Mail { id: 3, ..two.clone() },
                Mail { id: 4, status: "P", error: "", minutes_ago: 5, ..two },
                Mail { id: 5, error: "550 5.1.1 User unknown", minutes_ago: 10, ..three.clone() },
                Mail { id: 6, ..three },
            ],
        );
        let plan = log.json(&["resend", "--dry-run"]);
        assert_eq!(outcomes(&plan), ["skipped as 2", "skipped", "skipped", "skipped", "skipped as 5"]);
        let reason = |id: &str| {
            let row = plan["rows"].as_array().unwrap().iter().find(|row| row["id"] == id).unwrap();
            row["reason"].as_str().unwrap().to_owned()
        };
        assert!(reason("2").starts_with("in doubt: row 1 is an attempt of the same mail"), "{}", reason("2"));
        assert_eq!(reason("3"), "the application has not tried row 4 of the same mail yet and may send it");
        assert!(reason("5").starts_with("recipient: it will not go"), "{}", reason("5"));
        // whoever names a row does not settle a doubt
        let named = log.json(&["resend", "--dry-run", "--id", "2", "--id", "3"]);
        assert_eq!([&named["selected"], &named["skipped"]], [0, 2]);
    });
}

/// While the run goes on the application sends one of the mails that are still to go, and another attempt of its own ends in
/// doubt.
#[test]
fn a_mail_that_goes_meanwhile_is_not_sent_again() {
    on_every_database(|log| {
        let mails: Vec<_> = (1..=40)
            .map(|id| Mail {
                id,
                recipient: Box::leak(format!("u{id}@example.com").into_boxed_str()),
                ..MAIL
            })
            .collect();
        make(log, &mails);
        let latency = vec![(Stage::Dot, Duration::from_millis(50))];
        let server = SmtpServer::start(Settings { latency, ..Settings::default() });
        let url = url(&server);
        let args =
            ["--db", &log.url(), "-q", "--format", "json", "resend", "--smtp", &url, "--rate", "60000/1m"];
        let args = [&args[..], &["--yes", "--cap", "1"]].concat();
        let child = log
            .command(&args)
            .env("MAILTHROTTLE_LOOK_AGAIN", "20")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        server.wait_until(|seen| seen.accepted.len() >= 3);
        let wait = log.word("PRAGMA busy_timeout = 5000;", "");
        log.sql(&format!(
            "{wait} INSERT INTO email_log SELECT 1000, 'S', '{at}', sender, recipient, subject, body, NULL FROM email_log WHERE id = 40; \
             INSERT INTO email_log SELECT 1001, 'F', '{at}', sender, recipient, subject, body, 'The operation has timed out.' FROM \
             email_log WHERE id = 39",
            at = time(0)
        ));
        let ran: Ran = child.wait_with_output().unwrap().into();
        let said = answer(&ran);
        assert_eq!([&said["sent"], &said["skipped"], &said["doubt"]], [38, 1, 1], "{ran:?}");
        assert_eq!(ran.code, 2);
        let rows = said["rows"].to_string();
        assert!(
            rows.contains("as row 1000") && rows.contains("row 1001 is an attempt of the same mail"),
            "{said}"
        );
        assert_eq!(accepted(&server), 38);
        assert_eq!(log.value("SELECT count(*) FROM email_log WHERE id IN (39, 40) AND status = 'F'"), "2");
    });
}

#[test]
fn report_alert_and_resend_say_the_same_of_what_went() {
    on_every_database(|log| {
        make(
            log,
            &[
                Mail { id: 1, message_id: "<1@contoso.example>", ..MAIL },
                // sent before, by its Message-ID
                Mail {
                    id: 2,
                    status: "S",
                    minutes_ago: 300,
                    message_id: "1@contoso.example",
                    error: "",
                    ..MAIL
                },
                Mail { id: 3, minutes_ago: 50, recipient: "b@example.com", ..MAIL },
                Mail { id: 4, status: "S", minutes_ago: 20, recipient: "b@example.com", error: "", ..MAIL },
                // the same outside, another content
                Mail { id: 5, minutes_ago: 50, recipient: "c@example.com", ..MAIL },
                Mail {
                    id: 6,
                    status: "S",
                    minutes_ago: 20,
                    recipient: "c@example.com",
                    body: "Other",
                    error: "",
                    ..MAIL
                },
            ],
        );
        assert_eq!(planned(log, &[]), ["skipped", "skipped", "selected"]);
        assert_eq!(log.report()["totals"]["recovered"], json!(2));
        let alert = log.run(&["--format", "json", "alert", "--window", "2h"]);
        let alert: Value = serde_json::from_str(&alert.stdout).unwrap();
        let throttled =
            alert["metrics"].as_array().unwrap().iter().find(|metric| metric["name"] == "throttled").unwrap();
        assert_eq!(throttled["value"].as_f64(), Some(1.0), "{alert}");
    });
}

/// A mail that stays in doubt keeps all its attempts from going.
#[test]
fn a_doubt_of_ours_is_one_of_the_whole_mail() {
    on_every_database(|log| {
        let attempt = |id, minutes_ago| Mail { id, minutes_ago, message_id: "<m@contoso.example>", ..MAIL };
        make(log, &[attempt(1, 40), attempt(2, 20)]);
        let fault = Fault::hang_up(Stage::Dot).nth(1).accepting();
        let server = SmtpServer::start(Settings { faults: vec![fault], ..Settings::default() });
        let ran = resend(log, &server, &[]);
        assert_eq!((ran.code, &answer(&ran)["doubt"]), (2, &json!(1)));
        let listed = log.run(&["--format", "json", "resend", "--doubt"]);
        assert_eq!((listed.code, &answer(&listed)["doubt"]), (2, &json!(1)));
        // the log alone would let the first attempt go
        let again = resend(log, &server, &["--id", "1"]);
        assert_eq!((again.code, &answer(&again)["skipped"]), (2, &json!(1)));
        assert_eq!(log.run(&["resend", "--doubt", "delivered", "1"]).code, 0);
        assert_eq!((accepted(&server), statuses(log).as_str()), (1, "SS"));
    });
}

/// What the ledger has in doubt keeps its mail from going also where the row does not count as failed any more.
#[test]
fn a_doubt_keeps_new_rows_of_its_mail_from_going_whatever_became_of_its_own() {
    on_every_database(|log| {
        for (claim_status, message_id) in
            [(true, "<m@contoso.example>"), (false, "<n@contoso.example>"), (true, "")]
        {
            let log = &log.another();
            make(log, &[Mail { message_id, ..MAIL }]);
            let config = if claim_status { "[resend]\nclaim_status = 'R'\n" } else { "" };
            log.write("mailthrottle.toml", config);
            let fault = Fault::hang_up(Stage::Dot).nth(1).accepting();
            let server = SmtpServer::start(Settings { faults: vec![fault], ..Settings::default() });
            assert_eq!(resend(log, &server, &[]).code, 2);
            if !claim_status {
                log.sql("UPDATE email_log SET status = 'X'");
            }
            let columns = if message_id.is_empty() { "" } else { ", message_id" };
            log.sql(&format!(
                "INSERT INTO email_log SELECT 2, 'F', '{}', sender, recipient, subject, body, '{THROTTLED}'{columns} FROM email_log",
                time(10)
            ));
            let ran = resend(log, &server, &[]);
            let said = answer(&ran);
            assert_eq!((ran.code, &said["selected"], &said["skipped"]), (2, &json!(0), &json!(1)), "{said}");
            assert_eq!(accepted(&server), 1, "{claim_status} {message_id}");
            // settled for the whole mail, the status is put back or set in every row
            assert_eq!(log.run(&["resend", "--doubt", "delivered", "1"]).code, 0);
            assert_eq!(answer(&resend(log, &server, &[]))["selected"], json!(0));
            assert_eq!(accepted(&server), 1);
        }
    });
}

/// The Message-ID within a raw message counts as one, and what is sent each time anew does not.
#[test]
fn raw_messages_are_compared_by_what_identifies_them() {
    let log = TestLog::empty();
    let raw = |headers: &str| -> &'static str {
        Box::leak(format!("{headers}From: r@c.example\nTo: u@x.example\nSubject: s\n\nb").into_boxed_str())
    };
    let mails = [
        Mail {
            id: 1,
            minutes_ago: 30,
            raw: raw("Message-ID: <x@c>\nDate: Sat, 28 Nov 2026 21:30:00 +0000\n"),
            ..MAIL
        },
        Mail {
            id: 2,
            minutes_ago: 20,
            raw: raw("Message-ID: <x@c>\nDate: Sat, 28 Nov 2026 21:40:00 +0000\n"),
            ..MAIL
        },
        Mail {
            id: 3,
            minutes_ago: 30,
            recipient: "b@example.com",
            raw: raw("Date: Sat, 28 Nov 2026 21:30:00 +0000\n"),
            ..MAIL
        },
        Mail {
            id: 4,
            minutes_ago: 20,
            recipient: "b@example.com",
            raw: raw("Date: Sat, 28 Nov 2026 21:40:00 +0000\n"),
            ..MAIL
        },
        Mail { id: 5, minutes_ago: 20, raw: raw("Message-ID: <y@c>\n"), ..MAIL },
    ];
    make(&log, &mails);
    assert_eq!(planned(&log, &[]), ["skipped as 2", "selected", "skipped as 4", "selected", "selected"]);
}

#[test]
fn mails_without_a_subject_are_compared_by_their_content() {
    let log = TestLog::empty();
    let mail = |id, minutes_ago, body| Mail { id, minutes_ago, subject: "", body, ..MAIL };
    make(&log, &[mail(1, 30, "a"), mail(2, 20, "a"), mail(3, 20, "b")]);
    assert_eq!(planned(&log, &[]), ["skipped as 2", "selected", "selected"]);
}

/// The application sends the older attempt after all, while the newer one is about to be handed over.
#[test]
fn an_attempt_that_goes_meanwhile_keeps_the_newer_one() {
    on_every_database(|log| {
        let mut mails: Vec<_> = (1..=12)
            .map(|id| Mail {
                id,
                recipient: Box::leak(format!("u{id}@example.com").into_boxed_str()),
                ..MAIL
            })
            .collect();
        mails.push(Mail { id: 20, minutes_ago: 40, recipient: "u12@example.com", ..MAIL });
        make(log, &mails);
        let latency = vec![(Stage::Dot, Duration::from_millis(100))];
        let server = SmtpServer::start(Settings { latency, ..Settings::default() });
        let url = url(&server);
        let args =
            ["--db", &log.url(), "-q", "--format", "json", "resend", "--smtp", &url, "--rate", "60000/1m"];
        let args = [&args[..], &["--yes", "--cap", "1"]].concat();
        let child = log.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        server.wait_until(|seen| seen.accepted.len() >= 2);
        let wait = log.word("PRAGMA busy_timeout = 5000;", "");
        log.sql(&format!("{wait} UPDATE email_log SET status = 'S' WHERE id = 20"));
        let ran: Ran = child.wait_with_output().unwrap().into();
        let said = answer(&ran);
        assert_eq!(([&said["sent"], &said["deferred"]], ran.code), ([&json!(11), &json!(1)], 1), "{said}");
        assert!(said["rows"].to_string().contains("row 20 is an attempt of the same mail"), "{said}");
    });
}

/// Filters choose mails by any of their attempts; the newest decides.
#[test]
fn a_filter_that_takes_an_older_attempt_does_not_hide_the_mail() {
    let log = TestLog::empty();
    let attempt = |id, minutes_ago| Mail { id, minutes_ago, message_id: "<m@contoso.example>", ..MAIL };
    make(&log, &[attempt(1, 30), Mail { error: "550 5.1.1 User unknown", ..attempt(2, 20) }]);
    let plan = log.json(&["resend", "--dry-run", "--class", "throttle-concurrency"]);
    assert_eq!(outcomes(&plan), ["skipped as 2", "skipped"], "{plan}");
    assert!(plan["rows"][0]["reason"].as_str().unwrap().starts_with("recipient: "), "{plan}");
}
