//! The SMTP client against a server that keeps the rules: what is said, in how many writes, with which parameters.

use std::time::{Duration, Instant};

use crate::smtp_server::client::{SHORT, large_mail, mail, mail_to, send};
use crate::smtp_server::{Fault, Rate, RefuseAt, Settings, SmtpServer, WhenFull, text};
use mailthrottle::model::Stage;
use mailthrottle::resend::message::Message;
use mailthrottle::resend::transport::smtp::{Security, Smtp, SmtpConnection};
use mailthrottle::resend::transport::{FailureKind, Mailer};

fn server() -> SmtpServer {
    SmtpServer::start(Settings::default())
}

fn commands(server: &SmtpServer) -> Vec<String> {
    server.seen().commands.clone()
}

#[tokio::test]
async fn a_message_arrives_as_it_was_handed_over() {
    for pipelining in [true, false] {
        let server = SmtpServer::start(Settings { pipelining, ..Settings::default() });
        let mut connection = server.connect().await;
        let messages = [mail_to(1, &["a@x.example", "b@x.example"]), mail(2), large_mail(300_000)];
        for message in &messages {
            let accepted = send(&mut connection, message).await.unwrap();
            assert_eq!(accepted.reply.to_string(), "250 2.0.0 accepted");
        }
        assert_eq!(connection.sent(), 3);
        assert!(connection.opened_at() < connection.last_used());
        connection.quit().await;
        let seen = server.seen();
        for (mail, message) in seen.accepted.iter().zip(&messages) {
            assert_eq!(mail.bytes, message.bytes);
            assert_eq!(mail.message_id, message.message_id);
            assert_eq!(
                (&mail.sender, &mail.recipients),
                (&message.envelope.sender, &message.envelope.recipients)
            );
        }
        assert_eq!((seen.accepted.len(), seen.connections), (3, 1));
        assert!(seen.violations.is_empty(), "{:?}", seen.violations);
        assert_eq!(seen.commands.last().unwrap(), "QUIT");
    }
}

#[tokio::test]
async fn nothing_is_said_beyond_need() {
    let server = server();
    let mut connection = server.connect().await;
    send(&mut connection, &mail(1)).await.unwrap();
    send(&mut connection, &mail(2)).await.unwrap();
    let one = ["MAIL FROM:<reports@contoso.example>", "RCPT TO:<k@x.example>", "DATA"];
    assert_eq!(commands(&server), [["EHLO [127.0.0.1]"].as_slice(), &one, &one].concat());
}

#[tokio::test]
async fn parameters_are_given_where_needed_and_offered() {
    let bytes = b"Subject: x\r\n\r\ncaf\xc3\xa9\r\n".to_vec();
    for (offered, eight_bit, utf8, expected) in [
        (true, false, false, "SIZE=21"),
        (true, true, false, "SIZE=21 BODY=8BITMIME"),
        (true, true, true, "SIZE=21 BODY=8BITMIME SMTPUTF8"),
        (false, true, false, ""),
    ] {
        let server = SmtpServer::start(Settings {
            size: offered.then_some(1000),
            eight_bit_mime: offered,
            smtputf8: offered,
            ..Settings::default()
        });
        let mut message = Message { bytes: bytes.clone(), ..mail(1) };
        message.envelope.has_8bit = eight_bit;
        message.envelope.needs_smtputf8 = utf8;
        send(&mut server.connect().await, &message).await.unwrap();
        assert_eq!(server.seen().accepted[0].parameters, expected);
    }
}

