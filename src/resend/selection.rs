//! Which of the failed mails go again, and why the others do not.
//!
//! Pure: the mails, what their errors mean, what the ledger knows and the time are arguments. A mail goes only if nothing
//! speaks against it, and of several reasons the weightiest is named.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use crate::model::{Class, Disposition, Enhanced, FailedMail, Millis};
use crate::resend::ledger::{Key, Known, Past, Stage};

const DAY: Millis = 86_400_000;

/// What the stored error of a mail means for sending it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
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
}

/// A failed mail that may go again.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Which mail.
    pub key: Key,
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
    /// Whether the log keeps anything to send.
    pub has_body: bool,
    /// What its error means.
    pub reading: Reading,
}

impl Candidate {
    /// A failed mail with what its error means. `words` keeps what many mails have in common.
    pub fn new(mail: FailedMail, reading: Reading, words: &mut Words) -> Self {
        Self {
            key: Key { id: mail.id, sent_date: mail.at },
            status: words.one(mail.status.as_deref().unwrap_or_default()),
            sender: mail.sender.map(|sender| words.one(&sender)),
            recipient: mail.recipient,
            subject: mail.subject,
            message_id: mail.message_id.filter(|id| !id.trim().is_empty()),
            recipients: mail.recipients.max(1),
            has_body: mail.has_body,
            reading,
        }
    }
}

/// Words that many mails have in common, each kept once.
#[derive(Debug, Default)]
pub struct Words(HashSet<Arc<str>>);

impl Words {
    fn one(&mut self, word: &str) -> Arc<str> {
        if let Some(known) = self.0.get(word) {
            return known.clone();
        }
        let new: Arc<str> = word.into();
        self.0.insert(new.clone());
        new
    }
}

/// Why a mail does not go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Skip {
    /// The ledger has it as sent, by this run.
    Sent(String),
    /// A run that is alive has it.
    Claimed(String),
    /// It may have been delivered; a person decides.
    InDoubt,
    /// It was refused for good when it was sent again.
    Refused(String),
    /// A person decided that it shall not go.
    Dropped,
    /// Its next attempt is not due yet.
    NotBefore(Millis),
    /// Its error says that this message will not go without a change.
    Never(Class),
    /// Its error says that nothing from this account will go.
    Stop(Class),
    /// Its error says that it may have been delivered.
    Doubt,
    /// A counted window is used up until then.
    Wait(Millis),
    /// It is older than `--max-age`.
    TooOld,
    /// It has no time that can be read, so its age is not known.
    NoTime,
    /// The log keeps nothing to send.
    NoBody,
    /// It went out later, as this row.
    Superseded(String),
}

impl Skip {
    /// The reason without what differs from row to row.
    pub fn group(&self) -> &'static str {
        match self {
            Skip::Sent(_) => "sent again already",
            Skip::Claimed(_) => "being sent by another run",
            Skip::InDoubt => "in doubt; settle them with resend --doubt",
            Skip::Refused(_) => "refused when they were sent again",
            Skip::Dropped => "dropped by a person",
            Skip::NotBefore(_) => "next attempt not due yet",
            Skip::Never(_) => "will not go without a change",
            Skip::Stop(_) => "nothing from this account will go",
            Skip::Doubt => "may have been delivered, by their error",
            Skip::Wait(_) => "the provider's window is used up",
            Skip::TooOld => "older than --max-age",
            Skip::NoTime => "no readable time",
            Skip::NoBody => "the log keeps no body",
            Skip::Superseded(_) => "went out later",
        }
    }
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |at: &Millis| crate::zone::rfc3339(*at);
        match self {
            Skip::Sent(run) => write!(f, "sent again already, by the run {run}"),
            Skip::Claimed(run) => write!(f, "being sent by the run {run}"),
            Skip::InDoubt => f.write_str("in doubt; settle it with resend --doubt"),
            Skip::Refused(reply) => write!(f, "refused when it was sent again: {reply}"),
            Skip::Dropped => f.write_str("dropped by a person"),
            Skip::NotBefore(at) => write!(f, "next attempt not before {}", time(at)),
            Skip::Never(class) => write!(f, "{class}: it will not go without a change"),
            Skip::Stop(class) => write!(f, "{class}: nothing from this account will go"),
            Skip::Doubt => f.write_str("its error says that it may have been delivered"),
            Skip::Wait(until) => write!(f, "the provider's window is used up until {}", time(until)),
            Skip::TooOld => f.write_str("older than --max-age"),
            Skip::NoTime => f.write_str("no readable time, so its age is not known; name it by --id"),
            Skip::NoBody => f.write_str("the log keeps no body to send"),
            Skip::Superseded(id) => write!(f, "went out later as row {id}"),
        }
    }
}

