//! TLS, STARTTLS and logging in: who is believed, what is said in the clear, what a refusal reports.

use crate::smtp_server::certificates::{Authority, Certificate};
use crate::smtp_server::client::{SHORT, large_mail, mail, send};
use crate::smtp_server::{Account, Fault, Settings, SmtpServer, Tls, text};
use mailthrottle::model::Stage;
use mailthrottle::resend::transport::smtp::{
    Login, Method, Security, Smtp, SmtpConnection, Trust, is_loopback,
};
use mailthrottle::resend::transport::{FailureKind, SendFailure};
use mailthrottle::secret::Secret;

/// An authority, and the trust in it.
fn authority() -> (Authority, Trust) {
    let (authority, folder) = (Authority::new("ours"), tempfile::tempdir().unwrap());
    let file = folder.path().join("ca.pem");
    authority.write_pem(&file);
    let trust = Trust::load(Some(&file)).unwrap();
    (authority, trust)
}

fn implicit(certificate: Certificate) -> SmtpServer {
    SmtpServer::start(Settings { tls: Tls::Implicit(certificate), ..Settings::default() })
}

fn start_tls(certificate: Certificate) -> Settings {
    Settings { tls: Tls::Upgrade(certificate), ..Settings::default() }
}

async fn refusal(smtp: &Smtp) -> SendFailure {
    SmtpConnection::open(smtp).await.err().unwrap()
}

#[tokio::test]
async fn mail_goes_through_tls_from_the_start_and_after_starttls() {
    let (authority, trust) = authority();
    for (settings, security) in [
        (
            Settings { tls: Tls::Implicit(authority.certificate()), ..Settings::default() },
            Security::ImplicitTls(trust.clone()),
        ),
        (start_tls(authority.certificate()), Security::StartTls(trust.clone())),
    ] {
        let server = SmtpServer::start(settings);
        for host in ["localhost", "127.0.0.1"] {
            let smtp = Smtp { host: host.to_owned(), security: security.clone(), ..server.client() };
            let mut connection = SmtpConnection::open(&smtp).await.unwrap();
            assert!(!connection.capabilities().starttls);
            for message in [mail(1), large_mail(200_000)] {
                send(&mut connection, &message).await.unwrap();
                assert_eq!(server.seen().accepted.last().unwrap().bytes, message.bytes);
            }
            connection.quit().await;
        }
    }
}

#[tokio::test]
async fn a_certificate_that_does_not_pass_is_named_with_what_is_wrong() {
    let (authority, trust) = authority();
    let untrusted = "the certificate is from an authority that is not trusted here; if it is your own, name its file as ca_file";
    for (certificate, expected) in [
        (Authority::new("theirs").certificate(), untrusted),
        // another one of the same name
        (Authority::new("ours").certificate(), untrusted),
        (
            authority.certificate_for(&["mail.x.example", "x.example"]),
            "the certificate is for another host (mail.x.example, x.example)",
        ),
        (authority.expired_certificate(), "the certificate has expired"),
    ] {
        for early in [true, false] {
            let (server, security) = if early {
                (implicit(certificate.clone()), Security::ImplicitTls(trust.clone()))
            } else {
                (SmtpServer::start(start_tls(certificate.clone())), Security::StartTls(trust.clone()))
            };
            let smtp = Smtp { security, ..server.client() };
            let failure = refusal(&smtp).await;
            assert_eq!((failure.stage, failure.kind), (Stage::Tls, FailureKind::Tls));
            let port = server.port;
            assert_eq!(failure.message, format!("TLS handshake with 127.0.0.1:{port}: {expected}"));
        }
    }
}

