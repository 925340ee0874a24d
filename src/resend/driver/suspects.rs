//! Rows that were refused for good in words that may be about the account, the host or the config: relaying denied, a client
//! host that is rejected, a block list.
//!
//! Such a reply is final for its row only once another mail of the same sender was delivered after it, which shows that this sender
//! may send. The same one on three rows without a delivery in between ends the run: all rows stay as they were.

use std::collections::HashMap;

/// How many equal replies without a delivery end the run.
const MOST: u32 = 3;

/// The rows whose refusal is not final yet.
#[derive(Debug, Default)]
pub struct Suspects {
    /// Each with its sender.
    rows: Vec<(usize, String)>,
    /// How often each reply was met since the last delivery, by its fingerprint.
    met: HashMap<String, u32>,
}

/// What such a reply means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suspicion {
    /// The row is left for a later run, unless a delivery makes the reply final.
    Noted,
    /// Nothing from this account will go.
    AboutTheAccount,
}

impl Suspects {
    /// A row of a sender was refused with a reply of this fingerprint.
    pub fn add(&mut self, row: usize, sender: &str, fingerprint: String) -> Suspicion {
        let met = self.met.entry(fingerprint).or_default();
        *met += 1;
        self.rows.push((row, sender.to_owned()));
        if *met >= MOST { Suspicion::AboutTheAccount } else { Suspicion::Noted }
    }

    /// A mail of a sender was delivered: what was said of its other rows is final.
    pub fn cleared(&mut self, sender: &str) -> Vec<usize> {
        self.met.clear();
        self.rows.extract_if(.., |(_, own)| own == sender).map(|(row, _)| row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_equal_replies_without_a_delivery_are_about_the_account_whatever_stands_between() {
        let mut suspects = Suspects::default();
        let mut add = |row, fingerprint: &str| suspects.add(row, "me", fingerprint.to_owned());
        assert_eq!([add(1, "a"), add(2, "b"), add(3, "a"), add(4, "b")], [Suspicion::Noted; 4]);
        assert_eq!(add(5, "b"), Suspicion::AboutTheAccount);
    }

    #[test]
    fn a_delivery_makes_those_of_its_sender_final_and_begins_the_count_again() {
        let mut suspects = Suspects::default();
        for _ in 0..4 {
            assert_eq!(suspects.add(1, "me", "a".to_owned()), Suspicion::Noted);
            assert_eq!(suspects.add(2, "you", "a".to_owned()), Suspicion::Noted);
            assert_eq!(suspects.cleared("me"), [1]);
            assert_eq!(suspects.cleared("you"), [2]);
        }
        assert!(suspects.cleared("me").is_empty());
    }
}
