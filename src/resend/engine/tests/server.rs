//! A mail server on virtual time with the limits of the real ones.

use std::collections::{BTreeMap, VecDeque};

use crate::model::{DAY, Millis};
use crate::resend::engine::{AttemptOutcome, CapScope, ConnectionId};

/// What a test may decide for itself: `None` leaves it to the server.
pub type Script<Asked> = Box<dyn FnMut(Asked, Millis) -> Option<AttemptOutcome>>;

pub struct Server {
    /// Connections that may send at once at a time.
    pub places: fn(Millis) -> usize,
    /// How long a login takes, and one message.
    pub login: Millis,
    pub session: Millis,
    pub session_varies_by: Millis,
    /// How long after its end a connection still takes its place.
    pub freed_late: Millis,
    pub per_minute: Option<usize>,
    pub per_day: Option<u32>,
    pub on_open: Script<ConnectionId>,
    pub on_message: Script<u32>,
    /// Replies that throttled a message.
    pub throttled: u32,
    /// The connections that take a place, and until when.
    pub holders: BTreeMap<ConnectionId, Millis>,
    pub accepted: VecDeque<(Millis, u32)>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            places: |_| 3,
            login: 100,
            session: 50,
            session_varies_by: 0,
            freed_late: 0,
            per_minute: None,
            per_day: None,
            on_open: Box::new(|_, _| None),
            on_message: Box::new(|_, _| None),
            throttled: 0,
            holders: BTreeMap::new(),
            accepted: VecDeque::new(),
        }
    }
}

impl Server {
    pub fn open(&mut self, connection: ConnectionId, now: Millis) -> Result<(), AttemptOutcome> {
        (self.on_open)(connection, now).map_or(Ok(()), Err)
    }

    /// What the server says to this message in the end.
    pub fn message(
        &mut self,
        connection: ConnectionId,
        row: u32,
        recipients: u32,
        now: Millis,
    ) -> AttemptOutcome {
        let outcome = (self.on_message)(row, now).unwrap_or_else(|| self.limits(connection, recipients, now));
        match outcome {
            AttemptOutcome::Throttled { .. } => self.throttled += 1,
            AttemptOutcome::Delivered => self.accepted.push_back((now, recipients)),
            _ => (),
        }
        outcome
    }

    fn limits(&mut self, connection: ConnectionId, recipients: u32, now: Millis) -> AttemptOutcome {
        self.holders.retain(|id, until| *until > now && *id != connection);
        while self.accepted.pop_front_if(|(at, _)| *at <= now - DAY).is_some() {}
        let last_minute = || self.accepted.iter().rev().take_while(|(at, _)| *at > now - 60_000).count();
        let today = || self.accepted.iter().map(|(_, recipients)| recipients).sum::<u32>();
        if self.holders.len() >= (self.places)(now)
            || self.per_minute.is_some_and(|most| last_minute() >= most)
        {
            return AttemptOutcome::Throttled { retry_after: None };
        }
        self.holders.insert(connection, Millis::MAX);
        if self.per_day.is_some_and(|most| today() + recipients > most) {
            return AttemptOutcome::Wait { until: now + DAY, scope: CapScope::Account };
        }
        AttemptOutcome::Delivered
    }

    pub fn gone(&mut self, connection: ConnectionId, now: Millis) {
        if let Some(until) = self.holders.get_mut(&connection) {
            *until = now + self.freed_late;
        }
    }
}
