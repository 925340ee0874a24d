//! What an alert remembers from run to run, and whether its outcome is news.
//!
//! Told is: the first outcome that is not OK, every change of the state, the same state again when it was last told so
//! long ago, and once that all is well again. What could not be delivered stays due.

use serde::{Deserialize, Serialize};

use super::state::AlertState;
use crate::model::Millis;

/// What is kept from one run to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// How the last run ended.
    pub state: AlertState,
    /// Since when, in milliseconds since 1970.
    pub since: Millis,
    /// When that was last reported.
    pub told_at: Millis,
    /// What is still due to the webhook or the command.
    #[serde(default)]
    pub undelivered: Option<AlertEvent>,
}

/// Why an outcome is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlertEvent {
    /// The state is another one than before.
    Changed,
    /// The state has been the same for long.
    Repeated,
    /// All is well again.
    Recovered,
}

/// What a run has to report, and what it leaves to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notices {
    /// To print, if anything.
    pub print: Option<AlertEvent>,
    /// To deliver, if anything.
    pub deliver: Option<AlertEvent>,
    /// What to remember once that was done.
    pub memory: Memory,
}

/// Compares the state of this run with what is remembered; `repeat` is in milliseconds. While not all is well, the state before
/// stays, so that nobody is told that all is well again.
pub fn turn(
    before: Option<Memory>,
    (state, is_all_well): (AlertState, bool),
    now: Millis,
    repeat: Millis,
) -> Notices {
    if let Some(before) = before.filter(|before| before.state != AlertState::Ok)
        && state == AlertState::Ok
        && !is_all_well
    {
        return Notices { print: None, deliver: before.undelivered, memory: before };
    }
    let print = event(before, state, now, repeat);
    let deliver = print.or(before.and_then(|before| before.undelivered));
    let same = before.filter(|before| before.state == state);
    let told_at = if print.is_some() { now } else { same.map_or(now, |same| same.told_at) };
    let memory = Memory { state, since: same.map_or(now, |same| same.since), told_at, undelivered: None };
    Notices { print, deliver, memory }
}

fn event(before: Option<Memory>, state: AlertState, now: Millis, repeat: Millis) -> Option<AlertEvent> {
    let is_ok = state == AlertState::Ok;
    match before {
        None => (!is_ok).then_some(AlertEvent::Changed),
        Some(before) if before.state != state => {
            Some(if is_ok { AlertEvent::Recovered } else { AlertEvent::Changed })
        }
        // where the clock was put back, nobody knows how long ago it was reported
        Some(before) if !is_ok && !(0..repeat).contains(&(now - before.told_at)) => {
            Some(AlertEvent::Repeated)
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::HOUR;

    /// What is printed when these states follow each other, ten minutes apart, with a repeat of half an hour.
    fn told(states: &[AlertState]) -> Vec<Option<AlertEvent>> {
        let mut memory = None;
        (0..)
            .zip(states)
            .map(|(run, state)| {
                let turn = turn(memory, (*state, true), run * HOUR / 6, HOUR / 2);
                memory = Some(turn.memory);
                turn.print
            })
            .collect()
    }

    #[test]
    fn every_change_is_told_and_recovery_once() {
        use AlertState::{Critical, Ok, Unknown, Warning};
        let (changed, recovered) = (Some(AlertEvent::Changed), Some(AlertEvent::Recovered));
        let states = [Ok, Critical, Critical, Warning, Unknown, Ok, Ok, Warning];
        let expected = [None, changed, None, changed, changed, recovered, None, changed];
        assert_eq!(told(&states), expected);
    }

    #[test]
    fn what_lasts_is_told_again_after_the_repeat_time() {
        let (changed, repeated) = (Some(AlertEvent::Changed), Some(AlertEvent::Repeated));
        let expected = [changed, None, None, repeated, None, None, repeated];
        assert_eq!(told(&[AlertState::Critical; 7]), expected);
        assert_eq!(told(&[AlertState::Ok; 7]), [None; 7]);
    }

    #[test]
    fn a_clock_put_back_does_not_silence_it() {
        let before = Memory { state: AlertState::Warning, since: HOUR, told_at: HOUR, undelivered: None };
        assert_eq!(
            turn(Some(before), (AlertState::Warning, false), 0, HOUR).print,
            Some(AlertEvent::Repeated)
        );
    }

    #[test]
    fn what_was_not_delivered_is_delivered_next_time_and_not_printed_again() {
        let undelivered = Some(AlertEvent::Changed);
        let before = Memory { state: AlertState::Warning, since: 0, told_at: 0, undelivered };
        let turn = turn(Some(before), (AlertState::Warning, false), 1, HOUR);
        assert_eq!((turn.print, turn.deliver), (None, Some(AlertEvent::Changed)));
        assert_eq!(turn.memory, Memory { undelivered: None, ..before });
    }
}
