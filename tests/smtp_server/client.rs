//! How tests reach the server, and what they send to it.

use std::time::Duration;

use mailthrottle::resend::message::{Envelope, Message};
use mailthrottle::resend::transport::smtp::{Security, Smtp, SmtpConnection, Timeouts};
use mailthrottle::resend::transport::{Accepted, SendFailure};

use super::SmtpServer;

/// What a test calls short.
pub const SHORT: Duration = Duration::from_millis(60);

/// Everything may take five seconds.
fn timeouts() -> Timeouts {
    let limit = Duration::from_secs(5);
    Timeouts {
        connect: limit,
        greeting: limit,
        tls: limit,
        hello: limit,
        mail: limit,
        rcpt: limit,
        data: limit,
        block: limit,
        dot: limit,
        quit: limit,
        confirm: Duration::from_secs(5),
    }
}

/// A client in plain text, without a login.
pub fn client_of(port: u16) -> Smtp {
    Smtp {
        host: "127.0.0.1".to_owned(),
        port,
        security: Security::Plaintext,
        login: None,
        hello: None,
        timeouts: timeouts(),
    }
}

impl SmtpServer {
    pub fn client(&self) -> Smtp {
        client_of(self.port)
    }

    pub async fn connect(&self) -> SmtpConnection {
        SmtpConnection::open(&self.client()).await.unwrap()
    }
}

/// The message with this number, to one recipient.
pub fn mail(number: usize) -> Message {
    mail_to(number, &["k@x.example"])
}

pub fn mail_to(number: usize, recipients: &[&str]) -> Message {
    let message_id = format!("<{number}@contoso.example>");
    let text = format!("Message-ID: {message_id}\r\nSubject: Report {number}\r\n\r\nHello\r\n.\r\n");
    Message { envelope: envelope(recipients), bytes: text.into_bytes(), message_id }
}

/// A message with so many bytes of text, in lines.
pub fn large_mail(bytes: usize) -> Message {
    let line = "x".repeat(76) + "\r\n";
    let mut message = mail(1);
    message.bytes.extend_from_slice(line.repeat(bytes / line.len() + 1).as_bytes());
    message
}

fn envelope(recipients: &[&str]) -> Envelope {
    Envelope {
        sender: "reports@contoso.example".to_owned(),
        recipients: recipients.iter().map(|recipient| (*recipient).to_owned()).collect(),
        needs_smtputf8: false,
        has_8bit: false,
    }
}

/// Offers and delivers.
pub async fn send(connection: &mut SmtpConnection, message: &Message) -> Result<Accepted, SendFailure> {
    connection.offer(message).await?.deliver().await
}
