//! What Postfix, Exim and Sendmail write, form by form, after their documentation: what is an attempt, and what it says.

use std::process::Command;

use crate::support::{TestLog, fixture};
use mailthrottle::import::intake::Intake;
use mailthrottle::import::{Line, LineCounts, LogFormat, ParsedAttempt, ParserSettings};
use serde_json::json;

fn read(format: LogFormat, text: &str) -> (Vec<ParsedAttempt>, LineCounts) {
    let settings = ParserSettings {
        zone: chrono_tz::UTC,
        file_time: 1_795_037_406_000,
        day_first: false,
        columns: mailthrottle::import::columns::UserColumns::default(),
        patterns: Vec::new(),
    };
    let mut intake = Intake::new(format, &settings, 0, 0);
    let mut start = 0;
    for line in text.lines() {
        intake.line(Line { text: line.as_bytes(), start, number: 0 });
        start += line.len() as u64 + 1;
    }
    intake.finish();
    let rows = intake.take_rows().into_iter().map(|(row, _)| row).collect();
    (rows, intake.counts().clone())
}

/// The one row of a line.
fn row(format: LogFormat, line: &str) -> ParsedAttempt {
    let (mut rows, counts) = read(format, line);
    assert_eq!((rows.len(), counts.events), (1, 1), "{line}");
    rows.remove(0)
}

/// A row in a few words: status, recipient, stage, error.
fn words(row: &ParsedAttempt) -> [String; 4] {
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
    let stage = row.stage.map(|stage| stage.to_string());
    [row.status.word().to_owned(), text(&row.recipient), text(&stage), text(&row.error)]
}

fn is_noise(format: LogFormat, lines: &[&str]) {
    for line in lines {
        let (rows, counts) = read(format, line);
        assert_eq!((rows.len(), counts.noise, counts.unparsed), (0, 1, 0), "{line}");
    }
}

/// How an attempt ended, its status, and the stage.
const ENDINGS: [(&str, &str, &str); 16] = [
    ("sent (250 2.0.0 Ok: queued as 9C1)", "S", "-"),
    ("sent (delivered to mailbox)", "S", "-"),
    (
        "deferred (HOST said: 450 4.7.1 Error: too much mail from 192.0.2.9 (in reply to MAIL FROM command))",
        "F",
        "mail",
    ),
    (
        "deferred (HOST said: 450 4.7.1 <a@b.example>: Recipient address rejected: later (in reply to RCPT TO command))",
        "F",
        "rcpt",
    ),
    (
        "deferred (HOST said: 432 4.3.2 Concurrent connections limit exceeded (in reply to end of DATA command))",
        "F",
        "dot",
    ),
    (
        "deferred (HOST refused to talk to me: 421 4.7.0 mx.b.example Error: too many connections from 192.0.2.9)",
        "F",
        "connect",
    ),
    (
        "deferred (delivery temporarily suspended: HOST refused to talk to me: 421 4.7.0 too many connections)",
        "F",
        "connect",
    ),
    ("deferred (connect to mx.b.example[192.0.2.9]:25: Connection timed out)", "F", "connect"),
    (
        "deferred (lost connection with mx.b.example[192.0.2.9] while receiving the initial server greeting)",
        "F",
        "connect",
    ),
    (
        "deferred (lost connection with mx.b.example[192.0.2.9] while performing the EHLO handshake)",
        "F",
        "ehlo",
    ),
    ("deferred (lost connection with mx.b.example[192.0.2.9] while sending RCPT TO)", "F", "rcpt"),
    (
        "deferred (conversation with mx.b.example[192.0.2.9] timed out while sending end of data -- message may be sent more than once)",
        "F",
        "dot",
    ),
    ("deferred (Cannot start TLS: handshake failure)", "F", "tls"),
    ("SOFTBOUNCE (unknown user: \"x\")", "F", "-"),
    ("expired (delivery temporarily suspended)", "F", "-"),
    ("bounced (HOST said: 550 5.1.1 User unknown (in reply to RCPT TO command))", "F", "rcpt"),
];

