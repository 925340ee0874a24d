//! Whether a text reports a mail that could not be sent.

use std::sync::LazyLock;

use regex::{Regex, bytes};

use crate::reply;

/// Words of something that went wrong.
const WRONG: &str = r"(?i)fail|error|exception|unable|could ?n[o']t|cannot|can't|refus|reject|denied|time[d]?[ -]?out|exceed|throttl|not accepted|undeliver|bounce|deferred|fehler|konnte nicht|échec|erreur|impossible";

/// Words of mail.
const MAIL: &str =
    r"(?i)\bmails?\b|e-?mail|smtp|recipient|concurrent_sending|storedrv|mailer|swift_|mailkit|javax\.mail";

/// Words of sending.
const SENDING: &str =
    r"(?i)send|sent\b|deliver|smtp|submit|dispatch|transport|envoi|versand|versend|zustell|concurrent";

static WRONG_BYTES: LazyLock<bytes::Regex> = LazyLock::new(|| {
    let codes = r"(?-i)\b[45]\d\d[ -]|\b[45]\.\d{1,3}\.\d{1,3}\b";
    bytes::Regex::new(&format!("(?-u){}|{codes}", WRONG.replace("éch", "ch"))).expect("a fixed pattern")
});
static WRONG_WORDS: LazyLock<Regex> = LazyLock::new(|| Regex::new(WRONG).expect("a fixed pattern"));
static MAIL_WORDS: LazyLock<bytes::Regex> =
    LazyLock::new(|| bytes::Regex::new(MAIL).expect("a fixed pattern"));
static SENDING_WORDS: LazyLock<Regex> = LazyLock::new(|| Regex::new(SENDING).expect("a fixed pattern"));

/// Whether a line that no parser knows looks like a failure, of whatever kind.
pub fn looks_like_one(line: &[u8]) -> bool {
    WRONG_BYTES.is_match(line)
}

/// Whether a text speaks of mail at all; asked before anything dearer.
pub fn speaks_of_mail(text: &[u8]) -> bool {
    MAIL_WORDS.is_match(text)
}

/// How sure the writer of an entry was that something went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// An error or a warning.
    Wrong,
    /// The entry does not say.
    Unsaid,
    /// Said to be in order.
    Fine,
}

/// Whether an entry that speaks of mail says that a mail could not be sent.
pub fn is_of_sending(text: &str, level: Level) -> bool {
    let codes = reply::scan(text);
    let refused = codes.reply.is_some_and(|reply| reply >= 400)
        || codes.enhanced.is_some_and(|enhanced| enhanced.class != 2);
    let wrong = WRONG_WORDS.is_match(text);
    match level {
        Level::Wrong => refused || (wrong && SENDING_WORDS.is_match(text)),
        Level::Unsaid => wrong && (refused || SENDING_WORDS.is_match(text)),
        Level::Fine => wrong && refused && codes.enhanced.is_some(),
    }
}

static TO: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i)\b(?:to|recipient|an|à|rcpt)["']?(?:\s+address)?\s*[:=]?\s*["'<\[(]*([^\s"'<>\[\](),;:=]+@[^\s"'<>\[\](),;:]+\w)"#)
        .expect("a fixed pattern")
});
static FROM: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i)\b(?:from|sender|von|de)["']?(?:\s+address)?\s*[:=]?\s*["'<\[(]*([^\s"'<>\[\](),;:=]+@[^\s"'<>\[\](),;:]+\w)"#)
        .expect("a fixed pattern")
});

/// The recipient a text names.
pub fn recipient(text: &str) -> Option<String> {
    TO.captures(text).map(|found| found[1].to_owned())
}

/// The sender a text names.
pub fn sender(text: &str) -> Option<String> {
    FROM.captures(text).map(|found| found[1].to_owned())
}
