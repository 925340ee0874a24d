//! Holding back after the server has said no: fewer connections, pauses, and an end to fruitless attempts.
//!
//! The cap is halved and earned back one by one, never above what was set. Refusals of messages that were under way
//! before the last one counted are the same event and do not count again.

use crate::model::Millis;
use crate::resend::backoff::{Random, jitter};

const FIRST_PAUSE: Millis = 1_000;
const LONGEST_PAUSE: Millis = 10_000;

/// Deliveries that earn back one connection, at first and at most.
const EARN_FIRST: u32 = 10;
const EARN_MOST: u32 = 320;

/// Something that went wrong several times in a row, with growing pauses in between.
#[derive(Debug, Default)]
pub(super) struct RepeatedTrouble {
    in_a_row: u32,
    last: Option<Millis>,
    until: Millis,
}

impl RepeatedTrouble {
    /// Counts what began at `begun` and failed now, unless it was under way at the last count, and pauses for at least
    /// `asked`. Says whether it counted.
    pub fn count(&mut self, begun: Millis, asked: Option<Millis>, now: Millis, random: &mut Random) -> bool {
        let is_new = self.last.is_none_or(|last| begun > last);
        if is_new {
            let doubled = FIRST_PAUSE << self.in_a_row.min(4);
            self.pause(now + jitter(doubled.min(LONGEST_PAUSE), random.draw()));
            self.in_a_row += 1;
            self.last = Some(now);
        }
        self.pause(now + asked.unwrap_or(0));
        is_new
    }

    /// Nothing before this time.
    pub fn pause(&mut self, until: Millis) {
        self.until = self.until.max(until);
    }

    /// It worked.
    pub fn over(&mut self) {
        self.in_a_row = 0;
    }

    /// The end of the pause.
    pub fn until(&self) -> Millis {
        self.until
    }

    /// How often since it last worked.
    pub fn in_a_row(&self) -> u32 {
        self.in_a_row
    }
}

/// The cap that the server seems to bear.
#[derive(Debug)]
pub(super) struct Allowance {
    cap: u32,
    most: u32,
    delivered: u32,
    /// What it takes to try again what was refused.
    needed: u32,
    refused_at: u32,
    earned: bool,
}

impl Allowance {
    pub fn new(most: u32) -> Self {
        Self { cap: most, most, delivered: 0, needed: EARN_FIRST, refused_at: most, earned: false }
    }

    pub fn cap(&self) -> u32 {
        self.cap
    }

    /// Halves what was in use; what was earned back in vain costs twice as much the next time.
    pub fn halve(&mut self, in_use: u32) {
        if self.earned {
            self.needed = (self.needed * 2).min(EARN_MOST);
        }
        self.refused_at = in_use;
        self.cap = (in_use / 2).max(1);
        (self.delivered, self.earned) = (0, false);
    }

    /// A message was delivered.
    pub fn earn(&mut self) {
        self.delivered += 1;
        let needed = if self.cap + 1 < self.refused_at { EARN_FIRST } else { self.needed };
        if self.delivered >= needed && self.cap < self.most {
            self.cap += 1;
            (self.delivered, self.earned) = (0, true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_to_ten_seconds_and_begin_again_after_a_success() {
        let (mut trouble, mut random) = (RepeatedTrouble::default(), Random::new(1));
        let mut now = 0;
        let mut pause = |trouble: &mut RepeatedTrouble| {
            now = trouble.until() + 1;
            trouble.count(now, None, now, &mut random);
            trouble.until() - now
        };
        for expected in [1_000, 2_000, 4_000, 8_000, 10_000, 10_000] {
            assert!((pause(&mut trouble) - expected).abs() <= expected / 10);
        }
        trouble.over();
        assert!((900..=1_100).contains(&pause(&mut trouble)));
    }

    #[test]
    fn what_was_under_way_counts_once_but_may_ask_for_longer() {
        let (mut trouble, mut random) = (RepeatedTrouble::default(), Random::new(1));
        assert!(trouble.count(0, None, 50, &mut random));
        assert!(!trouble.count(10, Some(30_000), 60, &mut random));
        assert_eq!((trouble.in_a_row(), trouble.until()), (1, 30_060));
    }

    #[test]
    fn connections_are_earned_back_one_by_one_and_cost_more_after_a_relapse() {
        let caps_after = |allowance: &mut Allowance, deliveries: u32| {
            (0..deliveries).for_each(|_| allowance.earn());
            allowance.cap()
        };
        let mut allowance = Allowance::new(5);
        allowance.halve(5);
        assert_eq!([9, 1, 10, 10, 100].map(|n| caps_after(&mut allowance, n)), [2, 3, 4, 5, 5]);
        allowance.halve(5);
        assert_eq!([10, 10, 19, 1].map(|n| caps_after(&mut allowance, n)), [3, 4, 4, 5]);
        allowance.halve(1);
        assert_eq!(allowance.cap(), 1);
    }
}