#[test]
fn how_postfix_says_that_an_attempt_ended() {
    for (ending, status, stage) in ENDINGS {
        let ending = ending.replace("HOST", "host mx.b.example[192.0.2.1]");
        let line = format!(
            "Nov 18 21:30:04 mx1 postfix/smtp[4711]: 4XyZ12: to=<a@b.example>, relay=none, delay=0.5, delays=0.1/0.1/0.2/0.1, dsn=2.0.0, status={ending}"
        );
        let (_, said) = ending.split_once(" (").unwrap();
        let error = if status == "S" { "-" } else { said.strip_suffix(')').unwrap() };
        assert_eq!(words(&row(LogFormat::Postfix, &line)), [status, "a@b.example", stage, error]);
    }
}

#[test]
fn what_stands_around_an_attempt_of_postfix() {
    let rest = "relay=mx.b.example[192.0.2.1]:25, conn_use=3, delay=86401, delays=86400/0.1/0.4/0.5, dsn=4.7.1, status=deferred (later)";
    for head in [
        "Nov  8 21:30:04 mx1 postfix/smtp[4711]",
        "Nov  8 21:30:04.123456 mx1 postfix-out/smtp[4711]",
        "2026-11-08T21:30:04.5+01:00 mx1 postfix/relay/smtp[4711]",
        "2026-11-08T21:30:04+0100 mx1 postfix/smtp/smtp[4711]",
        "2026-11-08 21:30:04 mx1 postfix/lmtp[4711]",
        "2026-11-08T21:30:04Z INFO    postfix/smtp[4711]",
        "<22>Nov  8 21:30:04 mx1 postfix/error[4711]",
        "Nov  8 21:30:04 mx1 outgoing/smtp[4711]",
    ] {
        for id in ["4XyZ12", "3D4F71A2B3", "4Dxk1J2Qz1zBCDF", "4hGkX10GBSzCtQ8w"] {
            let line = format!("{head}: {id}: to=<\"x, y\"@b.example>, orig_to=<info>, {rest}");
            let row = row(LogFormat::Postfix, &line);
            assert_eq!(
                (row.recipient.as_deref(), row.queue_id.as_deref()),
                (Some("\"x, y\"@b.example"), Some(id))
            );
            assert_eq!((row.delay, row.dsn.as_deref()), (Some(86401.0), Some("4.7.1")), "{head}");
            assert_eq!(row.at.zip(row.queued_at).map(|(at, queued)| at - queued), Some(86_401_000), "{head}");
            assert_eq!(row.relay.as_deref(), Some("mx.b.example[192.0.2.1]:25"));
        }
    }
    let structured =
        format!("<22>1 2026-11-08T21:30:04.1Z mx1 postfix/smtp 4711 - - 4XyZ12: to=<a@b.example>, {rest}");
    assert_eq!(row(LogFormat::Postfix, &structured).recipient.as_deref(), Some("a@b.example"));
}

