//! What the log keeps of a mail: a row of `queries/message.sql`, read the same way by the plan and by the claim, so that a row
//! that changed in between is noticed.

use crate::analysis::mails;
use crate::db::row::Row;
use crate::digest::Digest;

use super::fingerprint::MailFingerprint;
use super::message::{self, Stored};

/// The question.
pub const MESSAGE: &str = include_str!("../../queries/message.sql");

/// The columns of the question.
const ID: usize = 0;
const STATUS: usize = 1;
const SENT_DATE: usize = 2;
const ERROR_MESSAGE: usize = 3;
const SENDER: usize = 4;
const RECIPIENT: usize = 5;
const CC: usize = 6;
const BCC: usize = 7;
const REPLY_TO: usize = 8;
const SUBJECT: usize = 9;
const BODY_TEXT: usize = 10;
const BODY_HTML: usize = 11;
const RAW: usize = 12;
const ATTACHMENTS: usize = 13;
const MESSAGE_ID: usize = 14;

/// What the log kept of a mail at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// Time and error text.
    attempt: Digest,
    /// All that is sent.
    sent: Digest,
}

impl Version {
    /// What has changed since an earlier version, in words; none where nothing has.
    pub fn change_since(&self, earlier: &Version) -> Option<&'static str> {
        match (self.sent == earlier.sent, self.attempt == earlier.attempt) {
            (true, true) => None,
            (false, _) => Some("its content has changed since the plan; look at it again"),
            (true, false) => Some("its time or error text has changed since the plan; look at it again"),
        }
    }

    /// Whether what is sent is the same.
    pub fn is_sent_alike(&self, other: &Version) -> bool {
        self.sent == other.sent
    }
}

/// A row of the answer.
pub struct Kept<'r>(pub &'r Row);

impl Kept<'_> {
    /// The row's key.
    pub fn id(&self) -> String {
        self.text(ID)
    }

    /// The status word as it is stored.
    pub fn status(&self) -> Option<String> {
        self.0.text(STATUS)
    }

    /// Text, HTML, raw message and the names of attachments: what distinguishes two mails of the same outside.
    ///
    /// A raw message counts by its Message-ID; without one, what each sending generates does not count.
    pub fn content(&self) -> Digest {
        let parts = [BODY_TEXT, BODY_HTML, ATTACHMENTS].map(|column| self.filled(column));
        let raw = self.filled(RAW).map(message::identifying);
        if parts.iter().all(Option::is_none) && raw.is_none() {
            return mails::nothing();
        }
        Digest::of(parts.into_iter().chain([raw.as_deref()]))
    }

    /// What of it may change while it is planned and sent.
    pub fn version(&self) -> Version {
        let digest =
            |columns: std::ops::RangeInclusive<usize>| Digest::of(columns.map(|column| self.0.bytes(column)));
        Version { attempt: digest(SENT_DATE..=ERROR_MESSAGE), sent: digest(SENDER..=MESSAGE_ID) }
    }

    /// What of it is sent, as a few digits for each field.
    pub fn fingerprint(&self) -> MailFingerprint {
        MailFingerprint::of((SENDER..=MESSAGE_ID).map(|column| self.0.bytes(column)))
    }

    /// The mail to build a message from.
    pub fn stored(&self, table: &str, id: &str) -> Stored {
        let some = |column| self.0.text(column).filter(|text| !text.trim().is_empty());
        Stored {
            identity: String::new(),
            table: table.to_owned(),
            id: id.to_owned(),
            sender: self.text(SENDER),
            to: self.text(RECIPIENT),
            cc: self.text(CC),
            bcc: self.text(BCC),
            reply_to: self.text(REPLY_TO),
            subject: self.text(SUBJECT),
            body_text: some(BODY_TEXT),
            body_html: some(BODY_HTML),
            raw: self.filled(RAW).map(<[u8]>::to_vec),
            attachments: Vec::new(),
            message_id: some(MESSAGE_ID),
            named_attachments: self.text(ATTACHMENTS),
        }
    }

    fn text(&self, column: usize) -> String {
        self.0.text(column).unwrap_or_default()
    }

    fn filled(&self, column: usize) -> Option<&[u8]> {
        self.0.bytes(column).filter(|bytes| !bytes.is_empty())
    }
}
