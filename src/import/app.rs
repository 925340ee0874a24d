//! Application logs: entries that begin with a time stamp or a level, and the lines that belong to them.
//!
//! An entry is an event when it speaks of mail and says that one could not be sent ([`failure`]). That something else
//! ended well, such as the host's `Executed ... (Succeeded, ...)`, is no proof that a mail was sent. Stack frames are
//! left out of the text; the same exception logged again by another part of the program counts once.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::failure::{self, Level};
use super::stamp::Clock;
use super::{Line, Parsed, ParsedAttempt, Status, cut, hash, text};
use crate::model::Millis;

/// An error text is kept up to so many bytes.
const LONGEST_TEXT: usize = 4096;

/// An exception that is logged again so many milliseconds later at most is the same one.
const AGAIN_WITHIN: Millis = 1000;

/// How far into an entry its level may be.
const LEVEL_WITHIN: usize = 100;

static LEVEL: LazyLock<Regex> = LazyLock::new(|| {
    let wrong = "error|err|warning|warn|fatal|critical|crit|severe|emergency|alert|fail|eror";
    let fine = "information|info|debug|dbug|trace|trce|verbose|notice|fine|config|inf|dbg|schwerwiegend";
    let before = r"(?:^|[\s.\[|(<:/])";
    let after = r"(?:[\s\]|)>:]|$|\[\d)";
    Regex::new(&format!("(?i-u){before}(?:(?P<wrong>{wrong})|(?P<fine>{fine})){after}"))
        .expect("a fixed pattern")
});

/// A level in front of everything else, in capitals or in brackets, as .NET's console, Python and Ruby write it.
static LEVEL_FIRST: LazyLock<Regex> = LazyLock::new(|| {
    let words = "ERROR|WARN|WARNING|INFO|DEBUG|TRACE|FATAL|CRITICAL|SEVERE|NOTICE";
    let short = "fail|crit|warn|info|dbug|trce";
    let bracketed = r"\[(?i:error|warn(?:ing)?|info(?:rmation)?|debug|fatal|critical)\]";
    Regex::new(&format!(r"^(?-u)(?:(?:{words})(?:[\s:|\]-]|$)|(?:{short}): |{bracketed}|[EWIDF], \[)"))
        .expect("a fixed pattern")
});

/// What is between level and message: brackets, numbers, a logger's name before a dash.
static BEFORE_MESSAGE: LazyLock<Regex> = LazyLock::new(|| {
    let logger = r"[\w$.\\/-]+(?:\[\d+\])?\s+-\s|(?:[\w$]+\.)+[\w$]+\[\d+\]:?\s";
    Regex::new(&format!(r"^(?-u)(?:[\s:|\])>-]+|\[[^\]\n]{{0,80}}\]|\([^)\n]{{0,40}}\)|#\d+|{logger})*"))
        .expect("a fixed pattern")
});

/// A class name with its packages.
static LOGGER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?-u)(?:[\w$]+\.){2,}[\w$]+").expect("a fixed pattern"));

/// A line of a stack trace, or around one.
static FRAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"^(?-u)\s*(?:at\s|\.\.\. \d+ |File "|#\d+ |Traceback \(|---|\[stacktrace\]|"\}|[~^]+\s*$|During handling|The above exception)"#)
        .expect("a fixed pattern")
});

/// Reads application logs.
#[derive(Debug, Clone)]
pub struct App {
    clock: Clock,
    /// The time of the last entry that had one.
    last_at: Option<Millis>,
    entry: Option<AppEntry>,
    last_exception: Option<Exception>,
}

/// An entry whose end is not known yet.
#[derive(Debug, Clone)]
struct AppEntry {
    row: ParsedAttempt,
    level: Level,
    /// The part of the program that wrote it.
    logger: Option<Vec<u8>>,
    lines: Vec<u8>,
    frames: u32,
    /// The line before was a frame that shows its source on the next.
    source_follows: bool,
}

/// An exception that was logged with its stack.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Exception {
    text: u64,
    logger: Vec<u8>,
    at: Option<Millis>,
}

