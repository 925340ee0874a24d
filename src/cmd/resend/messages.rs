//! Whether a message can be made of what the log keeps of a mail.

use std::collections::HashMap;

use anyhow::Result;

use crate::log::{Considered, Log, each_message};
use crate::model::Millis;
use crate::reply;
use crate::resend::attachments::Attachments;
use crate::resend::fingerprint::MailFingerprint;
use crate::resend::kept::Version;
use crate::resend::ledger::{MailRecord, Past};
use crate::resend::message::{self, Stored};
use crate::resend::selection::Hold;
use crate::resend::state::RowState;

/// What a message is checked with.
pub struct Checking<'c> {
    /// Where attachments come from.
    pub attachments: &'c Attachments,
    /// The mailbox for rows that name none.
    pub account: Option<&'c str>,
    /// Whether a mail goes whose text speaks of an attachment that the log does not hold.
    pub without_attachment: bool,
    /// How old a mail may be.
    pub max_age: Millis,
}

/// A mail that goes.
pub struct ChosenMail {
    /// The mail.
    pub mail: Considered,
    /// What the log keeps of it.
    pub version: Version,
    /// What of it is sent.
    pub content: MailFingerprint,
    /// The time under which the ledger has it, and the Message-ID it was handed over with before.
    pub known_as: (Option<Millis>, Option<String>),
    /// Attempts used up by earlier runs.
    pub attempts: u32,
    /// The fingerprint of a refusal that an earlier run noted, where mails were delivered since.
    pub refused_before: Option<String>,
}

/// A mail that goes, or that is held for what its message lacks.
pub type CheckedMail = Result<ChosenMail, Box<(Considered, Hold)>>;

/// The fingerprint of a refusal that was only noted.
pub fn noted(known: &MailRecord) -> Option<String> {
    let reply = known.reply.as_deref().filter(|_| known.state == RowState::Deferred)?;
    let is_for_good = reply::scan(reply).reply.is_some_and(|code| code >= 500);
    is_for_good.then(|| reply::fingerprint(reply).hash)
}

/// What the log keeps of a mail, and how often a row has its key.
struct LoggedKey {
    rows: usize,
    status: Option<String>,
    version: Version,
    content: MailFingerprint,
    stored: Stored,
}

/// Looks whether a message can be made of each mail.
///
/// # Errors
/// The database's refusal.
pub async fn check_messages(
    log: &mut Log,
    past: &Past,
    checking: &Checking<'_>,
    mails: Vec<Considered>,
) -> Result<Vec<CheckedMail>> {
    let ids: Vec<String> = mails.iter().map(|mail| mail.stands.key.id.clone()).collect();
    let table = log.mapping.table.1.clone();
    let mut found: HashMap<String, LoggedKey> = HashMap::new();
    each_message(&mut log.db, &log.mapping, &ids, &mut |kept| {
        let id = kept.id();
        let (status, version) = (kept.status(), kept.version());
        let content = kept.fingerprint();
        let new = || LoggedKey { rows: 0, status, version, content, stored: kept.stored(&table, &id) };
        found.entry(id.clone()).or_insert_with(new).rows += 1;
    })
    .await?;
    let each = mails.into_iter().map(|mail| {
        let checked = match found.get_mut(&mail.stands.key.id) {
            None => Err(Hold::Gone),
            Some(found) => {
                let status = log.mapping.status_word(found.status.as_deref());
                let is_as_read = status == Some(&*mail.stands.status);
                check(found, checking).and(if is_as_read {
                    Ok((found.version, found.content.clone()))
                } else {
                    Err(Hold::Gone)
                })
            }
        };
        match checked {
            Ok((version, content)) => Ok(chosen(mail, version, content, past)),
            Err(hold) => Err(Box::new((mail, hold))),
        }
    });
    Ok(each.collect())
}

/// Mails whose messages are looked at together.
const AT_ONCE: usize = 64;

/// Mails whose messages a report looks at; of more it knows only what the log and the ledger say.
const MOST: usize = 1_000;

/// How many of some mails resend would hold for what their messages lack.
///
/// # Errors
/// The database's refusal.
pub async fn held(
    log: &mut Log,
    past: &Past,
    attachments: &Attachments,
    mut mails: Vec<Considered>,
) -> Result<u64> {
    let checking = Checking { attachments, account: None, without_attachment: false, max_age: log.max_age };
    let mut held = 0;
    if mails.len() > MOST {
        return Ok(held);
    }
    while !mails.is_empty() {
        let rest = mails.split_off(mails.len().min(AT_ONCE));
        let checked = check_messages(log, past, &checking, std::mem::replace(&mut mails, rest)).await?;
        held += checked.iter().filter(|mail| mail.is_err()).count() as u64;
    }
    Ok(held)
}

/// A mail that goes, with what the ledger knows of it.
fn chosen(mail: Considered, version: Version, content: MailFingerprint, past: &Past) -> ChosenMail {
    let known = past.of(&mail.stands.key);
    let attempts = known.map_or(0, |known| known.attempts);
    let refused_before = known.filter(|known| past.is_delivered_since(known.changed_at, &content));
    let refused_before = refused_before.and_then(noted);
    let at = known.map_or(mail.stands.key.sent_date, |known| known.sent_date);
    let known_as = (at, known.and_then(|known| known.message_id.clone()));
    ChosenMail { mail, version, content, known_as, attempts, refused_before }
}

fn check(found: &mut LoggedKey, checking: &Checking<'_>) -> Result<(), Hold> {
    if found.rows > 1 {
        return Err(Hold::SeveralRows(found.rows));
    }
    let stored = &mut found.stored;
    if stored.sender.trim().is_empty() {
        stored.sender = checking.account.unwrap_or_default().to_owned();
    }
    message::check(stored).map_err(Hold::Message)?;
    if !stored.has_content() {
        return Err(Hold::NoContent);
    }
    checking.attachments.look(&stored.named_attachments, stored.size()).map_err(Hold::Attachment)?;
    if !checking.without_attachment && stored.lacks_attachment() {
        return Err(Hold::LacksAttachment);
    }
    Ok(())
}
