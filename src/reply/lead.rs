//! What precedes a number, and so what the number may be.
//!
//! Only some bytes before the number are looked at, so the work for one number is bounded.

use super::words::{self, LOOK_BACK};

/// What precedes a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lead {
    /// Nothing: the text or a line begins.
    Start,
    /// "said:", "reason:", "->".
    Reported,
    /// An opening quote.
    Quoted,
    /// "code", "error", "SMTP", `code=`, a colon or a semicolon.
    Announced,
    /// The end of a sentence, or a closing bracket.
    Sentence,
    /// An opening bracket after a word.
    Bracket,
    /// A word that says nothing.
    Word,
    /// A word that says that this is another kind of number.
    Counted,
    /// Part of a longer word.
    Glued,
}

impl Lead {
    /// Looks at what precedes `start`.
    pub fn before(bytes: &[u8], start: usize) -> Lead {
        let (at, skipped) = skip_back(bytes, start);
        let Some(&last) = at.checked_sub(1).and_then(|i| bytes.get(i)) else {
            return Lead::Start;
        };
        if skipped.line_break && !skipped.quote {
            return Lead::after_break(bytes, at);
        }
        match last {
            b':' => Lead::after_colon(bytes, at, skipped),
            b';' | b'|' => Lead::Announced,
            b'=' => Lead::after_equals(bytes, at),
            b'>' if bytes[..at].ends_with(b"->") || bytes[..at].ends_with(b"=>") => Lead::Reported,
            b',' if !skipped.any() => Lead::Glued,
            _ if !skipped.any() => Lead::glued_to(last),
            _ if skipped.quote => Lead::quoted_after(bytes, at),
            _ => Lead::after_word(bytes, at, skipped),
        }
    }

    /// A new line is a new start, unless the sentence runs on: "limit of\n500 messages".
    fn after_break(bytes: &[u8], at: usize) -> Lead {
        if words::last(&bytes[..at]).counting { Lead::Counted } else { Lead::Start }
    }

    fn glued_to(last: u8) -> Lead {
        match last {
            b')' | b']' | b'>' | b'*' | b'!' => Lead::Sentence,
            _ => Lead::Glued,
        }
    }

    fn after_colon(bytes: &[u8], at: usize, skipped: Skipped) -> Lead {
        let word = words::last(&bytes[..at - 1]);
        if word.reporting {
            Lead::Reported
        } else if word.counting || (!skipped.any() && names_a_place(&bytes[..at - 1])) {
            Lead::Counted
        } else if skipped.quote {
            Lead::Quoted
        } else {
            Lead::Announced
        }
    }

    fn after_equals(bytes: &[u8], at: usize) -> Lead {
        let word = words::last(&bytes[..at - 1]);
        if word.reporting {
            Lead::Reported
        } else if word.announcing {
            Lead::Announced
        } else {
            Lead::Counted
        }
    }

    fn quoted_after(bytes: &[u8], at: usize) -> Lead {
        if words::last(&bytes[..at]).announcing { Lead::Announced } else { Lead::Quoted }
    }

    fn after_word(bytes: &[u8], at: usize, skipped: Skipped) -> Lead {
        let last = bytes[at - 1];
        if ends_a_sentence(last) {
            return Lead::Sentence;
        }
        if skipped.angle {
            return Lead::Announced;
        }
        let word = words::last(&bytes[..at]);
        if word.counting || speaks_of_http(&bytes[..at]) {
            Lead::Counted
        } else if word.announcing || word.reporting {
            Lead::Announced
        } else if skipped.bracket {
            Lead::Bracket
        } else if last == b',' || last >= 0x80 {
            Lead::Sentence
        } else {
            Lead::Word
        }
    }
}

fn ends_a_sentence(last: u8) -> bool {
    matches!(last, b'.' | b'!' | b'?' | b')' | b']' | b'}' | b'>' | b'*' | b'-' | b'"' | b'\'')
}

#[derive(Debug, Clone, Copy, Default)]
struct Skipped {
    blank: bool,
    line_break: bool,
    quote: bool,
    bracket: bool,
    angle: bool,
}

impl Skipped {
    fn any(self) -> bool {
        self.blank || self.line_break || self.quote || self.bracket || self.angle
    }
}

/// Goes back over blanks and opening marks: the position after what really precedes, and what was passed.
fn skip_back(bytes: &[u8], start: usize) -> (usize, Skipped) {
    let mut skipped = Skipped::default();
    let mut at = start;
    let floor = start.saturating_sub(LOOK_BACK);
    while at > floor {
        match bytes[at - 1] {
            b' ' | b'\t' => skipped.blank = true,
            b'\n' | b'\r' => skipped.line_break = true,
            b'b' if skipped.quote && bytes[at] != b'b' => {}
            b'"' | b'\'' | b'`' => skipped.quote |= !skipped.blank,
            b'(' | b'[' | b'{' | b'#' => skipped.bracket = true,
            b'<' => skipped.angle = true,
            _ => break,
        }
        at -= 1;
    }
    (at, skipped)
}

/// A file, a host or a bracketed address before `:587`.
fn names_a_place(before: &[u8]) -> bool {
    let tail = &before[before.len().saturating_sub(LOOK_BACK)..];
    let word = tail.iter().rev().take_while(|b| !b.is_ascii_whitespace());
    tail.ends_with(b"]")
        || tail.ends_with(b"localhost")
        || word.into_iter().any(|b| matches!(b, b'.' | b'/' | b'\\'))
}

fn speaks_of_http(before: &[u8]) -> bool {
    let tail = &before[before.len().saturating_sub(20)..];
    tail.windows(4).any(|w| w.eq_ignore_ascii_case(b"http"))
}
