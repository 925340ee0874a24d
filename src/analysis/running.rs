//! How many attempts of one mailbox ran at once.
//!
//! Where the log has start and end of an attempt, those count; where it has one time, a session of a given length
//! is assumed. Attempts of one instant are counted together, since their order cannot be known.

use std::collections::VecDeque;

use serde::Serialize;

use crate::model::Millis;

/// How long an attempt is taken to last where the log has no end of it and nobody says otherwise.
pub const SESSION: Millis = 2_000;

/// Where a provider's limit shows: how many ran at once when a mail was throttled, and when none was.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Overlap {
    /// What was counted.
    pub basis: String,
    /// The fewest that ran at once when a mail was throttled.
    pub failures_begin_at: Option<u32>,
    /// The most that ran at once when a mail was throttled.
    pub max_at_failure: Option<u32>,
    /// The most that ran at once while no throttled mail was among them.
    pub max_without_failure: Option<u32>,
    /// Throttled mails that were looked at.
    pub failures: u64,
    /// Of these, those that met no more than `failures_begin_at`.
    pub failures_at_begin: u64,
}

impl Overlap {
    fn throttled(&mut self, running: u32, failures: u64) {
        self.failures += failures;
        self.max_at_failure = self.max_at_failure.max(Some(running));
        match self.failures_begin_at {
            Some(fewest) if fewest < running => {}
            Some(fewest) if fewest == running => self.failures_at_begin += failures,
            _ => (self.failures_begin_at, self.failures_at_begin) = (Some(running), failures),
        }
    }
}

/// The attempts of one mailbox that run at an instant.
#[derive(Debug, Default)]
pub struct Running {
    /// End, attempts that end then, and how many of them were throttled; by their ends.
    ends: VecDeque<(Millis, u32, u32)>,
    running: u32,
    throttled: u32,
    /// The instant being counted, and the throttled attempts of it.
    now: Millis,
    now_throttled: u32,
}

impl Running {
    /// Takes in an attempt; attempts come in the order of time.
    pub fn start(&mut self, at: Millis, end: Millis, throttled: bool, overlap: &mut Overlap) {
        if at != self.now {
            self.settle(overlap);
            self.now = at;
            self.end_until(at);
        }
        self.running += 1;
        self.throttled += u32::from(throttled);
        self.now_throttled += u32::from(throttled);
        self.insert(end.max(at + 1), u32::from(throttled));
    }

    /// Counts the instant that has been taken in last.
    pub fn settle(&mut self, overlap: &mut Overlap) {
        if self.now_throttled > 0 {
            overlap.throttled(self.running, u64::from(self.now_throttled));
            self.now_throttled = 0;
        } else if self.throttled == 0 && self.running > 0 {
            overlap.max_without_failure = overlap.max_without_failure.max(Some(self.running));
        }
    }

    fn end_until(&mut self, at: Millis) {
        while let Some((_, attempts, throttled)) = self.ends.pop_front_if(|(end, ..)| *end <= at) {
            self.running -= attempts;
            self.throttled -= throttled;
        }
    }

    fn insert(&mut self, end: Millis, throttled: u32) {
        let place = match self.ends.back() {
            Some((last, ..)) if *last > end => self.ends.partition_point(|(other, ..)| *other < end),
            Some((last, ..)) if *last == end => self.ends.len() - 1,
            _ => self.ends.len(),
        };
        match self.ends.get_mut(place).filter(|(other, ..)| *other == end) {
            Some((_, attempts, of_them)) => {
                *attempts += 1;
                *of_them += throttled;
            }
            None => self.ends.insert(place, (end, 1, throttled)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Attempts as (start, end, throttled).
    fn overlap(attempts: &[(Millis, Millis, bool)]) -> Overlap {
        let (mut running, mut overlap) = (Running::default(), Overlap::default());
        for (at, end, throttled) in attempts {
            running.start(*at, *end, *throttled, &mut overlap);
        }
        running.settle(&mut overlap);
        overlap
    }

    #[test]
    fn the_limit_shows_between_what_failed_and_what_did_not() {
        let found =
            overlap(&[(10, 50, false), (20, 50, false), (30, 50, false), (40, 60, true), (70, 90, false)]);
        assert_eq!(found.failures_begin_at, Some(4));
        assert_eq!(found.max_without_failure, Some(3));
    }

    #[test]
    fn attempts_of_one_instant_count_together() {
        let found = overlap(&[(10, 20, true), (10, 20, false), (10, 20, false)]);
        assert_eq!((found.failures_begin_at, found.max_without_failure), (Some(3), None));
    }

    #[test]
    fn ends_may_come_in_any_order() {
        let found = overlap(&[(10, 90, false), (20, 30, false), (40, 50, true), (60, 70, true)]);
        assert_eq!(
            (found.failures_begin_at, found.failures_at_begin, found.max_at_failure),
            (Some(2), 2, Some(2))
        );
    }
}
