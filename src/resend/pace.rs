//! When the next message may go: so many in a period, evenly spaced, and so many recipients in a rolling day.
//!
//! The rule: never two messages closer than period / messages, never more than `messages` in any period, never more than
//! the day's recipients in any 24 hours, and what went out before this run counts. What was not sent in time is not
//! made up for later, since a burst is what providers refuse.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;

use crate::model::{DAY, MINUTE, Millis};

use super::backoff::duration;

/// The longest period of a rate.
const LONGEST: Millis = 30 * DAY;

/// How many messages may go in a period, written `30/1m`.
///
/// ```
/// use mailthrottle::resend::pace::Rate;
/// let rate: Rate = "30/1m".parse().unwrap();
/// assert_eq!(rate.spacing(), 2000);
/// assert_eq!(rate.to_string(), "30/1m");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    messages: u32,
    period: Millis,
}

impl Rate {
    /// So many messages a minute; none counts as one.
    pub fn per_minute(messages: u32) -> Self {
        Self { messages: messages.max(1), period: MINUTE }
    }

    /// The period in milliseconds.
    pub fn period(self) -> Millis {
        self.period
    }

    /// Milliseconds between two messages, rounded up.
    pub fn spacing(self) -> Millis {
        let messages = Millis::from(self.messages);
        (self.period + messages - 1) / messages
    }

    /// How many messages share one spacing: one, unless a millisecond has room for several.
    pub fn at_once(self) -> u32 {
        let in_a_millisecond = Millis::from(self.messages) / self.period;
        u32::try_from(in_a_millisecond).unwrap_or(u32::MAX).max(1)
    }
}

impl FromStr for Rate {
    type Err = String;

    /// # Errors
    /// One line that says what is wrong and shows an example.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |what: &str| {
            let text = text.escape_debug();
            format!("'{text}' is no rate: {what}; write messages/period, as in '30/1m'")
        };
        let (messages, period) = text.split_once('/').ok_or_else(|| wrong("it has no '/'"))?;
        let messages = messages.trim().parse().ok().filter(|n| *n > 0);
        let messages = messages.ok_or_else(|| wrong("the messages are no number above 0"))?;
        let period = humantime::parse_duration(period.trim()).ok();
        let period = period.and_then(|period| Millis::try_from(period.as_millis()).ok());
        let period = period.filter(|period| (1..=LONGEST).contains(period));
        Ok(Self { messages, period: period.ok_or_else(|| wrong("the period is not from 1ms to 30days"))? })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.messages, duration(self.period))
    }
}

/// What went out before this run, from the ledger and the log, in any order.
#[derive(Debug, Clone, Default)]
pub struct Earlier {
    /// When messages went out, at least those of the last period of the rate.
    pub messages: Vec<Millis>,
    /// Recipients of the last day with the time they were sent to, by message or added up.
    pub recipients: Vec<(Millis, u32)>,
    /// Nothing goes before this time, as a server said to an earlier run.
    pub paused_until: Option<Millis>,
}

/// Grants the times at which messages may go. Time must not go back from call to call.
#[derive(Debug)]
pub struct Pace {
    rate: Rate,
    spacing: Millis,
    recipients_per_day: Option<u32>,
    /// The messages of the last period.
    recent: VecDeque<Millis>,
    day: Day,
}

impl Pace {
    /// Goes on where `earlier` ended; what the ledger or the log date after `now` counts as sent now.
    pub fn new(rate: Rate, recipients_per_day: Option<u32>, earlier: Earlier, now: Millis) -> Self {
        let mut recent: Vec<_> = earlier.messages.into_iter().map(|at| at.min(now)).collect();
        recent.sort_unstable();
        let mut recipients = earlier.recipients;
        recipients.sort_unstable();
        let mut day = Day::default();
        recipients.into_iter().for_each(|(at, count)| day.add(at.min(now), count));
        Self { rate, spacing: rate.spacing(), recipients_per_day, recent: recent.into(), day }
    }

