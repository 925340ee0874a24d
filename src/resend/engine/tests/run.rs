//! Drives an engine against a simulated server on virtual time, and holds it to its rules at every step.

use std::collections::BTreeMap;

use crate::model::Millis;
use crate::resend::engine::{
    AttemptOutcome, ConnectionId, EndReason, Engine, Fate, NextStep, RunCounts, SendLimits, Sending,
};
use crate::resend::pace::Earlier;

use super::server::Server;

/// Something that happens at a time.
pub enum Event {
    Opened(ConnectionId, Result<(), AttemptOutcome>),
    Finished(Sending<u32>, AttemptOutcome),
    Skipped(Sending<u32>),
    Closed(ConnectionId),
    /// The server closes a connection that no message is on.
    Cut,
    Sharing(bool),
    Add(u32),
    AllAdded,
    Stop,
}

pub struct Run {
    pub engine: Engine<u32>,
    pub server: Server,
    pub settings: SendLimits,
    /// Rows that another process has claimed.
    pub claimed: fn(u32) -> bool,
    /// What the engine's clock shows at a time.
    pub clock: fn(Millis) -> Millis,
    pub clock_jumps: bool,
    /// When each message started, and of which row.
    pub started: Vec<(Millis, u32)>,
    /// When each message started that was delivered or may have been.
    pub taken: Vec<Millis>,
    pub endings: BTreeMap<u32, Fate>,
    pub now: Millis,
    recipients: u32,
    sharing: bool,
    events: BTreeMap<(Millis, u64), Event>,
    scheduled: u64,
    /// The connections that exist, and which message is on them.
    connections: BTreeMap<ConnectionId, Option<u32>>,
    closed_at: Vec<Millis>,
    /// How often each row was delivered, refused for good or put in doubt.
    finals: BTreeMap<u32, u32>,
    skipped: u64,
}

impl Run {
    /// So many rows of one recipient each.
    pub fn new(rows: u32, settings: SendLimits, server: Server) -> Self {
        Self::of(rows, 1, settings, server, Earlier::default())
    }

    pub fn of(rows: u32, recipients: u32, settings: SendLimits, server: Server, earlier: Earlier) -> Self {
        let mut engine = Engine::new(settings.clone(), earlier, 1, 0);
        (0..rows).for_each(|row| engine.add(row, recipients, 0));
        engine.all_added();
        Self {
            engine,
            server,
            settings,
            claimed: |_| false,
            clock: |now| now,
            clock_jumps: false,
            started: Vec::new(),
            taken: Vec::new(),
            endings: BTreeMap::new(),
            now: 0,
            recipients,
            sharing: false,
            events: BTreeMap::new(),
            scheduled: 0,
            connections: BTreeMap::new(),
            closed_at: Vec::new(),
            finals: BTreeMap::new(),
            skipped: 0,
        }
    }

    pub fn at(&mut self, at: Millis, event: Event) {
        self.scheduled += 1;
        self.events.insert((at, self.scheduled), event);
    }

    /// Runs to the end.
    pub fn done(mut self) -> Self {
        for _ in 0..2_000_000 {
            let shown = (self.clock)(self.now);
            match self.engine.next(shown) {
                NextStep::Open(id) => self.open(id),
                NextStep::Send(sending) => self.send(sending),
                NextStep::Close(id) => self.at(self.now + 5, Event::Closed(id)),
                NextStep::End { key, fate, .. } => self.end(key, fate),
                NextStep::Wait { until } => {
                    assert!(until > shown, "waits for a time that has passed");
                    self.proceed(Some(self.now + until - shown));
                }
                NextStep::WaitForEvent => self.proceed(None),
                NextStep::Done => return self.checked(),
            }
        }
        panic!("does not come to an end");
    }

    /// Goes to the next event, or to `until` if that is earlier.
    fn proceed(&mut self, until: Option<Millis>) {
        let next = self.events.first_key_value().map(|((at, _), _)| *at);
        match (next, until) {
            (None, None) => panic!("waits for an event that will not come"),
            (None, Some(until)) => self.now = until,
            (Some(next), Some(until)) if until < next => self.now = until,
            (Some(_), _) => {
                let ((at, _), event) = self.events.pop_first().unwrap();
                self.now = self.now.max(at);
                self.tell(event);
            }
        }
    }