#[tokio::test]
async fn what_the_server_does_not_take_is_not_offered_to_it() {
    let server = SmtpServer::start(Settings { size: Some(200), smtputf8: false, ..Settings::default() });
    let mut connection = server.connect().await;
    assert_eq!(connection.capabilities().size, Some(200));
    let mut with_utf8 = mail_to(2, &["jürgen@x.example"]);
    with_utf8.envelope.needs_smtputf8 = true;
    for (message, expected) in [
        (large_mail(300), "not sent: the message has 376 bytes, the server takes 200"),
        (
            with_utf8,
            "not sent: an address has characters beyond ASCII and the server does not offer SMTPUTF8",
        ),
        (mail_to(3, &[]), "not sent: there is no recipient"),
        (
            mail_to(4, &["a@x.example>\r\nRSET"]),
            r#"not sent: the address "a@x.example>\r\nRSET" cannot be written in SMTP"#,
        ),
    ] {
        let failure = send(&mut connection, &message).await.unwrap_err();
        assert_eq!(failure.message, expected);
        assert_eq!((failure.stage, failure.kind), (Stage::Mail, FailureKind::Unsupported));
        assert!(failure.connection_is_usable && !failure.may_have_been_accepted);
    }
    send(&mut connection, &mail(5)).await.unwrap();
    assert_eq!((server.seen().begun, server.seen().connections), (1, 1));
}

#[tokio::test]
async fn many_recipients_go_in_several_groups() {
    let server = server();
    let recipients: Vec<String> = (0..500).map(|n| format!("person{n}@x.example")).collect();
    let recipients: Vec<&str> = recipients.iter().map(String::as_str).collect();
    send(&mut server.connect().await, &mail_to(1, &recipients)).await.unwrap();
    assert_eq!(server.seen().accepted[0].recipients, recipients);
}

#[tokio::test]
async fn pipelining_saves_round_trips() {
    let round_trip = Duration::from_millis(5);
    for (pipelining, turns) in [(true, 2), (false, 4)] {
        let server = SmtpServer::start(Settings { pipelining, round_trip, ..Settings::default() });
        let mut connection = server.connect().await;
        let start = Instant::now();
        send(&mut connection, &mail(1)).await.unwrap();
        send(&mut connection, &mail(2)).await.unwrap();
        assert!(start.elapsed() >= round_trip * turns * 2);
        assert_eq!(server.seen().turns, 1 + turns * 2);
    }
}

#[tokio::test]
async fn the_content_waits_for_the_commit() {
    let server = server();
    let mut connection = server.connect().await;
    let commit = async {
        server.wait_until(|seen| seen.commands.last().is_some_and(|last| last == "DATA"));
        assert!(server.accepted().is_empty());
        Ok(())
    };
    connection.send(&mail(1), commit, async { Ok(()) }).await.unwrap();
    assert_eq!(server.accepted().len(), 1);
    let failure = connection
        .send(&mail(2), async { Err("the claim is lost".to_owned()) }, async { Ok(()) })
        .await
        .unwrap_err();
    assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::TakenBack, "the claim is lost"));
    assert!(!failure.may_have_been_accepted && !connection.is_usable());
    connection.close().await;
    server.wait_until(|seen| seen.open == 0);
    assert_eq!(server.accepted().len(), 1);
}

/// The end of a content that took long waits for a second word; a short one does not.
#[tokio::test]
async fn the_last_piece_of_a_long_content_waits_to_be_confirmed() {
    let server = server();
    let open = || async {
        let mut client = server.client();
        client.timeouts.confirm = Duration::ZERO;
        SmtpConnection::open(&client).await.unwrap()
    };
    let lost = || async { Err("another run has it".to_owned()) };
    let mut connection = open().await;
    let failure = connection.send(&large_mail(300_000), async { Ok(()) }, lost()).await.unwrap_err();
    assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::TakenBack, "another run has it"));
    assert!(!failure.may_have_been_accepted && !connection.is_usable());
    connection.close().await;
    server.wait_until(|seen| seen.open == 0);
    assert!(server.accepted().is_empty());
    open().await.send(&large_mail(300_000), async { Ok(()) }, async { Ok(()) }).await.unwrap();
    let quick = server.client();
    assert!(quick.timeouts.confirm > Duration::ZERO);
    let mut connection = SmtpConnection::open(&quick).await.unwrap();
    connection.send(&mail(2), async { Ok(()) }, lost()).await.unwrap();
    assert_eq!(server.accepted().len(), 2);
}

