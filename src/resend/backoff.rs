//! How long a mail that was refused temporarily waits for its next attempt.
//!
//! A schedule is a list of waits, `1m, 5m*2, 30m, 1h*3`: the n-th is kept after the n-th failed attempt, and after the
//! last there is no further attempt. Every wait is moved by up to a tenth, so that mails that failed together do not
//! come back together. Randomness is an argument: the same number gives the same wait.

use std::fmt;
use std::str::FromStr;

use crate::model::Millis;

/// The waits between the attempts of one mail.
///
/// ```
/// use mailthrottle::resend::backoff::Schedule;
/// let schedule: Schedule = "1m, 5m * 2".parse().unwrap();
/// assert_eq!(schedule.to_string(), "1m, 5m*2");
/// assert!((270_000..=330_000).contains(&schedule.delay(2, 7).unwrap()));
/// assert_eq!(schedule.delay(4, 7), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    waits: Vec<Wait>,
}

/// The same wait some times in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wait {
    length: Millis,
    times: u32,
}

const EXAMPLE: &str = "write it as in '1m, 5m*2, 30m, 1h*3'";

/// The longest wait that is believed to be meant.
const LONGEST: Millis = 30 * 24 * 3_600_000;

/// The most repeats that are believed to be meant.
const MOST_TIMES: u32 = 1000;

impl Schedule {
    /// Milliseconds from the `failed`-th failed attempt (the first is 1) to the next one, moved by up to a tenth;
    /// `None` when there is to be no further attempt.
    pub fn delay(&self, failed: u32, random: u64) -> Option<Millis> {
        let mut before = failed.saturating_sub(1);
        for wait in &self.waits {
            if before < wait.times {
                return Some(jitter(wait.length, random));
            }
            before -= wait.times;
        }
        None
    }
}

impl Default for Schedule {
    /// `1m, 5m*2, 30m, 1h*3`: eight attempts within four hours.
    fn default() -> Self {
        let wait = |minutes: Millis, times| Wait { length: minutes * 60_000, times };
        Self { waits: vec![wait(1, 1), wait(5, 2), wait(30, 1), wait(60, 3)] }
    }
}

impl FromStr for Schedule {
    type Err = String;

    /// # Errors
    /// One line that names the part that cannot be read and shows an example.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Err(format!("the retry schedule is empty; {EXAMPLE}"));
        }
        let waits = text.split(',').map(|part| wait(part.trim())).collect::<Result<_, _>>()?;
        Ok(Self { waits })
    }
}

fn wait(part: &str) -> Result<Wait, String> {
    let wrong = |what: String| format!("'{}' in the retry schedule {what}; {EXAMPLE}", part.escape_debug());
    let (length, times) = match part.split_once('*') {
        Some((length, times)) => (length.trim(), times.trim().parse().ok()),
        None => (part, Some(1)),
    };
    let times = times
        .filter(|times| (1..=MOST_TIMES).contains(times))
        .ok_or_else(|| wrong(format!("repeats a wait by no number from 1 to {MOST_TIMES}")))?;
    let length = humantime::parse_duration(length).map_err(|error| wrong(format!("is no wait ({error})")))?;
    let length = Millis::try_from(length.as_millis())
        .ok()
        .filter(|length| (1..=LONGEST).contains(length))
        .ok_or_else(|| wrong("is no wait from 1ms to 30days".to_owned()))?;
    Ok(Wait { length, times })
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, wait) in self.waits.iter().enumerate() {
            let comma = if i > 0 { ", " } else { "" };
            write!(f, "{comma}{}", duration(wait.length))?;
            if wait.times > 1 {
                write!(f, "*{}", wait.times)?;
            }
        }
        Ok(())
    }
}

/// Milliseconds in the words of the config, such as `1m 30s`.
pub(super) fn duration(length: Millis) -> humantime::FormattedDuration {
    humantime::format_duration(std::time::Duration::from_millis(length.unsigned_abs()))
}

/// A wait moved by up to a tenth either way.
pub(super) fn jitter(length: Millis, random: u64) -> Millis {
    let tenth = length / 10;
    length - tenth + (random % (2 * tenth.unsigned_abs() + 1)).cast_signed()
}

/// Numbers that look random and are the same for the same seed (splitmix64, public domain).
#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    /// A generator of its own for every run; tests give a fixed seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The waits in seconds as they were written: the number 0 gives the earliest, nine tenths of them.
    fn seconds(schedule: &Schedule) -> Vec<Millis> {
        (1..).map_while(|failed| schedule.delay(failed, 0)).map(|earliest| earliest * 10 / 9 / 1000).collect()
    }

    #[test]
    fn the_default_waits_a_minute_then_ever_longer() {
        let schedule = Schedule::default();
        assert_eq!(seconds(&schedule), [60, 300, 300, 1800, 3600, 3600, 3600]);
        assert_eq!(schedule.to_string(), "1m, 5m*2, 30m, 1h*3");
        assert_eq!(schedule.to_string().parse(), Ok(schedule));
    }

    #[test]
    fn a_schedule_says_the_wait_after_each_failed_attempt() {
        for (text, waits) in [
            ("1m", vec![60]),
            ("10s*3", vec![10, 10, 10]),
            (" 1m 30s , 2h * 2 ", vec![90, 7200, 7200]),
            ("1day", vec![86_400]),
        ] {
            assert_eq!(seconds(&text.parse().unwrap()), waits, "{text}");
        }
    }

    #[test]
    fn a_mistake_is_named_with_an_example() {
        let example = "write it as in '1m, 5m*2, 30m, 1h*3'";
        for (text, error) in [
            ("", "the retry schedule is empty"),
            ("1m, ,2m", "'' in the retry schedule is no wait (value was empty)"),
            (
                "1m, 5x",
                "'5x' in the retry schedule is no wait (unknown time unit \"x\", supported units: ns, us/µs, ms, sec, min, hours, days, weeks, months, years (and few variations))",
            ),
            ("5m*", "'5m*' in the retry schedule repeats a wait by no number from 1 to 1000"),
            ("5m*0", "'5m*0' in the retry schedule repeats a wait by no number from 1 to 1000"),
            ("5m*-1", "'5m*-1' in the retry schedule repeats a wait by no number from 1 to 1000"),
            ("0s", "'0s' in the retry schedule is no wait from 1ms to 30days"),
            ("31days", "'31days' in the retry schedule is no wait from 1ms to 30days"),
        ] {
            assert_eq!(text.parse::<Schedule>().unwrap_err(), format!("{error}; {example}"), "{text}");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_waits() {
        let waits = |seed| {
            let mut random = Random::new(seed);
            (1..=7).map(|n| Schedule::default().delay(n, random.draw())).collect::<Vec<_>>()
        };
        assert_eq!(waits(1), waits(1));
        assert_ne!(waits(1), waits(2));
    }

    proptest! {
        #[test]
        fn a_wait_is_moved_by_a_tenth_at_most(length in 0..LONGEST, random: u64) {
            let moved = jitter(length, random);
            prop_assert!((moved - length).abs() <= length / 10);
        }

        #[test]
        fn what_is_shown_reads_back(waits in prop::collection::vec((1..LONGEST, 1..=MOST_TIMES), 1..9)) {
            let waits = waits.into_iter().map(|(length, times)| Wait { length, times }).collect();
            let schedule = Schedule { waits };
            prop_assert_eq!(schedule.to_string().parse(), Ok(schedule));
        }

        #[test]
        fn no_text_breaks_the_reader(text in "[0-9a-z*, ]{0,20}") {
            let _ = text.parse::<Schedule>();
        }
    }
}
