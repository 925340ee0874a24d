//! The SMTP client against `smtp-sink` of Postfix, a server that nobody here wrote. No mail system is started.

use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::smtp_server::client::{client_of, large_mail, mail, mail_to, send};
use mailthrottle::model::Stage;
use mailthrottle::resend::transport::FailureKind;
use mailthrottle::resend::transport::smtp::SmtpConnection;

/// A running smtp-sink; it ends with the test.
struct Sink {
    child: Child,
    port: u16,
}

impl Sink {
    fn start(options: &[&str]) -> Sink {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(program());
        // it does not run as root
        if std::fs::metadata("/proc/self").unwrap().uid() == 0 {
            command.args(["-u", "nobody"]);
        }
        command.args(options).args([&format!("127.0.0.1:{port}"), "100"]).stdin(Stdio::null());
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Sink { child, port }
    }

    async fn connect(&self) -> SmtpConnection {
        let smtp = client_of(self.port);
        // it takes a moment until it listens
        for _ in 0..200 {
            if let Ok(connection) = SmtpConnection::open(&smtp).await {
                return connection;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("smtp-sink does not answer on port {}", self.port);
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Debian has it outside of most users' search path.
fn program() -> &'static str {
    let places = ["/usr/sbin/smtp-sink", "/usr/local/sbin/smtp-sink", "/usr/bin/smtp-sink"];
    let found = places.into_iter().find(|place| std::path::Path::new(place).exists());
    found.expect("smtp-sink is missing: install the Debian package postfix; tests/run.sh does")
}

#[tokio::test]
async fn it_takes_one_message_after_another_with_and_without_pipelining() {
    for options in [[].as_slice(), &["-p"]] {
        let sink = Sink::start(options);
        let mut connection = sink.connect().await;
        assert_eq!(connection.capabilities().pipelining, options.is_empty());
        for message in [mail(1), mail_to(2, &["a@x.example", "b@x.example"]), large_mail(500_000)] {
            send(&mut connection, &message).await.unwrap();
        }
        assert_eq!(connection.sent(), 3);
        connection.quit().await;
    }
}

#[tokio::test]
async fn its_refusals_have_their_stage() {
    for (command, stage) in
        [("MAIL", Stage::Mail), ("RCPT", Stage::Rcpt), ("DATA", Stage::Data), (".", Stage::Dot)]
    {
        let sink = Sink::start(&["-b", "432 4.3.2 Concurrent connections limit exceeded", "-r", command]);
        let mut connection = sink.connect().await;
        for number in 1..3 {
            let failure = send(&mut connection, &mail(number)).await.unwrap_err();
            assert_eq!((failure.stage, failure.kind), (stage, FailureKind::Refused), "{failure}");
            assert_eq!(failure.reply.as_ref().map(|reply| reply.code), Some(432));
            assert!(failure.connection_is_usable && !failure.may_have_been_accepted, "{failure:?}");
        }
    }
}

#[tokio::test]
async fn its_hangups_have_their_stage() {
    for (option, kind) in [("-q", FailureKind::Network), ("-Q", FailureKind::Refused)] {
        for (command, stage) in [("MAIL", Stage::Mail), ("RCPT", Stage::Rcpt), (".", Stage::Dot)] {
            let sink = Sink::start(&[option, command]);
            let failure = send(&mut sink.connect().await, &mail(1)).await.unwrap_err();
            assert_eq!((failure.stage, failure.kind), (stage, kind), "{option} {command}: {failure}");
            let doubt = stage == Stage::Dot && kind == FailureKind::Network;
            assert_eq!((failure.may_have_been_accepted, failure.connection_is_usable), (doubt, false));
        }
    }
}

/// The whole program, at a server that bears three sessions, and at one that knows no pipelining.
#[test]
fn a_whole_run_goes_through_it() {
    for options in [["-m", "3"].as_slice(), &["-p"]] {
        let sink = Sink::start(options);
        crate::support::blocking(async { sink.connect().await.quit().await });
        let log = crate::support::TestLog::empty();
        log.make_throttled(100);
        let url = format!("smtp://127.0.0.1:{}", sink.port);
        let said = log.json(&["-q", "resend", "--smtp", &url, "--rate", "60000/1m", "--yes"]);
        assert_eq!([&said["sent"], &said["throttled"], &said["connections_opened"]], [100, 0, 3]);
        assert_eq!(log.value("SELECT count(*) FROM email_log WHERE status = 'S'"), "100");
        let again = log.json(&["-q", "resend", "--smtp", &url, "--yes"]);
        assert_eq!([&again["selected"], &again["sent"]], [0, 0]);
    }
}
