//! SMTP as a submission client speaks it (RFC 5321, RFC 6409), over TCP and TLS.
//!
//! The dialogue is our own because two things have to be known after every failure that libraries do not tell: at which
//! step it came, and whether the final dot may have reached the server. What the server sends is bounded in size and time,
//! credentials and contents are in no log and no error, and nothing is said in the clear beyond this machine.

mod auth;
mod capabilities;
mod connect;
mod content;
mod opener;
mod reply;
mod tls;
mod transaction;
mod wire;

use std::net::IpAddr;
use std::time::Duration;

pub use auth::{Login, Method};
pub use capabilities::Capabilities;
pub use opener::Opener;
pub use tls::{Trust, TrustError};
pub use transaction::{Ready, SmtpConnection};

/// A server to submit mail to.
#[derive(Debug, Clone)]
pub struct Smtp {
    /// Its name or address, an IPv6 address with or without brackets.
    pub host: String,
    /// Its port: usually 587, 465 for TLS from the start.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// Who logs in; `None` where the server asks for no login.
    pub login: Option<Login>,
    /// The name for EHLO; without one, the address of this end in brackets.
    pub hello: Option<String>,
    /// How long to wait for what.
    pub timeouts: Timeouts,
}

/// How a connection is protected.
#[derive(Debug, Clone)]
pub enum Security {
    /// TLS from the first byte (RFC 8314).
    ImplicitTls(Trust),
    /// TLS after STARTTLS; a server that does not offer it is not used.
    StartTls(Trust),
    /// None, to a server on this machine.
    Plaintext,
    /// None, wherever the server is: everyone on the way can read the password and the mail.
    InsecurePlaintext,
}

/// How long to wait for what; the defaults are the least that RFC 5321, 4.5.3.2 allows, where it says something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeouts {
    /// Looking up the name, and connecting to each of its addresses.
    pub connect: Duration,
    /// The server's greeting.
    pub greeting: Duration,
    /// The TLS handshake.
    pub tls: Duration,
    /// The replies to EHLO, STARTTLS and AUTH.
    pub hello: Duration,
    /// The replies to MAIL and RSET.
    pub mail: Duration,
    /// The reply to each RCPT.
    pub rcpt: Duration,
    /// The reply to DATA.
    pub data: Duration,
    /// Writing one piece of the content.
    pub block: Duration,
    /// How long the content may take before its last piece has to be confirmed.
    pub confirm: Duration,
    /// The reply to the final dot. Giving up on it leaves the message in doubt (RFC 1047).
    pub dot: Duration,
    /// The reply to QUIT, which changes nothing any more.
    pub quit: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let minutes = |n: u64| Duration::from_secs(n * 60);
        Timeouts {
            connect: Duration::from_secs(30),
            greeting: minutes(5),
            tls: minutes(1),
            hello: minutes(5),
            mail: minutes(5),
            rcpt: minutes(5),
            data: minutes(2),
            block: minutes(3),
            confirm: Duration::from_secs(5),
            dot: minutes(10),
            quit: Duration::from_secs(5),
        }
    }
}

/// Whether a host is written as one on this machine; a name that merely leads here does not count.
///
/// ```
/// # use mailthrottle::resend::transport::smtp::is_loopback;
/// assert!(is_loopback("localhost") && is_loopback("127.0.0.1") && is_loopback("[::1]"));
/// assert!(!is_loopback("smtp.office365.com"));
/// ```
pub fn is_loopback(host: &str) -> bool {
    let host = bare(host);
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The host without the brackets around an IPv6 address.
fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(host)
}
