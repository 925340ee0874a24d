//! The fingerprint of a text: what stays when hosts, addresses, ids and numbers are taken out.
//!
//! Rows of one cause differ only in such parts, so they share a fingerprint and can be counted together. Reply codes and
//! short error words such as `TSS04` are the cause itself and stay. The hash is our own and never changes between releases.

use std::fmt;
use std::net::Ipv6Addr;

use super::codes;

/// The longest fingerprint, in bytes; stored texts are cut off at other lengths, so what follows would tell them apart.
const LONGEST: usize = 160;

/// What a text has in common with the others of its cause.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TextFingerprint {
    /// The text with `{host}`, `{address}`, `{ip}`, `{url}`, `{id}` and `{n}` where those stood.
    pub text: String,
    /// Eight hexadecimal digits over `text`.
    pub hash: String,
}

impl fmt::Display for TextFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.text.is_empty() {
            write!(f, "#{}", self.hash)
        } else {
            write!(f, "{} #{}", self.text, self.hash)
        }
    }
}

/// Takes the fingerprint of `text`.
///
/// ```
/// use mailthrottle::reply::fingerprint;
/// let one = fingerprint("550 5.1.1 <ann@example.com> unknown, id=4XyzAB12CD, 12 tries");
/// let two = fingerprint("550 5.1.1 <bob@example.org> unknown, id=9QrsTU77EF, 7 tries");
/// assert_eq!(one.text, "550 5.1.1 <{address}> unknown, id={id}, {n} tries");
/// assert_eq!(one, two);
/// ```
pub fn fingerprint(text: &str) -> TextFingerprint {
    let reply = codes::scan(text).reply.map(|code| code.to_string()).unwrap_or_default();
    let mut writer = Writer { out: String::with_capacity(LONGEST), reply };
    let mut rest = text.trim();
    while let Some(first) = rest.chars().next() {
        let len = writer.take(rest, first);
        rest = &rest[len..];
        if writer.out.len() >= LONGEST {
            break;
        }
    }
    let text = whole(cut(&writer.out, LONGEST)).trim_end().to_owned();
    let hash = hash(&text);
    TextFingerprint { text, hash }
}

/// FNV-1a over 64 bits, folded to 32.
fn hash(text: &str) -> String {
    let wide = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{:08x}", (wide >> 32) ^ (wide & 0xffff_ffff))
}

struct Writer {
    out: String,
    /// The reply code as it is written: a number that stays.
    reply: String,
}

impl Writer {
    /// Handles what `rest` begins with and returns how much of it.
    fn take(&mut self, rest: &str, first: char) -> usize {
        if first.is_whitespace() || first.is_control() {
            return self.blank(rest);
        }
        if let Some(len) = url(rest) {
            self.push("{url}");
            return len;
        }
        if let Some(len) = ipv6(rest) {
            self.push("{ip}");
            return len;
        }
        if !in_word(first) {
            self.out.push(first);
            return first.len_utf8();
        }
        self.word(rest)
    }

    fn blank(&mut self, rest: &str) -> usize {
        if !self.out.ends_with(' ') && !self.out.is_empty() {
            self.out.push(' ');
        }
        rest.find(|c: char| !c.is_whitespace() && !c.is_control()).unwrap_or(rest.len())
    }

    fn word(&mut self, rest: &str) -> usize {
        let len = rest.find(|c| !in_word(c)).unwrap_or(rest.len());
        let word = rest[..len].trim_end_matches(['.', '-']);
        let len = word.len().max(1);
        match self.stand_in(word, &rest[len..]) {
            Some("{n}") => self.number(),
            Some(stand_in) => self.push(stand_in),
            None => self.out.push_str(cut(&rest[..len], LONGEST)),
        }
        len
    }

    fn push(&mut self, stand_in: &str) {
        if !self.out.ends_with(stand_in) {
            self.out.push_str(stand_in);
        }
    }

