//! How many attempts of one mailbox ran at once.
//!
//! Where the log has start and end of an attempt, those count; where it has one time, a session of a given length
//! is assumed. Attempts of one instant are counted together, since their order cannot be known.

use std::collections::VecDeque;

use serde::Serialize;

use crate::model::Millis;

/// How long an attempt is taken to last where the log has no end of it and nobody says otherwise.
pub const SESSION: Millis = 2_000;

/// Fewer throttled mails than this at a number of attempts or above it show no limit.
const FEWEST_REFUSALS: u64 = 3;

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
    /// The number from which on a limit shows: at least 3 mails were throttled at it or above, and no fewer than went there.
    pub limit_shows_at: Option<u32>,
    /// Mails that were throttled at `limit_shows_at` or above.
    pub throttled_from_limit: u64,
    /// Mails that went although they met `limit_shows_at` or more.
    pub sent_from_limit: u64,
}

/// More at once than this are not told apart.
const MOST: u32 = 100_000;

/// How mails went by how many ran at once.
#[derive(Debug, Default)]
pub struct ByRunning {
    /// Throttled mails and mails that went, by the number that ran; of all numbers beyond `MOST` in one place.
    counts: Vec<(u64, u64)>,
    max_without_failure: Option<u32>,
}

impl ByRunning {
    /// What the counts show; `basis` says what was counted.
    pub fn overlap(&self, basis: String) -> Overlap {
        let failures: u64 = self.counts.iter().map(|(throttled, _)| throttled).sum();
        let numbered = (0u32..).zip(self.counts.iter().copied());
        let mut of_throttled = numbered.clone().filter(|(_, (throttled, _))| *throttled > 0);
        let from = |number: u32| {
            let above = numbered.clone().skip(number as usize).map(|(_, counts)| counts);
            above.fold((0, 0), |sum, (throttled, went)| (sum.0 + throttled, sum.1 + went))
        };
        // one alone meets no limit of several at once
        let shows = |(number, (throttled, went)): &(u32, (u64, u64))| {
            let is_open = *number > 1 && throttled >= went;
            is_open
                && matches!(from(*number), (above, unharmed) if above >= FEWEST_REFUSALS && above >= unharmed)
        };
        // where most were throttled below it, it is not where throttling begins
        let is_most = |(number, _): &(u32, (u64, u64))| from(*number).0 * 2 >= failures;
        let limit = of_throttled.clone().find(shows).filter(is_most).map(|(number, _)| number);
        let (throttled_from_limit, sent_from_limit) = limit.map_or((0, 0), from);
        let max_at_failure = of_throttled.clone().last().map(|(number, _)| number);
        let first = of_throttled.next();
        Overlap {
            basis,
            failures_begin_at: first.map(|(number, _)| number),
            max_at_failure,
            max_without_failure: self.max_without_failure,
            failures,
            failures_at_begin: first.map_or(0, |(_, (throttled, _))| throttled),
            limit_shows_at: limit,
            throttled_from_limit,
            sent_from_limit,
        }
    }
}

/// What became of an attempt, as far as a limit is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptResult {
    /// It went.
    Went,
    /// The provider's throttle refused it.
    Throttled,
    /// Anything else, which says nothing of a limit.
    Else,
    /// It waits to be tried.
    Waits,
    /// The application failed before it asked a server.
    NotTried,
}

/// The attempts of one mailbox that run at an instant.
#[derive(Debug, Default)]
pub struct Running {
    /// End, attempts that end then, and how many of them were throttled; by their ends.
    ends: VecDeque<(Millis, u32, u32)>,
    running: u32,
    throttled: u32,
    /// The instant being counted, and the attempts of it that were throttled and that went.
    now: Millis,
    now_throttled: u32,
    now_went: u32,
}

