//! The head of a syslog line: time, host and program, as syslogd, rsyslog and `journalctl -o short-iso` write it.

use super::Line;
use super::stamp::Clock;
use crate::model::Millis;

/// A syslog line taken apart; the time is read only when it is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry<'l> {
    stamp: &'l [u8],
    /// The program, such as `postfix/smtp`, without its number.
    pub program: &'l [u8],
    /// What it says.
    pub message: &'l [u8],
}

impl<'l> Entry<'l> {
    /// Takes a line apart; `None` where it has no such head.
    pub fn read(line: Line<'l>) -> Option<Self> {
        let text = trim_nuls(line.text);
        let text = priority(text).unwrap_or(text);
        let stamp = stamp_length(text)?;
        let host = skip_word(text, stamp + 1)?;
        let rest = text.get(host..)?;
        let end = rest.iter().take(80).position(|byte| matches!(byte, b' ' | b'[' | b':'))?;
        let message = match rest[end] {
            b'[' => memchr::memmem::find(&rest[..rest.len().min(120)], b"]: ").map(|close| close + 3)?,
            b':' => end + 2,
            _ => return None,
        };
        Some(Self { stamp: &text[..stamp], program: &rest[..end], message: rest.get(message..)? })
    }

    /// When it was written.
    pub fn at(&self, clock: &mut Clock) -> Option<Millis> {
        clock.read(self.stamp).map(|stamp| stamp.at)
    }
}

/// The last part of a program's name, `smtp` of `postfix-out/relay/smtp`.
pub fn component(program: &[u8]) -> &[u8] {
    memchr::memrchr(b'/', program).map_or(program, |slash| &program[slash + 1..])
}

/// A crash may leave a run of NULs in front of the first line that was written after it.
fn trim_nuls(text: &[u8]) -> &[u8] {
    let nuls = text.iter().take_while(|byte| **byte == 0).count();
    &text[nuls..]
}

/// What follows a `<13>`.
fn priority(text: &[u8]) -> Option<&[u8]> {
    let rest = text.strip_prefix(b"<")?;
    let digits = rest.iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
    rest[digits..].strip_prefix(b">").filter(|_| digits > 0)
}

/// How long the stamp at the start is: up to the first blank for an RFC 3339 stamp, up to the third for the old form.
fn stamp_length(text: &[u8]) -> Option<usize> {
    if text.first()?.is_ascii_digit() {
        let end = memchr::memchr(b' ', &text[..text.len().min(40)])?;
        return (end >= 19 && text[4] == b'-' && text[10] == b'T').then_some(end);
    }
    // Mmm dd hh:mm:ss, where the name of the month may be of several bytes
    let month = memchr::memchr(b' ', &text[..text.len().min(14)])?;
    let end = month + 12;
    let is_stamp =
        month >= 3 && text.get(end) == Some(&b' ') && text[month + 6] == b':' && text[month + 9] == b':';
    is_stamp.then_some(end)
}

/// Where the word after the next begins.
fn skip_word(text: &[u8], from: usize) -> Option<usize> {
    memchr::memchr(b' ', text.get(from..)?).map(|blank| from + blank + 1)
}
