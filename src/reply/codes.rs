//! The reply code and the enhanced status code inside whatever text an application stored.
//!
//! Numbers in such texts are mostly something else: addresses, versions, delays, line numbers, dates. So a number
//! counts only where its surroundings speak for it, and the best supported one wins. Where nothing speaks for any,
//! nothing is reported. One walk over the bytes, no allocation, a bounded look to both sides of each number: linear.

use super::lead::Lead;
use super::words;
use crate::model::Enhanced;

/// What the numbers of a text say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Codes {
    /// The three digits.
    pub reply: Option<u16>,
    /// `class.subject.detail`.
    pub enhanced: Option<Enhanced>,
    /// The reply code occurs more than once, as in a reply of several lines.
    pub repeated: bool,
}

/// How much the surroundings speak for a number; the greater wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Support {
    /// Possible, if nothing else is there: `(451)` at the end of a sentence.
    Weak,
    /// Begins a sentence within the text.
    Fair,
    /// At the start, announced ("said:", "code"), or with an enhanced code beside it.
    Strong,
}

#[derive(Debug, Clone, Copy)]
struct ReplyHit {
    value: u16,
    support: Support,
    /// Quoted or reported by someone: the reply of the server behind the one that speaks.
    inner: bool,
    start: usize,
    partner: Option<Enhanced>,
}

impl ReplyHit {
    /// The next line of the same reply, also where the line break was lost.
    fn is_again_at(self, bytes: &[u8], start: usize, end: usize) -> bool {
        number(&bytes[start..end]) == Some(self.value) && start > 0 && bytes[start - 1].is_ascii_whitespace()
    }
}

#[derive(Debug, Clone, Copy)]
struct EnhancedHit {
    value: Enhanced,
    start: usize,
    /// Marked by `#`, by a name such as `dsn=`, or at the start.
    marked: bool,
    inner: bool,
}

/// More enhanced codes than this in one text are repeats of the first ones.
const KEPT: usize = 12;

/// Finds the codes in `text`.
pub fn scan(text: &str) -> Codes {
    let bytes = text.as_bytes();
    let mut found = CodeAt::default();
    let mut at = 0;
    while let Some(start) = bytes[at..].iter().position(u8::is_ascii_digit).map(|i| at + i) {
        let end = run_end(bytes, start);
        found.look_at(bytes, start, end);
        at = end.max(start + 1);
    }
    found.decide()
}

#[derive(Default)]
struct CodeAt {
    reply: Option<ReplyHit>,
    repeated: bool,
    enhanced: [Option<EnhancedHit>; KEPT],
    count: usize,
}

impl CodeAt {
    fn look_at(&mut self, bytes: &[u8], start: usize, end: usize) {
        self.repeated |= self.reply.is_some_and(|reply| reply.is_again_at(bytes, start, end));
        if let Some(hit) = reply_hit(bytes, start, end) {
            self.offer(hit);
        } else if let Some(hit) = enhanced_hit(bytes, start, end) {
            self.enhanced[self.count.min(KEPT - 1)] = Some(hit);
            self.count += 1;
        }
    }

    fn offer(&mut self, hit: ReplyHit) {
        let Some(best) = self.reply else {
            self.reply = Some(hit);
            return;
        };
        let deeper = hit.inner && hit.support == Support::Strong;
        if hit.support > best.support || (deeper && (best.inner || best.value != hit.value)) {
            self.reply = Some(hit);
        }
    }

    fn decide(&self) -> Codes {
        let enhanced = match self.reply {
            Some(reply) => reply.partner.or_else(|| self.enhanced_for(reply)),
            None => self.enhanced_alone(),
        };
        Codes { reply: self.reply.map(|hit| hit.value), enhanced, repeated: self.repeated }
    }

    fn hits(&self) -> impl DoubleEndedIterator<Item = &EnhancedHit> {
        self.enhanced.iter().flatten()
    }

    /// Without a partner: the next one of the same class, else the one before, else a marked one of another class.
    fn enhanced_for(&self, reply: ReplyHit) -> Option<Enhanced> {
        let same = |hit: &&EnhancedHit| u16::from(hit.value.class) == reply.value / 100;
        let next = self.hits().filter(same).find(|hit| hit.start > reply.start);
        let before = || self.hits().rev().find(same);
        let marked = || self.hits().find(|hit| hit.marked);
        next.or_else(before).or_else(marked).map(|hit| hit.value)
    }