#[tokio::test]
async fn starttls_is_required_where_it_is_wanted() {
    let (authority, trust) = authority();
    let security = Security::StartTls(trust);
    let without = SmtpServer::start(Settings::default());
    let failure = refusal(&Smtp { security: security.clone(), ..without.client() }).await;
    assert_eq!(failure.message, "cannot start TLS: the server does not offer STARTTLS");
    assert_eq!((failure.stage, failure.kind), (Stage::Tls, FailureKind::Tls));
    assert_eq!(without.seen().commands, ["EHLO [127.0.0.1]"]);

    let refusing = SmtpServer::start(Settings {
        faults: vec![Fault::says(Stage::Tls, "454 4.7.0 TLS not available")],
        ..start_tls(authority.certificate())
    });
    let failure = refusal(&Smtp { security, ..refusing.client() }).await;
    assert_eq!(failure.message, "after STARTTLS: 454 4.7.0 TLS not available");
    assert_eq!((failure.kind, failure.connection_is_usable), (FailureKind::Refused, false));
}

#[tokio::test]
async fn words_in_the_clear_are_not_taken_for_words_in_tls() {
    let (authority, trust) = authority();
    let server = SmtpServer::start(Settings {
        injected: "250-evil.example\r\n250 AUTH PLAIN\r\n".to_owned(),
        ..start_tls(authority.certificate())
    });
    let failure = refusal(&Smtp { security: Security::StartTls(trust), ..server.client() }).await;
    assert_eq!(
        failure.message,
        r#"garbled reply after STARTTLS: "250-evil.example\r\n250 AUTH PLAIN\r\n" in the clear before TLS"#
    );
    assert_eq!((failure.stage, failure.kind), (Stage::Tls, FailureKind::Garbled));
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_not_waited_for() {
    let (_, trust) = authority();
    let plain = SmtpServer::start(Settings::default());
    let mut smtp = Smtp { security: Security::ImplicitTls(trust), ..plain.client() };
    let failure = refusal(&smtp).await;
    assert_eq!((failure.stage, failure.kind), (Stage::Tls, FailureKind::Tls), "{failure}");
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    smtp.port = silent.local_addr().unwrap().port();
    smtp.timeouts.tls = SHORT;
    let failure = refusal(&smtp).await;
    assert_eq!((failure.stage, failure.kind), (Stage::Tls, FailureKind::TimedOut), "{failure}");
}

#[tokio::test]
async fn over_tls_a_lost_answer_is_a_doubt_as_well() {
    let (authority, trust) = authority();
    let server = SmtpServer::start(Settings {
        tls: Tls::Implicit(authority.certificate()),
        faults: vec![
            Fault::hang_up(Stage::Dot).accepting().nth(1),
            Fault::hang_up(Stage::Data).in_content(100_000).nth(2),
        ],
        ..Settings::default()
    });
    let smtp = Smtp { security: Security::ImplicitTls(trust), ..server.client() };
    let mut connection = SmtpConnection::open(&smtp).await.unwrap();
    let failure = send(&mut connection, &mail(1)).await.unwrap_err();
    assert!(failure.may_have_been_accepted && failure.stage == Stage::Dot, "{failure:?}");
    let mut connection = SmtpConnection::open(&smtp).await.unwrap();
    let failure = send(&mut connection, &large_mail(20_000_000)).await.unwrap_err();
    assert!(!failure.may_have_been_accepted && failure.stage == Stage::Data, "{failure:?}");
}

#[test]
fn a_file_without_certificates_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, "nothing").unwrap();
    let expected = format!("the ca_file {} cannot be used: it holds no certificate (PEM)", file.display());
    assert_eq!(Trust::load(Some(&file)).unwrap_err().to_string(), expected);
    let missing = folder.path().join("missing.pem");
    let error = Trust::load(Some(&missing)).unwrap_err().to_string();
    assert!(error.contains("missing.pem cannot be used: ") && error.contains("No such file"), "{error}");
}

#[test]
fn only_this_machine_is_loopback() {
    for (host, expected) in [
        ("localhost", true),
        ("LocalHost", true),
        ("127.3.2.1", true),
        ("[::1]", true),
        ("::1", true),
        ("localhost.example", false),
        ("127.0.0.1.example", false),
        ("10.0.0.1", false),
        ("", false),
    ] {
        assert_eq!(is_loopback(host), expected, "{host}");
    }
}

