//! Why a mail does not go: permanent and temporary reasons, and what a person could fix or decide.

use std::fmt;

use crate::analysis::mails::Likeness;
use crate::model::{Class, Millis};
use crate::resend::message::Unbuildable;

/// Why a mail is skipped: sending it is not to be thought of, now or at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Skip {
    /// The ledger has it as sent, by this run.
    Sent(String),
    /// The ledger has it as sent, as another attempt of the same mail.
    SentAs(String),
    /// This person said that it was delivered.
    Delivered(String),
    /// A run that is alive has it.
    Claimed(String),
    /// A run is handing it over, if that was not killed.
    UnderWay(String),
    /// It was handed over and never answered; a person decides.
    InDoubt,
    /// The error in the log says that it may have been delivered; a person decides. `Some`: that of a further attempt.
    InDoubtByLog(Option<String>),
    /// It was refused for good when it was sent again.
    Refused(String),
    /// A person decided that it shall not go.
    Dropped,
    /// Its next attempt is not due yet.
    NotBefore(Millis),
    /// Its error says that this message will not go without a change.
    Never(Class),
    /// A counted window is used up until then.
    Wait(Millis),
    /// It went, as this row.
    Went(String),
    /// The application is about to send it, as this row.
    Pending(String),
}

impl Skip {
    /// The reason without what differs from row to row.
    pub fn group(&self) -> &'static str {
        match self {
            Skip::Sent(_) | Skip::SentAs(_) => "sent again already",
            Skip::Delivered(_) => "delivered, as a person said",
            Skip::Claimed(_) => "being sent by another run",
            Skip::UnderWay(_) => {
                "being handed over by another run, or in doubt if that was killed; resend --doubt looks"
            }
            Skip::InDoubt => "in doubt: handed over and never answered; settle with resend --doubt",
            Skip::InDoubtByLog(_) => "in doubt by the error in the log; settle with resend --doubt",
            Skip::Refused(_) => "refused when sent again; resend --free ID... lets it go again",
            Skip::Dropped => "dropped by a person; resend --free ID... takes that back",
            Skip::NotBefore(_) => "next attempt not due yet",
            Skip::Never(_) => "will not go without a change",
            Skip::Wait(_) => "the provider's window is used up",
            Skip::Went(_) => "went out after all",
            Skip::Pending(_) => "about to be sent by the application",
        }
    }

    /// When it may go, where that is all that keeps it.
    pub fn next_at(&self) -> Option<Millis> {
        match self {
            Skip::NotBefore(at) | Skip::Wait(at) => Some(*at),
            _ => None,
        }
    }

    /// Of a mail in doubt, whose doubt it is: this program's own, or that of the error in the log.
    pub fn origin(&self) -> Option<&'static str> {
        match self {
            Skip::InDoubt => Some("ours"),
            Skip::InDoubtByLog(_) => Some("log"),
            _ => None,
        }
    }

    /// Whether a person has to decide.
    pub fn is_doubt(&self) -> bool {
        matches!(self, Skip::InDoubt | Skip::InDoubtByLog(_))
    }
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |at: &Millis| crate::zone::rfc3339(*at);
        match self {
            Skip::Sent(run) => write!(f, "sent again already, by the run {run}"),
            Skip::SentAs(id) => write!(f, "sent again already, as row {id} of the same mail"),
            Skip::Delivered(who) => write!(f, "delivered, as {who} said"),
            Skip::Claimed(run) => write!(f, "being sent by the run {run}"),
            Skip::UnderWay(run) => write!(
                f,
                "being handed over by the run {run}, or in doubt if that was killed; resend --doubt looks"
            ),
            Skip::InDoubt => {
                f.write_str("in doubt: it was handed over and never answered; settle it with resend --doubt")
            }
            Skip::InDoubtByLog(None) => f.write_str(
                "in doubt: its error says that it may have been delivered; settle it with resend --doubt",
            ),
            Skip::InDoubtByLog(Some(id)) => write!(
                f,
                "in doubt: row {id} is an attempt of the same mail, and its error says that it may have been delivered; settle it with \
                 resend --doubt"
            ),
            Skip::Refused(reply) => {
                write!(f, "refused when it was sent again: {reply}; resend --free frees it")
            }
            Skip::Dropped => f.write_str("dropped by a person; resend --free frees it"),
            Skip::NotBefore(at) => write!(f, "next attempt not before {}", time(at)),
            Skip::Never(class) => write!(
                f,
                "{class}: it will not go without a change; correct the row and empty its error text, then --id sends it"
            ),
            Skip::Wait(until) => write!(f, "the provider's window is used up until {}", time(until)),
            Skip::Went(id) => write!(f, "went out as row {id}"),
            Skip::Pending(id) => {
                write!(f, "the application has not tried row {id} of the same mail yet and may send it")
            }
        }
    }
}