    fn tell(&mut self, event: Event) {
        let shown = (self.clock)(self.now);
        match event {
            Event::Opened(id, Ok(())) => self.engine.opened(id, shown),
            Event::Opened(id, Err(outcome)) => {
                self.gone(id);
                self.engine.open_failed(id, outcome, shown);
            }
            Event::Finished(sending, outcome) => self.finished(sending, outcome),
            Event::Skipped(sending) => {
                self.connections.insert(sending.connection(), None);
                self.skipped += 1;
                self.engine.skipped(sending, shown);
            }
            Event::Closed(id) => {
                self.gone(id);
                self.engine.closed(id, shown);
            }
            Event::Cut => {
                let unused = self.connections.iter().find(|(_, on)| on.is_none()).map(|(id, _)| *id);
                unused.into_iter().for_each(|id| self.tell(Event::Closed(id)));
            }
            Event::Sharing(sharing) => {
                self.sharing = sharing;
                self.engine.application_is_sending(sharing);
            }
            Event::Add(row) => self.engine.add(row, self.recipients, 0),
            Event::AllAdded => self.engine.all_added(),
            Event::Stop => self.engine.stop_requested(),
        }
    }

    /// The cap that holds now, if the server has not refused anything.
    fn cap(&self) -> usize {
        let reserve = if self.sharing { self.settings.reserve } else { 0 };
        self.settings.cap.saturating_sub(reserve).max(1) as usize
    }

    fn open(&mut self, id: ConnectionId) {
        let (now, delay, jumps) = (self.now, self.settings.replace_after, self.clock_jumps);
        self.closed_at.retain(|at| !jumps && at + delay > now);
        assert!(self.connections.len() + self.closed_at.len() < self.cap(), "one connection too many");
        assert!(self.connections.insert(id, None).is_none(), "a connection twice");
        let opened = self.server.open(id, self.now);
        self.at(self.now + self.server.login, Event::Opened(id, opened));
    }

    fn send(&mut self, sending: Sending<u32>) {
        let (row, connection) = (*sending.key(), sending.connection());
        assert!(!self.connections.values().any(|on| *on == Some(row)), "row {row} twice at once");
        assert!(!self.finals.contains_key(&row), "row {row} again after its end");
        let sessions = self.connections.values().flatten().count();
        assert!(sessions < self.cap(), "one session too many");
        let busy = self.connections.get_mut(&connection).expect("sends on an open connection");
        assert_eq!(busy.replace(row), None, "two messages on one connection");
        if (self.claimed)(row) {
            return self.at(self.now + 1, Event::Skipped(sending));
        }
        self.started.push((self.now, row));
        let outcome = self.server.message(connection, row, self.recipients, self.now);
        if matches!(outcome, AttemptOutcome::Delivered | AttemptOutcome::Doubt) {
            self.taken.push(self.now);
        }
        let session = self.server.session + (Millis::from(row) * 7919) % (self.server.session_varies_by + 1);
        self.at(self.now + session, Event::Finished(sending, outcome));
    }

    fn finished(&mut self, sending: Sending<u32>, outcome: AttemptOutcome) {
        let (row, connection) = (*sending.key(), sending.connection());
        if matches!(outcome, AttemptOutcome::Delivered | AttemptOutcome::Never | AttemptOutcome::Doubt) {
            *self.finals.entry(row).or_default() += 1;
        }
        let usable = !matches!(outcome, AttemptOutcome::Doubt | AttemptOutcome::Lost);
        self.connections.insert(connection, None);
        if !usable {
            self.gone(connection);
        }
        let settled = self.engine.finished(sending, outcome, usable, (self.clock)(self.now));
        if !settled.fate.goes_again {
            self.end(row, settled.fate);
        }
    }

    fn gone(&mut self, id: ConnectionId) {
        if self.connections.remove(&id).is_some() {
            self.closed_at.push(self.now);
            self.server.gone(id, self.now);
        }
    }

    fn end(&mut self, row: u32, fate: Fate) {
        assert_eq!(self.endings.insert(row, fate), None, "row {row} ended twice");
    }

    fn checked(self) -> Self {
        let counts = self.counts();
        assert!(self.connections.is_empty(), "done with a connection left open");
        assert!(self.finals.values().all(|times| *times == 1), "a row was decided twice");
        assert_eq!(self.endings.len() as u64 + self.skipped, counts.selected, "every row has one end");
        let ended = counts.sent + counts.deferred + counts.refused + counts.doubt + counts.untouched;
        assert_eq!(ended + counts.skipped, counts.selected, "the counts are complete");
        assert!(counts.peak_connections <= u64::from(self.settings.cap));
        self
    }

    pub fn counts(&self) -> RunCounts {
        self.engine.counts()
    }

    pub fn reason(&self) -> EndReason {
        self.engine.reason().unwrap()
    }

    /// When the last message was settled.
    pub fn last_finish(&self) -> Millis {
        self.started.last().map_or(0, |(at, _)| at + self.server.session)
    }

    /// The time between the starts of one message and the next.
    pub fn spacings(&self) -> Vec<Millis> {
        self.started.windows(2).map(|pair| pair[1].0 - pair[0].0).collect()
    }
}
