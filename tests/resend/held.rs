//! What could go once somebody mends something or says so: held in the plan, and nothing is written about it.

use mailthrottle::model::Stage;
use serde_json::{Value, json};

use crate::smtp_server::{Fault, Settings, SmtpServer};
use crate::support::{Ran, TestLog, on_every_database};
use crate::table::{MAIL, Mail, make, statuses};
use crate::{answer, resend};

/// Each row's outcome and reason, in the order of their keys.
fn reasons(answer: &Value) -> Vec<(String, String)> {
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let rows = answer["rows"].as_array().unwrap();
    let mut all: Vec<_> = rows
        .iter()
        .map(|row| (text(row, "id").parse::<u32>().unwrap(), text(row, "outcome"), text(row, "reason")))
        .collect();
    all.sort();
    all.into_iter().map(|(_, outcome, reason)| (outcome, reason)).collect()
}

/// Rows that cannot go, each with the reason.
const BAD: [(Mail, &str); 10] = [
    (Mail { recipient: "nobody", ..MAIL }, "the recipient holds \"nobody\", which is no mail address"),
    (
        Mail { recipient: "[\"a@x.example\",5]", ..MAIL },
        "the recipient holds \"5\", which is no mail address",
    ),
    (Mail { recipient: "", ..MAIL }, "there is no recipient: to, cc and bcc are empty"),
    (Mail { sender: "", ..MAIL }, "the sender has to be one mail address and is \"\""),
    (
        Mail { subject: "a\r\nBcc: x@evil.example", ..MAIL },
        "the subject holds a line break or control character: \"a\\r\\nBcc: x@evil.example\"",
    ),
    (
        Mail { recipient: "u@x.example\r\n", ..MAIL },
        "the recipient holds a line break or control character: \"u@x.example\\r\\n\"",
    ),
    (
        Mail { sender: "a@x.example\n", ..MAIL },
        "the sender holds a line break or control character: \"a@x.example\\n\"",
    ),
    (
        Mail { message_id: "<a\nb@x.example>", ..MAIL },
        "the message_id holds a line break or control character: \"<a\\nb@x.example>\"",
    ),
    (
        Mail { body: "", ..MAIL },
        "the log keeps nothing to send: no text, no HTML, no raw message and no attachment",
    ),
    (Mail { error: "", ..MAIL }, "no error text says why it failed; --id sends it"),
];

/// Every row is held for its own reason, no row and no ledger is touched, and each goes the day it is mended.
#[test]
fn bad_fields_are_held_and_go_once_they_are_mended() {
    on_every_database(|log| {
        let mails: Vec<Mail> = BAD
            .iter()
            .zip(1..)
            .map(|((mail, _), id)| Mail {
                id,
                body: if mail.body.is_empty() {
                    ""
                } else {
                    Box::leak(format!("Text {id}").into_boxed_str())
                },
                ..mail.clone()
            })
            .collect();
        make(log, &mails);
        let server = SmtpServer::start(Settings::default());
        let ran = resend(log, &server, &[]);
        let said = answer(&ran);
        assert_eq!(
            (ran.code, &said["held"], &said["selected"]),
            (1, &json!(BAD.len()), &json!(0)),
            "{ran:?}"
        );
        let expected: Vec<_> =
            BAD.iter().map(|(_, reason)| ("held".to_owned(), (*reason).to_owned())).collect();
        assert_eq!(reasons(&said), expected);
        assert_eq!(server.seen().connections, 0);
        assert_eq!(statuses(log), "F".repeat(BAD.len()));
        log.sql(
            "UPDATE email_log SET recipient = 'u@x.example', sender = 'a@x.example', subject = 'x', message_id = NULL, body = 'x' \
             WHERE id <> 10",
        );
        log.sql("UPDATE email_log SET body = 'Text ' || id");
        let named = answer(&resend(log, &server, &["--id", "10"]));
        assert_eq!(named["sent"], json!(1));
        assert_eq!(answer(&resend(log, &server, &[]))["sent"], json!(9));
    });
}

#[test]
fn recipients_in_json_are_addresses() {
    on_every_database(|log| {
        make(
            log,
            &[Mail { recipient: "[\"u@x\", {\"email\": \"v@x.example\", \"name\": \"Vera, V\"}]", ..MAIL }],
        );
        let server = SmtpServer::start(Settings::default());
        assert_eq!(answer(&resend(log, &server, &[]))["sent"], json!(1));
        let seen = server.seen();
        assert_eq!(seen.accepted[0].recipients, ["u@x", "v@x.example"]);
        let text = String::from_utf8_lossy(&seen.accepted[0].bytes).into_owned();
        assert!(text.contains("To: u@x, \"Vera, V\" <v@x.example>"), "{text}");
    });
}

