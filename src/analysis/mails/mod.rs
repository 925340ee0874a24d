//! Which rows of the log are attempts of one mail, which mails went after all, and which only look alike.
//!
//! Failed rows are attempts of one mail when they have the same Message-ID and recipients; without a Message-ID, when sender,
//! recipients, subject and content are equal and they lie within an hour before the newest, which then goes for all of them. A
//! mail went when a sent row has its Message-ID and recipients, or, without one, when a sent row of the same mail is newer.
//! Equal content that is neither is a look-alike: perhaps a mail of its own, perhaps not, so that a person decides.
//!
//! Pure. Contents are compared by their digests, and only those of rows that sender, recipients and subject do not tell apart.

mod groups;

use std::collections::{HashMap, HashSet};

use crate::address;
use crate::digest::Digest;
use crate::model::{Mail, Millis};

/// How long before the newest the attempts of one mail without a Message-ID lie at most.
pub const TOGETHER: Millis = 3_600_000;

/// Equal content further apart than this is another mail, unless the older one was sent.
pub const ALIKE: Millis = 86_400_000;

/// A pending row is about to be sent by the application until it is so old.
pub const PENDING_AGE: Millis = 3_600_000;

/// A row of the log, as far as it identifies the mail.
#[derive(Debug, Clone)]
pub struct MailRow {
    /// The row's key.
    pub id: Box<str>,
    /// When it was tried.
    pub at: Option<Millis>,
    /// Message-ID and recipients, where it has a Message-ID.
    message: Option<Digest>,
    /// Sender, recipients and subject, where it has recipients.
    outside: Option<Digest>,
    /// Whether it has a subject.
    has_subject: bool,
}

/// What is known of some failed rows.
#[derive(Debug, Default)]
pub struct JudgedFailures {
    /// What each row is, in the order they were given.
    pub fates: Vec<FailedFate>,
    /// The further attempts of the rows that represent a mail, by their places, whatever becomes of it.
    pub further: HashMap<usize, Vec<(usize, SameMailBy)>>,
}

impl MailRow {
    /// What a row of the log says.
    pub fn of(mail: &Mail) -> Self {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let lists = [text(&mail.recipient), text(&mail.cc), text(&mail.bcc)];
        let recipients = address::normal(lists.iter().map(String::as_str));
        let sender = address::bare(text(&mail.sender).trim()).to_lowercase();
        let subject = text(&mail.subject);
        let digest = |parts: &[&str]| Digest::of(parts.iter().map(|part| Some(part.as_bytes())));
        Self {
            id: mail.id.as_str().into(),
            at: mail.at,
            message: mail.message_id.as_deref().and_then(message_id).map(|id| digest(&[id, &recipients])),
            outside: (!recipients.is_empty()).then(|| digest(&[&sender, &recipients, &subject])),
            has_subject: !subject.trim().is_empty(),
        }
    }

    /// A row of which only the ties are known.
    pub fn of_ties(id: &str, at: Option<Millis>, [message, outside]: [Option<Digest>; 2]) -> Self {
        Self { id: id.into(), at, message, outside, has_subject: false }
    }

    /// Whether a Message-ID identifies the mail.
    pub fn has_message_id(&self) -> bool {
        self.message.is_some()
    }

    /// What it has in common with other rows of the same mail: by the Message-ID, and by what it is from outside.
    pub fn ties(&self) -> [Option<Digest>; 2] {
        [self.message, self.outside]
    }

    /// The same row as one of a mail of its own, whatever it has in common with others.
    pub fn without_ties(&self) -> MailRow {
        MailRow { message: None, outside: None, ..self.clone() }
    }

    fn number(&self) -> Option<i64> {
        self.id.parse().ok()
    }

    /// Whether it was tried later than another; of two of the same moment the one with the higher number.
    fn is_later_than(&self, other: &MailRow) -> bool {
        match (self.at, other.at) {
            (Some(own), Some(others)) if own == others => {
                self.number().zip(other.number()).is_some_and(|(own, others)| own > others)
            }
            (own, others) => own > others,
        }
    }