/// What a mail is held against.
#[derive(Debug, Clone, Copy)]
pub struct Held<'h> {
    /// What the ledger knows.
    pub past: &'h Past,
    /// Rows that went out later, by the candidate's row.
    pub superseded: &'h HashMap<String, String>,
    /// Older ones do not go.
    pub max_age: Millis,
    /// Rows a person named one by one: their age does not matter.
    pub named: &'h HashSet<String>,
    /// The time now.
    pub now: Millis,
}

/// Why a mail does not go; `None`: it goes.
pub fn skip(candidate: &Candidate, held: &Held<'_>) -> Option<Skip> {
    let known = held.past.of(&candidate.key);
    known
        .and_then(|known| by_ledger(known, held.now))
        .or_else(|| by_error(candidate, held.now))
        .or_else(|| by_age(candidate, held))
        .or_else(|| held.superseded.get(&candidate.key.id).cloned().map(Skip::Superseded))
        .or_else(|| (!candidate.has_body).then_some(Skip::NoBody))
}

fn by_ledger(known: &Known, now: Millis) -> Option<Skip> {
    match known.stage {
        Stage::Sent => Some(Skip::Sent(known.run.clone())),
        Stage::Claimed | Stage::Data => Some(Skip::Claimed(known.run.clone())),
        Stage::Doubt => Some(Skip::InDoubt),
        Stage::Refused => Some(Skip::Refused(known.reply.clone().unwrap_or_default())),
        Stage::Dropped => Some(Skip::Dropped),
        Stage::Deferred => known.next_at.filter(|at| *at > now).map(Skip::NotBefore),
    }
}

fn by_error(candidate: &Candidate, now: Millis) -> Option<Skip> {
    let Reading { class, disposition, window, .. } = candidate.reading;
    match disposition {
        Disposition::Retry => None,
        Disposition::Never => Some(Skip::Never(class)),
        Disposition::Stop => Some(Skip::Stop(class)),
        Disposition::Doubt => Some(Skip::Doubt),
        Disposition::Wait => {
            let frees = candidate.key.sent_date? + window.unwrap_or(DAY);
            (frees > now).then_some(Skip::Wait(frees))
        }
    }
}

fn by_age(candidate: &Candidate, held: &Held<'_>) -> Option<Skip> {
    if held.named.contains(&candidate.key.id) {
        return None;
    }
    match candidate.key.sent_date {
        None => Some(Skip::NoTime),
        Some(at) if at < held.now.saturating_sub(held.max_age) => Some(Skip::TooOld),
        Some(_) => None,
    }
}

/// A mail that went out.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// The row.
    pub id: String,
    /// When.
    pub at: Millis,
    /// To whom.
    pub recipient: Option<String>,
    /// About what.
    pub subject: Option<String>,
    /// Its Message-ID.
    pub message_id: Option<String>,
}

/// Finds the mails that went out later than the candidates and may be the same.
#[derive(Debug, Default)]
pub struct Successors<'c> {
    by_message_id: HashMap<&'c str, &'c Candidate>,
    by_content: HashMap<(Option<&'c str>, Option<&'c str>), Vec<&'c Candidate>>,
}

/// A mail that went out later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Successor {
    /// The candidate's row.
    pub of: String,
    /// The row that went out.
    pub id: String,
    /// Whether it is the same for sure; else only recipient and subject are the same, and the bodies have to be compared.
    pub is_certain: bool,
}

impl<'c> Successors<'c> {
    /// Looks for those of these candidates.
    pub fn of(candidates: impl Iterator<Item = &'c Candidate>) -> Self {
        let mut all = Self::default();
        for candidate in candidates {
            if let Some(id) = &candidate.message_id {
                all.by_message_id.insert(id, candidate);
            }
            let content = (candidate.recipient.as_deref(), candidate.subject.as_deref());
            all.by_content.entry(content).or_default().push(candidate);
        }
        all
    }

