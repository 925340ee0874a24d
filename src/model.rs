//! Plain data that every layer speaks: what an attempt is and what a failure means.
//!
//! No behaviour beyond naming and parsing lives here; nothing here reads a clock, a file or a database.
//! Words in JSON, in flags and in the rule files are the kebab-case names of these enums.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z, the one unit of time inside the program.
pub type Millis = i64;

/// A second.
pub const SECOND: Millis = 1_000;
/// A minute.
pub const MINUTE: Millis = 60 * SECOND;
/// An hour.
pub const HOUR: Millis = 60 * MINUTE;
/// A day of 24 hours.
pub const DAY: Millis = 24 * HOUR;

/// A span of time; one too long to count is longer than any log.
pub fn millis(span: Duration) -> Millis {
    Millis::try_from(span.as_millis()).unwrap_or(Millis::MAX / 4)
}

/// A text or several, as a config file may write either.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "expected a text or a list of texts")]
pub enum OneOrMany {
    /// `key = "a"`
    One(String),
    /// `key = ["a", "b"]`
    Many(Vec<String>),
}

impl OneOrMany {
    /// The texts, in the order they are written.
    pub fn as_slice(&self) -> &[String] {
        match self {
            OneOrMany::One(one) => std::slice::from_ref(one),
            OneOrMany::Many(many) => many,
        }
    }

    /// The texts, in the order they are written.
    pub fn into_vec(self) -> Vec<String> {
        match self {
            OneOrMany::One(one) => vec![one],
            OneOrMany::Many(many) => many,
        }
    }
}

/// Declares a closed set of words together with their spelling in JSON, flags and rule files.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The word for this value in JSON, flags and rule files.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = String;

            /// # Errors
            /// Names the words that would have been understood.
            fn from_str(word: &str) -> Result<Self, String> {
                Self::ALL.iter().copied().find(|v| v.as_str() == word).ok_or_else(|| {
                    let known: Vec<_> = Self::ALL.iter().map(|v| v.as_str()).collect();
                    format!("'{word}' is not one of {}", known.join(", "))
                })
            }
        }
    };
}

words! {
    /// What kind of trouble a failure is.
    Class {
        /// Too many connections at once.
        ThrottleConcurrency = "throttle-concurrency",
        /// Too many messages in a short time.
        ThrottleRate = "throttle-rate",
        /// A counted allowance (an hour's, a day's) is used up.
        Quota = "quota",
        /// The server or a part of it is overloaded or shut down temporarily.
        ServerBusy = "server-busy",
        /// A first attempt put off on purpose.
        Greylisted = "greylisted",
        /// A mailbox is full: the recipient's, or the sender's own.
        MailboxFull = "mailbox-full",
        /// The account could not log in.
        Auth = "auth",
        /// Refused by a rule: reputation, content, permission.
        Policy = "policy",
        /// The address does not exist or takes no mail.
        Recipient = "recipient",
        /// This message cannot go as it is: size, format, too many recipients.
        Message = "message",
        /// The connection failed.
        Network = "network",
        /// Encryption was asked for and did not come about.
        Tls = "tls",
        /// The application itself failed, before any mail server was asked: a template, a query, a file, its own code.
        Application = "application",
        /// The text does not say.
        Unknown = "unknown",
    }
}

words! {
    /// What may be done with a failed mail.
    Disposition {
        /// Temporary: send again, later and slower.
        Retry = "retry",
        /// A counted window is used up: not before it frees, whatever the first digit says.
        Wait = "wait",
        /// This message will not go without a change.
        Never = "never",
        /// Nothing from this account will go: end the whole run.
        Stop = "stop",
        /// It may have been delivered; never sent again unless a person says so.
        Doubt = "doubt",
    }
}

words! {
    /// The step of the SMTP dialogue that failed.
    Stage {
        /// Opening the connection, up to the server's greeting.
        Connect = "connect",
        /// EHLO or HELO.
        Ehlo = "ehlo",
        /// STARTTLS or the TLS handshake.
        Tls = "tls",
        /// AUTH.
        Auth = "auth",
        /// MAIL FROM.
        Mail = "mail",
        /// RCPT TO.
        Rcpt = "rcpt",
        /// The DATA command, before the message.
        Data = "data",
        /// The end of the message: the final dot.
        Dot = "dot",
    }
}

words! {
    /// What the mapping says of an application's own status word.
    Meaning {
        /// The mail went out.
        Sent = "sent",
        /// The mail was refused or could not be handed over.
        Failed = "failed",
        /// The mail has not been tried yet.
        Pending = "pending",
        /// The mapping does not name this word.
        Other = "other",
    }
}

/// An enhanced status code, `class.subject.detail` (RFC 3463).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Enhanced {
    /// 2, 4 or 5.
    pub class: u8,
    /// 0 to 999.
    pub subject: u16,
    /// 0 to 999.
    pub detail: u16,
}

impl fmt::Display for Enhanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

