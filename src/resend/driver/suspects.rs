//! Rows that were refused for good in words that may be about the account, the host or the config: relaying denied, a client
//! host that is rejected, a block list.
//!
//! Such a reply is final for its row only once another mail was delivered after it, which shows that the account may send. Three
//! equal ones without a delivery in between end the run: all rows stay as they were.

/// So many equal replies without a delivery end the run.
const MOST: u32 = 3;

/// The rows whose refusal is not final yet.
#[derive(Debug, Default)]
pub struct Suspects {
    rows: Vec<usize>,
    last: String,
    in_a_row: u32,
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
    /// A row was refused with a reply of this fingerprint.
    pub fn add(&mut self, row: usize, fingerprint: String) -> Suspicion {
        self.in_a_row = if self.last == fingerprint { self.in_a_row + 1 } else { 1 };
        self.last = fingerprint;
        self.rows.push(row);
        if self.in_a_row >= MOST { Suspicion::AboutTheAccount } else { Suspicion::Noted }
    }

    /// A mail was delivered: what was said of these rows is final.
    pub fn cleared(&mut self) -> Vec<usize> {
        self.in_a_row = 0;
        std::mem::take(&mut self.rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_equal_replies_without_a_delivery_are_about_the_account() {
        let mut suspects = Suspects::default();
        let mut add = |row, fingerprint: &str| suspects.add(row, fingerprint.to_owned());
        assert_eq!([add(1, "a"), add(2, "b"), add(3, "b")], [Suspicion::Noted; 3]);
        assert_eq!(add(4, "b"), Suspicion::AboutTheAccount);
    }

    #[test]
    fn a_delivery_makes_them_final_and_begins_the_count_again() {
        let mut suspects = Suspects::default();
        for _ in 0..4 {
            assert_eq!(suspects.add(1, "a".to_owned()), Suspicion::Noted);
            assert_eq!(suspects.add(2, "a".to_owned()), Suspicion::Noted);
            assert_eq!(suspects.cleared(), [1, 2]);
        }
        assert!(suspects.cleared().is_empty());
    }
}
