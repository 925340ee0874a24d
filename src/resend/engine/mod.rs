//! Decides what to send when: the state machine of `resend` for one submission identity.
//!
//! The driver asks [`Engine::next`] what to do and reports the result; it talks to server and ledger. Time
//! and randomness are arguments, so the same events give the same steps. The rules: never more connections than the
//! cap, a message only on an idle connection and when the pace permits, no message twice unless the server refused it
//! or never had it, and every row ends once.

mod clock;
mod connections;
mod progress;
mod restraint;
mod rows;
mod settings;
mod steps;
mod terms;
#[cfg(test)]
mod tests;
mod verdict;

use crate::model::Millis;

use super::backoff::Random;
use super::pace::{Earlier, Pace};

pub use connections::ConnectionId;
pub use progress::{Progress, RunCounts};
pub use settings::SendLimits;
pub use terms::{AttemptOutcome, CapScope, EndReason, Fate, NextStep, Sending, Settled};

use clock::Steady;
use connections::Connections;
use progress::Deliveries;
use restraint::{Allowance, RepeatedTrouble};
use rows::RowQueue;

/// The state machine of one submission identity. `K` is what the driver knows a row by.
///
/// Every `now` is in milliseconds of one clock, best a monotonic one that was set to the time of day at the start. A
/// clock that is set back counts as temporarily stopped.
#[derive(Debug)]
pub struct Engine<K> {
    settings: SendLimits,
    clock: Steady,
    pace: Pace,
    rows: RowQueue<K>,
    connections: Connections,
    allowance: Allowance,
    /// Throttle replies: they hold up all messages.
    throttle: RepeatedTrouble,
    /// Failed connections: they hold up the opening of others.
    outage: RepeatedTrouble,
    /// Refusals of any kind since the last delivery.
    refusals: u32,
    random: Random,
    counts: RunCounts,
    deliveries: Deliveries,
    /// Whether the application is sending itself.
    shared: bool,
    /// Whether further rows may be added.
    expects_rows: bool,
    end: Option<End>,
}

/// The run is ending.
#[derive(Debug, Clone, Copy)]
struct End {
    reason: EndReason,
    /// The rows that are left are deferred to this time; without it they are left as they were.
    next_at: Option<Millis>,
}

impl<K> Engine<K> {
    /// An engine without rows that goes on where `earlier` ended. `seed` decides the jitter.
    pub fn new(settings: SendLimits, earlier: Earlier, seed: u64, now: Millis) -> Self {
        let settings = SendLimits { cap: settings.cap.max(1), ..settings };
        let mut clock = Steady::default();
        let now = clock.read(now);
        let paused = earlier.paused_until.map(|until| clock.steady(until));
        let mut engine = Self {
            pace: Pace::new(settings.rate, settings.recipients_per_day, earlier, now),
            allowance: Allowance::new(settings.cap),
            settings,
            clock,
            rows: RowQueue::new(),
            connections: Connections::default(),
            throttle: RepeatedTrouble::default(),
            outage: RepeatedTrouble::default(),
            refusals: 0,
            random: Random::new(seed),
            counts: RunCounts::default(),
            deliveries: Deliveries::default(),
            shared: false,
            expects_rows: true,
            end: None,
        };
        if let Some(until) = paused.filter(|until| *until > now) {
            engine.account_waits(until, now);
        }
        engine
    }

    /// Before which time nothing goes for the account, in the caller's time; none where nothing is known of such a time.
    pub fn paused_until(&self) -> Option<Millis> {
        let deferred =
            self.end.filter(|end| end.reason == EndReason::ServerAsksToWait).and_then(|end| end.next_at);
        let until = self.throttle.until().max(deferred.unwrap_or(0));
        (until > 0).then(|| self.clock.shown(until))
    }

    /// Adds a row, oldest first, with the attempts it has used up before.
    pub fn add(&mut self, key: K, recipients: u32, attempts: u32) {
        self.counts.selected += 1;
        self.rows.add(key, recipients, attempts);
    }

