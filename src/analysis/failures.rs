//! The failed mails of a window, each read by the rules, and their causes.
//!
//! What many failures share (cause, sender) is kept once, so that memory grows with the failed rows by little more
//! than their ids.

use std::collections::{HashMap, HashSet};

use super::names::{DistinctNames, NameId};
use crate::model::{Class, Code, Disposition, Enhanced, Mail, Millis};
use crate::reply::{Classifier, Rule, fingerprint};

/// More senders than this are counted together.
const MOST_SENDERS: usize = 10_000;

/// One failed mail.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The row's key.
    pub id: Box<str>,
    /// When it was tried, if the stored time could be read.
    pub at: Option<Millis>,
    /// The mailbox, in `Failures::senders`.
    pub sender: NameId,
    /// The cause, in `Failures::causes`.
    pub cause: u32,
    /// Whether a ledger, or a later row of the log, says that it was sent after all.
    pub recovered: bool,
}

/// What failures of one kind have in common.
#[derive(Debug, Clone)]
pub struct Cause<'c> {
    /// What kind of trouble.
    pub class: Class,
    /// What may be done.
    pub disposition: Disposition,
    /// The reply code, if the text has one.
    pub reply: Option<u16>,
    /// The enhanced code.
    pub enhanced: Option<Enhanced>,
    /// The text without what differs from row to row; none where there is no text.
    pub fingerprint: Option<String>,
    /// The text of the earliest.
    pub example: Option<String>,
    /// Which mail that is.
    example_of: Option<TimeOrder>,
    /// The rule that decided.
    pub rule: &'c Rule,
    /// Failed rows.
    pub rows: u64,
    /// Of these, sent later.
    pub recovered: u64,
    /// First time.
    pub first_at: Option<Millis>,
    /// Last time.
    pub last_at: Option<Millis>,
}

impl Cause<'_> {
    /// Takes a mail's text for the example where the mail is the earliest, in whatever order they come.
    fn show(&mut self, mail: &Mail) {
        let place = TimeOrder::of(mail.at, &mail.id);
        if self.fingerprint.is_some() && self.example_of.as_ref().is_none_or(|of| place < *of) {
            self.example = mail.error.clone();
            self.example_of = Some(place);
        }
    }
}

/// A place in the order of time, equal times in the order of their ids; those without a time come last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct TimeOrder(Millis, Option<i64>, Box<str>);

impl TimeOrder {
    fn of(at: Option<Millis>, id: &str) -> Self {
        Self(at.unwrap_or(Millis::MAX), id.parse().ok(), id.into())
    }
}

/// Two failures with equal keys have one cause.
type CauseKey = (Class, Disposition, Option<u16>, Option<Enhanced>, Option<String>);

/// Which failures to look at; without any wish, all.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// A reply code such as `432` or an enhanced one such as `4.3.2`.
    pub code: Option<Code>,
    /// A class.
    pub class: Option<Class>,
}

impl Filter {
    /// Whether a failure of these codes and this class is looked at.
    pub fn takes(&self, reply: Option<u16>, enhanced: Option<Enhanced>, class: Class) -> bool {
        let is_code = |code| match code {
            Code::Reply(wanted) => reply == Some(wanted),
            Code::Enhanced(wanted) => enhanced == Some(wanted),
        };
        self.code.is_none_or(is_code) && self.class.is_none_or(|wanted| wanted == class)
    }
}

/// All failed mails of a window.
#[derive(Debug)]
pub struct Failures<'c> {
    classifier: &'c Classifier,
    filter: Filter,
    /// In the order of time once `sort` was called; those without a readable time last.
    pub rows: Vec<Failure>,
    /// What they have in common.
    pub causes: Vec<Cause<'c>>,
    /// The mailboxes they went out from.
    pub senders: DistinctNames,
    /// Rows whose error text was garbled though their time could be read.
    pub garbled: u64,
    /// Mails of the log that were sent again and are in doubt, whatever the window.
    pub in_doubt: u64,
    keys: HashMap<CauseKey, u32>,
}

impl<'c> Failures<'c> {
    /// None yet.
    pub fn new(classifier: &'c Classifier, filter: Filter) -> Self {
        let senders = DistinctNames::at_most(MOST_SENDERS);
        Self {
            classifier,
            filter,
            rows: Vec::new(),
            causes: Vec::new(),
            senders,
            garbled: 0,
            in_doubt: 0,
            keys: HashMap::new(),
        }
    }

    /// Reads one failed mail's error and counts it to its cause; one that was sent later counts as the failure it was.
    pub fn add(&mut self, mail: &Mail, recovered: bool) {
        self.garbled += u64::from(mail.garbled && mail.at.is_some());
        let Some(index) = self.cause(mail.error.as_deref().unwrap_or_default()) else {
            return;
        };
        let cause = &mut self.causes[index as usize];
        cause.rows += 1;
        cause.recovered += u64::from(recovered);
        cause.show(mail);
        cause.first_at = cause.first_at.into_iter().chain(mail.at).min();
        cause.last_at = cause.last_at.into_iter().chain(mail.at).max();
        let sender = self.senders.id(mail.sender.as_deref());
        self.rows.push(Failure { id: mail.id.as_str().into(), at: mail.at, sender, cause: index, recovered });
    }

    fn cause(&mut self, text: &str) -> Option<u32> {
        let reading = self.classifier.read(text);
        if !self.filter.takes(reading.reply, reading.enhanced, reading.class) {
            return None;
        }
        let has_text = !text.trim().is_empty();
        let print = has_text.then(|| fingerprint(text).to_string());
        let key = (reading.class, reading.disposition, reading.reply, reading.enhanced, print);
        if let Some(known) = self.keys.get(&key) {
            return Some(*known);
        }
        let index = u32::try_from(self.causes.len()).unwrap_or(u32::MAX);
        self.causes.push(Cause {
            class: reading.class,
            disposition: reading.disposition,
            reply: reading.reply,
            enhanced: reading.enhanced,
            fingerprint: key.4.clone(),
            example: None,
            example_of: None,
            rule: reading.rule,
            rows: 0,
            recovered: 0,
            first_at: None,
            last_at: None,
        });
        self.keys.insert(key, index);
        Some(index)
    }

    /// Puts the rows in the order of time, equal times in the order of their ids.
    pub fn sort(&mut self) {
        let number = |row: &Failure| row.id.parse::<i64>().ok();
        self.rows.sort_by(|a, b| {
            let at = |row: &Failure| row.at.unwrap_or(Millis::MAX);
            at(a).cmp(&at(b)).then_with(|| number(a).cmp(&number(b))).then_with(|| a.id.cmp(&b.id))
        });
        self.keys = HashMap::new();
    }

    /// Marks the rows with these keys as sent later.
    pub fn recover(&mut self, ids: &HashSet<Box<str>>) {
        for row in self.rows.iter_mut().filter(|row| !row.recovered && ids.contains(&row.id)) {
            row.recovered = true;
            self.causes[row.cause as usize].recovered += 1;
        }
    }

    /// The cause of a failure.
    pub fn cause_of(&self, failure: &Failure) -> &Cause<'c> {
        &self.causes[failure.cause as usize]
    }

    /// Rows whose class is one of these.
    pub fn count(&self, classes: &[Class]) -> u64 {
        self.causes.iter().filter(|cause| classes.contains(&cause.class)).map(|cause| cause.rows).sum()
    }
}

/// Whether a class is the provider's throttle.
pub fn is_throttle(class: Class) -> bool {
    matches!(class, Class::ThrottleConcurrency | Class::ThrottleRate)
}
