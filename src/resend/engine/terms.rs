//! The words between the engine and its driver.

use crate::model::Millis;
use crate::resend::state::RowState;

use super::ConnectionId;
use super::rows::QueuedRow;

/// What the driver is to do next.
#[derive(Debug)]
#[must_use]
pub enum NextStep<K> {
    /// Open a connection up to the end of its login, then report [`opened`](super::Engine::opened) or
    /// [`open_failed`](super::Engine::open_failed).
    Open(ConnectionId),
    /// Send this message, then report [`finished`](super::Engine::finished) or [`skipped`](super::Engine::skipped).
    Send(Sending<K>),
    /// Close this connection, also while it is still opening, then report [`closed`](super::Engine::closed).
    Close(ConnectionId),
    /// This row has come to its end without another attempt.
    End {
        /// Which row.
        key: K,
        /// The attempts it has used up, in this run and before.
        attempts: u32,
        /// How it ended.
        fate: Fate,
    },
    /// Ask again at this time or at the next event, whichever is first.
    Wait {
        /// In the caller's time; it is after the `now` that was given.
        until: Millis,
    },
    /// Ask again at the next event.
    WaitForEvent,
    /// All rows have ended and all connections are closed.
    Done,
}

/// One message on one connection. It is handed out once and must be handed back once: until then the run cannot end.
#[derive(Debug)]
#[must_use]
pub struct Sending<K> {
    pub(super) connection: ConnectionId,
    pub(super) row: QueuedRow<K>,
    pub(super) started: Millis,
}

impl<K> Sending<K> {
    /// The connection to send it on.
    pub fn connection(&self) -> ConnectionId {
        self.connection
    }

    /// The row to send.
    pub fn key(&self) -> &K {
        &self.row.key
    }

    /// Which attempt of the row this is, from 1, those of earlier runs included.
    pub fn attempt(&self) -> u32 {
        self.row.attempts + 1
    }
}

/// What came of opening a connection or of sending a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// Accepted by the server.
    Delivered,
    /// Refused because of too many connections or messages; uses up no attempt.
    Throttled {
        /// The wait the reply asks for.
        retry_after: Option<Millis>,
    },
    /// Refused temporarily.
    Retry {
        /// The wait the reply asks for.
        retry_after: Option<Millis>,
    },
    /// A counted window is used up; uses up no attempt.
    Wait {
        /// When it frees, in the caller's time; if that has passed, the schedule's first wait is kept instead.
        until: Millis,
        /// For whom it is used up.
        scope: CapScope,
    },
    /// Refused for good.
    Never,
    /// Refused for good in words that may be about the account and not about the row: left for a later run.
    Noted,
    /// It could not be offered to this server as it is; uses up no attempt, and says nothing about the others.
    Held,
    /// The account is refused: nothing will go.
    Stop,
    /// It may have been delivered: no reply came after the message was handed over.
    Doubt,
    /// The connection failed before the message was handed over; uses up no attempt.
    Lost,
}

/// For whom a counted window is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CapScope {
    /// For this row alone, such as too many messages to one recipient.
    Row,
    /// For all that the account sends.
    Account,
}

/// What becomes of a row after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// The attempts it has used up, in this run and before.
    pub attempts: u32,
    /// How far it has come.
    pub fate: Fate,
}

/// How far a row has come in this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fate {
    /// Its state.
    pub state: RowState,
    /// Not before this time, in the caller's time; of a deferred row.
    pub next_at: Option<Millis>,
    /// Whether it goes again within this run; else it has ended, and every row ends once, unless it was skipped.
    pub goes_again: bool,
}

impl Fate {
    /// It has ended.
    pub(super) fn ended(state: RowState) -> Self {
        Self { state, next_at: None, goes_again: false }
    }

    /// It is left for a later run.
    pub(super) fn deferred(next_at: Millis) -> Self {
        Self { state: RowState::Deferred, next_at: Some(next_at), goes_again: false }
    }
}

/// Why the run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    /// Every row had its turn.
    NoRowsLeft,
    /// The driver asked for it.
    StopRequested,
    /// The account was refused.
    AccountRefused,
    /// The server asked for a longer wait than a run lasts.
    ServerAsksToWait,
    /// Too many refusals in a row.
    RefusalsInARow,
    /// Too many failed connections in a row.
    ConnectionFailures,
}
