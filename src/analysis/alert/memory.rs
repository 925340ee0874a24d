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
    /// Whether the checks are good again while something is left to do, so that nobody was told so far.
    #[serde(default)]
    pub recovery_due: bool,
    /// Failed mails that were too old to go when all was well last.
    #[serde(default)]
    pub too_old: u64,
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

/// What a run found, as far as it is compared with the run before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// How bad it is.
    pub state: AlertState,
    /// Whether no check is bad and nothing is left to do.
    pub is_all_well: bool,
    /// Failed mails that are too old to go.
    pub too_old: u64,
}

/// Compares what a run found with what is remembered; `repeat` is in milliseconds.
pub fn turn(before: Option<Memory>, found: Found, now: Millis, repeat: Millis) -> Notices {
    let Found { state, is_all_well, too_old } = found;
    let print = event(before, found, now, repeat);
    let is_quiet = state == AlertState::Ok && !is_all_well;
    let undelivered = before.and_then(|before| before.undelivered).filter(|_| !is_quiet);
    let same = before.filter(|before| before.state == state);
    let told_at = if print.is_some() { now } else { same.map_or(now, |same| same.told_at) };
    let memory = Memory {
        state,
        since: same.map_or(now, |same| same.since),
        told_at,
        undelivered: None,
        recovery_due: is_quiet && before.is_some_and(is_recovery_due),
        too_old: before.filter(|_| !is_all_well).map_or(too_old, |before| before.too_old),
    };
    Notices { print, deliver: print.or(undelivered), memory }
}

/// Whether it is still to be told that all is well again.
fn is_recovery_due(before: Memory) -> bool {
    before.state != AlertState::Ok || before.recovery_due
}

fn event(before: Option<Memory>, found: Found, now: Millis, repeat: Millis) -> Option<AlertEvent> {
    let Found { state, is_all_well, .. } = found;
    match before {
        Some(before) if state == AlertState::Ok => {
            (is_all_well && is_recovery_due(before)).then_some(AlertEvent::Recovered)
        }
        _ if state == AlertState::Ok => None,
        Some(before) if before.state == state => {
            // where the clock was put back, nobody knows how long ago it was reported
            (!(0..repeat).contains(&(now - before.told_at))).then_some(AlertEvent::Repeated)
        }
        _ => Some(AlertEvent::Changed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::HOUR;

    fn found(state: AlertState) -> Found {
        Found { state, is_all_well: state == AlertState::Ok, too_old: 0 }
    }

    fn warned(undelivered: Option<AlertEvent>) -> Memory {
        let state = AlertState::Warning;
        Memory { state, since: 0, told_at: 0, undelivered, recovery_due: false, too_old: 0 }
    }

    /// What is printed when these states follow each other, ten minutes apart, with a repeat of half an hour.
    fn told(states: &[AlertState]) -> Vec<Option<AlertEvent>> {
        let mut memory = None;
        (0..)
            .zip(states)
            .map(|(run, state)| {
                let turn = turn(memory, found(*state), run * HOUR / 6, HOUR / 2);
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
        let before = Memory { since: HOUR, told_at: HOUR, ..warned(None) };
        assert_eq!(turn(Some(before), found(AlertState::Warning), 0, HOUR).print, Some(AlertEvent::Repeated));
    }

    #[test]
    fn what_was_not_delivered_is_delivered_next_time_and_not_printed_again() {
        let undelivered = Some(AlertEvent::Changed);
        let before = warned(undelivered);
        let turn = turn(Some(before), found(AlertState::Warning), 1, HOUR);
        assert_eq!((turn.print, turn.deliver), (None, Some(AlertEvent::Changed)));
        assert_eq!(turn.memory, Memory { undelivered: None, ..before });
    }

    /// Good checks are no recovery while something is left to do, and what follows is news.
    #[test]
    fn a_new_incident_is_told_while_the_last_one_is_not_over() {
        let left = Found { is_all_well: false, ..found(AlertState::Ok) };
        let told = |second: Found| {
            let first = turn(Some(warned(None)), left, 1, HOUR);
            assert_eq!((first.print, first.deliver), (None, None));
            turn(Some(first.memory), second, 2, HOUR).print
        };
        assert_eq!(told(found(AlertState::Warning)), Some(AlertEvent::Changed));
        assert_eq!(told(left), None);
        assert_eq!(told(found(AlertState::Ok)), Some(AlertEvent::Recovered));
    }
}