#[tokio::test]
async fn nothing_is_committed_for_what_was_refused() {
    let server = SmtpServer::start(Settings {
        faults: vec![Fault::says(Stage::Mail, "451 4.3.0 later")],
        ..Settings::default()
    });
    let mut connection = server.connect().await;
    connection.send(&mail(1), async { unreachable!() }, async { Ok(()) }).await.unwrap_err();
}

#[tokio::test]
async fn an_offer_that_was_dropped_ends_the_connection() {
    let server = server();
    let mut connection = server.connect().await;
    let message = mail(1);
    let _ = connection.offer(&message).await.ok().unwrap();
    assert!(!connection.is_usable());
    let failure = send(&mut connection, &message).await.unwrap_err();
    assert_eq!((failure.stage, failure.kind), (Stage::Mail, FailureKind::Network));
    connection.quit().await;
    server.wait_until(|seen| seen.open == 0);
    assert!(server.accepted().is_empty());
}

#[tokio::test]
async fn a_send_that_was_cancelled_ends_the_connection() {
    let server =
        SmtpServer::start(Settings { faults: vec![Fault::stall(Stage::Rcpt)], ..Settings::default() });
    let mut connection = server.connect().await;
    tokio::time::timeout(SHORT, send(&mut connection, &mail(1))).await.unwrap_err();
    assert!(!connection.is_usable());
}

#[tokio::test]
async fn a_reset_can_be_asked_for() {
    let server = server();
    let mut connection = server.connect().await;
    connection.reset().await.unwrap();
    send(&mut connection, &mail(1)).await.unwrap();
    assert_eq!(commands(&server)[1], "RSET");
    drop(server);
    assert_eq!(connection.reset().await.unwrap_err().kind, FailureKind::Network);
    assert!(!connection.is_usable());
}

#[tokio::test]
async fn more_sessions_than_allowed_are_refused_at_the_dot_and_recover() {
    let settings = Settings { limit: 1, place_freed_after: SHORT, ..Settings::default() };
    let server = SmtpServer::start(settings);
    let (mut first, mut second) = (server.connect().await, server.connect().await);
    send(&mut first, &mail(1)).await.unwrap();
    let failure = send(&mut second, &mail(2)).await.unwrap_err();
    assert_eq!(failure.message, format!("after the final dot: {}", text::CONCURRENT));
    let reply = failure.reply.unwrap();
    assert_eq!((reply.code, reply.enhanced().unwrap().to_string()), (432, "4.3.2".to_owned()));
    assert!(!failure.may_have_been_accepted && failure.connection_is_usable);
    first.quit().await;
    send(&mut second, &mail(2)).await.unwrap_err();
    server.wait_until(|seen| seen.sending.is_empty());
    send(&mut second, &mail(2)).await.unwrap();
    server.set_limit(0);
    send(&mut server.connect().await, &mail(3)).await.unwrap_err();
    assert_eq!(server.accepted().into_values().collect::<Vec<_>>(), [1, 1]);
    assert_eq!((server.seen().peak_sending, server.seen().refusals[text::CONCURRENT]), (1, 3));
}

#[tokio::test]
async fn throttles_keep_their_stage() {
    let rate = Rate { messages: 0, per: Duration::from_secs(60), when_full: WhenFull::Refuse };
    let none = || Settings::default();
    for (settings, stage, words, usable) in [
        (Settings { limit: 0, refuse_at: RefuseAt::Banner, ..none() }, Stage::Connect, text::BANNER, false),
        (Settings { limit: 0, refuse_at: RefuseAt::Mail, ..none() }, Stage::Mail, text::CONCURRENT, true),
        (Settings { limit: 0, refuse_at: RefuseAt::Dot, ..none() }, Stage::Dot, text::CONCURRENT, true),
        (Settings { rate: Some(rate), ..none() }, Stage::Mail, text::RATE, false),
        (Settings { recipients_per_day: Some(0), ..none() }, Stage::Dot, text::QUOTA, true),
        (Settings { mailbox_full: true, ..none() }, Stage::Dot, text::FULL, true),
    ] {
        let server = SmtpServer::start(settings);
        let failure = match SmtpConnection::open(&server.client()).await {
            Ok(mut connection) => send(&mut connection, &mail(1)).await.unwrap_err(),
            Err(failure) => failure,
        };
        assert_eq!((failure.stage, failure.kind), (stage, FailureKind::Refused), "{failure}");
        assert_eq!(failure.reply.unwrap().to_string(), words);
        assert_eq!((failure.connection_is_usable, failure.may_have_been_accepted), (usable, false));
    }
}