    /// The candidates that a mail which went out may be.
    pub fn met_by(&self, sent: &Delivered) -> Vec<Successor> {
        let successor = |candidate: &Candidate, is_certain| Successor {
            of: candidate.key.id.clone(),
            id: sent.id.clone(),
            is_certain,
        };
        let by_id = sent.message_id.as_deref().and_then(|id| self.by_message_id.get(id.trim()));
        if let Some(candidate) =
            by_id.filter(|candidate| candidate.key.sent_date.is_none_or(|at| sent.at >= at))
        {
            return vec![successor(candidate, true)];
        }
        let content = (sent.recipient.as_deref(), sent.subject.as_deref());
        let alike = self.by_content.get(&content).into_iter().flatten();
        let is_later = |candidate: &&&Candidate| {
            candidate.key.sent_date.is_some_and(|at| (at..=at + DAY).contains(&sent.at))
        };
        alike.filter(is_later).map(|candidate| successor(candidate, false)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 1_795_159_800_000;
    const HOUR: Millis = 3_600_000;

    fn candidate(disposition: Disposition) -> Candidate {
        Candidate {
            key: Key { id: "1".into(), sent_date: Some(NOW - HOUR) },
            status: "F".into(),
            sender: None,
            recipient: Some("a@example.com".into()),
            subject: Some("Invoice".into()),
            message_id: Some("<1@contoso.example>".into()),
            recipients: 1,
            has_body: true,
            reading: Reading { reply: None, enhanced: None, class: Class::Quota, disposition, window: None },
        }
    }

    fn skipped(candidate: &Candidate, past: &Past) -> Option<Skip> {
        let (superseded, named) = (HashMap::new(), HashSet::new());
        skip(candidate, &Held { past, superseded: &superseded, max_age: 7 * DAY, named: &named, now: NOW })
    }

    fn known(stage: Stage, next_at: Option<Millis>) -> Past {
        let known = Known {
            run: "r1".into(),
            stage,
            status: "F".into(),
            attempts: 1,
            message_id: None,
            next_at,
            reply: Some("550 no".into()),
            changed_at: NOW,
        };
        [(("1".to_owned(), crate::zone::rfc3339(NOW - HOUR)), known)].into_iter().collect()
    }

    #[test]
    fn only_what_may_be_retried_goes() {
        let none = Past::default();
        let by_disposition = |disposition| skipped(&candidate(disposition), &none);
        assert_eq!(by_disposition(Disposition::Retry), None);
        assert_eq!(by_disposition(Disposition::Never), Some(Skip::Never(Class::Quota)));
        assert_eq!(by_disposition(Disposition::Stop), Some(Skip::Stop(Class::Quota)));
        assert_eq!(by_disposition(Disposition::Doubt), Some(Skip::Doubt));
        assert_eq!(by_disposition(Disposition::Wait), Some(Skip::Wait(NOW + 23 * HOUR)));
        let mut freed = candidate(Disposition::Wait);
        freed.reading.window = Some(HOUR);
        assert_eq!(skipped(&freed, &none), None);
    }

    #[test]
    fn what_the_ledger_knows_comes_first() {
        let cases = [
            (Stage::Sent, None, Some(Skip::Sent("r1".into()))),
            (Stage::Data, None, Some(Skip::Claimed("r1".into()))),
            (Stage::Doubt, None, Some(Skip::InDoubt)),
            (Stage::Refused, None, Some(Skip::Refused("550 no".into()))),
            (Stage::Dropped, None, Some(Skip::Dropped)),
            (Stage::Deferred, Some(NOW + 1), Some(Skip::NotBefore(NOW + 1))),
            (Stage::Deferred, Some(NOW), None),
            (Stage::Deferred, None, None),
        ];
        for (stage, next_at, expected) in cases {
            assert_eq!(
                skipped(&candidate(Disposition::Retry), &known(stage, next_at)),
                expected,
                "{stage:?}"
            );
        }
    }

    #[test]
    fn a_mail_without_body_or_time_or_of_long_ago_stays() {
        let none = Past::default();
        let retry = candidate(Disposition::Retry);
        let no_body = Candidate { has_body: false, ..retry.clone() };
        assert_eq!(skipped(&no_body, &none), Some(Skip::NoBody));
        let old = Candidate { key: Key { id: "1".into(), sent_date: Some(NOW - 8 * DAY) }, ..retry.clone() };
        assert_eq!(skipped(&old, &none), Some(Skip::TooOld));
        let timeless = Candidate { key: Key { id: "1".into(), sent_date: None }, ..retry };
        assert_eq!(skipped(&timeless, &none), Some(Skip::NoTime));
    }

    #[test]
    fn a_later_success_is_known_by_its_message_id_or_its_content() {
        let candidate = candidate(Disposition::Retry);
        let successors = Successors::of([&candidate].into_iter());
        let sent = |at, message_id: Option<&str>, subject: &str| Delivered {
            id: "9".into(),
            at,
            recipient: Some("a@example.com".into()),
            subject: Some(subject.into()),
            message_id: message_id.map(str::to_owned),
        };
        let certain = |sent: &Delivered| successors.met_by(sent).first().map(|met| met.is_certain);
        assert_eq!(certain(&sent(NOW, Some("<1@contoso.example>"), "x")), Some(true));
        assert_eq!(certain(&sent(NOW - 2 * HOUR, Some("<1@contoso.example>"), "x")), None);
        assert_eq!(certain(&sent(NOW, None, "Invoice")), Some(false));
        assert_eq!(certain(&sent(NOW + 24 * HOUR, None, "Invoice")), None);
        assert_eq!(certain(&sent(NOW, None, "Other")), None);
    }
}