    fn enhanced_alone(&self) -> Option<Enhanced> {
        let quoted = self.hits().find(|hit| hit.inner);
        let marked = || self.hits().find(|hit| hit.marked);
        quoted.or_else(marked).or_else(|| self.hits().next()).map(|hit| hit.value)
    }
}

/// The end of the run of digits and dots from `start`, without dots at its end.
fn run_end(bytes: &[u8], start: usize) -> usize {
    let run = bytes[start..].iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
    let trailing = bytes[start..start + run].iter().rev().take_while(|b| **b == b'.').count();
    start + run - trailing
}

fn reply_hit(bytes: &[u8], start: usize, end: usize) -> Option<ReplyHit> {
    let (digits, glued) = match end - start {
        3 => (&bytes[start..end], None),
        // `550.5.1.1`: too great for the first part of an address.
        _ if end > start + 4 && bytes[start + 3] == b'.' && bytes[start] >= b'3' => {
            (&bytes[start..start + 3], Some(shape(&bytes[start + 4..end])?))
        }
        _ => return None,
    };
    let value = number(digits).filter(|n| (200..600).contains(n))?;
    let partner = glued.or_else(|| partner_after(bytes, end));
    let lead = Lead::before(bytes, start);
    if lead == Lead::Glued || is_tagged(bytes, start, end) || !may_follow_reply(bytes, end, partner.is_some())
    {
        return None;
    }
    let support = support(value, lead, partner.is_some(), &bytes[end..])?;
    Some(ReplyHit { value, support, inner: matches!(lead, Lead::Reported | Lead::Quoted), start, partner })
}

/// A length or a number in what PHP serialises, `s:432:"..."` or `i:422;`, or a reference such as `<msg:502>`.
fn is_tagged(bytes: &[u8], start: usize, end: usize) -> bool {
    match (&bytes[..start], bytes.get(end)) {
        ([.., before, b'a' | b'b' | b'd' | b'i' | b's', b':'], Some(b':' | b';')) => {
            matches!(before, b'{' | b';')
        }
        ([b'a' | b'i' | b's', b':'], Some(b':' | b';')) | ([.., b':'], Some(b'>')) => true,
        _ => false,
    }
}

fn may_follow_reply(bytes: &[u8], end: usize, paired: bool) -> bool {
    let next = bytes.get(end).copied().unwrap_or(b' ');
    let after = bytes.get(end + 1).copied().unwrap_or(b' ');
    match next {
        b'_' | b'%' | b'@' | b'\\' | b'+' => false,
        b'/' | b':' | b'-' | b',' if after.is_ascii_digit() => paired,
        b'/' => false,
        _ => !next.is_ascii_alphanumeric() || paired,
    }
}

fn support(value: u16, lead: Lead, paired: bool, rest: &[u8]) -> Option<Support> {
    if paired && (lead != Lead::Counted || value >= 400) {
        return Some(if value >= 400 || lead == Lead::Start { Support::Strong } else { Support::Weak });
    }
    if value < 400 {
        return (lead == Lead::Start && !counts_something(rest)).then_some(Support::Strong);
    }
    // Ports and an HTTP status: no SMTP server answers with them.
    if matches!(value, 465 | 587 | 429) {
        return None;
    }
    match lead {
        // A status of HTTP: mail servers begin at 420.
        Lead::Announced if value < 420 => None,
        Lead::Reported | Lead::Quoted | Lead::Announced => Some(Support::Strong),
        Lead::Start if !counts_something(rest) => Some(Support::Strong),
        Lead::Sentence if !counts_something(rest) => Some(Support::Fair),
        Lead::Bracket if (closes(rest) || opens_a_sentence(rest)) && is_usual(value) => Some(Support::Weak),
        Lead::Word if is_usual(value) && opens_a_sentence(rest) => Some(Support::Weak),
        _ => None,
    }
}

/// "500 messages", "250 KB".
fn counts_something(rest: &[u8]) -> bool {
    let word = rest.strip_prefix(b" ").unwrap_or_default();
    words::first(word).unit
}

fn closes(rest: &[u8]) -> bool {
    matches!(rest.first(), Some(b')' | b']' | b'}'))
}

fn opens_a_sentence(rest: &[u8]) -> bool {
    matches!(rest, [b' ', b, ..] if b.is_ascii_uppercase() || matches!(b, b'<' | b'#' | b'['))
}