    /// Whether content may show that two rows are one mail: not where each has a Message-ID.
    fn is_comparable(&self, other: &MailRow) -> bool {
        self.message.is_none() || other.message.is_none()
    }

    /// How far two rows lie apart in milliseconds; none where a time is missing.
    fn distance(&self, other: &MailRow) -> Option<Millis> {
        Some((self.at? - other.at?).abs())
    }
}

/// A Message-ID without its angle brackets; none where there is nothing in it.
pub fn message_id(text: &str) -> Option<&str> {
    let text = text.trim();
    let inner = text.strip_prefix('<').and_then(|id| id.strip_suffix('>')).unwrap_or(text).trim();
    (!inner.is_empty()).then_some(inner)
}

/// What became of a row that may be of the same mail as a failed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Other {
    /// It was sent.
    Sent,
    /// The application has not tried it yet.
    Pending,
    /// It failed in a way that leaves open whether it was delivered.
    InDoubt,
}

/// By what two attempts are known to be of one mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameMailBy {
    /// By the Message-ID and the recipients.
    MessageId,
    /// By their content.
    Content,
}

/// What a failed row is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FailedFate {
    /// The attempt that represents its mail.
    Stands,
    /// A further attempt of the mail that the row at this place represents.
    SameAs(usize, SameMailBy),
    /// Its mail went, as the row of this key.
    Went(Box<str>),
    /// Its mail is about to be sent by the application, as the row of this key.
    Waits(Box<str>),
    /// Its mail may have been delivered, as the row of this key.
    InDoubt(Box<str>),
    /// It looks like the mail of this key, which was sent or is to go.
    LooksLike(Box<str>, Likeness),
}

/// Which row it is that another looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness {
    /// One that was sent.
    Sent,
    /// A newer one that failed too.
    Failed,
}

/// The failed rows, and those others of the log that may be of the same mails.
#[derive(Debug, Default)]
pub struct Mails {
    failed: Vec<MailRow>,
    others: Vec<(Other, MailRow)>,
    by_message: HashMap<Digest, Vec<usize>>,
    by_outside: HashMap<Digest, Vec<usize>>,
    others_by_outside: HashMap<Digest, Vec<usize>>,
}

impl Mails {
    /// Looks at these failed rows.
    pub fn of(failed: Vec<MailRow>) -> Self {
        let mut mails = Self::default();
        for (place, row) in failed.iter().enumerate() {
            if let Some(message) = row.message {
                mails.by_message.entry(message).or_default().push(place);
            }
            if let Some(outside) = row.outside.filter(|_| row.at.is_some()) {
                mails.by_outside.entry(outside).or_default().push(place);
            }
        }
        Self { failed, ..mails }
    }

    /// The failed rows, in the order they were given.
    pub fn failed(&self) -> &[MailRow] {
        &self.failed
    }

    /// Takes in another row of the log, in any order; kept is only what may be of the same mail as a failed row.
    pub fn add(&mut self, other: Other, row: MailRow) {
        let by_message = row.message.is_some_and(|message| self.by_message.contains_key(&message));
        let outside = row.outside.filter(|outside| row.at.is_some() && self.by_outside.contains_key(outside));
        if let Some(outside) = outside {
            self.others_by_outside.entry(outside).or_default().push(self.others.len());
        }
        if by_message || outside.is_some() {
            self.others.push((other, row));
        }
    }

    /// The keys of the rows whose content has to be compared.
    pub fn undecided(&self) -> HashSet<Box<str>> {
        let mut undecided = HashSet::new();
        for (outside, places) in &self.by_outside {
            let failed = places.iter().map(|place| &self.failed[*place]);
            let rows: Vec<&MailRow> = failed.chain(self.others_of(*outside).map(|(_, row)| row)).collect();
            let is_open = rows.len() > 1 && rows.iter().any(|row| !row.has_message_id());
            undecided.extend(rows.iter().filter(|_| is_open).map(|row| row.id.clone()));
        }
        undecided
    }

    fn others_of(&self, outside: Digest) -> impl Iterator<Item = &(Other, MailRow)> {
        self.others_by_outside.get(&outside).into_iter().flatten().map(|place| &self.others[*place])
    }

