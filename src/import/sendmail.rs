//! Sendmail in syslog: a row for each recipient of a line with `stat=`.

use memchr::memmem;

use super::postfix::TRIED_AGAIN;
use super::recent::Recent;
use super::stamp::Clock;
use super::syslog::SyslogLine;
use super::{Line, Parsed, ParsedAttempt, Status, hash, short_text, some_text, text};

/// Mails in the queue that are remembered.
const REMEMBERED: usize = 50_000;

/// The longest name of a mail in the queue.
const LONGEST_ID: usize = 40;

/// Reads Sendmail.
#[derive(Debug)]
pub struct Sendmail {
    clock: Clock,
    queue: Recent<Vec<u8>, SendmailMail>,
}

/// What is known of a mail in the queue.
#[derive(Debug, Clone, Default)]
struct SendmailMail {
    sender: Option<String>,
    message_id: Option<String>,
}

/// Whether a line is one of Sendmail.
pub fn recognises(line: Line<'_>) -> bool {
    SyslogLine::read(line).is_some_and(|entry| is_sendmail(entry.program))
}

fn is_sendmail(program: &[u8]) -> bool {
    program.starts_with(b"sendmail") || program.starts_with(b"sm-mta") || program.starts_with(b"sm-msp")
}

impl Sendmail {
    /// Nothing has been read yet.
    pub fn new(clock: Clock) -> Self {
        Self { clock, queue: Recent::of(REMEMBERED) }
    }

    /// Takes the next line.
    pub fn line(&mut self, line: Line<'_>, found: &mut Parsed) {
        let Some(entry) = SyslogLine::read(line) else {
            return found.unparsed(line.text);
        };
        let named = memmem::find(entry.message, b": ").filter(|_| is_sendmail(entry.program));
        let Some(end) = named
            .filter(|end| *end <= LONGEST_ID && entry.message[..*end].iter().all(u8::is_ascii_alphanumeric))
        else {
            return found.noise();
        };
        let (id, rest) = (&entry.message[..end], &entry.message[end + 2..]);
        if rest.starts_with(b"from=") {
            let mail = self.queue.entry(&id.to_owned());
            mail.sender = field(rest, b"from=").map(bare).and_then(short_text);
            mail.message_id = field(rest, b" msgid=").and_then(short_text);
        }
        if !rest.starts_with(b"to=") {
            return found.noise();
        }
        self.delivery(line, &entry, (id, rest), found);
    }

    fn delivery(
        &mut self,
        line: Line<'_>,
        entry: &SyslogLine<'_>,
        (id, rest): (&[u8], &[u8]),
        found: &mut Parsed,
    ) {
        let Some(said) = memmem::find(rest, b", stat=").map(|at| &rest[at + b", stat=".len()..]) else {
            return found.unparsed(line.text);
        };
        let dsn = field(rest, b" dsn=").unwrap_or_default();
        let Some(status) = status(said, dsn).filter(|_| !is_handed_over(rest, said)) else {
            return found.noise();
        };
        found.event();
        let mail = self.queue.get(&id.to_owned()).cloned().unwrap_or_default();
        let at = entry.at(&mut self.clock);
        let delay = field(rest, b" delay=").and_then(seconds);
        let queued_at = at.zip(delay).map(|(at, delay)| at.saturating_sub(delay.saturating_mul(1000)));
        for (turn, address) in recipients(rest).into_iter().enumerate() {
            found.row(ParsedAttempt {
                at,
                status: status.clone(),
                sender: mail.sender.clone(),
                recipient: some_text(address),
                message_id: mail.message_id.clone(),
                error: Some(text(said)).filter(|_| status != Status::Sent),
                queue_id: some_text(id),
                relay: field(rest, b" relay=").and_then(some_text),
                dsn: some_text(dsn),
                delay: delay.map(|delay| delay as f64),
                queued_at,
                note: (status == Status::Deferred).then_some(TRIED_AGAIN),
                key: hash(line.text).wrapping_add(turn as u64),
                ..ParsedAttempt::at(line)
            });
        }
    }
}

/// What the words and the class of the code say; `None` where nothing was tried.
fn status(said: &[u8], dsn: &[u8]) -> Option<Status> {
    if said.starts_with(b"queued") {
        return None;
    }
    Some(match dsn.first() {
        _ if said.starts_with(b"Sent") => Status::Sent,
        _ if said.starts_with(b"Deferred") => Status::Deferred,
        Some(b'2') => Status::Sent,
        Some(b'4') => Status::Deferred,
        _ => Status::Failed,
    })
}

/// The seconds of `00:01:02`, or of `3+00:01:02` behind three days.
fn seconds(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let (days, clock) = text.split_once('+').unwrap_or(("0", text));
    let number = |text: &str| text.parse::<i64>().ok().filter(|number| (0..100_000).contains(number));
    let mut parts = clock.split(':').map(number);
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    Some(((number(days)? * 24 + hours) * 60 + minutes) * 60 + seconds)
}

/// A program's mail on its way to the host's own mail server, which logs the delivery itself.
fn is_handed_over(rest: &[u8], said: &[u8]) -> bool {
    let relay = field(rest, b" relay=").unwrap_or_default();
    let is_own =
        memmem::find(relay, b"[127.0.0.1]").is_some() || memmem::find(relay, b"[IPv6:::1]").is_some();
    is_own && said.starts_with(b"Sent") && memmem::find(said, b"accepted for delivery").is_some()
}

/// The addresses of `to=<a@example.com>,<b@example.com>`.
fn recipients(rest: &[u8]) -> Vec<&[u8]> {
    let list = field(rest, b"to=").unwrap_or_default();
    list.split(|byte| *byte == b',').map(bare).filter(|address| !address.is_empty()).collect()
}

fn bare(address: &[u8]) -> &[u8] {
    let address = address.trim_ascii();
    address.strip_prefix(b"<").and_then(|address| address.strip_suffix(b">")).unwrap_or(address)
}

/// A value up to the next `, `.
fn field<'l>(rest: &'l [u8], name: &[u8]) -> Option<&'l [u8]> {
    let value = &rest[memmem::find(rest, name)? + name.len()..];
    Some(memmem::find(value, b", ").map_or(value, |end| &value[..end]))
}
