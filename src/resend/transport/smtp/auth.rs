//! Logging in: PLAIN (RFC 4616), LOGIN, and XOAUTH2 as Microsoft and Google define it.
//!
//! A secret is in no log, no error and no debug output. The server's own words are what a failure reports: XOAUTH2 answers
//! a bad token with a challenge first and gives the reason only after an empty line.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::wire::{SmtpWire, WireError, refused};
use crate::model::Stage;
use crate::resend::transport::{FailureKind, Reply, SendFailure};
use crate::secret::{Secret, Veil};

/// Who logs in and how.
#[derive(Debug, Clone)]
pub struct Login {
    /// The account.
    pub user: String,
    /// Its password, or its access token for XOAUTH2.
    pub secret: Secret,
    /// The way.
    pub method: Method,
}

/// The ways to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// By password, whichever of PLAIN and LOGIN the server offers, in this order.
    Password,
    /// PLAIN and no other.
    Plain,
    /// LOGIN and no other.
    Login,
    /// By access token.
    XOauth2,
}

impl Method {
    /// The mechanisms it covers, the best first.
    fn mechanisms(self) -> &'static [Mechanism] {
        match self {
            Method::Password => &[Mechanism::Plain, Mechanism::Login],
            Method::Plain => &[Mechanism::Plain],
            Method::Login => &[Mechanism::Login],
            Method::XOauth2 => &[Mechanism::XOauth2],
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Mechanism {
    Plain,
    Login,
    XOauth2,
}

impl Mechanism {
    fn name(self) -> &'static str {
        match self {
            Mechanism::Plain => "PLAIN",
            Mechanism::Login => "LOGIN",
            Mechanism::XOauth2 => "XOAUTH2",
        }
    }

    /// What can be sent with the command itself.
    fn initial(self, login: &Login) -> Option<String> {
        let (user, secret) = (&login.user, login.secret.expose());
        match self {
            Mechanism::Plain => Some(format!("\0{user}\0{secret}")),
            Mechanism::XOauth2 => Some(format!("user={user}\x01auth=Bearer {secret}\x01\x01")),
            Mechanism::Login => None,
        }
    }

    /// What to answer the challenge with this number; `None` if it cannot be answered.
    fn answer(self, login: &Login, number: usize, challenge: &str) -> Option<String> {
        match (self, number) {
            (Mechanism::Login, 0) => Some(login.user.clone()),
            (Mechanism::Login, 1) => Some(login.secret.expose().to_owned()),
            // the challenge is the error; the reply with the reason comes after this
            (Mechanism::XOauth2, 0 | 1) if !challenge.trim().is_empty() => Some(String::new()),
            // the server passed over what came with the command
            (Mechanism::Plain | Mechanism::XOauth2, 0) => self.initial(login),
            _ => None,
        }
    }
}

/// What hides the secret of a login in whatever the server says.
pub fn veil(login: &Login) -> Veil {
    Veil::over(
        &login.secret,
        [Mechanism::Plain, Mechanism::XOauth2].into_iter().filter_map(|way| way.initial(login)),
    )
}

/// Logs in, by the best of the ways that the server offers.
pub async fn log_in(
    wire: &mut SmtpWire,
    login: &Login,
    offered: &[String],
    limit: Duration,
) -> Result<(), SendFailure> {
    let mechanism = choose(login.method, offered)?;
    let place = format!("after AUTH {}", mechanism.name());
    let trouble = |trouble: WireError| trouble.at(Stage::Auth, &place);
    let mut reply = begin(wire, mechanism, login, limit).await.map_err(trouble)?;
    for number in 0..2 {
        let challenged = if reply.code == 334 { mechanism.answer(login, number, &reply.text) } else { None };
        let Some(answer) = challenged else { break };
        let line = format!("{}\r\n", STANDARD.encode(answer));
        reply = ask(wire, &line, "***", limit).await.map_err(trouble)?;
    }
    if reply.code / 100 == 2 { Ok(()) } else { Err(refused(Stage::Auth, &place, reply)) }
}

fn choose(method: Method, offered: &[String]) -> Result<Mechanism, SendFailure> {
    let wanted = method.mechanisms();
    let is_offered = |mechanism: &&Mechanism| offered.iter().any(|name| name == mechanism.name());
    wanted.iter().find(is_offered).copied().ok_or_else(|| {
        let names: Vec<_> = wanted.iter().map(|mechanism| mechanism.name()).collect();
        let offer = if offered.is_empty() { "no login at all".to_owned() } else { offered.join(", ") };
        let message =
            format!("failed to authenticate: wanted is {}, the server offers {offer}", names.join(" or "));
        SendFailure::new(Stage::Auth, FailureKind::Unsupported, &message)
    })
}

async fn begin(
    wire: &mut SmtpWire,
    mechanism: Mechanism,
    login: &Login,
    limit: Duration,
) -> Result<Reply, WireError> {
    let name = mechanism.name();
    match mechanism.initial(login) {
        Some(initial) => {
            let line = format!("AUTH {name} {}\r\n", STANDARD.encode(initial));
            ask(wire, &line, &format!("AUTH {name} ***"), limit).await
        }
        None => ask(wire, &format!("AUTH {name}\r\n"), &format!("AUTH {name}"), limit).await,
    }
}

async fn ask(wire: &mut SmtpWire, line: &str, shown: &str, limit: Duration) -> Result<Reply, WireError> {
    wire.say(line, shown, limit).await?;
    wire.reply(limit).await
}