    /// No further row will be added; until then the engine is never done of its own accord.
    pub fn all_added(&mut self) {
        self.expects_rows = false;
    }

    /// While the application is sending itself, some connections are left to it.
    pub fn application_is_sending(&mut self, sending: bool) {
        self.shared = sending;
    }

    /// Ends the run: nothing new is started, what is under way is settled, then the connections are closed.
    pub fn stop_requested(&mut self) {
        self.finish_run(EndReason::StopRequested, None);
    }

    /// The connection is open and logged in.
    pub fn opened(&mut self, connection: ConnectionId, now: Millis) {
        let now = self.clock.read(now);
        if self.connections.opened(connection, now) {
            self.counts.connections_opened += 1;
        }
    }

    /// The connection did not come about; the driver has let go of it. `Never` and `Stop` refuse the account, `Retry` and
    /// `Lost` are a failed connection.
    pub fn open_failed(&mut self, connection: ConnectionId, outcome: AttemptOutcome, now: Millis) {
        let now = self.clock.read(now);
        if let Some(begun) = self.connections.gone(connection, now + self.settings.replace_after) {
            self.judge_opening(outcome, begun, now);
        }
    }

    /// The connection is closed: by the driver, or by the server while it was idle.
    pub fn closed(&mut self, connection: ConnectionId, now: Millis) {
        let now = self.clock.read(now);
        if !self.connections.is_busy(connection) {
            self.connections.gone(connection, now + self.settings.replace_after);
        }
    }

    /// The row was not sent, since another process has claimed or sent it. Its place in the pace is free again: nothing
    /// went over the wire, and a long run of rows claimed by others should not take as long as sending them.
    pub fn skipped(&mut self, sending: Sending<K>, now: Millis) {
        let now = self.clock.read(now);
        self.connections.give_back(sending.connection, now);
        self.pace.give_back(sending.started, sending.row.recipients);
        self.counts.skipped += 1;
    }

    /// The message is settled. A connection that is not `usable` any more has been let go of by the driver.
    pub fn finished(
        &mut self,
        sending: Sending<K>,
        outcome: AttemptOutcome,
        usable: bool,
        now: Millis,
    ) -> Settled {
        let now = self.clock.read(now);
        if usable {
            self.connections.finish(sending.connection, now);
        } else {
            self.connections.gone(sending.connection, now + self.settings.replace_after);
        }
        if !matches!(outcome, AttemptOutcome::Delivered | AttemptOutcome::Doubt) {
            self.pace.not_accepted(sending.started, sending.row.recipients);
        }
        self.judge(sending.row, outcome, sending.started, now)
    }

    /// What was done so far.
    pub fn counts(&self) -> RunCounts {
        self.counts
    }

    /// Why the run is ending; `None` as long as it is not.
    pub fn reason(&self) -> Option<EndReason> {
        self.end.map(|end| end.reason)
    }

    /// How the run is getting on.
    pub fn progress(&mut self, now: Millis) -> Progress {
        let now = self.clock.read(now);
        let left = (self.rows.len() + self.connections.busy()) as u64;
        let now_allowed = SendLimits { cap: self.cap(), ..self.settings.clone() };
        let session = self.deliveries.mean_session();
        Progress {
            connections: self.connections.len() as u64,
            cap: self.cap(),
            sent_last_minute: self.deliveries.in_last_minute(now),
            left,
            time_left: now_allowed.estimate(left, self.rows.recipients(), session),
        }
    }

    /// Connections that may be used now.
    fn cap(&self) -> u32 {
        let reserve = if self.shared { self.settings.reserve } else { 0 };
        self.settings.cap.saturating_sub(reserve).max(1).min(self.allowance.cap())
    }

    fn finish_run(&mut self, reason: EndReason, next_at: Option<Millis>) {
        self.end.get_or_insert(End { reason, next_at });
    }
}
