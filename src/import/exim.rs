//! Exim's main log: a row for each `=>`, `->`, `>>`, `**`, and for each `==` behind which a delivery was tried.
//!
//! Most `==` lines only say that a mail waits: the time to try again has not come, or the queue is run later. Those are
//! noise. Sender, subject and Message-ID stand on the line `<=` with which the mail came in.

use memchr::memmem;

use super::postfix::TRIED_AGAIN;
use super::recent::Recent;
use super::stamp::Clock;
use super::{Found, Line, Row, Status, some_text};

/// Mails in the queue that are remembered.
const REMEMBERED: usize = 50_000;

/// Reads Exim.
#[derive(Debug)]
pub struct Exim {
    clock: Clock,
    queue: Recent<Vec<u8>, Mail>,
}

/// What is known of a mail in the queue.
#[derive(Debug, Clone, Default)]
struct Mail {
    sender: Option<String>,
    message_id: Option<String>,
    subject: Option<String>,
}

/// A line of the main log taken apart.
struct Entry<'l> {
    id: Option<&'l [u8]>,
    rest: &'l [u8],
}

/// Whether a line is one of the main log that names a mail.
pub fn recognises(line: Line<'_>) -> bool {
    after_stamp(line.text).is_some_and(|rest| Entry::read(rest).id.is_some())
}

impl<'l> Entry<'l> {
    /// What follows the stamp: a process number in brackets or not, and the mail's id.
    fn read(rest: &'l [u8]) -> Self {
        let after_pid = rest.strip_prefix(b"[").and_then(|pid| {
            let end = memmem::find(pid, b"] ").filter(|end| pid[..*end].iter().all(u8::is_ascii_digit))?;
            Some(&pid[end + 2..])
        });
        let rest = after_pid.unwrap_or(rest);
        let end = memchr::memchr(b' ', rest).unwrap_or(rest.len());
        let id = Some(&rest[..end]).filter(|id| is_id(id));
        Self { id, rest: if id.is_some() { rest[end..].trim_ascii_start() } else { rest } }
    }
}

