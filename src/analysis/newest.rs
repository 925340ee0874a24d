//! The newest of many mails, kept while they come in no certain order.
//!
//! The oldest of them lies on top, to be thrown out first. A mail without a readable time counts as the newest: it must
//! not drop out of sight.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::model::{Mail, Millis};

/// So many mails at most.
pub struct Newest {
    limit: usize,
    kept: BinaryHeap<Reverse<ByTime>>,
}

struct ByTime(Mail);

impl ByTime {
    fn key(&self) -> (Millis, Option<i64>, &str) {
        (self.0.at.unwrap_or(Millis::MAX), self.0.id.parse().ok(), &self.0.id)
    }
}

impl Ord for ByTime {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for ByTime {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for ByTime {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for ByTime {}

impl Newest {
    /// None yet, and never more than so many.
    pub fn at_most(limit: usize) -> Self {
        Self { limit, kept: BinaryHeap::new() }
    }

    /// Takes a mail in, and drops the oldest where there are too many.
    pub fn add(&mut self, mail: Mail) {
        self.kept.push(Reverse(ByTime(mail)));
        if self.kept.len() > self.limit {
            self.kept.pop();
        }
    }

    /// The mails, newest first.
    pub fn into_rows(self) -> Vec<Mail> {
        self.kept.into_sorted_vec().into_iter().map(|Reverse(ByTime(mail))| mail).collect()
    }
}