/// Why a mail is held: it could go once a person fixes something or says so. Nothing is written about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hold {
    /// It looks like this row, which was sent or is to go, and without a Message-ID nobody knows whether it is the same mail.
    LooksLike(String, Likeness),
    /// It has no error text, so why it failed is not known.
    NoError,
    /// Its error says that nothing from this account would go.
    Account(Class),
    /// It has no time that can be read, so its age is not known.
    NoTime,
    /// So many rows of the log have its key.
    SeveralRows(usize),
    /// The row is gone, or has another status.
    Gone,
    /// The log keeps nothing to send.
    NoContent,
    /// No message can be made of what the log keeps.
    Message(Unbuildable),
    /// An attachment cannot be had, or the message is too large.
    Attachment(String),
    /// Its text speaks of an attachment, and the log holds none.
    LacksAttachment,
    /// This server does not take such a message.
    Server(String),
}

impl Hold {
    /// The reason without what differs from row to row.
    pub fn group(&self) -> &'static str {
        match self {
            Hold::LooksLike(_, Likeness::Sent) => {
                "like a mail that was sent; --id sends such a row all the same"
            }
            Hold::LooksLike(_, Likeness::Failed) => "like a newer mail; --id sends such a row as well",
            Hold::NoError => "no error text says why; --id sends such a row",
            Hold::Account(_) => {
                "nothing from this account would go; once that is mended, --id sends such a row"
            }
            Hold::NoTime => "no readable time; --id sends such a row",
            Hold::SeveralRows(_) => "several rows have the same id; map id to a column that is unique",
            Hold::Gone => "not found again by their id",
            Hold::NoContent => "the log keeps nothing to send",
            Hold::Message(
                Unbuildable::NoRecipient | Unbuildable::NoAddress { .. } | Unbuildable::NotOneSender(_),
            ) => "no usable address",
            Hold::Message(_) => "a field that cannot be sent as it is",
            Hold::Attachment(_) => "an attachment that cannot go",
            Hold::LacksAttachment => {
                "the text speaks of an attachment, and the log holds none; --without-attachment"
            }
            Hold::Server(_) => "not taken by this server",
        }
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Hold::LooksLike(id, Likeness::Sent) => {
                write!(f, "looks like row {id}, which was sent; if it is another mail, --id sends it")
            }
            Hold::LooksLike(id, Likeness::Failed) => {
                write!(f, "looks like row {id}, which is newer; if it is another mail, --id sends it")
            }
            Hold::NoError => f.write_str("no error text says why it failed; --id sends it"),
            Hold::Account(class) => {
                write!(f, "{class}: nothing from this account would go; once that is mended, --id sends it")
            }
            Hold::NoTime => f.write_str("no readable time, so its age is not known; --id sends it"),
            Hold::SeveralRows(rows) => {
                write!(f, "{rows} rows have this id; map id to a column that is unique")
            }
            Hold::Gone => f.write_str("it is not found again by its id: it changed meanwhile, or the id is empty or a fraction"),
            Hold::NoContent => f.write_str(
                "the log keeps nothing to send: no text, no HTML, no raw message and no attachment",
            ),
            Hold::Message(refusal) => write!(f, "{refusal}"),
            Hold::Attachment(reason) | Hold::Server(reason) => f.write_str(reason),
            Hold::LacksAttachment => f.write_str(
                "its text speaks of an attachment, and the log holds none; --without-attachment sends it all the same",
            ),
        }
    }
}
