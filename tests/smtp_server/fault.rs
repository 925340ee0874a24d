//! What goes wrong, and where.

use mailthrottle::model::Stage;

/// Instead of an answer at a stage.
#[derive(Clone, Debug)]
pub struct Fault {
    pub stage: Stage,
    /// Of which message of the server, or up to AUTH of which connection, from 1; 0 stands for all.
    pub nth: u64,
    /// Not at the end of the message but once so many bytes of it came.
    pub in_content: Option<usize>,
    /// At the dot: the message is taken nevertheless.
    pub accepts: bool,
    /// What is said.
    pub words: Vec<u8>,
    pub then: Then,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The dialogue goes on, as if the words had been an answer.
    GoOn,
    HangUp,
    /// Nothing more is said until the client leaves.
    Stall,
    /// The words again and again.
    Endless,
}

impl Fault {
    fn new(stage: Stage, words: &str, then: Then) -> Fault {
        Fault { stage, nth: 0, in_content: None, accepts: false, words: words.into(), then }
    }

    pub fn hang_up(stage: Stage) -> Fault {
        Self::new(stage, "", Then::HangUp)
    }

    pub fn stall(stage: Stage) -> Fault {
        Self::new(stage, "", Then::Stall)
    }

    /// Words in place of the answer, with a line end.
    pub fn says(stage: Stage, words: &str) -> Fault {
        Self::new(stage, &format!("{words}\r\n"), Then::GoOn)
    }

    pub fn says_and_hangs_up(stage: Stage, words: &str) -> Fault {
        Self::new(stage, &format!("{words}\r\n"), Then::HangUp)
    }

    /// The beginning of an answer, without its line end.
    pub fn half(stage: Stage, words: &str) -> Fault {
        Self::new(stage, words, Then::HangUp)
    }

    pub fn endless(stage: Stage) -> Fault {
        Self::new(stage, &"x".repeat(8192), Then::Endless)
    }

    /// Only this message or connection of the server.
    pub fn nth(self, nth: u64) -> Fault {
        Fault { nth, ..self }
    }

    /// The message is taken, and the client does not hear of it.
    pub fn accepting(self) -> Fault {
        Fault { accepts: true, ..self }
    }

    pub fn in_content(self, bytes: usize) -> Fault {
        Fault { in_content: Some(bytes), ..self }
    }
}
