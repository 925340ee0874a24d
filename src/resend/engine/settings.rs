//! What the engine keeps to, and how long that takes.

use crate::model::{DAY, Millis};
use crate::resend::backoff::Schedule;
use crate::resend::pace::Rate;

/// The limits of one submission identity and of one run.
#[derive(Debug, Clone)]
pub struct SendLimits {
    /// Connections at once; none counts as one.
    pub cap: u32,
    /// Connections left to the application while it is sending itself.
    pub reserve: u32,
    /// Messages in a period, evenly spaced.
    pub rate: Rate,
    /// Recipients in any 24 hours.
    pub recipients_per_day: Option<u32>,
    /// The waits between the attempts of one row.
    pub schedule: Schedule,
    /// Attempts of one row, those of earlier runs included; a schedule that ends earlier ends them earlier.
    pub max_attempts: u32,
    /// A row or an account that must wait longer than this is deferred to a later run.
    pub longest_wait: Millis,
    /// An idle connection is closed after this long.
    pub idle: Millis,
    /// A connection is closed after so many messages.
    pub messages_per_connection: Option<u32>,
    /// An idle connection older than this is closed: Exchange Online cuts connections off after about 20 minutes.
    pub connection_age: Millis,
    /// How long after its end a connection still counts, since servers free a place late.
    pub replace_after: Millis,
    /// The run ends after so many refusals without a delivery: providers block accounts that go on.
    pub refusals_in_a_row: u32,
    /// The run ends after so many failed connections without a delivery.
    pub connection_failures_in_a_row: u32,
}

impl Default for SendLimits {
    fn default() -> Self {
        Self {
            cap: 3,
            reserve: 1,
            rate: Rate::per_minute(30),
            recipients_per_day: None,
            schedule: Schedule::default(),
            max_attempts: 8,
            longest_wait: 90_000,
            idle: 20_000,
            messages_per_connection: None,
            connection_age: 15 * 60_000,
            replace_after: 1_000,
            refusals_in_a_row: 20,
            connection_failures_in_a_row: 8,
        }
    }
}

impl SendLimits {
    /// How long so many messages to so many recipients take, in milliseconds, if none is refused and one session takes
    /// `session`: the slowest of the spacing, the connections and the day's recipients.
    ///
    /// ```
    /// use mailthrottle::resend::engine::SendLimits;
    /// let settings = SendLimits { recipients_per_day: Some(10_000), ..SendLimits::default() };
    /// assert_eq!(settings.estimate(500, 500, 1_500), (499 * 2 + 1) * 1000 + 500);
    /// ```
    pub fn estimate(&self, messages: u64, recipients: u64, session: Millis) -> Millis {
        let per_day = self.recipients_per_day.map_or(u64::MAX, |limit| u64::from(limit.max(1)));
        let full_days = recipients.saturating_sub(1) / per_day;
        if full_days == 0 {
            return self.without_days(messages, session);
        }
        let per_message = recipients.div_ceil(messages.max(1)).max(1);
        let last_day = (recipients - full_days * per_day).div_ceil(per_message);
        let days = full_days.min(i64::MAX.unsigned_abs()).cast_signed().saturating_mul(DAY);
        self.without_days(messages, session).max(days.saturating_add(self.without_days(last_day, session)))
    }

    fn without_days(&self, messages: u64, session: Millis) -> Millis {
        let times = |n: u64, each: Millis| each.saturating_mul(i64::try_from(n).unwrap_or(i64::MAX));
        let spaced = times(messages.saturating_sub(1) / u64::from(self.rate.at_once()), self.rate.spacing());
        let rounds = times(messages.div_ceil(u64::from(self.cap.max(1))), session);
        if messages == 0 { 0 } else { spaced.saturating_add(session).max(rounds) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(cap: u32, rate: &str, recipients_per_day: Option<u32>) -> SendLimits {
        SendLimits { cap, rate: rate.parse().unwrap(), recipients_per_day, ..SendLimits::default() }
    }

    #[test]
    fn the_slowest_limit_decides_how_long_it_takes() {
        let minute = 60_000;
        for (settings, messages, recipients, session, expected) in [
            (of(3, "30/1m", None), 0, 0, 1_000, 0),
            (of(3, "30/1m", None), 1, 1, 1_000, 1_000),
            (of(3, "30/1m", None), 301, 301, 1_000, 10 * minute + 1_000),
            (of(3, "30/1m", None), 300, 300, 12_000, 20 * minute),
            (of(3, "1000/1s", None), 300, 300, 50, 5_000),
            (of(8, "10000/1s", None), 100_001, 100_001, 0, 10_000),
            (of(3, "30/1m", Some(10_000)), 10_000, 10_000, 0, 9_999 * 2_000),
            (of(3, "30/1m", Some(10_000)), 10_001, 10_001, 0, DAY),
            (of(3, "30/1m", Some(10_000)), 25_000, 25_000, 0, 2 * DAY + 4_999 * 2_000),
        ] {
            assert_eq!(
                settings.estimate(messages, recipients, session),
                expected,
                "{messages} at {session} ms"
            );
        }
    }

    #[test]
    fn numbers_beyond_reason_do_not_overflow() {
        assert_eq!(of(1, "1/30days", Some(1)).estimate(u64::MAX, u64::MAX, i64::MAX), i64::MAX);
    }
}