    /// When the next message of so many recipients may go, at the earliest `now`; `None` if a day has no room for it.
    pub fn next_at(&self, now: Millis, recipients: u32) -> Option<Millis> {
        Some(self.day_has_room_at(now, recipients)?.max(self.spaced_at(now)))
    }

    /// When the day's recipients have room for so many more, at the earliest `now`; `None` if a day has no room at all.
    pub fn day_has_room_at(&self, now: Millis, recipients: u32) -> Option<Millis> {
        let Some(limit) = self.recipients_per_day else { return Some(now) };
        let room = limit.checked_sub(recipients)?;
        Some(self.day.down_to(room).map_or(now, |at| at.max(now)))
    }

    /// Widens the spacing by a hundredth, up to a tenth in all. A server that counts exactly the same rate refuses a
    /// message now and then just because another one was a little late.
    pub fn widen(&mut self) {
        let spacing = self.rate.spacing();
        self.spacing = (self.spacing + spacing / 100).min(spacing + spacing / 10);
    }

    /// When the spacing and the count of the period allow the next message, recipients aside.
    fn spaced_at(&self, now: Millis) -> Millis {
        let after = |messages: u32, wait: Millis| {
            let before = self.recent.len().checked_sub(messages as usize)?;
            Some(*self.recent.get(before)? + wait)
        };
        let spaced = after(self.rate.at_once(), self.spacing);
        let counted = after(self.rate.messages, self.rate.period);
        now.max(spaced.unwrap_or(now)).max(counted.unwrap_or(now))
    }

    /// A message of so many recipients starts now.
    pub fn take(&mut self, now: Millis, recipients: u32) {
        while self.recent.front().is_some_and(|at| at + self.rate.period <= now) {
            self.recent.pop_front();
        }
        self.recent.push_back(now);
        self.day.forget_before(now - DAY);
        self.day.add(now, recipients);
    }

    /// The message that was started at `at` never reached the server, so its place is free again.
    pub fn give_back(&mut self, at: Millis, recipients: u32) {
        if let Some(place) = self.recent.iter().rposition(|taken| *taken == at) {
            self.recent.remove(place);
        }
        self.not_accepted(at, recipients);
    }

    /// The server did not take the message that was started at `at`: its recipients do not count, its place does.
    pub fn not_accepted(&mut self, at: Millis, recipients: u32) {
        self.day.take_away(at, recipients);
    }
}

/// The recipients of the last 24 hours, added up by the minute. A minute is freed as a whole, with its last message: up
/// to a minute late, never early, and a day is never more than 1441 entries long.
#[derive(Debug, Default)]
struct Day {
    minutes: VecDeque<(Millis, u64)>,
    total: u64,
}

impl Day {
    fn add(&mut self, at: Millis, recipients: u32) {
        self.total += u64::from(recipients);
        match self.minutes.back_mut() {
            Some((last, count)) if *last / MINUTE == at / MINUTE => {
                *last = at;
                *count += u64::from(recipients);
            }
            _ => self.minutes.push_back((at, recipients.into())),
        }
    }

    fn take_away(&mut self, at: Millis, recipients: u32) {
        let minute = self.minutes.iter_mut().rev().find(|(last, _)| *last / MINUTE == at / MINUTE);
        if let Some((_, count)) = minute {
            let gone = u64::from(recipients).min(*count);
            *count -= gone;
            self.total -= gone;
        }
    }

    fn forget_before(&mut self, start: Millis) {
        while let Some((_, count)) = self.minutes.pop_front_if(|(last, _)| *last <= start) {
            self.total -= count;
        }
    }

