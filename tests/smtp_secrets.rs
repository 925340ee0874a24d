//! What the SMTP dialogue says of itself: nothing that is secret. In a file of its own, since what is said goes where the
//! first test of a process wants it.
#![allow(missing_docs, clippy::unwrap_used)]

mod smtp_server;

use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mailthrottle::resend::transport::smtp::{Login, Method, Smtp, SmtpConnection};
use mailthrottle::secret::Secret;
use smtp_server::client::{mail, send};
use smtp_server::{Account, Settings, SmtpServer};

/// What the program would write with the greatest verbosity.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn neither_secrets_nor_contents_are_in_any_output() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone());
    let _guard = tracing::subscriber::set_default(subscriber.finish());
    let server = SmtpServer::start(Settings { account: Some(account()), ..Settings::default() });
    for (method, secret) in [Method::Plain, Method::Login, Method::XOauth2]
        .into_iter()
        .flat_map(|method| [(method, "pa55wörd"), (method, "s3cr3t")])
    {
        let smtp = Smtp { login: Some(login(secret, method)), ..server.client() };
        assert!(!format!("{smtp:?}").contains(secret));
        match SmtpConnection::open(&smtp).await {
            Ok(mut connection) => drop(send(&mut connection, &mail(1)).await.unwrap()),
            Err(failure) => assert!(!format!("{failure:?}").contains(secret)),
        }
    }
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("C: MAIL FROM:<reports@contoso.example>") && log.contains("S: 535 5.7.3"), "{log}");
    let auth = ["C: AUTH PLAIN ***", "C: AUTH LOGIN", "C: ***", "C: AUTH XOAUTH2 ***"];
    assert!(auth.iter().all(|line| log.contains(line)), "{log}");
    let encoded = |text: String| STANDARD.encode(text);
    for secret in ["pa55wörd", "s3cr3t"] {
        let user = "reports@contoso.example";
        for kept in [
            secret.to_owned(),
            encoded(secret.to_owned()),
            encoded(format!("\0{user}\0{secret}")),
            encoded(format!("user={user}\x01auth=Bearer {secret}\x01\x01")),
        ] {
            assert!(!log.contains(&kept), "{kept} in {log}");
        }
    }
    assert!(!log.contains("Hello") && log.contains("bytes of content"), "{log}");
}

fn account() -> Account {
    Account {
        user: "reports@contoso.example".to_owned(),
        secret: "pa55wörd".to_owned(),
        mechanisms: "PLAIN LOGIN XOAUTH2".to_owned(),
        ignores_initial: false,
    }
}

fn login(secret: &str, method: Method) -> Login {
    Login { user: "reports@contoso.example".to_owned(), secret: Secret::new(secret), method }
}
