//! What the run has done so far and how it is getting on.

use std::collections::VecDeque;

use crate::model::Millis;
use crate::resend::state::RowState;

/// Counts of one run, for its summary.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunCounts {
    /// Rows added.
    pub selected: u64,
    /// Rows delivered.
    pub sent: u64,
    /// Rows left for a later run.
    pub deferred: u64,
    /// Rows that will not go without a change.
    pub refused: u64,
    /// Rows that could not be offered to this server as they are.
    pub held: u64,
    /// Rows that may have been delivered.
    pub doubt: u64,
    /// Rows that another process had claimed.
    pub skipped: u64,
    /// Rows that are as they were before the run.
    pub untouched: u64,
    /// Replies that throttled a message or a connection.
    pub throttled: u64,
    /// Connections that came about.
    pub connections_opened: u64,
    /// The most connections at once, those being opened or closed included.
    pub peak_connections: u64,
}

impl RunCounts {
    pub(super) fn end(&mut self, state: RowState) {
        let count = match state {
            RowState::Sent => &mut self.sent,
            RowState::Refused => &mut self.refused,
            RowState::Held => &mut self.held,
            RowState::Doubt => &mut self.doubt,
            RowState::Untouched => &mut self.untouched,
            RowState::Deferred
            | RowState::Claimed
            | RowState::HandedOver
            | RowState::Dropped
            | RowState::Skipped => &mut self.deferred,
        };
        *count += 1;
    }
}

/// How the run is getting on, for a progress line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Connections now.
    pub connections: u64,
    /// Connections that may be used now.
    pub cap: u32,
    /// Messages delivered in the last 60 seconds.
    pub sent_last_minute: u64,
    /// Rows that have not ended yet.
    pub left: u64,
    /// Milliseconds until all are sent, if none is refused.
    pub time_left: Millis,
}

/// Figures from the deliveries of this run.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    last_minute: VecDeque<Millis>,
    number: Millis,
    time: Millis,
}

impl Deliveries {
    pub fn count(&mut self, session: Millis, now: Millis) {
        self.last_minute.push_back(now);
        while self.last_minute.pop_front_if(|at| *at <= now - 60_000).is_some() {}
        self.number += 1;
        self.time += session;
    }

    pub fn in_last_minute(&self, now: Millis) -> u64 {
        self.last_minute.iter().rev().take_while(|at| **at > now - 60_000).count() as u64
    }

    /// The mean time of one delivery; a second as long as there was none.
    pub fn mean_session(&self) -> Millis {
        if self.number == 0 { 1_000 } else { self.time / self.number }
    }
}
