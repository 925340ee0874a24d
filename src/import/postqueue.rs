//! Postfix' queue as `postqueue -j` lists it: a row for each recipient that still waits.

use serde::Deserialize;

use super::postfix::TRIED_AGAIN;
use super::{Line, Parsed, ParsedAttempt, Status, hash};
use crate::mapping::time::Reader;

/// Reads the queue's listing.
#[derive(Debug)]
pub struct Postqueue;

#[derive(Deserialize)]
struct PostqueueMail {
    queue_id: String,
    arrival_time: f64,
    #[serde(default)]
    sender: Option<String>,
    recipients: Vec<Recipient>,
}

#[derive(Deserialize)]
struct Recipient {
    address: String,
    #[serde(default)]
    delay_reason: Option<String>,
}

/// Whether a line is one of the listing.
pub fn recognises(line: Line<'_>) -> bool {
    line.text.starts_with(b"{") && serde_json::from_slice::<PostqueueMail>(line.text).is_ok()
}

impl Postqueue {
    /// Takes the next line.
    pub fn line(&mut self, line: Line<'_>, found: &mut Parsed) {
        let Ok(mail) = serde_json::from_slice::<PostqueueMail>(line.text) else {
            return found.unparsed(line.text);
        };
        found.event();
        for recipient in mail.recipients {
            let at = Reader::number(mail.arrival_time);
            let reason = recipient.delay_reason;
            let status = if reason.is_some() { Status::Deferred } else { Status::Pending };
            let key =
                format!("{} {} {}", mail.queue_id, recipient.address, reason.as_deref().unwrap_or_default());
            found.row(ParsedAttempt {
                at,
                sender: mail.sender.clone().filter(|sender| !sender.is_empty()),
                recipient: Some(recipient.address),
                queued_at: at,
                queue_id: Some(mail.queue_id.clone()),
                note: reason.is_some().then_some(TRIED_AGAIN),
                error: reason,
                status,
                key: hash(key.as_bytes()),
                ..ParsedAttempt::at(line)
            });
        }
    }
}