    /// What each failed row is, in the order they were given. `contents` are the digests of those whose content was asked for;
    /// `named` are rows that a person named: no likeness and no newer attempt keeps them from going.
    pub fn judge(
        &self,
        contents: &HashMap<Box<str>, Digest>,
        named: &HashSet<String>,
        now: Millis,
    ) -> JudgedFailures {
        let decided = self.decided_by_others(contents, named, now);
        groups::judge(self, decided, contents, named)
    }

    /// What the rows that did not fail decide.
    fn decided_by_others(
        &self,
        contents: &HashMap<Box<str>, Digest>,
        named: &HashSet<String>,
        now: Millis,
    ) -> Vec<Option<FailedFate>> {
        let mut decided = vec![None; self.failed.len()];
        for (other, row) in &self.others {
            let by_message = row.message.and_then(|message| self.by_message.get(&message));
            for place in by_message.into_iter().flatten() {
                keep_weightier(&mut decided[*place], by_message_id(*other, row, now));
            }
            let alike = row.outside.and_then(|outside| self.by_outside.get(&outside));
            for place in alike.into_iter().flatten() {
                let failed = &self.failed[*place];
                if failed.is_comparable(row) && same_content(contents, failed, row) {
                    let fate = by_content(*other, failed, row, now);
                    let is_overridden =
                        matches!(fate, Some(FailedFate::LooksLike(..))) && named.contains(&*failed.id);
                    keep_weightier(&mut decided[*place], fate.filter(|_| !is_overridden));
                }
            }
        }
        decided
    }
}

/// Whether the contents of two rows are known and equal.
fn same_content(contents: &HashMap<Box<str>, Digest>, one: &MailRow, other: &MailRow) -> bool {
    content(contents, one).is_some_and(|content| contents.get(&other.id) == Some(&content))
}

/// The content of a row, where it identifies anything: not where both content and subject are missing.
fn content(contents: &HashMap<Box<str>, Digest>, row: &MailRow) -> Option<Digest> {
    contents.get(&row.id).copied().filter(|content| row.has_subject || *content != nothing())
}

/// The digest of a content of which the log keeps nothing.
pub fn nothing() -> Digest {
    Digest::of([None])
}

fn by_message_id(other: Other, row: &MailRow, now: Millis) -> Option<FailedFate> {
    match other {
        Other::Sent => Some(FailedFate::Went(row.id.clone())),
        Other::Pending => is_young(row, now).then(|| FailedFate::Waits(row.id.clone())),
        Other::InDoubt => Some(FailedFate::InDoubt(row.id.clone())),
    }
}

fn by_content(other: Other, failed: &MailRow, row: &MailRow, now: Millis) -> Option<FailedFate> {
    let distance = failed.distance(row)?;
    let id = row.id.clone();
    match other {
        Other::Pending => (distance <= ALIKE && is_young(row, now)).then_some(FailedFate::Waits(id)),
        Other::InDoubt => (distance <= TOGETHER).then_some(FailedFate::InDoubt(id)),
        Other::Sent if row.is_later_than(failed) && distance <= TOGETHER => Some(FailedFate::Went(id)),
        // a mail with a Message-ID of its own is no look-alike
        Other::Sent if failed.has_message_id() => None,
        Other::Sent if !row.is_later_than(failed) => Some(FailedFate::LooksLike(id, Likeness::Sent)),
        Other::Sent => (distance <= ALIKE).then_some(FailedFate::LooksLike(id, Likeness::Sent)),
    }
}

fn is_young(row: &MailRow, now: Millis) -> bool {
    row.at.is_some_and(|at| at > now - PENDING_AGE)
}

/// Of several rows that decide about one, the weightiest counts.
fn keep_weightier(kept: &mut Option<FailedFate>, new: Option<FailedFate>) {
    let weight = |fate: &Option<FailedFate>| match fate {
        Some(FailedFate::Went(_)) => 4,
        Some(FailedFate::InDoubt(_)) => 3,
        Some(FailedFate::Waits(_)) => 2,
        Some(FailedFate::LooksLike(..)) => 1,
        _ => 0,
    };
    if weight(&new) > weight(kept) {
        *kept = new;
    }
}

#[cfg(test)]
mod tests;
