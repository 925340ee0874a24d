//! Postfix in syslog: a row for each delivery attempt, which is a line with `status=`.
//!
//! Sender and Message-ID stand on lines of their own, from qmgr and cleanup, and are kept until the mail is removed from
//! the queue. Everything else Postfix or another program says is noise: so are refusals of incoming mail, which are no
//! attempts to send, and address probes by `verify`.

use std::sync::LazyLock;

use memchr::memmem::{self, Finder};

use super::recent::Recent;
use super::stamp::Clock;
use super::syslog::{SyslogLine, component};
use super::{Line, Parsed, ParsedAttempt, Status, short_text, some_text, text};
use crate::model::{Millis, Stage};

/// What a deferred mail's reader has to know.
pub const TRIED_AGAIN: &str = "the mail server tries again by itself and may have delivered it later";

/// Mails in the queue that are remembered.
const REMEMBERED: usize = 100_000;

/// How many lines a line that syslog folded represents at most.
const MOST_FOLDED: u64 = 10_000;

/// The parts of Postfix that write lines, for instances with a name of their own.
const COMPONENTS: &[&[u8]] = &[
    b"anvil",
    b"bounce",
    b"cleanup",
    b"defer",
    b"discard",
    b"dnsblog",
    b"error",
    b"flush",
    b"lmtp",
    b"local",
    b"master",
    b"oqmgr",
    b"pickup",
    b"pipe",
    b"postdrop",
    b"postfix-script",
    b"postlog",
    b"postscreen",
    b"postsuper",
    b"proxymap",
    b"qmgr",
    b"qmqpd",
    b"relay",
    b"retry",
    b"scache",
    b"sendmail",
    b"showq",
    b"smtp",
    b"smtpd",
    b"smtps",
    b"spawn",
    b"submission",
    b"submissions",
    b"tlsmgr",
    b"tlsproxy",
    b"trace",
    b"trivial-rewrite",
    b"verify",
    b"virtual",
];

/// What is known of a mail in the queue.
#[derive(Debug, Clone, Default)]
struct PostfixMail {
    sender: Option<String>,
    message_id: Option<String>,
}

/// Reads Postfix.
#[derive(Debug)]
pub struct Postfix {
    clock: Clock,
    queue: Recent<Vec<u8>, PostfixMail>,
    /// The line before, if it reports a delivery: syslog may say only that it was repeated.
    last: Vec<u8>,
}

/// Whether a line is one of Postfix.
pub fn recognises(line: Line<'_>) -> bool {
    SyslogLine::read(line).is_some_and(|entry| is_postfix(entry.program))
}

fn is_postfix(program: &[u8]) -> bool {
    program.starts_with(b"postfix") || (program.contains(&b'/') && COMPONENTS.contains(&component(program)))
}

impl Postfix {
    /// Nothing has been read yet.
    pub fn new(clock: Clock) -> Self {
        Self { clock, queue: Recent::of(REMEMBERED), last: Vec::new() }
    }

    /// Takes the next line.
    pub fn line(&mut self, line: Line<'_>, found: &mut Parsed) {
        let last = std::mem::take(&mut self.last);
        let Some(entry) = SyslogLine::read(line) else {
            return match repeated_last(line.text) {
                Some(times) => self.again(line, &last, times, found),
                None => found.unparsed(line.text),
            };
        };
        if !is_postfix(entry.program) {
            return found.noise();
        }
        let (times, message) = repeated(entry.message).unwrap_or((1, entry.message));
        let Some((id, rest)) = queue_id(message) else {
            return found.noise();
        };
        if rest.starts_with(b"to=<") {
            self.last = last;
            self.last.clear();
            self.last.extend_from_slice(line.text);
            return self.delivery(line, &entry, (id, rest), times, found);
        }
        self.learn(entry.program, id, rest);
        found.noise();
    }