/// How an entry begins.
#[derive(Debug, Clone, Copy)]
struct EntryHead {
    at: Option<Millis>,
    level: Level,
    /// Where its message begins.
    message: usize,
}

/// Whether a line begins an entry with a time stamp.
pub fn recognises(clock: &mut Clock, line: Line<'_>) -> bool {
    head(clock, line.text).is_some_and(|head| head.at.is_some())
}

impl App {
    /// Nothing has been read yet.
    pub fn new(clock: Clock) -> Self {
        Self { clock, last_at: None, entry: None, last_exception: None }
    }

    /// Takes the next line.
    pub fn line(&mut self, line: Line<'_>, found: &mut Parsed) {
        match (head(&mut self.clock, line.text), &mut self.entry) {
            (Some(head), Some(entry)) if head.at.is_some() && entry.goes_on(&line.text[head.message..]) => {
                entry.add(&line.text[head.message..]);
                found.continuation();
            }
            (Some(head), _) => {
                self.finish(found);
                self.last_at = head.at.or(self.last_at);
                self.entry = Some(AppEntry::new(line, head, self.last_at));
            }
            (None, Some(entry)) => {
                entry.add(line.text);
                found.continuation();
            }
            (None, None) => found.unparsed(line.text),
        }
    }

    /// Where the entry begins that further lines may still belong to, and the number of its first line.
    pub fn open_entry(&self) -> Option<(u64, u64)> {
        self.entry.as_ref().map(|entry| (entry.row.start, entry.row.line))
    }

    /// No line follows that belongs to the entry.
    pub fn finish(&mut self, found: &mut Parsed) {
        let Some(entry) = self.entry.take() else {
            return;
        };
        let Some(row) = entry.failure().filter(|_| self.is_new(&entry)) else {
            return found.noise();
        };
        found.event();
        found.row(row);
    }

    /// Whether this is not the exception before, logged again by another part of the program.
    fn is_new(&mut self, entry: &AppEntry) -> bool {
        let Some(exception) = entry.exception() else {
            return true;
        };
        let is_again = self.last_exception.as_ref().is_some_and(|last| {
            let after = exception.at.zip(last.at).map(|(now, then)| now - then);
            last.text == exception.text
                && last.logger != exception.logger
                && after.is_some_and(|after| (0..=AGAIN_WITHIN).contains(&after))
        });
        self.last_exception = Some(exception);
        !is_again
    }
}

impl AppEntry {
    fn new(line: Line<'_>, head: EntryHead, at: Option<Millis>) -> Self {
        let mut entry = Self {
            row: ParsedAttempt { at, status: Status::Failed, ..ParsedAttempt::at(line) },
            level: head.level,
            logger: LOGGER
                .find(&line.text[..line.text.len().min(200)])
                .map(|logger| logger.as_bytes().to_owned()),
            lines: Vec::new(),
            frames: 0,
            source_follows: false,
        };
        entry.add(&line.text[head.message..]);
        entry
    }

    fn add(&mut self, line: &[u8]) {
        let is_source =
            std::mem::replace(&mut self.source_follows, line.trim_ascii_start().starts_with(b"File \""));
        if FRAME.is_match(line) || is_source {
            self.frames += 1;
            return;
        }
        let line = line.trim_ascii();
        if !line.is_empty() && self.lines.len() < LONGEST_TEXT {
            self.lines.extend_from_slice(&line[..line.len().min(LONGEST_TEXT)]);
            self.lines.push(b'\n');
        }
    }

    /// Whether a line with a stamp of its own, as a container's host puts in front of each, is more of this entry.
    fn goes_on(&self, message: &[u8]) -> bool {
        message.starts_with(b"  ") || message.starts_with(b"\t") || message.starts_with(b"Caused by: ")
    }

    fn failure(&self) -> Option<ParsedAttempt> {
        if !failure::speaks_of_mail(&self.lines) {
            return None;
        }
        let text = text(&self.lines);
        let text = cut(text.trim(), LONGEST_TEXT);
        failure::is_of_sending(&text, self.level).then(|| ParsedAttempt {
            sender: failure::sender(&text),
            recipient: failure::recipient(&text),
            error: Some(text.to_string()),
            ..self.row.clone()
        })
    }

