//! How a row ended in a run, in the words of the engine, of the ledger and of the answer.

use crate::model::{Class, Enhanced, Millis};
use crate::resend::engine::{Ending, Refusal};
use crate::resend::ledger::{Objection, Stage};

/// What became of a row in this run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowEnd {
    /// How it ended.
    pub outcome: Outcome,
    /// Attempts used up, those of earlier runs included.
    pub attempts: u32,
    /// Not before this time.
    pub next_at: Option<Millis>,
    /// The reply code of the last answer.
    pub reply: Option<u16>,
    /// Its enhanced code.
    pub enhanced: Option<Enhanced>,
    /// What it means.
    pub class: Option<Class>,
    /// The Message-ID it went with.
    pub message_id: Option<Box<str>>,
    /// What was answered, or why it was not tried.
    pub reason: Option<Box<str>>,
}

/// How a row ended in this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Accepted by the server.
    Sent,
    /// Left for a later run.
    Deferred,
    /// It will not go without a change.
    Refused,
    /// It could go once somebody mends something.
    Held,
    /// Handed over and never answered.
    Doubt,
    /// The application or another run dealt with it meanwhile.
    Skipped,
    /// Its turn did not come.
    Untouched,
}

impl Outcome {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Sent => "sent",
            Outcome::Deferred => "deferred",
            Outcome::Refused => "refused",
            Outcome::Held => "held",
            Outcome::Doubt => "doubt",
            Outcome::Skipped => "skipped",
            Outcome::Untouched => "untouched",
        }
    }
}

pub(super) fn outcome(ending: Ending) -> (Outcome, Option<Millis>) {
    match ending {
        Ending::Sent => (Outcome::Sent, None),
        Ending::Deferred { next_at } => (Outcome::Deferred, Some(next_at)),
        Ending::Refused(Refusal::ForGood | Refusal::AttemptsUsedUp | Refusal::TooManyRecipients) => {
            (Outcome::Refused, None)
        }
        Ending::Held => (Outcome::Held, None),
        Ending::Doubt => (Outcome::Doubt, None),
        Ending::Untouched => (Outcome::Untouched, None),
    }
}

/// How a row ends that was not to be had.
pub(super) fn objected(objection: &Objection) -> Outcome {
    if objection.is_for_now { Outcome::Deferred } else { Outcome::Skipped }
}

pub(super) fn stage(outcome: Outcome) -> Stage {
    match outcome {
        Outcome::Sent => Stage::Sent,
        Outcome::Refused => Stage::Refused,
        Outcome::Doubt => Stage::Doubt,
        Outcome::Deferred | Outcome::Held | Outcome::Skipped | Outcome::Untouched => Stage::Deferred,
    }
}

pub(super) fn end_of(outcome: Outcome, attempts: u32, reason: Option<String>) -> RowEnd {
    RowEnd {
        outcome,
        attempts,
        next_at: None,
        reply: None,
        enhanced: None,
        class: None,
        message_id: None,
        reason: reason.map(Into::into),
    }
}
