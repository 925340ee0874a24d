//! Exim's main log: a row for each `=>`, `->`, `>>`, `**`, and for each `==` behind which a delivery was tried.
//!
//! Most `==` lines only say that a mail waits: the time to try again has not come, or the queue is run later. Those are
//! noise, and so are `*>` (nothing was sent, `-N`) and what was heard from one server of several. Sender, subject and
//! Message-ID stand on the line `<=` with which the mail came in. The log is a file of its own, or goes through syslog.

use memchr::memmem;

use super::postfix::TRIED_AGAIN;
use super::recent::Recent;
use super::stamp::Clock;
use super::{Line, Parsed, ParsedAttempt, Status, short_text, some_text, syslog};
use crate::model::Millis;

/// Mails in the queue that are remembered.
const REMEMBERED: usize = 50_000;

/// Reads Exim.
#[derive(Debug)]
pub struct Exim {
    clock: Clock,
    queue: Recent<Vec<u8>, EximMail>,
}

/// What is known of a mail in the queue.
#[derive(Debug, Clone, Default)]
struct EximMail {
    sender: Option<String>,
    message_id: Option<String>,
    subject: Option<String>,
    came_at: Option<Millis>,
}

/// A line of the main log taken apart.
struct EximLine<'l> {
    /// Begins with the time.
    stamp: &'l [u8],
    id: Option<&'l [u8]>,
    rest: &'l [u8],
}

/// Whether a line is one of the main log that names a mail.
pub fn recognises(line: Line<'_>) -> bool {
    EximLine::read(line).is_some_and(|entry| entry.id.is_some())
}

impl<'l> EximLine<'l> {
    /// A line of a file, or of syslog, which may leave Exim's own time out.
    fn read(line: Line<'l>) -> Option<Self> {
        if let Some(rest) = after_stamp(line.text) {
            return Some(Self::behind(line.text, rest));
        }
        let logged = syslog::SyslogLine::read(line).filter(|entry| entry.program.starts_with(b"exim"))?;
        let rest = after_stamp(logged.message);
        let stamp = if rest.is_some() { logged.message } else { logged.stamp };
        Some(Self::behind(stamp, rest.unwrap_or(logged.message)))
    }