#[test]
fn attachments_that_cannot_go_are_held_and_nothing_hangs() {
    let log = TestLog::empty();
    let spool = log.path("spool");
    std::fs::create_dir_all(spool.join("folder")).unwrap();
    log.write("secret", "S");
    std::fs::write(spool.join("good.csv"), "1;2\n").unwrap();
    std::os::unix::fs::symlink(log.path("secret"), spool.join("link")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", spool.join("device")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, spool.join("fifo"), rustix::fs::Mode::RUSR).unwrap();
    std::fs::File::create(spool.join("large")).unwrap().set_len(300 << 20).unwrap();
    let bad = [
        ("../secret", "is not below spool"),
        ("/etc/hostname", "is not below spool"),
        ("link", "is not below spool"),
        ("device", "is not below spool"),
        ("fifo", "is no regular file"),
        ("folder", "is no regular file"),
        ("large", "at most 35.0 MB go ([resend] max_message_size)"),
        ("missing.csv", "No such file or directory"),
        ("[1]", "no JSON list of paths"),
    ];
    let mails: Vec<_> =
        bad.iter().zip(1..).map(|((path, _), id)| Mail { id, attachments: path, ..MAIL }).collect();
    make(&log, &[mails.as_slice(), &[Mail { id: 50, attachments: "[\"good.csv\"]", ..MAIL }]].concat());
    let unset = log.json(&["resend", "--dry-run"]);
    assert!(
        unset["rows"].to_string().contains("no folder is allowed; set attachments_under in [resend]"),
        "{unset}"
    );
    log.write("mailthrottle.toml", "[resend]\nattachments_under = 'spool'\n");
    let server = SmtpServer::start(Settings::default());
    let ran = resend(&log, &server, &[]);
    let said = answer(&ran);
    assert_eq!(
        (ran.code, &said["sent"], &said["held"], &said["refused"]),
        (1, &json!(1), &json!(9), &json!(0))
    );
    for ((outcome, reason), (path, part)) in reasons(&said).iter().zip(bad) {
        assert!(outcome == "held" && reason.contains(part), "{path}: {reason}");
    }
    let text = String::from_utf8_lossy(&server.seen().accepted[0].bytes).into_owned();
    assert!(text.contains("filename=\"good.csv\"") && text.contains("MTsyCg=="), "{text}");
    // one is mended
    std::fs::write(spool.join("missing.csv"), "3;4\n").unwrap();
    assert_eq!(answer(&resend(&log, &server, &[]))["sent"], json!(1));
}

#[test]
fn a_text_that_speaks_of_an_attachment_which_the_log_does_not_hold_is_held() {
    on_every_database(|log| {
        make(
            log,
            &[
                Mail { id: 1, body: "Please find attached the invoice.", ..MAIL },
                Mail { id: 2, body: "Die Rechnung finden Sie im Anhang.", ..MAIL },
                Mail { id: 3, body: "Your order was received.", ..MAIL },
            ],
        );
        let server = SmtpServer::start(Settings::default());
        let ran = resend(log, &server, &[]);
        let said = answer(&ran);
        assert_eq!((ran.code, &said["sent"], &said["held"]), (1, &json!(1), &json!(2)));
        let text = log.run(&["resend", "--dry-run"]).stdout;
        assert!(text.contains("--without-attachment") && text.contains("rows 1, 2"), "{text}");
        let said = answer(&resend(log, &server, &["--without-attachment"]));
        assert_eq!([&said["sent"], &said["held"]], [2, 0]);
    });
}

/// What is found only on the way is held too: nothing is refused in the ledger.
#[test]
fn what_this_server_does_not_take_is_held() {
    let log = TestLog::empty();
    let large = Box::leak("x".repeat(5000).into_boxed_str());
    make(&log, &[Mail { id: 1, body: large, ..MAIL }, Mail { id: 2, recipient: "ü@example.com", ..MAIL }]);
    let small = SmtpServer::start(Settings { size: Some(1000), smtputf8: false, ..Settings::default() });
    let ran = resend(&log, &small, &[]);
    let said = answer(&ran);
    assert_eq!((ran.code, &said["held"], &said["refused"]), (1, &json!(2), &json!(0)), "{ran:?}");
    let large = SmtpServer::start(Settings::default());
    assert_eq!(answer(&resend(&log, &large, &[]))["sent"], json!(2));
}

#[test]
fn the_age_limit_holds_whatever_since_says() {
    on_every_database(|log| {
        const DAY: i64 = 24 * 60;
        let old = |id, days: i64| Mail {
            id,
            minutes_ago: days * DAY + 60,
            recipient: Box::leak(format!("u{id}@example.com").into_boxed_str()),
            ..MAIL
        };
        make(log, &[old(1, 30), old(2, 8), old(3, 6)]);
        for since in [&["--since", "all"][..], &[]] {
            let plan = log.json(&[&["resend", "--dry-run"], since].concat());
            assert_eq!([&plan["selected"], &plan["too_old"]], [1, 2], "{since:?}");
            assert_eq!(plan["rows"].as_array().unwrap().len(), 1);
        }
        let text = log.run(&["resend", "--dry-run"]).stdout;
        assert!(
            text.starts_with("1 row goes again, 0 are skipped, 2 are too old; that takes about "),
            "{text}"
        );
        assert!(text.contains("2 failed rows are older than 7 days; --max-age 31d takes them."), "{text}");
        assert_eq!(log.json(&["resend", "--dry-run", "--max-age", "31d"])["selected"], json!(3));
        let server = SmtpServer::start(Settings::default());
        assert_eq!(answer(&resend(log, &server, &["--id", "1"]))["sent"], json!(1));
        assert_eq!(statuses(log), "SFF");
    });
}

#[test]
fn rows_with_one_id_are_held_and_the_others_go() {
    let log = TestLog::of(
        "CREATE TABLE email_log (id INTEGER, status, sent_date, sender, recipient, subject, body, error_message)",
    );
    let at = crate::table::time(30);
    for (id, body) in [(1, "a"), (1, "b"), (2, "c")] {
        log.sql(&format!(
            "INSERT INTO email_log VALUES ({id}, 'F', '{at}', 'r@contoso.example', 'u@example.com', 'x', '{body}', '{}')",
            crate::table::THROTTLED
        ));
    }
    let server = SmtpServer::start(Settings::default());
    let ran = resend(&log, &server, &[]);
    let said = answer(&ran);
    assert_eq!((ran.code, &said["sent"], &said["held"]), (1, &json!(1), &json!(2)), "{ran:?}");
    assert!(
        said["rows"].to_string().contains("2 rows have this id; map id to a column that is unique"),
        "{said}"
    );
}

/// The application changes rows while others are being sent: they are left, and that is said.
#[test]
fn a_row_that_changed_since_the_plan_is_left() {
    on_every_database(|log| {
        log.make_throttled(30);
        let latency = vec![(Stage::Dot, std::time::Duration::from_millis(50))];
        let server = SmtpServer::start(Settings { latency, ..Settings::default() });
        let url = crate::url(&server);
        let args =
            ["--db", &log.url(), "-q", "--format", "json", "resend", "--smtp", &url, "--rate", "60000/1m"];
        let args = [&args[..], &["--yes", "--cap", "1"]].concat();
        let child = log
            .command(&args)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn();
        server.wait_until(|seen| seen.accepted.len() >= 2);
        for change in [
            "status = 'X' WHERE id = 27",
            "sent_date = '2026-01-01 00:00:00' WHERE id = 28",
            "body = 'corrected' WHERE id = 29",
            "error_message = '550 5.1.1 User unknown' WHERE id = 30",
        ] {
            log.sql(&format!(
                "{} UPDATE email_log SET {change}",
                log.word("PRAGMA busy_timeout = 5000;", "")
            ));
        }
        let ran: Ran = child.unwrap().wait_with_output().unwrap().into();
        let said = answer(&ran);
        let counts = [&said["sent"], &said["skipped"], &said["deferred"]];
        assert_eq!((counts, ran.code), ([&json!(26), &json!(1), &json!(3)], 1), "{said}");
        let left: Vec<_> = reasons(&said).into_iter().skip(26).map(|(_, reason)| reason).collect();
        assert_eq!(
            left,
            [
                "its status is not 'F' any more",
                "its time or error text has changed since the plan; look at it again",
                "its content has changed since the plan; look at it again",
                "its time or error text has changed since the plan; look at it again",
            ]
        );
    });
}

#[test]
fn the_word_that_is_written_is_named_or_nothing_is_written() {
    on_every_database(|log| {
        make(log, &[MAIL, Mail { id: 2, status: "opened", recipient: "b@example.com", error: "", ..MAIL }]);
        log.write("mailthrottle.toml", "[email_log]\nsent = ['opened', 'sent']\n");
        let server = SmtpServer::start(Settings::default());
        let refused = resend(log, &server, &[]).error();
        assert!(
            refused.contains("say it by sent_word in [resend], or leave the log alone by log = \"nothing\""),
            "{refused}"
        );
        log.write("mailthrottle.toml", "[email_log]\nsent = ['opened', 'sent']\n[resend]\nsent_word = 'x'\n");
        let refused = resend(log, &server, &[]).error();
        assert!(
            refused.contains("'x' is not one of the words for sent in [email_log] (opened, sent)"),
            "{refused}"
        );
        log.write(
            "mailthrottle.toml",
            "[email_log]\nsent = ['opened', 'sent']\n[resend]\nsent_word = 'sent'\n",
        );
        assert_eq!(answer(&resend(log, &server, &[]))["sent"], json!(1));
        assert_eq!(log.value("SELECT status FROM email_log WHERE id = 1"), "sent");
    });
}

/// The right to SELECT and a ledger of one's own are enough.
#[test]
fn a_log_that_may_only_be_read_is_left_alone() {
    let log = TestLog::on_postgres();
    log.make_throttled(3);
    let crate::support::Database::Postgres(database) = log.database().clone() else { unreachable!() };
    log.sql(&format!(
        "CREATE ROLE reader_{database} LOGIN PASSWORD 'x'; GRANT SELECT ON email_log TO reader_{database}; REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    ));
    let login = crate::support::postgres::server().tcp_url(&format!("reader_{database}:x"), &database);
    let server = SmtpServer::start(Settings::default());
    let url = crate::url(&server);
    let ledger = format!("sqlite:{}", log.path("ledger.db").display());
    let args = [
        "-q", "--format", "json", "resend", "--smtp", &url, "--rate", "60000/1m", "--yes", "--ledger",
        &ledger,
    ];
    let run = || -> crate::support::Ran {
        log.command(&args).env("MAILTHROTTLE_DB", &login).output().unwrap().into()
    };
    let refused = run().error();
    let grant = format!(
        "ask for: GRANT UPDATE ON public.email_log TO reader_{database}; or leave the log alone by log = \"nothing\""
    );
    assert!(refused.contains(&grant), "{refused}");
    assert_eq!(server.seen().connections, 0);
    log.write("mailthrottle.toml", "[resend]\nlog = 'nothing'\n");
    let ran = run();
    assert_eq!((ran.code, &answer(&ran)["sent"]), (0, &json!(3)), "{ran:?}");
    assert_eq!(statuses(&log), "FFF");
    assert_eq!(answer(&run())["selected"], json!(0));
    assert_eq!(server.seen().accepted.len(), 3);
}

#[test]
fn a_file_that_may_only_be_read_is_left_alone_too() {
    let log = TestLog::empty();
    log.make_throttled(2);
    std::fs::create_dir(log.path("own")).unwrap();
    std::fs::set_permissions(log.path("own"), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    log.write("mailthrottle.toml", "[resend]\nlog = 'nothing'\nledger = 'sqlite:own/ledger.db'\n");
    let server = SmtpServer::start(Settings::default());
    let url = crate::url(&server);
    let ran =
        log.run_as_nobody(&["--db", "log.db", "-q", "resend", "--smtp", &url, "--rate", "60000/1m", "--yes"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!((server.seen().accepted.len(), statuses(&log).as_str()), (2, "FF"));
}

#[test]
fn a_status_that_means_sent_is_never_sent_again() {
    let log = TestLog::empty();
    make(&log, &[Mail { status: "S", ..MAIL }]);
    assert_eq!(
        log.error(&["resend", "--status", "S", "--dry-run"]),
        "mailthrottle: --status S: that means sent, and what was sent does not go again"
    );
    assert_eq!(
        log.error(&["resend", "--id", "1", "--dry-run"]),
        "mailthrottle: --id 1: its status is 'S', which does not mean failed; nothing was sent"
    );
    assert_eq!(
        log.error(&["resend", "--id", "77", "--dry-run"]),
        "mailthrottle: --id 77: no row of this id; see mailthrottle failures"
    );
}

#[test]
fn a_refusal_names_the_address_and_says_how_to_go_on() {
    let log = TestLog::empty();
    log.make_throttled(1);
    let faults = vec![Fault::says(Stage::Rcpt, "550 5.1.1 <user1@example.com>: User unknown")];
    let server = SmtpServer::start(Settings { faults, ..Settings::default() });
    let url = crate::url(&server);
    let ran = log.run(&["-q", "resend", "--smtp", &url, "--yes"]);
    assert_eq!(ran.code, 2);
    for part in ["1 refused", "User unknown", "then resend --free ID... and resend again"] {
        assert!(ran.stdout.contains(part), "{part} in {}", ran.stdout);
    }
}
