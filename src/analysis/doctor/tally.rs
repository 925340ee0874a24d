//! What the checks count while rows go by: one pass over all attempts of the window, one over the failed mails, and one
//! each over those that wait or that were sent with an error text.

use crate::analysis::names::DistinctNames;
use crate::analysis::newest::Newest;
use crate::analysis::scan::CLOCKS_DIFFER;
use crate::model::{Attempt, Class, DAY, Mail, Meaning, Millis};
use crate::reply::Classifier;

/// More words than this are noise, and counted together.
const MOST_WORDS: usize = 1000;

/// Ids that a finding names.
const MOST_IDS: usize = 5;

/// Failed mails whose texts are read: the newest.
const MOST_READ: usize = 10_000;

/// The attempts of the window.
#[derive(Debug)]
pub struct Attempts {
    now: Millis,
    words: DistinctNames,
    counts: Vec<u64>,
    /// All of them.
    pub rows: u64,
    /// Those whose time is missing or cannot be read, but for pending ones.
    pub unreadable: u64,
    /// Those that were tried at a time that is still to come.
    pub future: u64,
    /// Those of the day before now.
    pub last_day: u64,
}

impl Attempts {
    /// None yet.
    pub fn until(now: Millis) -> Self {
        let words = DistinctNames::at_most(MOST_WORDS);
        Self { now, words, counts: Vec::new(), rows: 0, unreadable: 0, future: 0, last_day: 0 }
    }

    /// Counts one. A pending mail was not tried yet, so it may well have no time.
    pub fn add(&mut self, attempt: &Attempt<'_>, meaning: Meaning) {
        let word = self.words.id(attempt.status) as usize;
        self.counts.resize(self.counts.len().max(word + 1), 0);
        self.counts[word] += 1;
        self.rows += 1;
        match attempt.at {
            None => self.unreadable += u64::from(meaning != Meaning::Pending),
            // what was not tried yet may be meant for a time to come
            Some(at) if at > self.now + CLOCKS_DIFFER => {
                self.future += u64::from(matches!(meaning, Meaning::Sent | Meaning::Failed));
            }
            Some(at) => self.last_day += u64::from(at > self.now - DAY),
        }
    }

    /// Rows by status word, the commonest first.
    pub fn statuses(&self) -> Vec<(Option<&str>, u64)> {
        let words = self.words.list().iter().map(Option::as_deref);
        let mut statuses: Vec<_> = words.zip(self.counts.iter().copied()).collect();
        statuses.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        statuses
    }
}

/// The failed mails of the window.
pub struct FailedTally {
    newest: Newest,
    /// All of them.
    pub rows: u64,
    /// Those without an error text.
    pub without_text: u64,
}

impl Default for FailedTally {
    fn default() -> Self {
        Self { newest: Newest::at_most(MOST_READ), rows: 0, without_text: 0 }
    }
}

impl FailedTally {
    /// Counts one.
    pub fn add(&mut self, mail: Mail) {
        self.rows += 1;
        if has_text(&mail) {
            self.newest.add(mail);
        } else {
            self.without_text += 1;
        }
    }

    /// How many texts were read, of the newest mails, and how many of them no rule knows.
    pub fn read(self, rules: &Classifier) -> (u64, u64) {
        let mails = self.newest.into_rows();
        let is_unknown =
            |mail: &&Mail| rules.read(mail.error.as_deref().unwrap_or_default()).class == Class::Unknown;
        (mails.len() as u64, mails.iter().filter(is_unknown).count() as u64)
    }
}

/// Mails that should not be as they are: how many, and some of them.
pub struct Odd {
    newest: Newest,
    /// All of them.
    pub rows: u64,
    /// Those without a readable time.
    pub without_time: u64,
    /// The first time among them.
    pub oldest: Option<Millis>,
}

impl Default for Odd {
    fn default() -> Self {
        Self { newest: Newest::at_most(MOST_IDS), rows: 0, without_time: 0, oldest: None }
    }
}

impl Odd {
    /// Counts one.
    pub fn add(&mut self, mail: Mail) {
        self.rows += 1;
        self.without_time += u64::from(mail.at.is_none());
        self.oldest = self.oldest.into_iter().chain(mail.at).min();
        self.newest.add(mail);
    }

    /// The newest of them by their ids, as a list.
    pub fn ids(self) -> String {
        let is_cut = self.rows > MOST_IDS as u64;
        let ids: Vec<_> = self.newest.into_rows().into_iter().map(|mail| mail.id).collect();
        let rest = if is_cut { ", ..." } else { "" };
        let s = if ids.len() == 1 { "" } else { "s" };
        format!("id{s} {}{rest}", ids.join(", "))
    }
}

/// Whether a mail that counts as sent says otherwise: a reply such as 250 is no error.
pub fn contradicts(mail: &Mail, rules: &Classifier) -> bool {
    has_text(mail)
        && rules.read(mail.error.as_deref().unwrap_or_default()).reply.is_none_or(|reply| reply >= 400)
}

fn has_text(mail: &Mail) -> bool {
    mail.error.as_deref().is_some_and(|text| !text.trim().is_empty())
}
