//! The ways a message leaves: for now SMTP.
//!
//! Whatever the way, a failure says at which step it came and whether the message may have been accepted all the same.
//! That last answer decides between sending again and asking a person, so it is never guessed: until the content was
//! handed over completely it is no, from then on it is yes until the other side has said no.

pub mod oauth2;
pub mod smtp;

use std::fmt;

use thiserror::Error;

use crate::model::{Code, Enhanced, Stage};
use crate::output::escape;

use super::message::Message;

/// One open line to something that takes mail.
pub trait Mailer {
    /// Sends one message. `commit` is awaited when the other side is ready for the content, before its first byte; where
    /// it fails, the content stays here and the failure has its reason. If the work is dropped after `commit` was done,
    /// nobody knows what became of the message.
    /// `confirm` is awaited before the last piece of a content that took long: where it fails, that piece stays here as well.
    fn send(
        &mut self,
        message: &Message,
        commit: impl Future<Output = Result<(), String>> + Send,
        confirm: impl Future<Output = Result<(), String>> + Send,
    ) -> impl Future<Output = Result<Accepted, SendFailure>> + Send;

    /// Takes leave.
    fn close(self) -> impl Future<Output = ()> + Send;
}

/// The message is the other side's responsibility now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// What it said.
    pub reply: Reply,
}

/// What a server answered (RFC 5321, 4.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The three digits, of the last line if they differ.
    pub code: u16,
    /// The text of all lines after their codes, as it came; bytes that are no UTF-8 are replaced.
    pub text: String,
}

impl Reply {
    /// The enhanced status code at the beginning of the text (RFC 2034).
    pub fn enhanced(&self) -> Option<Enhanced> {
        match self.text.split_whitespace().next()?.parse() {
            Ok(Code::Enhanced(enhanced)) => Some(enhanced),
            _ => None,
        }
    }

    /// Whether it is a refusal: 4yz or 5yz.
    pub fn is_refusal(&self) -> bool {
        matches!(self.code, 400..=599)
    }
}

impl fmt::Display for Reply {
    /// One line, safe to look at.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = escape::line(&self.text);
        if text.is_empty() { write!(f, "{}", self.code) } else { write!(f, "{} {text}", self.code) }
    }
}

/// Why a message did not go, or a connection did not come about.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct SendFailure {
    /// The step that failed.
    pub stage: Stage,
    /// What kind of failure it is.
    pub kind: FailureKind,
    /// What the server answered, where that is the failure.
    pub reply: Option<Reply>,
    /// One line for a person, which `reply::Classifier` reads as well.
    pub message: String,
    /// The content was handed over and no answer came: in doubt.
    pub may_have_been_accepted: bool,
    /// The next message may go over the same connection.
    pub connection_is_usable: bool,
}

/// The kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The server said no: 4yz or 5yz.
    Refused,
    /// No connection, or it broke.
    Network,
    /// An answer did not come in time.
    TimedOut,
    /// The server said what SMTP does not know at this point.
    Garbled,
    /// No safe connection: no STARTTLS, a certificate that is not trusted, plain text beyond this machine.
    Tls,
    /// Not tried: the message or the login needs what the server does not offer, or cannot be written in SMTP.
    Unsupported,
    /// Not tried: the caller took it back before the content went out.
    TakenBack,
}

/// A longer message says nothing more to anybody, and is kept in a ledger.
const MOST_CHARACTERS: usize = 1000;

impl SendFailure {
    /// A failure without an answer, after which the connection is over.
    pub fn new(stage: Stage, kind: FailureKind, message: &str) -> SendFailure {
        let message = escape::short(&escape::line(message), MOST_CHARACTERS);
        SendFailure {
            stage,
            kind,
            reply: None,
            message,
            may_have_been_accepted: false,
            connection_is_usable: false,
        }
    }

    /// The same, and the connection is over.
    fn and_over(self) -> SendFailure {
        SendFailure { connection_is_usable: false, ..self }
    }
}