#[test]
fn what_postfix_says_of_other_things_is_noise() {
    is_noise(
        LogFormat::Postfix,
        &[
            "Nov 18 21:30:04 mx1 postfix/smtpd[1]: NOQUEUE: reject: RCPT from unknown[203.0.113.7]: 450 4.7.1 Client host rejected; from=<x@y.example> to=<a@b.example> proto=ESMTP helo=<z>",
            "Nov 18 21:30:04 mx1 postfix/cleanup[1]: 4XyZ12: milter-reject: END-OF-MESSAGE from x[203.0.113.7]: 4.7.1 Service unavailable; from=<x@y.example> to=<a@b.example>",
            "Nov 18 21:30:04 mx1 postfix/smtpd[1]: warning: unknown[203.0.113.7]: SASL LOGIN authentication failed: UGFzc3dvcmQ6",
            "Nov 18 21:30:04 mx1 postfix/smtp[1]: connect to mx.b.example[192.0.2.9]:25: Connection refused",
            "Nov 18 21:30:04 mx1 postfix/smtp[1]: 4XyZ12: host mx.b.example[192.0.2.9] said: 450 4.7.1 later (in reply to RCPT TO command)",
            "Nov 18 21:30:04 mx1 postfix/smtp[1]: 4XyZ12: lost connection with mx.b.example[192.0.2.9] while sending RCPT TO",
            "Nov 18 21:30:04 mx1 postfix/qmgr[1]: 4XyZ12: from=<a@b.example>, status=expired, returned to sender",
            "Nov 18 21:30:04 mx1 postfix/smtp[1]: 4XyZ12: to=<a@b.example>, relay=mx[192.0.2.1]:25, delay=1, delays=0/0/0/1, dsn=2.1.5, status=deliverable (250 2.1.5 Ok)",
            "Nov 18 21:30:04 mx1 postfix/smtp[1]: 4XyZ12: to=<a@b.example>, relay=mx[192.0.2.1]:25, delay=1, delays=0/0/0/1, dsn=5.1.1, status=undeliverable (550 5.1.1 no)",
            "Nov 18 21:30:04 mx1 postfix/anvil[1]: statistics: max connection rate 12/60s for (smtp:203.0.113.7) at Nov 18 21:20:04",
            "Nov 18 21:30:04 mx1 dovecot: imap-login: Disconnected: auth failed, 1 attempts",
            "Nov 18 21:30:04 mx1 kernel: [123.4] error: out of memory",
            "Nov 18 21:30:04 mx1 last message repeated 3 times",
        ],
    );
}

#[test]
fn the_same_mail_deferred_again_is_another_attempt_with_the_same_sender() {
    let to = |minute: u32| {
        format!(
            "Nov 18 21:{minute:02}:04 mx1 postfix/smtp[4711]: 4XyZ12: to=<a@b.example>, relay=none, delay=1, delays=0/0/0/1, dsn=4.7.0, status=deferred (host mx[192.0.2.2] refused to talk to me: 421 4.7.0 too many connections)\n"
        )
    };
    let from =
        "Nov 18 21:00:01 mx1 postfix/qmgr[1]: 4XyZ12: from=<s@c.example>, size=1, nrcpt=1 (queue active)\n";
    let (rows, _) = read(LogFormat::Postfix, &[from, &to(0), &to(5), &to(15)].concat());
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| row.sender.as_deref() == Some("s@c.example")));
}

#[test]
fn a_line_that_syslog_folded_counts_as_often_as_it_says() {
    let said =
        "4XyZ12: to=<a@b.example>, relay=none, delay=1, delays=0/0/0/1, dsn=4.7.0, status=deferred (later)";
    let folded = format!("Nov 18 21:30:04 mx1 postfix/smtp[1]: message repeated 3 times: [ {said}]");
    let (rows, counts) = read(LogFormat::Postfix, &folded);
    assert_eq!((rows.len(), counts.events, counts.deferred), (3, 1, 3));
    assert!(rows.iter().all(|row| row.error.as_deref() == Some("later")));
    let twice = format!(
        "Nov 18 21:30:04 mx1 postfix/smtp[1]: {said}\nNov 18 21:30:09 mx1 last message repeated 2 times"
    );
    assert_eq!(read(LogFormat::Postfix, &twice).0.len(), 3);
}

const EXIM: &str = "2026-11-18 21:30:05 1vLxyz-000000001Ab-2CdE";