    /// A time or a date is one number: `12:30:01`, `2026-11-20`, `20/11/2026`.
    fn number(&mut self) {
        let joined = self.out.trim_end_matches([':', '/', ',', '.', '-', '+', ' ']);
        let gap = &self.out[joined.len()..];
        let one = joined.ends_with("{n}") && (gap.len() == 1 && gap != "," || gap == ", ");
        if one {
            self.out.truncate(joined.len());
        } else {
            self.out.push_str("{n}");
        }
    }

    fn stand_in(&self, word: &str, after: &str) -> Option<&'static str> {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        let is_code = word == self.reply || is_enhanced(word) || self.starts_with_codes(word);
        if word.is_empty() || is_code {
            None
        } else if word.contains('@') {
            Some("{address}")
        } else if is_ipv4(word) {
            Some("{ip}")
        } else if is_number(word) || self.is_date_word(word, after) {
            Some("{n}")
        } else if is_host(word) {
            Some("{host}")
        } else if digits > 0 && !is_short_mark(word) {
            Some("{id}")
        } else {
            None
        }
    }

    /// `550-5.1.1`, `550-Verification`.
    fn starts_with_codes(&self, word: &str) -> bool {
        let rest = word.strip_prefix(self.reply.as_str()).filter(|_| !self.reply.is_empty());
        rest.and_then(|rest| rest.strip_prefix('-')).is_some_and(|rest| is_enhanced(rest) || !has_digit(rest))
    }

    /// Names of months and days beside a number.
    fn is_date_word(&self, word: &str, after: &str) -> bool {
        const NAMES: &[&str] = &[
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "mon", "tue",
            "wed", "thu", "fri", "sat", "sun", "gmt", "utc", "pst", "cet", "am", "pm",
        ];
        let next = after.trim_start_matches([',', ' ', '-']);
        let beside = self.out.trim_end_matches([' ', '-', ',']).ends_with("{n}")
            || next.starts_with(|c: char| c.is_ascii_digit());
        let named = NAMES.iter().any(|name| name.eq_ignore_ascii_case(word));
        let weekday_first = after.starts_with(',') && named;
        named && (beside || weekday_first)
    }
}

/// Without a stand-in that was cut through.
fn whole(text: &str) -> &str {
    match text.rfind('{') {
        Some(open) if !text[open..].contains('}') => &text[..open],
        _ => text,
    }
}

fn cut(text: &str, longest: usize) -> &str {
    let mut end = longest.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn in_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | '+' | '~')
}

fn has_digit(word: &str) -> bool {
    word.bytes().any(|b| b.is_ascii_digit())
}

fn url(rest: &str) -> Option<usize> {
    let scheme = ["http://", "https://"]
        .iter()
        .find(|s| rest.get(..s.len()).is_some_and(|start| start.eq_ignore_ascii_case(s)))?;
    let end = rest
        .find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\'' | ')' | ']' | ','))
        .unwrap_or(rest.len());
    let trimmed = rest[..end].trim_end_matches(['.', ';', ':', '!', '?']);
    Some(trimmed.len().max(scheme.len()))
}

/// No address is longer than 45 bytes, and no more are looked at: the work for one word stays bounded.
fn ipv6(rest: &str) -> Option<usize> {
    let of_address = |b: &u8| b.is_ascii_hexdigit() || matches!(b, b':' | b'.');
    let end = rest.as_bytes().iter().take(45).take_while(|b| of_address(b)).count();
    let word = rest[..end].trim_end_matches(['.', ':']);
    (word.matches(':').count() >= 2 && word.parse::<Ipv6Addr>().is_ok()).then_some(word.len())
}

fn is_ipv4(word: &str) -> bool {
    word.parse::<std::net::Ipv4Addr>().is_ok()
}

