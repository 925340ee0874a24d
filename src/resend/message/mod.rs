//! The message to send: from the fields that the log keeps to an envelope and RFC 5322 bytes.
//!
//! Nothing is repaired in silence. A header value with a line break or a control character, an address that is none, a
//! message without content are refused with the reason, since what was never sent can still be sent by hand. The one
//! liberty is line ends, which become CRLF. The same fields give the same bytes: the date is an argument, and a
//! Message-ID that the log does not have is computed from the row, so that a duplicate can be recognised as one.

mod addresses;
mod compose;
mod header;
mod raw;
mod speaks;

use thiserror::Error;

use crate::model::Millis;

/// A message as the log keeps it. Address lists are as [`crate::address`] reads them.
#[derive(Debug, Clone, Default)]
pub struct Stored {
    /// Which mail it is, beside its table and its key: the database, and what is sent.
    pub identity: String,
    /// The log's table, with its schema.
    pub table: String,
    /// The row's key.
    pub id: String,
    /// The mailbox it goes out from, with or without a name.
    pub sender: String,
    /// The recipients that everyone sees.
    pub to: String,
    /// Further recipients that everyone sees.
    pub cc: String,
    /// Recipients that nobody sees: in the envelope only.
    pub bcc: String,
    /// Where answers go.
    pub reply_to: String,
    /// The subject.
    pub subject: String,
    /// The plain text.
    pub body_text: Option<String>,
    /// The same as HTML.
    pub body_html: Option<String>,
    /// The whole message (RFC 5322), in place of subject, bodies and attachments.
    pub raw: Option<Vec<u8>>,
    /// Files to go with it.
    pub attachments: Vec<Attachment>,
    /// The Message-ID it was first sent with.
    pub message_id: Option<String>,
    /// The files that the log names, not loaded yet: a path, or a JSON list of paths.
    pub named_attachments: String,
}

/// A file that goes with a message.
#[derive(Debug, Clone)]
pub struct Attachment {
    /// Its name, without a folder.
    pub name: String,
    /// Its media type, such as `application/pdf`; empty if not known.
    pub media_type: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Which sending of the message this is.
#[derive(Debug, Clone)]
pub struct SendingOrigin {
    /// The run's name in the ledger.
    pub run: String,
    /// The attempt within the ledger, from 1.
    pub attempt: u32,
    /// The time for the `Date` header.
    pub at: Millis,
}

/// Who sends to whom (RFC 5321), and what the server has to be able to take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The address for MAIL FROM.
    pub sender: String,
    /// The addresses for RCPT TO, each once.
    pub recipients: Vec<String>,
    /// An address has characters beyond ASCII before the `@` (RFC 6531).
    pub needs_smtputf8: bool,
    /// The content has bytes beyond ASCII (RFC 6152).
    pub has_8bit: bool,
}

/// A message ready to be handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who sends to whom.
    pub envelope: Envelope,
    /// Headers and body with CRLF line ends, dots not stuffed.
    pub bytes: Vec<u8>,
    /// The Message-ID with its angle brackets.
    pub message_id: String,
}

/// Why a message cannot be built from what the log keeps.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unbuildable {
    /// A header would be broken up by what its value holds.
    #[error("the {field} holds a line break or control character: {value:?}")]
    ControlCharacter {
        /// The field of the log.
        field: &'static str,
        /// What it holds.
        value: String,
    },
    /// What should be an address is none.
    #[error("the {field} holds {value:?}, which is no mail address")]
    NoAddress {
        /// The field of the log.
        field: &'static str,
        /// The value in place of an address.
        value: String,
    },
    /// MAIL FROM takes one address.
    #[error("the sender has to be one mail address and is {0:?}")]
    NotOneSender(String),
    /// To, cc and bcc are empty.
    #[error("there is no recipient: to, cc and bcc are empty")]
    NoRecipient,
    /// Neither subject nor content.
    #[error("the message is empty: the log has no subject, no text, no HTML and no attachment")]
    Empty,
    /// The Message-ID of the log cannot be written as one.
    #[error("the Message-ID {0:?} cannot be written in a header")]
    MessageId(String),
    /// A media type of an attachment is none.
    #[error("the attachment {name:?} has the media type {media_type:?}, which is none")]
    MediaType {
        /// The attachment.
        name: String,
        /// The value in place of its type.
        media_type: String,
    },
    /// The raw message does not begin with a header.
    #[error("the raw message does not begin with a header but with {0:?}")]
    RawWithoutHeader(String),
    /// SMTP does not carry it (RFC 5321, 4.5.2), and it cannot be encoded without changing the message.
    #[error("the raw message holds a NUL character, which mail cannot carry")]
    NulInRaw,
}

/// Builds the message; the raw one goes as it is but for Bcc, which is taken out, and a missing Message-ID.
///
/// # Errors
/// Says which field of the log cannot be sent and why.
pub fn build(stored: &Stored, sending: &SendingOrigin) -> Result<Message, Unbuildable> {
    let (people, message_id) = checked(stored)?;
    check_field("run", &sending.run)?;
    let (bytes, message_id) = match stored.whole() {
        Some(raw) => raw::prepare(raw, message_id, &mark(sending)),
        None => (compose::compose(stored, &people, sending, &message_id)?, message_id),
    };
    let envelope = people.envelope(!bytes.is_ascii());
    Ok(Message { envelope, bytes, message_id })
}

/// Checks what [`build`] needs but for the attachments' content.
///
/// # Errors
/// Says which field of the log cannot be sent and why.
pub fn check(stored: &Stored) -> Result<(), Unbuildable> {
    checked(stored).map(drop)
}

