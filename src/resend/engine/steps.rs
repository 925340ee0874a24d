//! What to do next: one step at a time, the most urgent first.

use crate::model::Millis;
use crate::resend::state::RowState;

use super::rows::QueuedRow;
use super::terms::{EndReason, Fate, NextStep, Sending};
use super::{End, Engine};

/// Connections are opened ahead for so many milliseconds of the pace: about what a login takes.
const LOGIN: Millis = 1_000;

impl<K> Engine<K> {
    /// What to do now. After every step but the waits and `Done`, ask again at once.
    pub fn next(&mut self, now: Millis) -> NextStep<K> {
        let now = self.clock.read(now);
        self.rows.wake(now);
        if self.rows.len() + self.connections.busy() == 0 && !self.expects_rows {
            self.finish_run(EndReason::NoRowsLeft, None);
        }
        match self.end {
            Some(end) => self.wind_down(end, now),
            None => self.go_on(now),
        }
    }

    fn go_on(&mut self, now: Millis) -> NextStep<K> {
        self.close_surplus(now)
            .or_else(|| self.end_first(now))
            .or_else(|| self.send(now))
            .or_else(|| self.open(now))
            .unwrap_or_else(|| self.wait(now))
    }

    fn wind_down(&mut self, end: End, now: Millis) -> NextStep<K> {
        if let Some(row) = self.rows.take_any() {
            let fate = self.left_over(&row, end, now);
            return self.end_row(row, fate);
        }
        match self.connections.close_any(now) {
            Some(connection) => NextStep::Close(connection),
            None if self.connections.len() == 0 => NextStep::Done,
            None => NextStep::WaitForEvent,
        }
    }

    /// How a row ends that is left when the run ends.
    pub(super) fn left_over(&self, row: &QueuedRow<K>, end: End, now: Millis) -> Fate {
        match end.next_at {
            Some(next_at) => self.deferred(next_at.max(row.due)),
            None if row.tried => self.deferred(now.max(row.due)),
            None => Fate::ended(RowState::Untouched),
        }
    }

    pub(super) fn deferred(&self, until: Millis) -> Fate {
        Fate::deferred(self.clock.shown(until))
    }

    fn end_row(&mut self, row: QueuedRow<K>, fate: Fate) -> NextStep<K> {
        self.counts.end(fate.state);
        NextStep::End { key: row.key, attempts: row.attempts, fate }
    }

    fn close_surplus(&mut self, now: Millis) -> Option<NextStep<K>> {
        self.connections.close_surplus(self.cap(), now, &self.settings).map(NextStep::Close)
    }

    /// Ends the row whose turn it is if it cannot go in this run.
    fn end_first(&mut self, now: Millis) -> Option<NextStep<K>> {
        let fate = self.obstacle(self.rows.first()?, now)?;
        let row = self.rows.take()?;
        Some(self.end_row(row, fate))
    }

    fn obstacle(&self, row: &QueuedRow<K>, now: Millis) -> Option<Fate> {
        if row.attempts >= self.settings.max_attempts {
            return Some(Fate::ended(RowState::Refused));
        }
        match self.pace.day_has_room_at(now, row.recipients) {
            None => Some(Fate::ended(RowState::Refused)),
            Some(at) if at - now > self.settings.longest_wait => Some(self.deferred(at)),
            Some(_) => None,
        }
    }

    /// When the pace and the pauses let the first row go, connections aside.
    fn turn(&self, now: Millis) -> Option<Millis> {
        let paced = self.pace.next_at(now, self.rows.first()?.recipients)?;
        Some(paced.max(self.throttle.until()))
    }

    fn send(&mut self, now: Millis) -> Option<NextStep<K>> {
        let connection = self.connections.idle()?;
        self.turn(now).filter(|turn| *turn <= now)?;
        let row = self.rows.take()?;
        self.pace.take(now, row.recipients);
        self.connections.start(connection, now);
        Some(NextStep::Send(Sending { connection, row, started: now }))
    }

    fn open(&mut self, now: Millis) -> Option<NextStep<K>> {
        self.turn(now).filter(|turn| (*turn).max(self.outage.until()) <= now)?;
        let is_free = self.connections.places(now) < self.cap() as usize;
        if !is_free || self.connections.opening() >= self.useful_openings() {
            return None;
        }
        let connection = self.connections.open(now);
        let open = self.connections.len() as u64;
        self.counts.peak_connections = self.counts.peak_connections.max(open);
        Some(NextStep::Open(connection))
    }

    /// How many connections to open at once: as many as the pace could use by then, but one alone as long as none came
    /// about or they fail, so that a wrong password or a dead server is met once and not three times.
    fn useful_openings(&self) -> usize {
        if self.counts.connections_opened == 0 || self.outage.in_a_row() > 0 {
            return 1;
        }
        self.rows.ready().min(self.soon())
    }

    /// How many messages the pace lets go while a connection opens.
    fn soon(&self) -> usize {
        usize::try_from(1 + LOGIN / self.settings.rate.spacing()).unwrap_or(usize::MAX)
    }

    /// The rows that go next if nothing comes between, and the attempts each has used up: as many as there may be
    /// connections, and none that has to wait for long. Their claims can be had in advance.
    pub fn upcoming(&mut self, now: Millis) -> Vec<(&K, u32)> {
        let now = self.clock.read(now);
        let is_near = self.end.is_none() && self.turn(now).is_some_and(|turn| turn <= now + LOGIN);
        let most = if is_near { self.soon().min(self.cap() as usize) } else { 0 };
        let may_go = |row: &&QueuedRow<K>| self.obstacle(row, now).is_none();
        self.rows.in_turn().take(most).take_while(may_go).map(|row| (&row.key, row.attempts)).collect()
    }

    fn wait(&self, now: Millis) -> NextStep<K> {
        let opening = self.rows.first().map(|_| self.outage.until());
        let change = self.connections.next_change(now, &self.settings);
        let times = [self.turn(now), opening, self.rows.next_due(), change];
        let next = times.into_iter().flatten().filter(|at| *at > now).min();
        next.map_or(NextStep::WaitForEvent, |at| NextStep::Wait { until: self.clock.shown(at) })
    }
}
