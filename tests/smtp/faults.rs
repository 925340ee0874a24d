//! Every fault at every stage: where it was, what it was, and whether the message may have been accepted.

use std::sync::LazyLock;

use crate::smtp_server::client::{SHORT, large_mail, mail, mail_to, send};
use crate::smtp_server::{Account, Fault, Settings, SmtpServer};
use mailthrottle::model::{Disposition, Stage};
use mailthrottle::reply::Classifier;
use mailthrottle::resend::transport::smtp::{Login, Method, Smtp, SmtpConnection};
use mailthrottle::resend::transport::{FailureKind, SendFailure};
use mailthrottle::secret::Secret;

const STAGES: [Stage; 7] =
    [Stage::Connect, Stage::Ehlo, Stage::Auth, Stage::Mail, Stage::Rcpt, Stage::Data, Stage::Dot];

static CLASSIFIER: LazyLock<Classifier> = LazyLock::new(Classifier::built_in);

fn account() -> Account {
    Account {
        user: "reports".to_owned(),
        secret: "pa55word".to_owned(),
        mechanisms: "PLAIN".to_owned(),
        ignores_initial: false,
    }
}

fn server(fault: Fault, pipelining: bool) -> SmtpServer {
    SmtpServer::start(Settings {
        faults: vec![fault],
        account: Some(account()),
        pipelining,
        ..Settings::default()
    })
}

fn client(server: &SmtpServer) -> Smtp {
    let login =
        Login { user: "reports".to_owned(), secret: Secret::new("pa55word"), method: Method::Password };
    Smtp { login: Some(login), ..server.client() }
}

async fn try_once(smtp: &Smtp) -> (Option<SmtpConnection>, SendFailure) {
    match SmtpConnection::open(smtp).await {
        Err(failure) => (None, failure),
        Ok(mut connection) => {
            let failure = send(&mut connection, &mail(1)).await.unwrap_err();
            (Some(connection), failure)
        }
    }
}

/// What the text says to those who read it later is what the failure says itself.
fn check_text(failure: &SendFailure) {
    let reading = CLASSIFIER.read(&failure.message);
    assert_eq!(reading.stage, Some(failure.stage), "{failure}");
    if failure.kind != FailureKind::Garbled {
        assert_eq!(reading.reply, failure.reply.as_ref().map(|reply| reply.code), "{failure}");
    }
    let doubt = reading.disposition == Disposition::Doubt;
    assert_eq!(doubt, failure.may_have_been_accepted, "{failure}");
    assert!(!failure.message.contains(char::is_control) && !failure.message.contains("pa55word"));
}

/// Tries a fault at every stage, with and without pipelining.
async fn everywhere(fault: impl Fn(Stage) -> Fault, expected: FailureKind, usable: bool) {
    for (stage, pipelining) in STAGES.into_iter().flat_map(|stage| [(stage, true), (stage, false)]) {
        let server = server(fault(stage), pipelining);
        let mut smtp = client(&server);
        if expected == FailureKind::TimedOut {
            shorten(&mut smtp, stage);
        }
        let (connection, failure) = try_once(&smtp).await;
        let what = format!("{stage}, pipelining {pipelining}: {failure:?}");
        assert_eq!((failure.stage, failure.kind), (stage, expected), "{what}");
        assert_eq!(
            failure.may_have_been_accepted,
            stage == Stage::Dot && expected != FailureKind::Refused,
            "{what}"
        );
        assert_eq!(failure.connection_is_usable, usable && connection.is_some(), "{what}");
        assert_eq!(connection.is_some_and(|c| c.is_usable()), failure.connection_is_usable, "{what}");
        assert!(server.accepted().is_empty() && server.seen().violations.is_empty(), "{what}");
        check_text(&failure);
    }
}

fn shorten(smtp: &mut Smtp, stage: Stage) {
    let timeouts = &mut smtp.timeouts;
    *match stage {
        Stage::Connect => &mut timeouts.greeting,
        Stage::Mail => &mut timeouts.mail,
        Stage::Rcpt => &mut timeouts.rcpt,
        Stage::Data => &mut timeouts.data,
        Stage::Dot => &mut timeouts.dot,
        Stage::Ehlo | Stage::Tls | Stage::Auth => &mut timeouts.hello,
    } = SHORT;
}

#[tokio::test]
async fn a_server_that_hangs_up() {
    everywhere(Fault::hang_up, FailureKind::Network, false).await;
}

#[tokio::test]
async fn a_server_that_falls_silent() {
    everywhere(Fault::stall, FailureKind::TimedOut, false).await;
}

#[tokio::test]
async fn a_server_that_talks_nonsense() {
    everywhere(|stage| Fault::says(stage, "what \u{1b}[31mis this?"), FailureKind::Garbled, false).await;
}

