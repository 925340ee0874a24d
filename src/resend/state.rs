//! The state of a row: one type from the engine to the ledger and the output.

use std::str::FromStr;

use anyhow::{Context, Result};

use crate::model::{Class, Enhanced, Millis};

/// What has become of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowState {
    /// Taken by a run, nothing handed over.
    Claimed,
    /// About to be handed over, or handed over and not answered yet.
    HandedOver,
    /// Accepted by the server.
    Sent,
    /// Left for later.
    Deferred,
    /// It will not go without a change.
    Refused,
    /// Handed over and never answered.
    Doubt,
    /// A person decided that it shall not go.
    Dropped,
    /// It could go once a person fixes something. To the ledger it is deferred, as are the next two.
    Held,
    /// The application or another run dealt with it meanwhile.
    Skipped,
    /// As it was before the run: its turn did not come, or the account was refused.
    Untouched,
}

/// The states that a ledger knows.
const IN_LEDGER: [RowState; 7] = [
    RowState::Claimed,
    RowState::HandedOver,
    RowState::Sent,
    RowState::Deferred,
    RowState::Refused,
    RowState::Doubt,
    RowState::Dropped,
];

impl RowState {
    /// The word in the ledger and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            RowState::Claimed => "claimed",
            RowState::HandedOver => "data",
            RowState::Sent => "sent",
            RowState::Deferred => "deferred",
            RowState::Refused => "refused",
            RowState::Doubt => "doubt",
            RowState::Dropped => "dropped",
            RowState::Held => "held",
            RowState::Skipped => "skipped",
            RowState::Untouched => "untouched",
        }
    }

    /// What the ledger keeps of it: a row that is held, skipped or untouched may be claimed again.
    pub fn in_ledger(self) -> RowState {
        match self {
            RowState::Held | RowState::Skipped | RowState::Untouched => RowState::Deferred,
            state => state,
        }
    }
}

impl FromStr for RowState {
    type Err = anyhow::Error;

    /// Reads a word of the ledger.
    fn from_str(word: &str) -> Result<Self> {
        let known = IN_LEDGER.into_iter().find(|state| state.as_str() == word);
        known.with_context(|| format!("the ledger has a stage '{word}' that this version does not know"))
    }
}

/// What a run made of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowEnd {
    /// The state it is left in.
    pub state: RowState,
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

impl RowEnd {
    /// A row that no server has answered for.
    pub fn without_answer(state: RowState, attempts: u32, reason: Option<String>) -> Self {
        let reason = reason.map(Into::into);
        Self {
            state,
            attempts,
            next_at: None,
            reply: None,
            enhanced: None,
            class: None,
            message_id: None,
            reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_reads_the_words_it_writes_and_no_other() {
        for state in IN_LEDGER {
            assert_eq!(state.as_str().parse::<RowState>().unwrap(), state);
            assert_eq!(state.in_ledger(), state);
        }
        for state in [RowState::Held, RowState::Skipped, RowState::Untouched] {
            assert!(state.as_str().parse::<RowState>().is_err());
            assert_eq!(state.in_ledger(), RowState::Deferred);
        }
    }
}
