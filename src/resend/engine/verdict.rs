//! What an outcome means for the row, the account and the rest of the run.

use crate::model::Millis;
use crate::resend::state::RowState;

use super::Engine;
use super::rows::QueuedRow;
use super::terms::{AttemptOutcome, CapScope, EndReason, Fate, Settled};

/// After this many throttles a row lets others go first: perhaps the row is the cause.
const THROTTLES_IN_TURN: u32 = 3;

impl<K> Engine<K> {
    pub(super) fn judge_opening(&mut self, outcome: AttemptOutcome, begun: Millis, now: Millis) {
        match outcome {
            AttemptOutcome::Throttled { retry_after } => self.hold_back(begun, retry_after, now),
            AttemptOutcome::Wait { until, .. } => {
                let until = self.coming(until, now);
                self.account_waits(until, now);
                self.count_refusal(now);
            }
            AttemptOutcome::Stop | AttemptOutcome::Never | AttemptOutcome::Noted => {
                self.finish_run(EndReason::AccountRefused, None)
            }
            AttemptOutcome::Retry { retry_after } => self.connection_failed(begun, retry_after, now),
            AttemptOutcome::Lost
            | AttemptOutcome::Held
            | AttemptOutcome::Doubt
            | AttemptOutcome::Delivered => self.connection_failed(begun, None, now),
        }
    }

    pub(super) fn judge(
        &mut self,
        row: QueuedRow<K>,
        outcome: AttemptOutcome,
        started: Millis,
        now: Millis,
    ) -> Settled {
        let uses_attempt = matches!(
            outcome,
            AttemptOutcome::Delivered
                | AttemptOutcome::Retry { .. }
                | AttemptOutcome::Never
                | AttemptOutcome::Doubt
        );
        let attempts = row.attempts + u32::from(uses_attempt);
        let row = QueuedRow { attempts, tried: row.tried || outcome != AttemptOutcome::Lost, ..row };
        let fate = match outcome {
            AttemptOutcome::Delivered => self.delivered(now - started, now),
            AttemptOutcome::Throttled { retry_after } => self.throttled(row, started, retry_after, now),
            AttemptOutcome::Retry { retry_after } => self.refused_for_now(row, retry_after, now),
            AttemptOutcome::Wait { until, scope } => self.must_wait(row, until, scope, now),
            AttemptOutcome::Never => self.refused(now),
            AttemptOutcome::Noted => self.noted(now),
            AttemptOutcome::Held => self.ended(Fate::ended(RowState::Held)),
            AttemptOutcome::Stop => self.account_refused(),
            AttemptOutcome::Doubt => self.in_doubt(started, now),
            AttemptOutcome::Lost => self.lost(row, started, now),
        };
        Settled { attempts, fate }
    }

    fn delivered(&mut self, session: Millis, now: Millis) -> Fate {
        self.refusals = 0;
        self.throttle.over();
        self.outage.over();
        self.allowance.earn();
        self.deliveries.count(session, now);
        self.ended(Fate::ended(RowState::Sent))
    }

    fn throttled(&mut self, row: QueuedRow<K>, started: Millis, asked: Option<Millis>, now: Millis) -> Fate {
        self.hold_back(started, asked, now);
        let row = QueuedRow { throttles: row.throttles + 1, due: self.throttle.until(), ..row };
        self.back(row, now)
    }

    fn refused_for_now(&mut self, row: QueuedRow<K>, asked: Option<Millis>, now: Millis) -> Fate {
        let delay = self.settings.schedule.delay(row.attempts, self.random.draw());
        match delay.filter(|_| row.attempts < self.settings.max_attempts) {
            None => self.refused(now),
            Some(delay) => {
                self.count_refusal(now);
                self.back(QueuedRow { due: now + delay.max(asked.unwrap_or(0)), ..row }, now)
            }
        }
    }

