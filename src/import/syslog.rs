//! The head of a syslog line: time, host and program, as syslogd, rsyslog, syslog-ng and journalctl write it.
//!
//! The time is `Nov 20 08:30:12` with a fraction or not, or an RFC 3339 stamp; in front of it may stand a priority, and
//! with it the version of the form of RFC 5424.

use super::Line;
use super::stamp::Clock;
use crate::model::Millis;

/// A syslog line taken apart; the time is read only when it is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SyslogLine<'l> {
    /// The time as written.
    pub stamp: &'l [u8],
    /// The program, such as `postfix/smtp`, without its number.
    pub program: &'l [u8],
    /// What it says.
    pub message: &'l [u8],
}

impl<'l> SyslogLine<'l> {
    /// Takes a line apart; `None` where it has no such head.
    pub fn read(line: Line<'l>) -> Option<Self> {
        let text = trim_nuls(line.text);
        match priority(text) {
            Some(text) if text.starts_with(b"1 ") => Self::structured(&text[2..]),
            Some(text) => Self::plain(text),
            None => Self::plain(text),
        }
    }

    /// `Nov 20 08:30:12 mx1 postfix/smtp[4711]: ...`.
    fn plain(text: &'l [u8]) -> Option<Self> {
        let stamp = stamp_length(text)?;
        let host = skip_word(text, stamp + 1)?;
        // more than one blank follows a container's level
        let rest = text.get(host..)?.trim_ascii_start();
        let end = rest.iter().take(80).position(|byte| matches!(byte, b' ' | b'[' | b':'))?;
        let message = match rest[end] {
            b'[' => behind_number(rest)?,
            b':' => end + 2,
            _ => return None,
        };
        Some(Self { stamp: &text[..stamp], program: &rest[..end], message: rest.get(message..)? })
    }

    /// `2026-11-20T08:30:12Z mx1 postfix/smtp 4711 - - ...`, of RFC 5424.
    fn structured(text: &'l [u8]) -> Option<Self> {
        let stamp = stamp_length(text)?;
        let program = skip_word(text, stamp + 1)?;
        let number = skip_word(text, program)?;
        let data = skip_word(text, skip_word(text, number)?)?;
        let rest = &text[data..];
        let message = match rest.first()? {
            b'[' => memchr::memmem::find(rest, b"] ")? + 2,
            _ => skip_word(rest, 0)?,
        };
        let message = rest[message..].strip_prefix(b"\xef\xbb\xbf").unwrap_or(&rest[message..]);
        Some(Self { stamp: &text[..stamp], program: &text[program..number - 1], message })
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

/// Where the text begins behind `postfix/smtp[4711]: `.
fn behind_number(rest: &[u8]) -> Option<usize> {
    let mut closes = memchr::memchr_iter(b']', &rest[..rest.len().min(120)]);
    closes.find(|close| rest[close + 1..].starts_with(b": ")).map(|close| close + 3)
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
        let is_date = text.len() > 19 && text[4] == b'-' && text[13] == b':';
        let from = if is_date && text[10] == b' ' { 11 } else { 0 };
        let end = from + memchr::memchr(b' ', &text[from..text.len().min(40)])?;
        return (is_date && end >= 19).then_some(end);
    }
    // Mmm dd hh:mm:ss, where the name of the month may be of several bytes
    let month = memchr::memchr(b' ', &text[..text.len().min(14)])?;
    let clock = month + 4;
    let is_stamp = month >= 3 && text.get(clock + 2) == Some(&b':') && text.get(clock + 5) == Some(&b':');
    match text.get(clock + 8).filter(|_| is_stamp)? {
        b' ' => Some(clock + 8),
        b'.' => memchr::memchr(b' ', text[..text.len().min(clock + 20)].get(clock + 8..)?)
            .map(|end| clock + 8 + end),
        _ => None,
    }
}

/// Where the word after the next begins.
fn skip_word(text: &[u8], from: usize) -> Option<usize> {
    memchr::memchr(b' ', text.get(from..)?).map(|blank| from + blank + 1)
}