    /// When no more than `room` recipients are left within 24 hours; `None` if that is so already.
    fn down_to(&self, room: u32) -> Option<Millis> {
        let mut left = self.total;
        let mut minutes = self.minutes.iter();
        let mut freed = None;
        while left > u64::from(room) {
            let (last, count) = minutes.next()?;
            left -= count;
            freed = Some(last + DAY);
        }
        freed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pace(rate: &str, recipients_per_day: u32) -> Pace {
        Pace::new(rate.parse().unwrap(), Some(recipients_per_day), Earlier::default(), 0)
    }

    /// The times of so many messages of one recipient, each sent as soon as it may.
    fn sent_at_once(pace: &mut Pace, now: Millis, messages: usize) -> Vec<Millis> {
        let mut now = now;
        let mut send = || {
            now = pace.next_at(now, 1).unwrap();
            pace.take(now, 1);
            now
        };
        (0..messages).map(|_| send()).collect()
    }

    #[test]
    fn a_rate_reads_back_as_written() {
        for (text, spacing) in
            [("30/1m", 2000), ("7/1m", 8572), ("1/1s", 1000), ("5000/1s", 1), ("2/1h 30m", 2_700_000)]
        {
            let rate: Rate = text.parse().unwrap();
            assert_eq!((rate.spacing(), rate.to_string().as_str()), (spacing, text));
        }
    }

    #[test]
    fn a_mistake_is_named_with_an_example() {
        for (text, what) in [
            ("30", "it has no '/'"),
            ("30/m", "the period is not from 1ms to 30days"),
            ("30/0s", "the period is not from 1ms to 30days"),
            ("0/1m", "the messages are no number above 0"),
            ("-3/1m", "the messages are no number above 0"),
        ] {
            let error = text.parse::<Rate>().unwrap_err();
            assert_eq!(error, format!("'{text}' is no rate: {what}; write messages/period, as in '30/1m'"));
        }
    }

    #[test]
    fn messages_are_evenly_spaced_from_the_first() {
        assert_eq!(sent_at_once(&mut pace("30/1m", 100), 500, 4), [500, 2500, 4500, 6500]);
    }

    #[test]
    fn a_rate_beyond_a_thousand_a_second_puts_several_into_a_millisecond() {
        assert_eq!(sent_at_once(&mut pace("2000/1s", 100), 0, 5), [0, 0, 1, 1, 2]);
        assert_eq!(sent_at_once(&mut pace("2999/1s", 100), 0, 5), [0, 0, 1, 1, 2]);
        assert_eq!(sent_at_once(&mut pace("3/1ms", 100), 0, 4), [0, 0, 0, 1]);
    }

    #[test]
    fn what_was_missed_is_not_made_up_for() {
        let mut pace = pace("30/1m", 100);
        pace.take(0, 1);
        assert_eq!(sent_at_once(&mut pace, 60_000, 2), [60_000, 62_000]);
    }

    #[test]
    fn a_restart_goes_on_in_the_old_spacing() {
        let earlier = Earlier { messages: vec![9_000, 7_000], ..Earlier::default() };
        let mut pace = Pace::new(Rate::per_minute(30), None, earlier, 10_000);
        assert_eq!(sent_at_once(&mut pace, 10_000, 2), [11_000, 13_000]);
    }

    #[test]
    fn a_burst_of_the_application_uses_up_its_minute() {
        let earlier = Earlier { messages: (0..30).map(|i| 10 * i).collect(), ..Earlier::default() };
        let pace = Pace::new(Rate::per_minute(30), None, earlier, 1_000);
        assert_eq!(pace.next_at(1_000, 1), Some(60_000));
    }

    #[test]
    fn a_log_whose_clock_is_ahead_holds_up_by_one_period_at_most() {
        let earlier = Earlier {
            messages: vec![3_600_000; 30],
            recipients: vec![(3_600_000, 30)],
            ..Earlier::default()
        };
        let pace = Pace::new(Rate::per_minute(30), Some(30), earlier, 1_000);
        assert_eq!(pace.spaced_at(1_000), 61_000);
        assert_eq!(pace.next_at(1_000, 1), Some(1_000 + DAY));
    }

    #[test]
    fn a_full_day_says_when_the_next_message_of_that_size_fits() {
        let mut pace = pace("1000/1s", 10);
        pace.take(0, 4);
        pace.take(MINUTE, 4);
        assert_eq!(pace.next_at(2 * MINUTE, 2), Some(2 * MINUTE));
        assert_eq!(pace.next_at(2 * MINUTE, 3), Some(DAY));
        assert_eq!(pace.next_at(2 * MINUTE, 7), Some(DAY + MINUTE));
        assert_eq!(pace.next_at(2 * MINUTE, 11), None);
    }

    #[test]
    fn a_spacing_grows_by_a_tenth_at_most() {
        let mut pace = pace("30/1m", 100);
        pace.widen();
        assert_eq!(sent_at_once(&mut pace, 0, 2), [0, 2_020]);
        (0..20).for_each(|_| pace.widen());
        assert_eq!(sent_at_once(&mut pace, 10_000, 2), [10_000, 12_200]);
    }

    #[test]
    fn a_refused_message_keeps_its_place_but_not_its_recipients() {
        let mut pace = pace("30/1m", 10);
        pace.take(0, 10);
        assert_eq!(pace.next_at(0, 10), Some(DAY));
        pace.not_accepted(0, 10);
        assert_eq!(pace.next_at(0, 10), Some(2_000));
    }

    #[test]
    fn a_place_given_back_is_as_if_never_taken() {
        let mut pace = pace("30/1m", 10);
        pace.take(0, 5);
        pace.take(2_000, 5);
        pace.give_back(2_000, 5);
        assert_eq!(pace.next_at(2_001, 5), Some(2_001));
        pace.take(2_001, 5);
        pace.give_back(0, 5);
        assert_eq!(pace.next_at(2_001, 5), Some(4_001));
    }

    /// Whether every message after the first `before` keeps to the rate and the day.
    fn keeps_to(rate: Rate, per_day: u32, sent: &[(Millis, u32)], before: usize) -> bool {
        (before..sent.len()).all(|i| {
            let at = sent[i].0;
            let within = |span: Millis| sent[..i].iter().filter(move |(earlier, _)| at - earlier < span);
            let in_day = within(DAY).map(|(_, recipients)| recipients).sum::<u32>() + sent[i].1;
            within(rate.spacing()).count() == 0
                && within(rate.period).count() < rate.messages as usize
                && in_day <= per_day
        })
    }

    /// A pause, the recipients of the message after it, and whether that message is given back.
    fn step() -> impl Strategy<Value = (Millis, u32, bool)> {
        let pause = prop::sample::select(vec![0, 1, 1_999, MINUTE, 30 * MINUTE]);
        (pause, 1_u32..40, prop::bool::weighted(0.1))
    }

    proptest! {
        #[test]
        fn any_sequence_keeps_to_the_rate_and_the_day(
            messages in 1_u32..40,
            mut earlier in prop::collection::vec(0..MINUTE, 0..60),
            steps in prop::collection::vec(step(), 1..200),
        ) {
            earlier.sort_unstable();
            let mut sent: Vec<_> = earlier.iter().map(|at| (*at, 1)).collect();
            let before = sent.len();
            let rate = Rate { messages, period: MINUTE };
            let mut now = MINUTE;
            let mut pace = Pace::new(rate, Some(100), Earlier { messages: earlier, recipients: sent.clone(), ..Earlier::default() }, now);
            for (pause, recipients, is_undone) in steps {
                now = pace.next_at(now + pause, recipients).unwrap();
                pace.take(now, recipients);
                if is_undone {
                    pace.give_back(now, recipients);
                } else {
                    sent.push((now, recipients));
                }
            }
            prop_assert!(keeps_to(rate, 100, &sent, before));
        }
    }
}