fn is_enhanced(word: &str) -> bool {
    let bytes = word.as_bytes();
    bytes.len() <= 9
        && matches!(bytes, [b'2' | b'4' | b'5', b'.', ..])
        && word.split('.').count() == 3
        && word
            .split('.')
            .all(|part| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()))
}

/// Digits with the marks of amounts, dates and times; a unit or a zone may stick to them.
fn is_number(word: &str) -> bool {
    let body = word.trim_end_matches(['s', 'm', 'h', 'k', 'K', 'M', 'G', 'B', 'Z']);
    let plain = |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'_' | b'T');
    word.starts_with(|c: char| c.is_ascii_digit() || c == '+' || c == '-')
        && has_digit(body)
        && body.bytes().all(plain)
}

/// Labels between dots, the last of letters in one case: not `STOREDRV.ClientSubmit`, not `System.Net.Mail`.
fn is_host(word: &str) -> bool {
    let Some((labels, top)) = word.rsplit_once('.') else {
        return false;
    };
    let label =
        |l: &str| !l.is_empty() && l.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    let lower = top.bytes().all(|b| b.is_ascii_lowercase());
    let upper = !word.bytes().any(|b| b.is_ascii_lowercase()) && top.bytes().all(|b| b.is_ascii_uppercase());
    top.len() >= 2 && (lower || upper) && labels.split('.').all(label)
}

/// Error words: `TSS04`, `S3113`, `ORA-29279`, `AADSTS700016`. Letters, then digits; longer ones only in capitals.
fn is_short_mark(word: &str) -> bool {
    let letters = word.bytes().take_while(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-')).count();
    let digits = word.len() - letters;
    let capitals = !word.bytes().any(|b| b.is_ascii_lowercase());
    let most = if capitals { 6 } else { 4 };
    (1..=6).contains(&letters)
        && (1..=most).contains(&digits)
        && word[letters..].bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(of: &str) -> String {
        fingerprint(of).text
    }

    #[test]
    fn rows_of_one_cause_share_a_fingerprint() {
        let row = |host: &str| {
            format!(
                "4.3.2 Concurrent connections limit exceeded.\r\n Visit https://aka.ms/concurrent_sending. [Hostname={host}]"
            )
        };
        let one = fingerprint(&row("DM4PR18MB4126.namprd18.prod.outlook.com"));
        assert_eq!(one, fingerprint(&row("AM0PR06MB4274.eurprd06.prod.outlook.com")));
        assert_eq!(one.text, "4.3.2 Concurrent connections limit exceeded. Visit {url}. [Hostname={host}]");
    }

    #[test]
    fn what_names_the_cause_stays() {
        for kept in [
            "421 4.7.0 [TSS04] Messages deferred",
            "ORA-29279: SMTP permanent error",
            "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException",
            "System.Net.Mail.SmtpException",
        ] {
            assert_eq!(text(kept), kept);
        }
    }

    #[test]
    fn what_differs_between_rows_goes() {
        for (stored, left) in [
            ("from 192.0.2.1 and 2001:db8::25:1", "from {ip} and {ip}"),
            ("2026-11-20T08:30:12.432Z failed", "{n} failed"),
            ("Fri, 20 Nov 2026 08:30:12 +0100 failed", "{n} failed"),
            ("id 0c1b9a52-8f6e-4d0e-9a3c-5b8f2a1c7d90 lost", "id {id} lost"),
            ("queued as 4XyzAB12CD", "queued as {id}"),
            ("after  17\tseconds", "after {n} seconds"),
        ] {
            assert_eq!(text(stored), left);
        }
    }

    #[test]
    fn it_stays_short() {
        for long in
            ["word ".repeat(100), "ü".repeat(1000), format!("{}.{}", "G".repeat(159), "G".repeat(200))]
        {
            assert!(text(&long).len() <= LONGEST);
        }
        assert_eq!(text(&format!("{} ann@example.com", "a".repeat(155))), "a".repeat(155));
    }
}