/// Codes that servers do send; asked where the surroundings say little.
fn is_usual(value: u16) -> bool {
    matches!(value, 421 | 422 | 431 | 432 | 441 | 442 | 446 | 447 | 449..=455 | 458 | 459 | 471)
        || matches!(value, 500..=504 | 510..=515 | 517 | 521 | 523 | 525 | 530 | 533..=535 | 538 | 541 | 542)
        || matches!(value, 546 | 547 | 550..=557 | 571..=577)
}

/// The enhanced code that directly follows a reply code: `550-5.1.1`, `550 #5.1.0`, `(432, b'4.3.2`.
fn partner_after(bytes: &[u8], end: usize) -> Option<Enhanced> {
    let glue = |b: &&u8| {
        matches!(**b, b' ' | b'-' | b':' | b'#' | b',' | b';' | b'\'' | b'"' | b'b' | b'(' | b'[' | b'/')
    };
    let glue_or_break = |b: &&u8| glue(b) || matches!(**b, b'\r' | b'\n' | b'\t');
    let gap = bytes[end..].iter().take(6).take_while(glue_or_break).count();
    let start = end + gap;
    if gap == 0 || !bytes.get(start).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let stop = run_end(bytes, start);
    shape(&bytes[start..stop]).filter(|_| may_follow_enhanced(bytes, stop) || is_range(bytes, stop))
}

/// `5.7.606-649`, as providers write in their lists.
fn is_range(bytes: &[u8], end: usize) -> bool {
    let last = bytes.get(end + 1..end + 4).unwrap_or_default();
    bytes[end] == b'-' && last.len() == 3 && last.iter().all(u8::is_ascii_digit)
}

fn enhanced_hit(bytes: &[u8], start: usize, end: usize) -> Option<EnhancedHit> {
    let value = shape(&bytes[start..end])?;
    if !may_follow_enhanced(bytes, end) {
        return None;
    }
    let before = start.checked_sub(1).map(|i| bytes[i]);
    let marked = match before {
        None | Some(b'#' | b'\n') => true,
        Some(b'-') => ends_in_reply(&bytes[..start - 1]),
        Some(b'=' | b';') => !is_version(&bytes[..start - 1]),
        _ => false,
    };
    let plausible =
        marked || (may_stand_before(before) && !is_version(&bytes[..start]) && value.subject <= 7);
    let wanted = value.class != 2 || marked;
    let inner = matches!(before, Some(b'\'' | b'"')) && start > 1;
    (plausible && wanted).then_some(EnhancedHit { value, start, marked, inner })
}

/// Exactly `d.ddd.ddd`, the first 2, 4 or 5, no leading zeros.
fn shape(run: &[u8]) -> Option<Enhanced> {
    let mut parts = run.split(|b| *b == b'.');
    let class = parts.next().filter(|p| matches!(p, [b'2' | b'4' | b'5']))?[0] - b'0';
    let subject = parts.next().and_then(part)?;
    let detail = parts.next().and_then(part)?;
    parts.next().is_none().then_some(Enhanced { class, subject, detail })
}

fn part(digits: &[u8]) -> Option<u16> {
    let zero_led = digits.len() > 1 && digits[0] == b'0';
    if zero_led { None } else { number(digits) }
}

fn number(digits: &[u8]) -> Option<u16> {
    if digits.is_empty() || digits.len() > 3 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(digits.iter().fold(0, |n, d| n * 10 + u16::from(d - b'0')))
}

fn may_stand_before(before: Option<u8>) -> bool {
    before.is_none_or(|b| {
        b.is_ascii_whitespace()
            || b >= 0x80
            || matches!(
                b,
                b'(' | b'['
                    | b'{'
                    | b'<'
                    | b'>'
                    | b'"'
                    | b'\''
                    | b':'
                    | b';'
                    | b','
                    | b'='
                    | b'|'
                    | b'*'
                    | b')'
            )
    })
}

fn may_follow_enhanced(bytes: &[u8], end: usize) -> bool {
    let next = bytes.get(end).copied().unwrap_or(b' ');
    let after = bytes.get(end + 1).copied().unwrap_or(b' ');
    match next {
        b'/' | b'\\' | b'@' | b'_' | b'%' | b'+' => false,
        b':' | b'-' | b',' => !after.is_ascii_digit(),
        _ => !next.is_ascii_alphanumeric(),
    }
}

fn ends_in_reply(before: &[u8]) -> bool {
    let digits = before.iter().rev().take(4).take_while(|b| b.is_ascii_digit()).count();
    digits == 3
}

fn is_version(before: &[u8]) -> bool {
    words::last(before).product
}