    /// A line that says only that the one before it came so many times more.
    fn again(&mut self, line: Line<'_>, last: &[u8], times: u64, found: &mut Parsed) {
        let entry = SyslogLine::read(Line { text: last, ..line });
        match entry.as_ref().and_then(|entry| queue_id(entry.message).map(|said| (entry, said))) {
            Some((entry, said)) => self.delivery(line, entry, said, times, found),
            None => found.noise(),
        }
    }

    fn learn(&mut self, program: &[u8], id: &[u8], rest: &[u8]) {
        if let Some(sender) = rest.strip_prefix(b"from=<").filter(|_| program.ends_with(b"qmgr")) {
            let end = SENDER_END.find(sender).unwrap_or(sender.len());
            self.queue.entry(&id.to_owned()).sender = short_text(&sender[..end]);
        } else if let Some(message_id) = rest.strip_prefix(b"message-id=") {
            self.queue.entry(&id.to_owned()).message_id = short_text(message_id);
        } else if rest == b"removed" {
            self.queue.forget(&id.to_owned());
        }
    }

    fn delivery(
        &mut self,
        line: Line<'_>,
        entry: &SyslogLine<'_>,
        (id, rest): (&[u8], &[u8]),
        times: u64,
        found: &mut Parsed,
    ) {
        let Some(delivery) = Delivery::read(rest) else {
            return match memmem::find(rest, b"status=").is_some() {
                true => found.unparsed(line.text),
                false => found.noise(),
            };
        };
        // asked of an address, not sent to it
        let Some(status) = delivery.status() else {
            return found.noise();
        };
        let at = entry.at(&mut self.clock);
        let mail = self.queue.get(&id.to_owned());
        let failed = status != Status::Sent;
        let waited = |delay: f64| (delay * 1000.0) as Millis;
        found.event();
        let row = ParsedAttempt {
            at,
            sender: mail.and_then(|mail| mail.sender.clone()),
            recipient: some_text(delivery.to),
            message_id: mail.and_then(|mail| mail.message_id.clone()),
            error: some_text(delivery.said).filter(|_| failed),
            queued_at: at.zip(delivery.delay).map(|(at, delay)| at.saturating_sub(waited(delay))),
            queue_id: some_text(id),
            relay: some_text(delivery.relay),
            dsn: some_text(delivery.dsn),
            delay: delivery.delay,
            delays: some_text(delivery.delays),
            stage: stage(delivery.said).filter(|_| failed),
            note: (status == Status::Deferred).then_some(TRIED_AGAIN),
            status,
            ..ParsedAttempt::at(line)
        };
        for turn in 1..times {
            found.row(ParsedAttempt { key: row.key.wrapping_add(turn), ..row.clone() });
        }
        found.row(row);
    }
}

/// The number and the text of `message repeated 3 times: [ 4XyZ1234: ...]`.
fn repeated(message: &[u8]) -> Option<(u64, &[u8])> {
    let rest = message.strip_prefix(b"message repeated ")?;
    let blank = memchr::memchr(b' ', rest)?;
    let text = rest[blank..].strip_prefix(b" times: [")?.trim_ascii();
    Some((times(&rest[..blank])?, text.strip_suffix(b"]").unwrap_or(text)))
}

/// The number of `Nov 20 08:30:12 mx1 last message repeated 3 times`.
fn repeated_last(text: &[u8]) -> Option<u64> {
    let cue = b"last message repeated ";
    let number = &text[memmem::find(text, cue)? + cue.len()..];
    times(&number[..memmem::find(number, b" times")?])
}

fn times(number: &[u8]) -> Option<u64> {
    let times: u64 = std::str::from_utf8(number).ok()?.parse().ok()?;
    Some(times.min(MOST_FOLDED))
}

/// `4XyZ1234: ` and what follows.
fn queue_id(message: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = message.iter().take(24).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let rest = message[length..].strip_prefix(b": ")?;
    (length >= 5).then_some((&message[..length], rest))
}

/// What follows the recipient's address.
static RELAY: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b">, relay="));

/// What follows the sender's.
static SENDER_END: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b">, "));