#[tokio::test]
async fn a_rate_can_delay_instead() {
    let rate = Rate { messages: 2, per: SHORT * 2, when_full: WhenFull::Delay };
    let server = SmtpServer::start(Settings { rate: Some(rate), ..Settings::default() });
    let mut connection = server.connect().await;
    let start = Instant::now();
    for number in 1..=5 {
        send(&mut connection, &mail(number)).await.unwrap();
    }
    assert!(start.elapsed() >= SHORT * 4, "{:?}", start.elapsed());
}

#[tokio::test]
async fn hosts_are_reached_by_name_and_by_either_kind_of_address() {
    for (ipv6, host, hello) in [
        (false, "127.0.0.1", "EHLO [127.0.0.1]"),
        (false, "localhost", "EHLO [127.0.0.1]"),
        (true, "::1", "EHLO [IPv6:::1]"),
        (true, "[::1]", "EHLO [IPv6:::1]"),
    ] {
        let server = SmtpServer::start(Settings { ipv6, ..Settings::default() });
        let smtp = Smtp { host: host.to_owned(), ..server.client() };
        send(&mut SmtpConnection::open(&smtp).await.unwrap(), &mail(1)).await.unwrap();
        assert_eq!(commands(&server)[0], hello);
    }
    let server = server();
    let smtp = Smtp { hello: Some("erp.contoso.example".to_owned()), ..server.client() };
    SmtpConnection::open(&smtp).await.unwrap();
    assert_eq!(commands(&server)[0], "EHLO erp.contoso.example");
    let smtp = Smtp { hello: Some("erp\r\nRSET".to_owned()), ..server.client() };
    let failure = SmtpConnection::open(&smtp).await.err().unwrap();
    assert_eq!(failure.message, r#"EHLO command failed: "erp\r\nRSET" is no host name"#);
}

#[tokio::test]
async fn a_host_that_is_not_there_is_said_to_be_so() {
    let gone = server();
    let smtp = gone.client();
    drop(gone);
    for (host, expected) in [
        ("127.0.0.1", format!("connect to 127.0.0.1:{}: Connection refused (os error 111)", smtp.port)),
        ("no.such.invalid", format!("connect to no.such.invalid:{}: failed to lookup address", smtp.port)),
    ] {
        let failure =
            SmtpConnection::open(&Smtp { host: host.to_owned(), ..smtp.clone() }).await.err().unwrap();
        assert_eq!((failure.stage, failure.kind), (Stage::Connect, FailureKind::Network));
        assert!(failure.message.starts_with(&expected), "{failure}");
    }
}

#[tokio::test]
async fn plain_text_goes_beyond_this_machine_only_where_that_is_said() {
    let Some(address) = own_address() else { return };
    let listener = std::net::TcpListener::bind((address, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut smtp = Smtp { host: address.to_string(), port, ..server().client() };
    let failure = SmtpConnection::open(&smtp).await.err().unwrap();
    let expected =
        format!("connect to {address}:{port}: without TLS only a server on this machine may be used");
    assert_eq!((failure.kind, failure.message), (FailureKind::Tls, expected));
    smtp.security = Security::InsecurePlaintext;
    smtp.timeouts.greeting = SHORT;
    let failure = SmtpConnection::open(&smtp).await.err().unwrap();
    assert_eq!(failure.kind, FailureKind::TimedOut, "{failure}");
}

/// An address of this machine other than the loopback, where it has one. Nothing is sent.
fn own_address() -> Option<std::net::IpAddr> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|ip| !ip.is_loopback())
}