impl Running {
    /// Takes in an attempt; attempts come in the order of time.
    pub fn start(&mut self, at: Millis, end: Millis, became: AttemptResult, counts: &mut ByRunning) {
        if at != self.now {
            self.settle(counts);
            self.now = at;
            self.end_until(at);
        }
        let throttled = u32::from(became == AttemptResult::Throttled);
        self.running += 1;
        self.throttled += throttled;
        self.now_throttled += throttled;
        self.now_went += u32::from(became == AttemptResult::Went);
        self.insert(end.max(at + 1), throttled);
    }

    /// Counts the instant that has been taken in last.
    pub fn settle(&mut self, counts: &mut ByRunning) {
        if self.now_throttled + self.now_went > 0 {
            let place = self.running.min(MOST) as usize;
            if place >= counts.counts.len() {
                counts.counts.resize(place + 1, (0, 0));
            }
            let (throttled, went) = &mut counts.counts[place];
            *throttled += u64::from(self.now_throttled);
            *went += u64::from(self.now_went);
        }
        if self.throttled == 0 && self.running > 0 {
            counts.max_without_failure = counts.max_without_failure.max(Some(self.running));
        }
        (self.now_throttled, self.now_went) = (0, 0);
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

    use AttemptResult::{Throttled, Went};

    /// Attempts as (start, end, what became of it).
    fn overlap(attempts: &[(Millis, Millis, AttemptResult)]) -> Overlap {
        let (mut running, mut counts) = (Running::default(), ByRunning::default());
        for (at, end, became) in attempts {
            running.start(*at, *end, *became, &mut counts);
        }
        running.settle(&mut counts);
        counts.overlap(String::new())
    }

    /// So many attempts that begin a millisecond apart from `at` on and run to the end of their second; the last are throttled.
    fn wave(at: Millis, went: Millis, throttled: Millis) -> Vec<(Millis, Millis, AttemptResult)> {
        let became = |number| if number < went { Went } else { Throttled };
        (0..went + throttled).map(|number| (at + number, at + 900, became(number))).collect()
    }

    #[test]
    fn the_limit_shows_between_what_failed_and_what_did_not() {
        let found = overlap(&[wave(1000, 3, 1), wave(2000, 3, 1), wave(3000, 3, 2)].concat());
        assert_eq!((found.limit_shows_at, found.max_without_failure), (Some(4), Some(3)));
        assert_eq!((found.failures, found.throttled_from_limit, found.sent_from_limit), (4, 4, 0));
        assert_eq!((found.failures_begin_at, found.max_at_failure), (Some(4), Some(5)));
    }

    #[test]
    fn two_refusals_show_no_limit() {
        let found = overlap(&[wave(1000, 3, 1), wave(2000, 3, 1)].concat());
        assert_eq!((found.limit_shows_at, found.max_at_failure), (None, Some(4)));
    }

    #[test]
    fn a_number_that_others_passed_more_often_is_no_limit() {
        let found =
            overlap(&[wave(1000, 3, 1), wave(2000, 3, 1), wave(3000, 3, 1), wave(4000, 9, 0)].concat());
        assert_eq!((found.limit_shows_at, found.max_at_failure), (None, Some(4)));
    }

    #[test]
    fn one_alone_meets_no_limit() {
        let alone = |second: Millis| wave(second * 1000, 0, 1);
        let found = overlap(&(1..9).flat_map(alone).collect::<Vec<_>>());
        assert_eq!((found.limit_shows_at, found.failures_begin_at, found.failures), (None, Some(1), 8));
    }

    #[test]
    fn attempts_of_one_instant_count_together() {
        let found = overlap(&[(10, 20, Throttled), (10, 20, Went), (10, 20, Went)]);
        assert_eq!((found.max_at_failure, found.max_without_failure), (Some(3), None));
    }

    #[test]
    fn ends_may_come_in_any_order() {
        let found = overlap(&[(10, 90, Went), (20, 30, Went), (40, 50, Throttled), (60, 70, Throttled)]);
        assert_eq!((found.failures, found.max_at_failure), (2, Some(2)));
    }
}
