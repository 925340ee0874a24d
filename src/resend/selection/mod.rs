//! Which of the failed mails go again, and why the others do not.
//!
//! Pure: the mails, what their errors mean, what the ledger knows and the time are arguments. A mail goes only if nothing
//! speaks against any attempt at it, and of several reasons the weightiest is named. What a message needs to be built is
//! looked at afterwards.

mod reasons;

use std::collections::HashSet;
use std::sync::Arc;

use crate::analysis::mails::{FailedFate, Likeness, MailRow, SameMailBy};
use crate::model::{Class, DAY, Disposition, Enhanced, Mail, Millis};
use crate::resend::ledger::{Further, MailKey, MailRecord, Past};
use crate::resend::state::RowState;

pub use reasons::{Hold, Skip};

/// What the stored error of a mail means for sending it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredError {
    /// The reply code.
    pub reply: Option<u16>,
    /// The enhanced code.
    pub enhanced: Option<Enhanced>,
    /// What kind of trouble it was.
    pub class: Class,
    /// What may be done.
    pub disposition: Disposition,
    /// For `wait`: how long after the failure the counted window frees, in milliseconds.
    pub window: Option<Millis>,
    /// Whether there is an error text at all.
    pub has_text: bool,
}

/// A failed mail that may go again.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Which mail.
    pub key: MailKey,
    /// The status word in the log; one for all that have it.
    pub status: Arc<str>,
    /// The mailbox it goes out from; likewise.
    pub sender: Option<Arc<str>>,
    /// To whom.
    pub recipient: Option<String>,
    /// About what.
    pub subject: Option<String>,
    /// The Message-ID that the log keeps.
    pub message_id: Option<String>,
    /// How many recipients it has, copies included.
    pub recipients: u32,
    /// What its error means.
    pub reading: StoredError,
    /// What identifies the mail.
    pub row: MailRow,
    /// The error text, where it says that the mail may have been delivered.
    pub doubt: Option<String>,
}

impl Candidate {
    /// A failed mail with what its error means and how many recipients it has. `words` keeps what many mails have in common.
    pub fn new(
        mail: Mail,
        row: MailRow,
        recipients: u32,
        reading: StoredError,
        words: &mut SharedTexts,
    ) -> Self {
        Self {
            row,
            doubt: mail.error.filter(|_| reading.disposition == Disposition::Doubt),
            key: MailKey { id: mail.id, sent_date: mail.at },
            status: words.one(mail.status.as_deref().unwrap_or_default()),
            sender: mail.sender.map(|sender| words.one(&sender)),
            recipient: mail.recipient,
            subject: mail.subject,
            message_id: mail.message_id.filter(|id| !id.trim().is_empty()),
            recipients: recipients.max(1),
            reading,
        }
    }
}

/// Texts that many mails have in common, each kept once.
#[derive(Debug, Default)]
pub struct SharedTexts(HashSet<Arc<str>>);

impl SharedTexts {
    /// The word, kept.
    pub fn one(&mut self, word: &str) -> Arc<str> {
        if let Some(known) = self.0.get(word) {
            return known.clone();
        }
        let new: Arc<str> = word.into();
        self.0.insert(new.clone());
        new
    }
}

/// Whether a mail goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nothing speaks against it so far.
    Goes,
    /// It does not.
    Skipped(Skip),
    /// It could, once a person fixes something or says so.
    Held(Hold),
    /// It is older than `--max-age`.
    TooOld,
}

/// What a mail is held against.
#[derive(Debug, Clone, Copy)]
pub struct Against<'h> {
    /// What the ledger knows.
    pub past: &'h Past,
    /// Older ones do not go.
    pub max_age: Millis,
    /// Rows a person named one by one.
    pub named: &'h HashSet<String>,
    /// The time now.
    pub now: Millis,
}

impl Against<'_> {
    fn is_named(&self, id: &str) -> bool {
        self.named.contains(id)
    }
}

/// Whether a mail goes, by the attempt that represents it and the further ones. `fate` is what other log rows say.
pub fn standing(mail: &Candidate, further: &[Further], fate: &FailedFate, against: &Against<'_>) -> Standing {
    let skip = by_ledger(mail, further, against)
        .or_else(|| by_fate(fate))
        .or_else(|| by_doubt(mail, further, against))
        .or_else(|| by_error(mail, against.now));
    match skip {
        Some(skip) => Standing::Skipped(skip),
        None if is_too_old(mail, against) => Standing::TooOld,
        None => held(mail, fate, against).map_or(Standing::Goes, Standing::Held),
    }
}