    /// The exception, of an entry with a stack.
    fn exception(&self) -> Option<Exception> {
        let mut lines = self.lines.split(|byte| *byte == b'\n');
        lines.next().filter(|_| self.frames > 0)?;
        let exception = lines.next().filter(|line| !line.is_empty())?;
        let logger = self.logger.clone()?;
        Some(Exception { text: hash(exception), logger, at: self.row.at })
    }
}

/// How an entry begins, if the line begins one.
fn head(clock: &mut Clock, text: &[u8]) -> Option<EntryHead> {
    let nuls = text.iter().take_while(|byte| **byte == 0).count();
    let start = nuls + usize::from(text[nuls..].starts_with(b"\xef\xbb\xbf")) * 3;
    let opened = start + text[start..].iter().take(2).take_while(|byte| b"[(<".contains(byte)).count();
    if let Some((at, end)) = stamps(clock, text, opened) {
        let (level, end) = level(text, end);
        return Some(EntryHead { at: Some(at), level, message: end });
    }
    let first = LEVEL_FIRST.find(&text[start..])?;
    let (level, _) = level(text, start);
    let end = start + first.end();
    let behind = end + text[end..].iter().take(2).take_while(|byte| b" [".contains(byte)).count();
    match stamps(clock, text, behind) {
        Some((at, end)) => Some(EntryHead { at: Some(at), level, message: message(text, end) }),
        None => Some(EntryHead { at: None, level, message: message(text, end) }),
    }
}

/// The instant and the end of one stamp, or of two on one line, of which the one with a zone counts.
fn stamps(clock: &mut Clock, text: &[u8], start: usize) -> Option<(Millis, usize)> {
    let first = clock.read(&text[start..])?;
    let end = start + first.length;
    for next in second_places(text, end) {
        if let Some(second) = clock.read(&text[next..]) {
            let best = if second.has_zone && !first.has_zone { second } else { first };
            return Some((best.at, next + second.length));
        }
    }
    Some((first.at, end))
}

/// Where a second stamp may be: after the first, after a container's name of the stream, or after host and program.
fn second_places(text: &[u8], end: usize) -> impl Iterator<Item = usize> {
    let rest = &text[end..];
    let near = rest.iter().take(6).take_while(|byte| b" ]|[\t(-".contains(byte)).count();
    let stream = [&b" stdout F "[..], b" stderr F "].into_iter().find(|name| rest.starts_with(name));
    let program = memchr::memmem::find(&rest[..rest.len().min(LEVEL_WITHIN)], b"]: ").map(|at| at + 3);
    let behind_program =
        program.map(|at| at + rest[at..].iter().take(1).take_while(|byte| **byte == b'[').count());
    [Some(near), stream.map(<[u8]>::len), behind_program].into_iter().flatten().map(move |at| end + at)
}

/// The level behind the stamp, and where the message begins.
fn level(text: &[u8], from: usize) -> (Level, usize) {
    let near = &text[from..text.len().min(from + LEVEL_WITHIN)];
    match LEVEL.captures(near) {
        Some(found) => {
            let word = found.name("wrong");
            let level = if word.is_some() { Level::Wrong } else { Level::Fine };
            let end = word.or(found.name("fine")).map_or(0, |word| word.end());
            // further in, the word may be one of the message itself
            let is_ahead = near[..end].len() <= 12 || !near[..end].windows(2).any(|pair| pair == b": ");
            (level, message(text, if is_ahead { from + end } else { from }))
        }
        None => (Level::Unsaid, message(text, from)),
    }
}

fn message(text: &[u8], from: usize) -> usize {
    // a line that is indented behind its stamp goes on with the entry before it
    if text[from..].starts_with(b"   ") || text[from..].starts_with(b" \t") {
        return from + 1;
    }
    from + BEFORE_MESSAGE.find(&text[from..]).map_or(0, |before| before.end())
}

/// Whether a line begins an entry, with a time stamp or with a level alone.
pub fn recognises_any(clock: &mut Clock, line: Line<'_>) -> bool {
    head(clock, line.text).is_some()
}