#[tokio::test]
async fn a_server_that_says_yes_and_no_with_a_wrong_digit() {
    everywhere(|stage| Fault::says(stage, "199 hm"), FailureKind::Garbled, false).await;
    everywhere(|stage| Fault::says(stage, "550-no\r\n250 yes"), FailureKind::Garbled, false).await;
    everywhere(|stage| Fault::says(stage, "250-yes\r\n451 not yet"), FailureKind::Garbled, false).await;
    for (stage, words) in [(Stage::Mail, "354 go on"), (Stage::Data, "250 ok"), (Stage::Dot, "354 go on")] {
        let server = server(Fault::says(stage, words).nth(1), false);
        let (_, failure) = try_once(&client(&server)).await;
        assert_eq!((failure.stage, failure.kind), (stage, FailureKind::Garbled), "{failure:?}");
        assert!(!failure.connection_is_usable && failure.message.contains("unexpected"), "{failure:?}");
    }
}

#[tokio::test]
async fn a_server_that_dies_within_its_reply() {
    everywhere(|stage| Fault::half(stage, "250-2.0.0 acc"), FailureKind::Network, false).await;
    everywhere(|stage| Fault::half(stage, "250 2.0.0 accepted"), FailureKind::Network, false).await;
}

#[tokio::test]
async fn a_server_without_an_end() {
    everywhere(Fault::endless, FailureKind::Garbled, false).await;
}

#[tokio::test]
async fn a_server_that_takes_leave() {
    everywhere(
        |stage| Fault::says_and_hangs_up(stage, "421 4.3.2 Service not available"),
        FailureKind::Refused,
        false,
    )
    .await;
    everywhere(|stage| Fault::says(stage, "421 4.3.2 Service not available"), FailureKind::Refused, false)
        .await;
}

#[tokio::test]
async fn a_server_that_refuses() {
    for words in ["451 4.3.0 later", "554 5.7.1 never", "471 odd", "550-5.1.1 a\r\n550 5.1.1 b", "550"] {
        everywhere(|stage| Fault::says(stage, words), FailureKind::Refused, true).await;
    }
}

#[tokio::test]
async fn a_refusal_leaves_the_connection_to_the_next_message() {
    for stage in [Stage::Mail, Stage::Rcpt, Stage::Data, Stage::Dot] {
        for pipelining in [true, false] {
            let server = server(Fault::says(stage, "450 4.2.0 not now").nth(1), pipelining);
            let (connection, _) = try_once(&client(&server)).await;
            let mut connection = connection.unwrap();
            send(&mut connection, &mail(2)).await.unwrap();
            send(&mut connection, &mail(3)).await.unwrap();
            assert_eq!(connection.sent(), 2);
            let seen = server.seen();
            let resets = seen.commands.iter().filter(|command| *command == "RSET").count();
            // a refused MAIL begins no transaction, and the dot ends it
            let needed = usize::from(matches!(stage, Stage::Rcpt | Stage::Data));
            assert_eq!((seen.connections, seen.accepted.len(), resets), (1, 2, needed), "{stage}");
            assert_eq!(seen.violations, Vec::<String>::new());
        }
    }
}

#[tokio::test]
async fn a_lost_answer_to_the_dot_is_a_doubt_and_never_a_no() {
    for fault in [
        Fault::hang_up(Stage::Dot),
        Fault::stall(Stage::Dot),
        Fault::half(Stage::Dot, "250"),
        Fault::says(Stage::Dot, "ok"),
        Fault::endless(Stage::Dot),
    ] {
        let server = server(fault.accepting(), true);
        let mut smtp = client(&server);
        smtp.timeouts.dot = SHORT * 5;
        let (_, failure) = try_once(&smtp).await;
        assert!(failure.may_have_been_accepted && !failure.connection_is_usable, "{failure:?}");
        assert_eq!(server.accepted().len(), 1);
        check_text(&failure);
    }
}

#[tokio::test]
async fn a_server_that_hangs_up_within_the_content_does_not_have_it() {
    for words in ["", "421 4.4.2 too slow\r\n", "552 5.3.4 too large\r\n"] {
        let fault = Fault::half(Stage::Data, words).in_content(100_000);
        let server = server(fault, true);
        let mut connection = SmtpConnection::open(&client(&server)).await.unwrap();
        let failure = send(&mut connection, &large_mail(20_000_000)).await.unwrap_err();
        assert_eq!(failure.stage, Stage::Data, "{failure:?}");
        assert!(!failure.may_have_been_accepted && !failure.connection_is_usable, "{failure:?}");
        check_text(&failure);
    }
}

#[tokio::test]
async fn a_server_that_stops_reading_does_not_have_the_message() {
    let server = server(Fault::endless(Stage::Data).in_content(1000), true);
    let mut smtp = client(&server);
    smtp.timeouts.block = SHORT;
    let mut connection = SmtpConnection::open(&smtp).await.unwrap();
    let failure = send(&mut connection, &large_mail(20_000_000)).await.unwrap_err();
    assert_eq!((failure.stage, failure.kind), (Stage::Data, FailureKind::TimedOut), "{failure:?}");
    assert!(!failure.may_have_been_accepted && !connection.is_usable());
}