/// Three groups of letters and digits: 6-6-2, or since Exim 4.97 6-11-4.
fn is_id(word: &[u8]) -> bool {
    let groups: Vec<&[u8]> = word.split(|byte| *byte == b'-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let letters = groups.iter().all(|group| group.iter().all(u8::is_ascii_alphanumeric));
    letters && (lengths == [6, 6, 2] || lengths == [6, 11, 4])
}

/// What follows `2026-11-20 08:30:12`, with a fraction and an offset or not.
fn after_stamp(text: &[u8]) -> Option<&[u8]> {
    let is_stamp =
        text.len() > 20 && text[4] == b'-' && text[10] == b' ' && text[13] == b':' && text[16] == b':';
    let end = 19 + memchr::memchr(b' ', text.get(19..).filter(|_| is_stamp)?)?;
    let rest = &text[end + 1..];
    let has_offset = matches!(rest, [b'+' | b'-', a, b, c, d, b' ', ..] if [a, b, c, d].iter().all(|d| d.is_ascii_digit()));
    Some(if has_offset { &rest[6..] } else { rest })
}

impl Exim {
    /// Nothing has been read yet.
    pub fn new(clock: Clock) -> Self {
        Self { clock, queue: Recent::of(REMEMBERED) }
    }

    /// Takes the next line.
    pub fn line(&mut self, line: Line<'_>, found: &mut Found) {
        let Some(rest) = after_stamp(line.text) else {
            return found.unparsed(line.text);
        };
        let entry = Entry::read(rest);
        let (Some(id), Some((mark, rest))) = (entry.id, entry.rest.split_first_chunk()) else {
            return found.noise();
        };
        let rest = rest.trim_ascii();
        let status = match mark {
            b"<=" => {
                self.arrival(id, rest);
                return found.noise();
            }
            b"=>" | b"->" | b">>" => Status::Sent,
            b"**" => Status::Failed,
            b"==" if !only_waits(rest) => Status::Deferred,
            b"Co" if rest.starts_with(b"mpleted") => {
                self.queue.forget(&id.to_owned());
                return found.noise();
            }
            _ => return found.noise(),
        };
        let row = self.row(line, id, rest, status);
        found.event();
        found.row(row);
    }

    fn arrival(&mut self, id: &[u8], rest: &[u8]) {
        let end = memchr::memchr(b' ', rest).unwrap_or(rest.len());
        let mail = self.queue.entry(&id.to_owned());
        mail.sender = some_text(&rest[..end]).filter(|sender| sender != "<>");
        mail.message_id = field(rest, b" id=").map(|id| format!("<{id}>"));
        mail.subject = memmem::find(rest, b" T=\"").and_then(|at| {
            let subject = &rest[at + 4..];
            memchr::memchr(b'"', subject).and_then(|end| some_text(&subject[..end]))
        });
    }

    fn row(&mut self, line: Line<'_>, id: &[u8], rest: &[u8], status: Status) -> Row {
        let mail = self.queue.get(&id.to_owned()).cloned().unwrap_or_default();
        let sender = field(rest, b" F=<").map(|sender| sender.trim_end_matches('>').to_owned());
        Row {
            at: self.clock.read(line.text).map(|stamp| stamp.at),
            sender: mail.sender.or(sender.filter(|sender| !sender.is_empty())),
            recipient: some_text(recipient(rest)),
            subject: mail.subject,
            message_id: mail.message_id,
            error: some_text(reason(rest)).filter(|_| status != Status::Sent),
            queue_id: some_text(id),
            relay: field(rest, b" H="),
            note: (status == Status::Deferred).then_some(TRIED_AGAIN),
            status,
            ..Row::at(line)
        }
    }
}

/// Whether a deferral is without an attempt. Exim's own numbers say so: -51 to -53 the time to try again has not come,
/// -54 local deliveries only, -55 the domain is queued, -56 the transport is busy.
fn only_waits(rest: &[u8]) -> bool {
    let number = memmem::find(rest, b"defer (").map(|at| &rest[at + b"defer (".len()..]);
    let waits: [&[u8]; 6] = [b"-51)", b"-52)", b"-53)", b"-54)", b"-55)", b"-56)"];
    let says: [&[u8]; 5] = [
        b"retry time not reached",
        b"delivery queued",
        b"delivery suppressed",
        b"is frozen",
        b"no host found for existing SMTP connection",
    ];
    number.is_some_and(|number| waits.iter().any(|wait| number.starts_with(wait)))
        || says.iter().any(|word| memmem::find(rest, word).is_some())
}

/// `user <user@example.com>` or `user@example.com`.
fn recipient(rest: &[u8]) -> &[u8] {
    let end = rest.iter().position(|byte| *byte == b' ').unwrap_or(rest.len());
    let (first, then) = rest.split_at(end);
    let in_brackets = then.strip_prefix(b" <").and_then(|then| Some(&then[..memchr::memchr(b'>', then)?]));
    let address = in_brackets.filter(|address| address.contains(&b'@')).unwrap_or(first);
    address.strip_suffix(b":").unwrap_or(address)
}

/// What stands behind the first `: `, or behind the number of a deferral that has none.
fn reason(rest: &[u8]) -> &[u8] {
    if let Some(colon) = memmem::find(rest, b": ") {
        return rest[colon + 2..].trim_ascii();
    }
    let deferral = memmem::find(rest, b"defer (").map_or(0, |at| at);
    rest[deferral..].trim_ascii()
}

/// A value up to the next blank.
fn field(rest: &[u8], name: &[u8]) -> Option<String> {
    let value = &rest[memmem::find(rest, name)? + name.len()..];
    let end = memchr::memchr(b' ', value).unwrap_or(value.len());
    some_text(value[..end].strip_suffix(b":").unwrap_or(&value[..end]))
}