impl Serialize for Enhanced {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One row of the log: a mail, or an attempt at one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mail {
    /// The row's key.
    pub id: String,
    /// The application's status word.
    pub status: Option<String>,
    /// When it was tried; `None` where the stored value is no time.
    pub at: Option<Millis>,
    /// The mailbox it went out from.
    pub sender: Option<String>,
    /// To whom.
    pub recipient: Option<String>,
    /// To whom else.
    pub cc: Option<String>,
    /// To whom else, unseen.
    pub bcc: Option<String>,
    /// The subject.
    pub subject: Option<String>,
    /// The Message-ID.
    pub message_id: Option<String>,
    /// The stored error text.
    pub error: Option<String>,
    /// Whether the error text was not valid UTF-8 or held a NUL.
    pub garbled: bool,
}

/// One attempt of any outcome.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attempt<'r> {
    /// The application's status word.
    pub status: Option<&'r str>,
    /// When it was tried; `None` where the stored value is no time.
    pub at: Option<Millis>,
    /// The mailbox it went out from.
    pub sender: Option<&'r str>,
    /// How many addresses it went to.
    pub recipients: u32,
    /// When the attempt ended, where the log says so.
    pub finished_at: Option<Millis>,
}

/// What a database says of itself and of the connection to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DatabaseServer {
    /// Its name and version.
    pub version: String,
    /// Whether it is reached over TCP.
    pub is_remote: bool,
    /// The version of TLS, where the connection is encrypted.
    pub tls: Option<String>,
    /// What encrypts the connection where TLS does not, in the server's words.
    pub encryption: Option<String>,
    /// Whether the server shows that.
    pub shows_encryption: bool,
    /// How a connection without TLS gets it.
    pub tls_by: &'static str,
    /// The database user.
    pub role: Option<String>,
    /// How far its clock is ahead of this host's, where it has one of its own.
    pub clock_ahead: Option<Millis>,
    /// The zone it lives in, where it says so.
    pub zone: Option<String>,
}

/// How many of some rows fulfil the conditions of the config.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConditionCounts {
    /// The rows that were looked at.
    pub rows: u64,
    /// Each condition as the config writes it, with how many of them fulfil it.
    pub each: Vec<(String, u64)>,
    /// How many have two meanings.
    pub both: u64,
}

/// Something about a server that was asked of it, to be shown to somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// What was asked.
    pub what: String,
    /// Whether it is as the program takes it to be; `None`: nothing depends on it, or it was left out.
    pub holds: Option<bool>,
    /// What the server said.
    pub said: String,
}

impl Proof {
    /// What holds or does not.
    pub fn of(what: &str, holds: bool, said: impl Into<String>) -> Self {
        Self { what: what.to_owned(), holds: Some(holds), said: said.into() }
    }

    /// What is only told.
    pub fn told(what: &str, said: impl Into<String>) -> Self {
        Self { what: what.to_owned(), holds: None, said: said.into() }
    }
}

/// What the asking role may do with the log, and the statements that would put it right.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rights {
    /// What has to be granted before the log can be read; nothing where it can.
    pub grants: Vec<String>,
    /// Whether it could also write to the log.
    pub may_write: bool,
    /// What takes that away, or makes a role without it.
    pub revokes: Vec<String>,
}

/// How the database finds a window of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Indexing {
    /// Whether an index serves it.
    pub serves: bool,
    /// Further tables in which no index finds the rows of a mail.
    pub unserved: Vec<String>,
    /// How the database would look for the failed mails of a day.
    pub plan: Vec<String>,
    /// The statements that make such indexes, where the tables can have them.
    pub create: Vec<String>,
}

/// How many rows have a status word, and how many of them an error text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordCount {
    /// The word as it is stored.
    pub word: Option<String>,
    /// Rows.
    pub rows: u64,
    /// Of these, those with an error text.
    pub with_error: u64,
}

/// A code a person asks for: a reply code or an enhanced one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// Three digits.
    Reply(u16),
    /// `class.subject.detail`.
    Enhanced(Enhanced),
}

impl FromStr for Code {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers: Vec<Option<u16>> =
            text.split('.').map(|part| part.parse().ok().filter(|n| *n < 1000)).collect();
        match numbers.as_slice() {
            [Some(reply)] if *reply >= 100 => Ok(Code::Reply(*reply)),
            [Some(class @ 2..=5), Some(subject), Some(detail)] => {
                let class = u8::try_from(*class).unwrap_or_default();
                Ok(Code::Enhanced(Enhanced { class, subject: *subject, detail: *detail }))
            }
            _ => Err("no reply code such as 432 and no enhanced code such as 4.3.2".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_in_json_is_the_word_in_flags() {
        for class in Class::ALL {
            assert_eq!(serde_json::to_string(class).unwrap(), format!("\"{class}\""));
            assert_eq!(class.as_str().parse(), Ok(*class));
        }
    }

    #[test]
    fn a_mistyped_word_is_answered_with_the_known_ones() {
        let error = "often".parse::<Disposition>().unwrap_err();
        assert_eq!(error, "'often' is not one of retry, wait, never, stop, doubt");
    }
}
