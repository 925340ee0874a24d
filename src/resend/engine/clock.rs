//! A clock that never goes back, made from one that may.

use crate::model::Millis;

/// Reads the caller's clock as one that only goes forward: when it is set back, time stops for that one reading
/// and then goes on from there. So nothing is sent twice as fast, and nothing waits for the lost hour.
#[derive(Debug, Default)]
pub(super) struct Steady {
    latest: Option<Millis>,
    ahead: Millis,
}

impl Steady {
    /// The steady time for the caller's `now`.
    pub fn read(&mut self, now: Millis) -> Millis {
        self.ahead += (self.latest.unwrap_or(now) - now).max(0);
        self.latest = Some(now);
        self.steady(now)
    }

    /// The steady time for a time of the caller's.
    pub fn steady(&self, at: Millis) -> Millis {
        at + self.ahead
    }

    /// What the caller's clock will show at a steady time.
    pub fn shown(&self, at: Millis) -> Millis {
        at - self.ahead
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_set_back_stands_still_and_goes_on() {
        let mut clock = Steady::default();
        let steady = [1_000, 2_000, 500, 600, 700, 0, 10].map(|now| clock.read(now));
        assert_eq!(steady, [1_000, 2_000, 2_000, 2_100, 2_200, 2_200, 2_210]);
        assert_eq!((clock.shown(2_310), clock.steady(110)), (110, 2_310));
    }
}