fn account(mechanisms: &str, ignores_initial: bool) -> Account {
    Account {
        user: "reports@contoso.example".to_owned(),
        secret: "pa55wörd".to_owned(),
        mechanisms: mechanisms.to_owned(),
        ignores_initial,
    }
}

fn login(secret: &str, method: Method) -> Login {
    Login { user: "reports@contoso.example".to_owned(), secret: Secret::new(secret), method }
}

fn with_account(account: Account) -> SmtpServer {
    SmtpServer::start(Settings { account: Some(account), ..Settings::default() })
}

#[tokio::test]
async fn every_way_of_logging_in_works() {
    for (offered, method, used) in [
        ("LOGIN PLAIN XOAUTH2", Method::Password, "AUTH PLAIN"),
        ("LOGIN XOAUTH2", Method::Password, "AUTH LOGIN"),
        ("login plain", Method::Login, "AUTH LOGIN"),
        ("LOGIN PLAIN", Method::Plain, "AUTH PLAIN"),
        ("LOGIN XOAUTH2", Method::XOauth2, "AUTH XOAUTH2"),
    ] {
        for ignores_initial in [false, true] {
            let server = with_account(account(offered, ignores_initial));
            let smtp = Smtp { login: Some(login("pa55wörd", method)), ..server.client() };
            send(&mut SmtpConnection::open(&smtp).await.unwrap(), &mail(1)).await.unwrap();
            assert_eq!(server.seen().commands[1], used);
        }
    }
}

#[tokio::test]
async fn a_bad_login_reports_the_servers_last_word() {
    for method in [Method::Plain, Method::Login, Method::XOauth2] {
        for ignores_initial in [false, true] {
            let server = with_account(account("PLAIN LOGIN XOAUTH2", ignores_initial));
            let smtp = Smtp { login: Some(login("wrong", method)), ..server.client() };
            let failure = refusal(&smtp).await;
            assert_eq!((failure.stage, failure.kind), (Stage::Auth, FailureKind::Refused));
            assert_eq!(failure.reply.unwrap().to_string(), text::BAD_LOGIN);
            assert!(server.seen().violations.is_empty());
        }
    }
}

#[tokio::test]
async fn a_way_that_is_not_offered_is_not_tried() {
    for (offered, method, expected) in [
        ("XOAUTH2", Method::Password, "wanted is PLAIN or LOGIN, the server offers XOAUTH2"),
        ("PLAIN LOGIN", Method::XOauth2, "wanted is XOAUTH2, the server offers PLAIN, LOGIN"),
        ("", Method::Plain, "wanted is PLAIN, the server offers no login at all"),
    ] {
        let server = with_account(account(offered, false));
        let smtp = Smtp { login: Some(login("pa55wörd", method)), ..server.client() };
        let failure = refusal(&smtp).await;
        assert_eq!(failure.message, format!("failed to authenticate: {expected}"));
        assert_eq!((failure.stage, failure.kind), (Stage::Auth, FailureKind::Unsupported));
        assert!(!server.seen().commands.iter().any(|command| command.starts_with("AUTH")));
    }
}

#[tokio::test]
async fn without_a_login_the_server_says_what_it_wants() {
    let server = with_account(account("PLAIN", false));
    let failure = send(&mut server.connect().await, &mail(1)).await.unwrap_err();
    assert_eq!(failure.message, format!("after MAIL FROM: {}", text::ANONYMOUS));
}

#[tokio::test]
async fn endless_challenges_end() {
    let server = SmtpServer::start(Settings {
        account: Some(account("PLAIN", false)),
        faults: vec![Fault::says(Stage::Auth, "334 eA==\r\n334 eA==\r\n334 eA==\r\n334 eA==")],
        ..Settings::default()
    });
    for method in [Method::Plain, Method::Login, Method::XOauth2] {
        let smtp = Smtp { login: Some(login("pa55wörd", method)), ..server.client() };
        let failure = refusal(&smtp).await;
        assert_eq!(failure.stage, Stage::Auth);
    }
}
