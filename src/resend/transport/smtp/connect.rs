//! From a host's name to a connection on which mail can be sent: TCP, TLS, greeting, EHLO, login.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tracing::debug;

use super::wire::{SmtpWire, WireError, refused};
use super::{Capabilities, Security, Smtp, SmtpConnection, auth, bare, tls};
use crate::model::Stage;
use crate::resend::transport::{FailureKind, Reply, SendFailure};
use crate::secret::Veil;

impl SmtpConnection {
    /// Opens a connection and logs in.
    ///
    /// # Errors
    /// Says at which step it failed, from `Stage::Connect` to `Stage::Auth`.
    pub async fn open(smtp: &Smtp) -> Result<SmtpConnection, SendFailure> {
        Self::try_open(smtp).await.map_err(SendFailure::and_over)
    }

    async fn try_open(smtp: &Smtp) -> Result<SmtpConnection, SendFailure> {
        let tcp = dial(smtp).await?;
        let hello = hello(smtp, tcp.local_addr())?;
        let veil = smtp.login.as_ref().map(auth::veil).unwrap_or_default();
        let mut wire = SmtpWire::over(Box::new(tcp), veil.clone());
        if let Security::ImplicitTls(trust) = &smtp.security {
            wire = wrap(wire, trust, smtp, veil.clone()).await?;
        }
        greet(&mut wire, smtp).await?;
        let mut capabilities = introduce(&mut wire, smtp, &hello).await?;
        if let Security::StartTls(trust) = &smtp.security {
            start_tls(&mut wire, smtp, &capabilities).await?;
            wire = wrap(wire, trust, smtp, veil).await?;
            // what was said in the clear does not count (RFC 3207, 4.2)
            capabilities = introduce(&mut wire, smtp, &hello).await?;
        }
        if let Some(login) = &smtp.login {
            auth::log_in(&mut wire, login, &capabilities.auth, smtp.timeouts.hello).await?;
        }
        Ok(SmtpConnection::over(wire, capabilities, smtp.timeouts.clone()))
    }
}

/// Connects to the first address of the host that answers.
async fn dial(smtp: &Smtp) -> Result<TcpStream, SendFailure> {
    let fail = |kind: FailureKind, what: &str| {
        SendFailure::new(Stage::Connect, kind, &format!("connect to {}:{}: {what}", smtp.host, smtp.port))
    };
    let limit = smtp.timeouts.connect;
    let late =
        || fail(FailureKind::TimedOut, &format!("no answer within {}", humantime::format_duration(limit)));
    let found = timeout(limit, lookup_host((bare(&smtp.host), smtp.port))).await.map_err(|_| late())?;
    let mut last = fail(FailureKind::Network, "the name has no address");
    for address in found.map_err(|error| fail(FailureKind::Network, &error.to_string()))? {
        debug!("connecting to {address}");
        match timeout(limit, TcpStream::connect(address)).await {
            Ok(Ok(tcp)) => return prepare(tcp, &smtp.security).map_err(|what| fail(FailureKind::Tls, &what)),
            Ok(Err(error)) => last = fail(FailureKind::Network, &error.to_string()),
            Err(_) => last = late(),
        }
    }
    Err(last)
}

/// Before anything is said: small writes go at once, and plain text goes nowhere but to this machine.
fn prepare(tcp: TcpStream, security: &Security) -> Result<TcpStream, String> {
    let far = tcp.peer_addr().is_ok_and(|peer| !peer.ip().to_canonical().is_loopback());
    if far && matches!(security, Security::Plaintext) {
        return Err("without TLS only a server on this machine may be used".to_owned());
    }
    tcp.set_nodelay(true).map_err(|error| error.to_string())?;
    Ok(tcp)
}

/// The name for EHLO (RFC 5321, 4.1.3).
fn hello(smtp: &Smtp, local: io::Result<SocketAddr>) -> Result<String, SendFailure> {
    match (&smtp.hello, local.map(|address| address.ip().to_canonical())) {
        (Some(name), _) if !name.is_empty() && name.chars().all(|c| c.is_ascii_graphic()) => Ok(name.clone()),
        (Some(name), _) => {
            let message = format!("EHLO command failed: {name:?} is no host name");
            Err(SendFailure::new(Stage::Ehlo, FailureKind::Unsupported, &message))
        }
        (None, Ok(ip)) if ip.is_ipv6() => Ok(format!("[IPv6:{ip}]")),
        (None, Ok(ip)) => Ok(format!("[{ip}]")),
        (None, Err(error)) => Err(WireError::from(error).at(Stage::Connect, "after initial connection")),
    }
}

async fn wrap(
    wire: SmtpWire,
    trust: &super::Trust,
    smtp: &Smtp,
    veil: Veil,
) -> Result<SmtpWire, SendFailure> {
    let stream = wire.into_stream().map_err(|trouble| trouble.at(Stage::Tls, "after STARTTLS"))?;
    Ok(SmtpWire::over(tls::wrap(stream, trust, smtp).await?, veil))
}

async fn greet(wire: &mut SmtpWire, smtp: &Smtp) -> Result<(), SendFailure> {
    let place = format!("after initial connection to {}:{}", smtp.host, smtp.port);
    let greeting = wire.reply(smtp.timeouts.greeting).await;
    positive(greeting, Stage::Connect, &place).map(drop)
}

async fn introduce(wire: &mut SmtpWire, smtp: &Smtp, name: &str) -> Result<Capabilities, SendFailure> {
    let reply = ask(wire, &format!("EHLO {name}"), smtp).await;
    positive(reply, Stage::Ehlo, "after EHLO").map(|reply| Capabilities::of(&reply.text))
}

async fn start_tls(wire: &mut SmtpWire, smtp: &Smtp, capabilities: &Capabilities) -> Result<(), SendFailure> {
    if !capabilities.starttls {
        let message = "cannot start TLS: the server does not offer STARTTLS";
        return Err(SendFailure::new(Stage::Tls, FailureKind::Tls, message));
    }
    let reply = ask(wire, "STARTTLS", smtp).await;
    positive(reply, Stage::Tls, "after STARTTLS").map(drop)
}

async fn ask(wire: &mut SmtpWire, command: &str, smtp: &Smtp) -> Result<Reply, WireError> {
    wire.say(&format!("{command}\r\n"), command, smtp.timeouts.hello).await?;
    wire.reply(smtp.timeouts.hello).await
}

fn positive(reply: Result<Reply, WireError>, stage: Stage, place: &str) -> Result<Reply, SendFailure> {
    match reply {
        Ok(reply) if reply.code / 100 == 2 => Ok(reply),
        Ok(reply) => Err(refused(stage, place, reply)),
        Err(trouble) => Err(trouble.at(stage, place)),
    }
}