fn checked(stored: &Stored) -> Result<(addresses::People, String), Unbuildable> {
    check_headers(stored)?;
    let people = addresses::People::of(stored)?;
    let message_id = message_id(stored, people.sender.email.domain())?;
    match stored.whole() {
        Some(raw) => raw::check(raw)?,
        None if stored.has_content() || !stored.subject.is_empty() => {}
        None => return Err(Unbuildable::Empty),
    }
    Ok((people, message_id))
}

impl Stored {
    /// The whole message, where the log keeps one.
    fn whole(&self) -> Option<&[u8]> {
        self.raw.as_deref().filter(|raw| !raw.iter().all(u8::is_ascii_whitespace))
    }

    fn bodies(&self) -> impl Iterator<Item = &str> {
        [&self.body_text, &self.body_html].into_iter().filter_map(|body| body.as_deref())
    }

    /// Whether the log keeps anything to send but for headers.
    pub fn has_content(&self) -> bool {
        let has_files = !self.attachments.is_empty() || self.names_files();
        self.whole().is_some() || has_files || self.bodies().any(|body| !body.trim().is_empty())
    }

    /// Whether the text speaks of an attachment and the log holds none.
    pub fn lacks_attachment(&self) -> bool {
        let holds_none = self.whole().is_none() && !self.names_files();
        holds_none && speaks::speaks_of_attachment(self.bodies().chain([self.subject.as_str()]))
    }

    /// Whether the row names files; an empty list in JSON names none.
    fn names_files(&self) -> bool {
        let named = self.named_attachments.trim();
        let list = named.strip_prefix('[').and_then(|list| list.strip_suffix(']'));
        !list.unwrap_or(named).trim().is_empty()
    }

    /// Bytes of the message but for its attachments, about.
    pub fn size(&self) -> u64 {
        self.whole().map_or_else(|| self.bodies().map(str::len).sum(), <[u8]>::len) as u64
    }
}

/// What identifies a raw message: its Message-ID, else all of it except the headers that each sending generates.
pub fn identifying(raw: &[u8]) -> Vec<u8> {
    raw::identifying(raw)
}

/// A longer Message-ID does not fit on its line, which has 998 characters (RFC 5322, 2.1.1).
const LONGEST_ID: usize = 900;

/// The header by which a message that was sent again is known.
const MARK: &str = "X-Mailthrottle-Resend";

/// The value of [`MARK`].
fn mark(sending: &SendingOrigin) -> String {
    format!("{}/{}", sending.run, sending.attempt)
}

/// Every value that ends up in a header.
fn check_headers(stored: &Stored) -> Result<(), Unbuildable> {
    let fields = [
        ("sender", stored.sender.as_str()),
        ("recipient", &stored.to),
        ("cc", &stored.cc),
        ("bcc", &stored.bcc),
        ("reply_to", &stored.reply_to),
        ("subject", &stored.subject),
        ("message_id", stored.message_id.as_deref().unwrap_or_default()),
    ];
    let files = stored.attachments.iter().flat_map(|file| {
        [("attachment's name", file.name.as_str()), ("attachment's media type", &file.media_type)]
    });
    fields.into_iter().chain(files).try_for_each(|(field, value)| check_field(field, value))
}

/// A tab in a subject can be encoded; nothing else that controls can.
fn check_field(field: &'static str, value: &str) -> Result<(), Unbuildable> {
    match value.contains(|c: char| c.is_control() && (c != '\t' || field != "subject")) {
        true => Err(Unbuildable::ControlCharacter { field, value: value.to_owned() }),
        false => Ok(()),
    }
}

/// The log's own Message-ID, else one that the row always gets, whatever its time, at the sender's domain.
fn message_id(stored: &Stored, domain: &str) -> Result<String, Unbuildable> {
    let kept = stored.message_id.as_deref().map(str::trim).unwrap_or_default();
    if kept.is_empty() {
        let hash = stable_hash([&stored.identity, &stored.table, &stored.id].map(String::as_bytes));
        return Ok(format!("<mailthrottle.{hash:032x}@{domain}>"));
    }
    let inner = kept.strip_prefix('<').and_then(|id| id.strip_suffix('>')).unwrap_or(kept);
    let fits = |c: char| c.is_ascii_graphic() && !matches!(c, '<' | '>');
    if inner.is_empty() || inner.len() > LONGEST_ID || !inner.chars().all(fits) {
        return Err(Unbuildable::MessageId(kept.to_owned()));
    }
    Ok(format!("<{inner}>"))
}

/// FNV-1a over 128 bits, the parts separated: the same in every release.
fn stable_hash<'p>(parts: impl IntoIterator<Item = &'p [u8]>) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let step = |hash: u128, byte: &u8| (hash ^ u128::from(*byte)).wrapping_mul(PRIME);
    parts.into_iter().fold(BASIS, |hash, part| part.iter().chain(&[0]).fold(hash, step))
}

/// The text with CRLF at every end of a line, be it a lone CR, a lone LF or both.
fn crlf(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 32);
    let mut rest = text;
    while let Some(end) = memchr::memchr2(b'\r', b'\n', rest) {
        out.extend_from_slice(&rest[..end]);
        out.extend_from_slice(b"\r\n");
        let both = rest[end..].starts_with(b"\r\n");
        rest = &rest[end + 1 + usize::from(both)..];
    }
    out.extend_from_slice(rest);
    out
}