#[tokio::test]
async fn a_connection_that_ended_while_idle_is_noticed_before_anything_is_said() {
    for (words, kind) in [
        ("", FailureKind::Network),
        ("421 4.4.1 Connection timed out\r\n", FailureKind::Refused),
        ("250 2.0.0 once more\r\n", FailureKind::Garbled),
    ] {
        // the words of the fault come with the answer to the first message, which nobody reads any further
        let fault = Fault::half(Stage::Dot, &format!("250 2.0.0 accepted\r\n{words}"));
        let server = server(fault.accepting(), true);
        let mut connection = SmtpConnection::open(&client(&server)).await.unwrap();
        send(&mut connection, &mail(1)).await.unwrap();
        server.wait_until(|seen| seen.open == 0);
        let failure = send(&mut connection, &mail(2)).await.unwrap_err();
        assert_eq!((failure.stage, failure.kind), (Stage::Mail, kind), "{failure:?}");
        assert!(!failure.may_have_been_accepted && !connection.is_usable());
        assert_eq!(server.seen().begun, 1);
        check_text(&failure);
    }
}

#[tokio::test]
async fn a_farewell_while_the_content_is_held_back_is_a_clear_no() {
    for (words, kind) in [("421 4.3.2 bye\r\n", FailureKind::Refused), ("", FailureKind::Network)] {
        let server = server(Fault::half(Stage::Data, &format!("354 go ahead\r\n{words}")), true);
        let mut connection = SmtpConnection::open(&client(&server)).await.unwrap();
        let message = mail(1);
        let ready = connection.offer(&message).await.ok().unwrap();
        server.wait_until(|seen| seen.open == 0);
        let failure = ready.deliver().await.unwrap_err();
        assert_eq!((failure.stage, failure.kind), (Stage::Data, kind), "{failure:?}");
        assert!(!failure.may_have_been_accepted && !failure.connection_is_usable);
        check_text(&failure);
    }
}

#[tokio::test]
async fn one_recipient_refused_and_nobody_gets_it() {
    for pipelining in [true, false] {
        let server = SmtpServer::start(Settings {
            unknown: vec!["b@x.example".to_owned()],
            pipelining,
            ..Settings::default()
        });
        let mut connection = server.connect().await;
        let to_three = mail_to(1, &["a@x.example", "b@x.example", "c@x.example"]);
        let failure = send(&mut connection, &to_three).await.unwrap_err();
        let expected = "after RCPT TO:<b@x.example>: 550 5.1.10 RESOLVER.ADR.RecipientNotFound; \
                        Recipient not found by SMTP address lookup";
        assert_eq!(failure.message, expected);
        assert!(failure.connection_is_usable);
        send(&mut connection, &mail_to(2, &["a@x.example", "c@x.example"])).await.unwrap();
        let seen = server.seen();
        assert_eq!(seen.accepted[0].recipients, ["a@x.example", "c@x.example"]);
        assert_eq!((seen.accepted.len(), seen.connections), (1, 1));
        assert_eq!(seen.commands.iter().filter(|command| *command == "DATA").count(), 1);
    }
}

#[tokio::test]
async fn data_that_is_taken_for_nobody_is_ended_empty() {
    let server = SmtpServer::start(Settings {
        unknown: vec!["b@x.example".to_owned()],
        data_for_nobody: true,
        ..Settings::default()
    });
    let mut connection = server.connect().await;
    let failure = send(&mut connection, &mail_to(1, &["b@x.example"])).await.unwrap_err();
    assert_eq!((failure.stage, failure.connection_is_usable), (Stage::Rcpt, true));
    send(&mut connection, &mail(2)).await.unwrap();
    assert_eq!(server.accepted().into_keys().collect::<Vec<_>>(), ["<2@contoso.example>"]);
    assert_eq!(server.seen().connections, 1);
}

#[tokio::test]
async fn data_that_is_taken_for_somebody_in_spite_of_a_refusal_is_left() {
    // the sender is refused and the recipient taken all the same: an empty message would reach somebody
    let server = SmtpServer::start(Settings {
        faults: vec![
            Fault::says(Stage::Mail, "451 4.3.0 not this sender"),
            Fault::says(Stage::Rcpt, "250 2.1.5 ok"),
            Fault::says(Stage::Data, "354 go ahead"),
        ],
        ignores_order: true,
        ..Settings::default()
    });
    let mut connection = server.connect().await;
    let failure = send(&mut connection, &mail(1)).await.unwrap_err();
    assert_eq!((failure.stage, failure.connection_is_usable), (Stage::Mail, false));
    assert!(server.accepted().is_empty());
}