#[test]
fn how_exim_says_that_an_attempt_ended() {
    let to = "a@b.example R=dnslookup T=remote_smtp";
    let cases = [
        (format!("=> {to} H=mx.b.example [192.0.2.7] X=TLS1.3 C=\"250 OK: id=x\" QT=1s DT=0s"), "S", "-"),
        (format!("-> {to} H=mx.b.example [192.0.2.7] C=\"250 OK\""), "S", "-"),
        (format!(">> {to} H=mx.b.example [192.0.2.7] C=\"250 OK\""), "S", "-"),
        ("=> a <a@b.example> R=local_user T=mail_spool".into(), "S", "-"),
        (
            format!(
                "== {to} defer (-44) H=mx.b.example [192.0.2.9]: SMTP error from remote mail server after RCPT TO:<a@b.example>: 450 4.7.1 later"
            ),
            "F",
            "SMTP error from remote mail server after RCPT TO:<a@b.example>: 450 4.7.1 later",
        ),
        (
            format!(
                "== {to} defer (-45): SMTP error from remote mail server after MAIL FROM:<s@c.example> SIZE=1816: host mx.b.example [192.0.2.9]: 421 4.7.0 too many connections"
            ),
            "F",
            "SMTP error from remote mail server after MAIL FROM:<s@c.example> SIZE=1816: host mx.b.example [192.0.2.9]: 421 4.7.0 too many connections",
        ),
        (
            format!(
                "== {to} defer (-46) H=mx.b.example [192.0.2.9]: SMTP error from remote mail server after end of data: 451 delivery queued, retry time not reached"
            ),
            "F",
            "SMTP error from remote mail server after end of data: 451 delivery queued, retry time not reached",
        ),
        (
            format!(
                "== {to} defer (-18) H=mx.b.example [192.0.2.9]: Remote host closed connection in response to initial connection"
            ),
            "F",
            "Remote host closed connection in response to initial connection",
        ),
        (format!("== {to} defer (110): Connection timed out"), "F", "Connection timed out"),
        (
            "== a@b.example R=dnslookup defer (-1): host lookup did not complete".into(),
            "F",
            "host lookup did not complete",
        ),
        ("** a@b.example: Unrouteable address".into(), "F", "Unrouteable address"),
        ("** a@b.example: retry timeout exceeded".into(), "F", "retry timeout exceeded"),
        (
            format!(
                "** {to}: all hosts for 'b.example' have been failing for a long time (and retry time not reached)"
            ),
            "F",
            "all hosts for 'b.example' have been failing for a long time (and retry time not reached)",
        ),
    ];
    for (said, status, error) in cases {
        let row = row(LogFormat::Exim, &format!("{EXIM} {said}"));
        assert_eq!(words(&row), [status, "a@b.example", "-", error]);
    }
}

#[test]
fn what_only_waits_in_exims_queue_is_noise() {
    let waits = [
        "== a@b.example R=dnslookup T=remote_smtp defer (-1): domain matches queue_smtp_domains, or -odqs set",
        "== a@b.example R=dnslookup T=remote_smtp defer (-53): retry time not reached for any host",
        "== a@b.example R=dnslookup T=remote_smtp defer (-53): retry time not reached for any host for 'b.example'",
        "== a@b.example R=dnslookup T=remote_smtp defer (-61): retry time not reached for any host for 'b.example'",
        "== a@b.example R=local_user T=mail_spool defer (-52): Retry time not yet reached",
        "== a@b.example routing defer (-51): retry time not reached",
        "== a@b.example routing defer (-59): retry time not reached",
        "== a@b.example routing defer (-55): domain is in queue_domains",
        "== a@b.example R=dnslookup T=remote_smtp defer (-54): remote deliveries suppressed",
        "== a@b.example R=dnslookup T=remote_smtp defer (-56): concurrency limit reached for transport",
        "*> a@b.example R=dnslookup T=remote_smtp H=mx.b.example [192.0.2.7]",
        "<= s@c.example H=app1 [10.0.0.5] P=esmtp S=2210 id=a1@c.example T=\"== or **\"",
        "H=mx.b.example [192.0.2.9]: SMTP error from remote mail server after initial connection: 421 too many connections",
        "SMTP error from remote mail server after MAIL FROM:<s@c.example>: host mx.b.example [192.0.2.9]: 450 later",
        "mx.b.example [192.0.2.9] Connection timed out",
        "Spool file is locked (another process is handling this message)",
        "no immediate delivery: more than 10 messages received in one connection",
        "Message is frozen",
        "Frozen",
        "removed by root",
        "Completed QT=2s",
    ];
    is_noise(LogFormat::Exim, &waits.map(|said| format!("{EXIM} {said}")).each_ref().map(String::as_str));
    is_noise(
        LogFormat::Exim,
        &[
            "2026-11-18 21:30:05 Start queue run: pid=811",
            "2026-11-18 21:30:05 H=(ylmf-pc) [203.0.113.7] F=<x@y.example> rejected RCPT <a@b.example>: Unrouteable address",
            "2026-11-18 21:30:05 SMTP connection from [203.0.113.7] closed by QUIT",
        ],
    );
}