/// The parts of a line with `status=`.
#[derive(Default)]
struct Delivery<'l> {
    to: &'l [u8],
    relay: &'l [u8],
    delay: Option<f64>,
    delays: &'l [u8],
    dsn: &'l [u8],
    word: &'l [u8],
    said: &'l [u8],
}

impl<'l> Delivery<'l> {
    /// Addresses may hold anything, so the fields are looked for from the end of the address on.
    fn read(rest: &'l [u8]) -> Option<Self> {
        let relay = RELAY.find(rest)?;
        let to = rest.get(b"to=<".len()..relay)?;
        let is_plain = memchr::memchr(b'>', to).is_none();
        let orig_to = if is_plain { None } else { memmem::find(to, b">, orig_to=<") };
        let mut delivery = Self { to: &to[..orig_to.unwrap_or(to.len())], ..Self::default() };
        let mut fields = &rest[relay + b">, ".len()..];
        while !fields.starts_with(b"status=") {
            let end = memchr::memchr(b',', fields)?;
            delivery.field(&fields[..end]);
            fields = fields[end + 1..].trim_ascii_start();
        }
        let status = &fields[b"status=".len()..];
        delivery.word = memchr::memchr(b' ', status).map_or(status, |end| &status[..end]);
        let said = status[delivery.word.len()..].trim_ascii();
        delivery.said = said.strip_prefix(b"(").map_or(said, |said| said.strip_suffix(b")").unwrap_or(said));
        Some(delivery)
    }

    fn field(&mut self, field: &'l [u8]) {
        if let Some(relay) = field.strip_prefix(b"relay=") {
            self.relay = relay;
        } else if let Some(delay) = field.strip_prefix(b"delay=") {
            self.delay = std::str::from_utf8(delay).ok().and_then(|delay| delay.parse().ok());
        } else if let Some(delays) = field.strip_prefix(b"delays=") {
            self.delays = delays;
        } else if let Some(dsn) = field.strip_prefix(b"dsn=") {
            self.dsn = dsn;
        }
    }

    fn status(&self) -> Option<Status> {
        match self.word {
            b"sent" => Some(Status::Sent),
            b"deferred" | b"SOFTBOUNCE" => Some(Status::Deferred),
            b"bounced" | b"expired" => Some(Status::Failed),
            b"deliverable" | b"undeliverable" => None,
            other => Some(Status::Other(text(other))),
        }
    }
}

/// The step that a failure happened at, in Postfix' own words.
fn stage(said: &[u8]) -> Option<Stage> {
    let replies: [(&[u8], Stage); 8] = [
        (b"end of DATA command)", Stage::Dot),
        (b"DATA command)", Stage::Data),
        (b"RCPT TO command)", Stage::Rcpt),
        (b"MAIL FROM command)", Stage::Mail),
        (b"EHLO command)", Stage::Ehlo),
        (b"HELO command)", Stage::Ehlo),
        (b"STARTTLS command)", Stage::Tls),
        (b"AUTH command)", Stage::Auth),
    ];
    let in_reply = memmem::rfind(said, b"(in reply to ").map(|at| &said[at..]);
    let replied = in_reply.and_then(|at| replies.iter().find(|(end, _)| memmem::find(at, end).is_some()));
    let without_reply: [(&[u8], Stage); 12] = [
        (b"refused to talk to me", Stage::Connect),
        (b"receiving the initial server greeting", Stage::Connect),
        (b"performing the EHLO handshake", Stage::Ehlo),
        (b"performing the HELO handshake", Stage::Ehlo),
        (b"STARTTLS", Stage::Tls),
        (b"Cannot start TLS", Stage::Tls),
        (b"sending end of data", Stage::Dot),
        (b"sending message body", Stage::Data),
        (b"while sending RCPT TO", Stage::Rcpt),
        (b"while sending MAIL FROM", Stage::Mail),
        (b"SASL authentication failed", Stage::Auth),
        (b"connect to ", Stage::Connect),
    ];
    let happened = || without_reply.iter().find(|(cue, _)| memmem::find(said, cue).is_some());
    replied.or_else(happened).map(|(_, stage)| *stage)
}
