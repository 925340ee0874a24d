//! Points at which a test lets the program die, to show that nothing is lost or sent twice, and intervals that it shortens;
//! a release does not contain them.

use std::time::Duration;

/// Passes a point: dies there, as by SIGKILL, where `MAILTHROTTLE_DIE_AT` is `POINT#N` and this is the n-th passing.
#[cfg(debug_assertions)]
pub fn pass(point: &str) {
    use std::sync::atomic::{AtomicU32, Ordering};
    static PASSED: AtomicU32 = AtomicU32::new(0);
    let Ok(wanted) = std::env::var("MAILTHROTTLE_DIE_AT") else {
        return;
    };
    let is_last = wanted.split_once('#').is_some_and(|(name, number)| {
        name == point && number.parse() == Ok(PASSED.fetch_add(1, Ordering::Relaxed) + 1)
    });
    if is_last {
        let own = rustix::process::getpid();
        let _ = rustix::process::kill_process(own, rustix::process::Signal::KILL);
    }
}

/// Nothing.
#[cfg(not(debug_assertions))]
pub fn pass(_point: &str) {}

/// An interval, or the one in milliseconds that a variable says.
#[cfg(debug_assertions)]
pub fn interval(usual: Duration, variable: &str) -> Duration {
    let said = std::env::var(variable).ok().and_then(|millis| millis.parse().ok());
    said.map_or(usual, Duration::from_millis)
}

/// The interval.
#[cfg(not(debug_assertions))]
pub fn interval(usual: Duration, _variable: &str) -> Duration {
    usual
}
