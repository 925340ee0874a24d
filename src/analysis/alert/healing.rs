//! Failures that healed by themselves: within an hour the same mail was sent after all.
//!
//! The same mail is one with the same message id, or with the same recipient and subject, both of which must be there.
//! Memory grows with the failures alone; sent mails pass by in any order.

use std::collections::{HashMap, HashSet};

use crate::model::{FailedMail, Millis, SentMail};

/// So long after a failure a sent mail still heals it, in milliseconds.
pub const WITHIN: Millis = 3_600_000;

/// What tells a mail from others.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Message(Box<str>),
    Address(Box<str>, Box<str>),
}

/// Failures that wait for the mail that heals them.
#[derive(Debug, Default)]
pub struct Healing {
    waiting: HashMap<Key, Vec<(Millis, Box<str>)>>,
    healed: HashSet<Box<str>>,
}

impl Healing {
    /// Takes in a failure.
    pub fn failed(&mut self, mail: &FailedMail) {
        let Some(at) = mail.at else { return };
        for key in keys(&mail.message_id, &mail.recipient, &mail.subject) {
            self.waiting.entry(key).or_default().push((at, mail.id.as_str().into()));
        }
    }

    /// Takes in a sent mail, which heals the same mail's failures of the hour before it.
    pub fn sent(&mut self, mail: &SentMail) {
        let Some(at) = mail.at else { return };
        for key in keys(&mail.message_id, &mail.recipient, &mail.subject) {
            let Some(waiting) = self.waiting.get_mut(&key) else { continue };
            waiting.retain(|(failed_at, id)| {
                let heals = *failed_at < at && at - failed_at <= WITHIN;
                if heals {
                    self.healed.insert(id.clone());
                }
                !heals
            });
        }
    }

    /// Whether there is any failure that could heal.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The keys of the rows that healed.
    pub fn healed(self) -> HashSet<Box<str>> {
        self.healed
    }
}

fn keys(message: &Option<String>, recipient: &Option<String>, subject: &Option<String>) -> Vec<Key> {
    let given = |value: &Option<String>| {
        value.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(Box::from)
    };
    let message = given(message).map(Key::Message);
    let address = given(recipient).zip(given(subject)).map(|(to, subject)| Key::Address(to, subject));
    message.into_iter().chain(address).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(id: &str, at: Millis, message: Option<&str>, to: &str, subject: &str) -> FailedMail {
        FailedMail {
            id: id.into(),
            status: None,
            at: Some(at),
            sender: None,
            recipient: Some(to.into()),
            subject: Some(subject.into()),
            message_id: message.map(Into::into),
            error: None,
            garbled: false,
            recipients: 1,
            has_body: true,
        }
    }

    fn sent(at: Millis, message: Option<&str>, to: &str, subject: &str) -> SentMail {
        SentMail {
            at: Some(at),
            recipient: Some(to.into()),
            subject: Some(subject.into()),
            message_id: message.map(Into::into),
        }
    }

    fn healed(failures: &[FailedMail], later: &[SentMail]) -> Vec<Box<str>> {
        let mut healing = Healing::default();
        failures.iter().for_each(|mail| healing.failed(mail));
        later.iter().for_each(|mail| healing.sent(mail));
        let mut ids: Vec<_> = healing.healed().into_iter().collect();
        ids.sort();
        ids
    }

    #[test]
    fn the_same_mail_within_the_hour_heals() {
        let failure = [failed("1", 1000, None, "a", "x")];
        for (at, heals) in
            [(999, false), (1000, false), (1001, true), (1000 + WITHIN, true), (1001 + WITHIN, false)]
        {
            assert_eq!(healed(&failure, &[sent(at, None, "a", "x")]).len(), usize::from(heals), "{at}");
        }
    }

    #[test]
    fn another_mail_does_not_heal() {
        let failure = [failed("1", 1000, Some("<m1>"), "a", "x")];
        for later in
            [sent(2000, Some("<m2>"), "b", "x"), sent(2000, None, "a", "y"), sent(2000, None, "a", "")]
        {
            assert!(healed(&failure, &[later]).is_empty());
        }
        assert_eq!(healed(&failure, &[sent(2000, Some("<m1>"), "b", "y")]).len(), 1);
        assert!(healed(&[failed("1", 1000, None, "a", "")], &[sent(2000, None, "a", "")]).is_empty());
    }

    #[test]
    fn one_mail_heals_every_attempt_at_it() {
        let failures = [failed("1", 1000, None, "a", "x"), failed("2", 2000, None, "a", "x")];
        let later = [sent(3000, None, "a", "x"), sent(1500, None, "a", "x")];
        assert_eq!(healed(&failures, &later), ["1".into(), "2".into()]);
    }
}