    fn must_wait(&mut self, row: QueuedRow<K>, until: Millis, scope: CapScope, now: Millis) -> Fate {
        let until = self.coming(until, now);
        if scope == CapScope::Account {
            self.account_waits(until, now);
        }
        self.count_refusal(now);
        self.back(QueuedRow { due: until, ..row }, now)
    }

    fn refused(&mut self, now: Millis) -> Fate {
        self.count_refusal(now);
        self.ended(Fate::ended(RowState::Refused))
    }

    fn noted(&mut self, now: Millis) -> Fate {
        self.count_refusal(now);
        self.ended(self.deferred(now))
    }

    fn account_refused(&mut self) -> Fate {
        self.finish_run(EndReason::AccountRefused, None);
        self.ended(Fate::ended(RowState::Untouched))
    }

    /// A lost reply is a failed connection too: each one makes a row that a person must look into.
    fn in_doubt(&mut self, started: Millis, now: Millis) -> Fate {
        self.connection_failed(started, None, now);
        self.ended(Fate::ended(RowState::Doubt))
    }

    fn lost(&mut self, row: QueuedRow<K>, started: Millis, now: Millis) -> Fate {
        self.connection_failed(started, None, now);
        self.back(row, now)
    }

    fn ended(&mut self, fate: Fate) -> Fate {
        self.counts.end(fate.state);
        fate
    }

    /// The row goes again when it is due, or is left for a later run.
    fn back(&mut self, row: QueuedRow<K>, now: Millis) -> Fate {
        if let Some(end) = self.end {
            return self.ended(self.left_over(&row, end, now));
        }
        if row.due > now + self.settings.longest_wait {
            return self.ended(self.deferred(row.due));
        }
        let not_before = self.clock.shown(row.due.max(now));
        if row.throttles >= THROTTLES_IN_TURN {
            self.rows.put_last(row);
        } else {
            self.rows.put_back(row);
        }
        Fate { goes_again: true, ..Fate::deferred(not_before) }
    }

    /// A throttle reply: fewer connections, a pause for all and a slightly slower pace.
    fn hold_back(&mut self, begun: Millis, asked: Option<Millis>, now: Millis) {
        self.counts.throttled += 1;
        let is_new = self.throttle.count(begun, asked, now, &mut self.random);
        self.account_waits(self.throttle.until(), now);
        if is_new {
            self.allowance.halve(self.cap());
            self.pace.widen();
            self.count_refusal(now);
        }
    }

    /// Nothing goes before `until`; what is left is deferred if that is too long for this run.
    pub(super) fn account_waits(&mut self, until: Millis, now: Millis) {
        self.throttle.pause(until);
        if until > now + self.settings.longest_wait {
            self.finish_run(EndReason::ServerAsksToWait, Some(until));
        }
    }

    fn count_refusal(&mut self, now: Millis) {
        self.refusals += 1;
        if self.refusals >= self.settings.refusals_in_a_row {
            self.give_up(EndReason::RefusalsInARow, now);
        }
    }

    fn connection_failed(&mut self, begun: Millis, asked: Option<Millis>, now: Millis) {
        self.outage.count(begun, asked, now, &mut self.random);
        if self.outage.until() > now + self.settings.longest_wait {
            self.finish_run(EndReason::ServerAsksToWait, Some(self.outage.until()));
        }
        if self.outage.in_a_row() >= self.settings.connection_failures_in_a_row {
            self.give_up(EndReason::ConnectionFailures, now);
        }
    }

    /// Leaves the rest to a later run.
    fn give_up(&mut self, reason: EndReason, now: Millis) {
        let next_at = now + self.first_wait();
        self.finish_run(reason, Some(next_at));
    }

    /// The steady time for the caller's `until`, or the schedule's first wait if that has passed.
    fn coming(&mut self, until: Millis, now: Millis) -> Millis {
        let until = self.clock.steady(until);
        if until > now { until } else { now + self.first_wait() }
    }

    fn first_wait(&mut self) -> Millis {
        self.settings.schedule.delay(1, self.random.draw()).unwrap_or(0)
    }
}