#[test]
fn what_stands_around_an_attempt_of_exim() {
    let text = "2026-11-18 21:30:04.123 +0100 [77] 1RwtJs-0009RI-7r <= s@c.example H=app1 [10.0.0.5] P=esmtp S=2210 id=a1@c.example T=\"The \\\"new\\\" price\" for a@b.example
2026-11-18 21:31:04.123 +0100 [78] 1RwtJs-0009RI-7r => a@b.example F=<s@c.example> R=dnslookup T=remote_smtp H=mx.b.example [192.0.2.7]:25 C=\"250 OK\"";
    let (rows, _) = read(LogFormat::Exim, text);
    let row = &rows[0];
    assert_eq!(row.subject.as_deref(), Some("The \\\"new\\\" price"));
    assert_eq!(
        (row.sender.as_deref(), row.message_id.as_deref()),
        (Some("s@c.example"), Some("<a1@c.example>"))
    );
    assert_eq!((row.relay.as_deref(), row.delay), (Some("mx.b.example [192.0.2.7]"), Some(60.0)));
    assert_eq!((row.at, row.queued_at), (Some(1_795_033_864_123), Some(1_795_033_804_123)));
    let ids = ["1RwtJs-0009RI-7r", "1vLxyz-000000001Ab-2CdE"];
    for head in [
        "2026-11-18 21:30:05 ",
        "Nov 18 21:30:05 mx1 exim[77]: ",
        "Nov 18 21:30:05 mx1 exim4[77]: 2026-11-18 21:30:05 ",
    ] {
        for id in ids {
            let row = self::row(
                LogFormat::Exim,
                &format!("{head}{id} == a@b.example R=r T=t defer (111): Connection refused"),
            );
            assert_eq!((row.at, row.queue_id.as_deref()), (Some(1_795_037_405_000), Some(id)), "{head}");
        }
    }
}

#[test]
fn how_sendmail_says_that_an_attempt_ended() {
    let cases = [
        ("dsn=2.0.0, stat=Sent (Ok: queued as 9C1)", "S", "-"),
        ("dsn=2.0.0, stat=Sent", "S", "-"),
        (
            "dsn=4.7.0, stat=Deferred: 421 4.7.0 too many connections",
            "F",
            "Deferred: 421 4.7.0 too many connections",
        ),
        (
            "dsn=4.0.0, stat=Deferred: Connection timed out with mx.b.example.",
            "F",
            "Deferred: Connection timed out with mx.b.example.",
        ),
        ("dsn=5.6.0, stat=Data format error", "F", "Data format error"),
        ("dsn=5.0.0, stat=Service unavailable", "F", "Service unavailable"),
        ("dsn=5.1.1, stat=User unknown", "F", "User unknown"),
    ];
    for (ending, status, error) in cases {
        let line = format!(
            "Nov 18 21:30:06 mx1 sm-mta[812]: 5AILU4ab000811: to=<a@b.example>, ctladdr=<s@c.example> (1000/1000), delay=1+00:00:02, xdelay=00:00:01, mailer=esmtp, pri=62210, relay=mx.b.example. [192.0.2.9], {ending}"
        );
        let row = row(LogFormat::Sendmail, &line);
        assert_eq!(words(&row), [status, "a@b.example", "-", error]);
        assert_eq!((row.delay, row.relay.as_deref()), (Some(86_402.0), Some("mx.b.example. [192.0.2.9]")));
    }
    is_noise(
        LogFormat::Sendmail,
        &[
            "Nov 18 21:30:06 mx1 sendmail[812]: 5AILU4ab000811: to=root, ctladdr=root (0/0), delay=00:00:00, mailer=relay, pri=30210, relay=[127.0.0.1] [127.0.0.1], dsn=2.0.0, stat=Sent (5AILU4cd000812 Message accepted for delivery)",
            "Nov 18 21:30:06 mx1 sm-mta[812]: 5AILU4ab000811: to=<a@b.example>, delay=00:00:00, mailer=esmtp, pri=30210, stat=queued",
            "Nov 18 21:30:06 mx1 sm-mta[812]: ruleset=check_rcpt, arg1=<a@b.example>, relay=x [203.0.113.7], reject=550 5.7.1 Relaying denied",
            "Nov 18 21:30:06 mx1 sm-mta[812]: 5AILU4ab000811: 5AILU4cd000812: DSN: User unknown",
        ],
    );
}