/// What the ledger knows of any attempt; the weightiest counts.
fn by_ledger(mail: &Candidate, further: &[Further], against: &Against<'_>) -> Option<Skip> {
    let is_named = against.is_named(&mail.key.id);
    let known = |key: &MailKey, join: Option<SameMailBy>| {
        against.past.of(key).filter(|known| !(is_named && is_by_content(known, join)))
    };
    let own = known(&mail.key, None);
    let all = own.into_iter().chain(further.iter().filter_map(|row| known(&row.key, Some(row.join))));
    let skips = all.filter_map(|known| by_known(known, against.now));
    let weight = |skip: &Skip| match skip {
        Skip::Claimed(_) | Skip::UnderWay(_) => 6,
        Skip::InDoubt => 5,
        Skip::Sent(_) | Skip::SentAs(_) | Skip::Delivered(_) => 4,
        Skip::Dropped => 3,
        Skip::Refused(_) => 2,
        _ => 1,
    };
    let is_ours = |skip: &Skip| {
        !matches!(skip, Skip::Refused(_)) || own.is_some_and(|own| own.state == RowState::Refused)
    };
    skips.filter(is_ours).max_by_key(|skip| (weight(skip), skip.next_at()))
}

/// Whether only the content says that a row went with its mail: if a person names the row, it is another mail.
fn is_by_content(known: &MailRecord, join: Option<SameMailBy>) -> bool {
    known.state == RowState::Sent
        && (known.same_by == Some(SameMailBy::Content) || join == Some(SameMailBy::Content))
}

fn by_known(known: &MailRecord, now: Millis) -> Option<Skip> {
    match known.state {
        RowState::Sent => Some(match (&known.same_as, &known.settled_by) {
            (Some(id), _) => Skip::SentAs(id.clone()),
            (None, Some(who)) => Skip::Delivered(who.clone()),
            (None, None) => Skip::Sent(known.run.clone()),
        }),
        RowState::Claimed => Some(Skip::Claimed(known.run.clone())),
        RowState::HandedOver => Some(Skip::UnderWay(known.run.clone())),
        RowState::Doubt => Some(Skip::InDoubt),
        RowState::Refused => Some(Skip::Refused(known.reply.clone().unwrap_or_default())),
        RowState::Dropped => Some(Skip::Dropped),
        RowState::Deferred | RowState::Held | RowState::Skipped | RowState::Untouched => {
            known.next_at.filter(|at| *at > now).map(Skip::NotBefore)
        }
    }
}

fn by_fate(fate: &FailedFate) -> Option<Skip> {
    match fate {
        FailedFate::Went(id) => Some(Skip::Went(id.to_string())),
        FailedFate::Waits(id) => Some(Skip::Pending(id.to_string())),
        FailedFate::InDoubt(id) => Some(Skip::InDoubtByLog(Some(id.to_string()))),
        FailedFate::Stands | FailedFate::SameAs(..) | FailedFate::LooksLike(..) => None,
    }
}

/// An error that speaks of doubt, until a person has decided: whatever the ledger has of the row came after that.
fn by_doubt(mail: &Candidate, further: &[Further], against: &Against<'_>) -> Option<Skip> {
    let is_open = |key: &MailKey| against.past.of(key).is_none();
    if mail.reading.disposition == Disposition::Doubt && is_open(&mail.key) {
        return Some(Skip::InDoubtByLog(None));
    }
    let doubt = further.iter().find(|row| row.is_doubt && is_open(&row.key));
    doubt.map(|row| Skip::InDoubtByLog(Some(row.key.id.clone())))
}

fn by_error(mail: &Candidate, now: Millis) -> Option<Skip> {
    let StoredError { class, disposition, window, has_text, .. } = mail.reading;
    match disposition {
        // a row without an error text is held; a doubt was settled, or it would have been named before
        _ if !has_text => None,
        Disposition::Retry | Disposition::Doubt => None,
        Disposition::Never => Some(Skip::Never(class)),
        // held: once the account is mended, a person may say so
        Disposition::Stop => None,
        Disposition::Wait => {
            let frees = mail.key.sent_date? + window.unwrap_or(DAY);
            (frees > now).then_some(Skip::Wait(frees))
        }
    }
}

fn is_too_old(mail: &Candidate, against: &Against<'_>) -> bool {
    let oldest = against.now.saturating_sub(against.max_age);
    mail.key.sent_date.is_some_and(|at| at < oldest) && !against.is_named(&mail.key.id)
}

fn held(mail: &Candidate, fate: &FailedFate, against: &Against<'_>) -> Option<Hold> {
    if against.is_named(&mail.key.id) {
        return None;
    }
    match fate {
        FailedFate::LooksLike(id, likeness) => Some(Hold::LooksLike(id.to_string(), *likeness)),
        _ if mail.key.sent_date.is_none() => Some(Hold::NoTime),
        _ if !mail.reading.has_text => Some(Hold::NoError),
        _ if mail.reading.disposition == Disposition::Stop => Some(Hold::Account(mail.reading.class)),
        _ => None,
    }
}

/// What keeps a mail from going while the run goes on: a row that only failed does not.
pub fn standing_meanwhile(fate: &FailedFate) -> Standing {
    match (by_fate(fate), fate) {
        (Some(skip), _) => Standing::Skipped(skip),
        (None, FailedFate::LooksLike(id, Likeness::Sent)) => {
            Standing::Held(Hold::LooksLike(id.to_string(), Likeness::Sent))
        }
        (None, _) => Standing::Goes,
    }
}

#[cfg(test)]
mod tests;