    /// What follows the stamp: a process number in brackets or not, and the mail's id.
    fn behind(stamp: &'l [u8], rest: &'l [u8]) -> Self {
        let after_pid = rest.strip_prefix(b"[").and_then(|pid| {
            let end = memmem::find(pid, b"] ").filter(|end| pid[..*end].iter().all(u8::is_ascii_digit))?;
            Some(&pid[end + 2..])
        });
        let rest = after_pid.unwrap_or(rest);
        let end = memchr::memchr(b' ', rest).unwrap_or(rest.len());
        let id = Some(&rest[..end]).filter(|id| is_id(id));
        Self { stamp, id, rest: if id.is_some() { rest[end..].trim_ascii_start() } else { rest } }
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
    pub fn line(&mut self, line: Line<'_>, found: &mut Parsed) {
        let Some(entry) = EximLine::read(line) else {
            return found.unparsed(line.text);
        };
        let (Some(id), Some((mark, rest))) = (entry.id, entry.rest.split_first_chunk()) else {
            return found.noise();
        };
        let rest = rest.trim_ascii();
        let status = match mark {
            b"<=" => {
                self.arrival(&entry, id, rest);
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
        let at = self.clock.read(entry.stamp).map(|stamp| stamp.at);
        found.event();
        found.row(ParsedAttempt { at, ..self.row(line, id, rest, status, at) });
    }

    fn arrival(&mut self, entry: &EximLine<'_>, id: &[u8], rest: &[u8]) {
        let end = memchr::memchr(b' ', rest).unwrap_or(rest.len());
        let came_at = self.clock.read(entry.stamp).map(|stamp| stamp.at);
        *self.queue.entry(&id.to_owned()) = EximMail {
            sender: short_text(&rest[..end]).filter(|sender| sender != "<>"),
            message_id: field(rest, b" id=").filter(|id| id.len() < 1000).map(|id| format!("<{id}>")),
            subject: memmem::find(rest, b" T=\"").and_then(|at| short_text(quoted(&rest[at + 4..]))),
            came_at,
        };
    }

    fn row(
        &self,
        line: Line<'_>,
        id: &[u8],
        rest: &[u8],
        status: Status,
        at: Option<Millis>,
    ) -> ParsedAttempt {
        let mail = self.queue.get(&id.to_owned()).cloned().unwrap_or_default();
        let sender = field(rest, b" F=<").map(|sender| sender.trim_end_matches('>').to_owned());
        let waited = at.zip(mail.came_at).map(|(at, came_at)| (at - came_at) as f64 / 1000.0);
        ParsedAttempt {
            sender: mail.sender.or(sender.filter(|sender| !sender.is_empty())),
            recipient: some_text(recipient(rest)),
            subject: mail.subject,
            message_id: mail.message_id,
            error: some_text(reason(rest)).filter(|_| status != Status::Sent),
            queued_at: mail.came_at,
            delay: waited.filter(|waited| *waited >= 0.0),
            queue_id: some_text(id),
            relay: relay(rest),
            note: (status == Status::Deferred).then_some(TRIED_AGAIN),
            status,
            ..ParsedAttempt::at(line)
        }
    }
}

/// Whether a deferral is without an attempt. The words say so: the numbers of retry times and queues have changed with
/// Exim's versions, and a mail that is only queued may have -1 like any other. From -59 down they mean nothing else.
fn only_waits(rest: &[u8]) -> bool {
    // whatever words the other server used
    if memmem::find(rest, b"SMTP error from remote").is_some() {
        return false;
    }
    let number = memmem::find(rest, b"defer (").map(|at| &rest[at + b"defer (".len()..]);
    let waits: [&[u8]; 6] = [b"-59)", b"-60)", b"-61)", b"-62)", b"-63)", b"-64)"];
    let says: [&[u8]; 13] = [
        b"etry time not reached",
        b"etry time not yet reached",
        b"queue_smtp",
        b"queue_domains",
        b"queue_remote",
        b"remote deliveries suppressed",
        b"remote deliveries being skipped",
        b"delivery queued",
        b"delivery suppressed",
        b"concurrency limit reached for transport",
        b"domain is held",
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

/// What follows the first `: `, or the number of a deferral that has none.
fn reason(rest: &[u8]) -> &[u8] {
    let rest = &rest[memmem::find(rest, b" defer (").unwrap_or(0)..];
    memmem::find(rest, b": ").map_or(rest, |colon| &rest[colon + 2..]).trim_ascii()
}

/// `mx.example.com [192.0.2.7]` behind `H=`.
fn relay(rest: &[u8]) -> Option<String> {
    let host = &rest[memmem::find(rest, b" H=")? + 3..];
    let name = memchr::memchr(b' ', host).unwrap_or(host.len());
    let address = host[name..].strip_prefix(b" [").and_then(|address| memchr::memchr(b']', address));
    let end = address.map_or(name, |end| name + 2 + end + 1);
    some_text(host[..end].strip_suffix(b":").unwrap_or(&host[..end]))
}

/// A value up to the quotation mark that ends it.
fn quoted(value: &[u8]) -> &[u8] {
    let mut is_escaped = false;
    let end = value.iter().position(|byte| {
        let ends = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        ends
    });
    &value[..end.unwrap_or(value.len())]
}

/// A value up to the next blank.
fn field(rest: &[u8], name: &[u8]) -> Option<String> {
    let value = &rest[memmem::find(rest, name)? + name.len()..];
    let end = memchr::memchr(b' ', value).unwrap_or(value.len());
    some_text(value[..end].strip_suffix(b":").unwrap_or(&value[..end]))
}