/// The number that stands before a word in pflogsumm's totals.
fn total(summary: &str, word: &str) -> u64 {
    let is_it = |line: &&str| line.split_whitespace().nth(1) == Some(word);
    summary.lines().find(is_it).and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap()
}

#[test]
fn the_totals_of_a_postfix_log_are_those_of_pflogsumm() {
    let log = TestLog::empty();
    let awk = ["-v", "lines=4000", "-f", "benches/postfix_log.awk"];
    let text = Command::new("awk").args(awk).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap().stdout;
    let path = log.write("mail.log", text);
    let perl = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin";
    let summary = Command::new("pflogsumm").arg(path).env("PATH", perl).output();
    let summary = String::from_utf8(summary.expect("install the package pflogsumm").stdout).unwrap();
    let deferrals = summary.split("deferred  (").nth(1).unwrap().split_whitespace().next().unwrap();
    let ours = log.import("mail.log");
    let number = |key: &str| ours[key].as_u64().unwrap();
    assert_eq!(number("sent"), total(&summary, "delivered"));
    assert_eq!(number("deferred"), deferrals.parse::<u64>().unwrap());
    assert_eq!(number("failed") - number("deferred"), total(&summary, "bounced"));
}

#[test]
fn two_throttled_campaigns_are_the_clusters_of_a_mail_server() {
    let ran = TestLog::empty().run_bare(&[
        "--format",
        "json",
        "report",
        "--log",
        &fixture("logs/postfix-campaigns.log"),
    ]);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let cluster =
        |c: &serde_json::Value| json!([c["class"], c["failures"], c["attempts"], c["burst"], c["senders"]]);
    let clusters: Vec<_> = report["clusters"].as_array().unwrap().iter().map(cluster).collect();
    let expected = [
        json!(["throttle-rate", 13, 20, true, ["newsletter@contoso.example"]]),
        json!(["throttle-concurrency", 10, 18, true, ["statements@contoso.example"]]),
    ];
    assert_eq!(clusters, expected);
    let advice = report["verdict"]["advice"].to_string();
    assert!(
        advice.contains("The mail server itself tries again what it put off, up to 24 failed mails"),
        "{advice}"
    );
    assert!(!advice.contains("Sent Items"), "{advice}");
}

#[test]
fn each_log_of_a_mail_server_shows_its_cluster() {
    for (file, class, failures) in [
        ("logs/exim.log", "throttle-concurrency", 2),
        ("logs/sendmail.log", "throttle-concurrency", 2),
        ("logs/exim-queue.log", "throttle-concurrency", 4),
    ] {
        let ran = TestLog::empty().run_bare(&["--format", "json", "report", "--log", &fixture(file)]);
        let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        let cluster = &report["clusters"][0];
        assert_eq!((&cluster["class"], &cluster["failures"]), (&json!(class), &json!(failures)), "{file}");
    }
}
