//! The connections and the places they take at the server.
//!
//! A place counts from the moment a connection begins to open until some time after its end, since servers free it late.

use crate::model::Millis;

use super::SendLimits;

/// One connection of this run; a number is never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub(super) u64);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ConnectionState {
    Opening,
    Idle,
    Busy,
    Closing,
}

#[derive(Debug)]
struct ConnectionSlot {
    id: ConnectionId,
    state: ConnectionState,
    /// When it began to open; once it is open, since when it is.
    begun: Millis,
    /// Since when it is in this state.
    since: Millis,
    messages: u32,
}

#[derive(Debug, Default)]
pub(super) struct Connections {
    live: Vec<ConnectionSlot>,
    /// When the places of ended connections count as free.
    leaving: Vec<Millis>,
    begun: u64,
}

impl Connections {
    /// Begins to open one.
    pub fn open(&mut self, now: Millis) -> ConnectionId {
        self.leaving.retain(|free| *free > now);
        self.begun += 1;
        let id = ConnectionId(self.begun);
        self.live.push(ConnectionSlot {
            id,
            state: ConnectionState::Opening,
            begun: now,
            since: now,
            messages: 0,
        });
        id
    }

    /// It is open; `false` if that was not expected.
    pub fn opened(&mut self, id: ConnectionId, now: Millis) -> bool {
        self.live.iter_mut().filter(|c| c.id == id).for_each(|c| c.begun = now);
        self.change(id, ConnectionState::Opening, ConnectionState::Idle, now)
    }

    /// A message starts on it.
    pub fn start(&mut self, id: ConnectionId, now: Millis) {
        self.change(id, ConnectionState::Idle, ConnectionState::Busy, now);
    }

    /// The message did not start after all.
    pub fn give_back(&mut self, id: ConnectionId, now: Millis) {
        self.change(id, ConnectionState::Busy, ConnectionState::Idle, now);
    }

    /// The message on it is settled, and it can be used again.
    pub fn finish(&mut self, id: ConnectionId, now: Millis) {
        self.change(id, ConnectionState::Busy, ConnectionState::Idle, now);
        self.live.iter_mut().filter(|c| c.id == id).for_each(|c| c.messages += 1);
    }

    /// It is closed or was never open; returns when it had begun. Its place is free at `free_at`.
    pub fn gone(&mut self, id: ConnectionId, free_at: Millis) -> Option<Millis> {
        let place = self.live.iter().position(|c| c.id == id)?;
        self.leaving.push(free_at);
        Some(self.live.remove(place).begun)
    }

    /// Whether a message is on it.
    pub fn is_busy(&self, id: ConnectionId) -> bool {
        self.live.iter().any(|c| c.id == id && c.state == ConnectionState::Busy)
    }

    fn change(&mut self, id: ConnectionId, from: ConnectionState, to: ConnectionState, now: Millis) -> bool {
        let found = self.live.iter_mut().find(|c| c.id == id && c.state == from);
        found.map(|c| (c.state, c.since) = (to, now)).is_some()
    }

    /// The idle connection to use: the one used last, so that those not needed grow old and are closed.
    pub fn idle(&self) -> Option<ConnectionId> {
        let idle = self.live.iter().filter(|c| c.state == ConnectionState::Idle);
        idle.max_by_key(|c| c.since).map(|c| c.id)
    }

    /// Begins to close an idle connection that is too many, too old or used up.
    pub fn close_surplus(&mut self, cap: u32, now: Millis, settings: &SendLimits) -> Option<ConnectionId> {
        let open = self.live.iter().filter(|c| c.state != ConnectionState::Closing).count();
        let too_many = open > cap as usize;
        let mut idle = self.live.iter_mut().filter(|c| c.state == ConnectionState::Idle);
        let spent = idle.find(|c| too_many || c.expires(settings) <= now || c.is_used_up(settings))?;
        (spent.state, spent.since) = (ConnectionState::Closing, now);
        Some(spent.id)
    }

    /// Begins to close one that no message is on.
    pub fn close_any(&mut self, now: Millis) -> Option<ConnectionId> {
        let unused =
            |c: &&mut ConnectionSlot| matches!(c.state, ConnectionState::Idle | ConnectionState::Opening);
        let unused = self.live.iter_mut().find(unused)?;
        (unused.state, unused.since) = (ConnectionState::Closing, now);
        Some(unused.id)
    }

    /// Places taken at the server.
    pub fn places(&self, now: Millis) -> usize {
        self.live.len() + self.leaving.iter().filter(|free| **free > now).count()
    }

    pub fn len(&self) -> usize {
        self.live.len()
    }

    pub fn opening(&self) -> usize {
        self.live.iter().filter(|c| c.state == ConnectionState::Opening).count()
    }

    pub fn busy(&self) -> usize {
        self.live.iter().filter(|c| c.state == ConnectionState::Busy).count()
    }

    /// The next time at which an idle connection expires or a place becomes free.
    pub fn next_change(&self, now: Millis, settings: &SendLimits) -> Option<Millis> {
        let idle = self.live.iter().filter(|c| c.state == ConnectionState::Idle).map(|c| c.expires(settings));
        idle.chain(self.leaving.iter().copied()).filter(|at| *at > now).min()
    }
}

impl ConnectionSlot {
    /// When it is to be closed if it stays idle.
    fn expires(&self, settings: &SendLimits) -> Millis {
        (self.since + settings.idle).min(self.begun + settings.connection_age)
    }

    fn is_used_up(&self, settings: &SendLimits) -> bool {
        settings.messages_per_connection.is_some_and(|most| self.messages >= most.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_connection_used_last_is_used_again_so_that_the_others_can_be_closed() {
        let mut connections = Connections::default();
        let [one, other] = [0, 10].map(|now| connections.open(now));
        connections.opened(one, 20);
        connections.opened(other, 30);
        assert_eq!(connections.idle(), Some(other));
        connections.start(one, 40);
        connections.finish(one, 50);
        assert_eq!(connections.idle(), Some(one));
        let settings = SendLimits::default();
        assert_eq!(connections.close_surplus(3, 30 + settings.idle, &settings), Some(other));
    }
}
