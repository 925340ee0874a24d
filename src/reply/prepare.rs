//! A text made ready for the patterns: one blank for any white space, a reply of several lines as one sentence.
//!
//! It is copied once, in lower case, so that the patterns' words need to be known in one case only.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::codes::Codes;

/// Makes `text` ready; `codes` are those in it.
pub fn prepare(text: &str, codes: Codes) -> String {
    let text = without_wrong_phrase(fold_white(text));
    let text = match codes.reply {
        Some(reply) if codes.repeated => Cow::Owned(fold_lines(&text, reply, codes)),
        _ => text,
    };
    lower(text)
}

fn lower(text: Cow<'_, str>) -> String {
    if !text.is_ascii() {
        return text.to_lowercase();
    }
    let mut text = text.into_owned();
    text.make_ascii_lowercase();
    text
}

/// What System.Net.Mail writes before a server's reply, which it stores without its code.
const MARK: &str = ". The server response was: ";

/// Whether System.Net.Mail quotes a server's reply in `text`.
pub fn quotes_reply(text: &str) -> bool {
    mark(text).is_some()
}

/// The position of the mark, if words follow it.
fn mark(text: &str) -> Option<usize> {
    static FIND: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(MARK));
    FIND.find(text.as_bytes()).filter(|at| !text[at + MARK.len()..].trim().is_empty())
}

/// System.Net.Mail puts its own words for the code in front, and they are often wrong: "Syntax error, command
/// unrecognized. The server response was: 4.3.2 Concurrent connections limit exceeded".
fn without_wrong_phrase(text: Cow<'_, str>) -> Cow<'_, str> {
    let Some(end) = mark(&text) else {
        return text;
    };
    let start = text[..end].rfind(": ").map_or(0, |colon| colon + 2);
    Cow::Owned(format!("{}{}", &text[..start], &text[end + MARK.len()..]))
}

fn fold_white(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    // Without branches, so that many bytes are looked at together.
    let breaks = bytes.iter().fold(false, |odd, b| odd | (b.is_ascii_whitespace() & (*b != b' ')));
    let pairs = bytes.iter().zip(bytes.iter().skip(1));
    let doubled = pairs.fold(false, |odd, (a, b)| odd | ((*a == b' ') & (*b == b' ')));
    let plain = !breaks && !doubled && bytes.last() != Some(&b' ');
    if plain {
        return Cow::Borrowed(text);
    }
    let mut folded = String::with_capacity(text.len());
    for word in text.split_ascii_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(word);
    }
    Cow::Owned(folded)
}

/// A reply of several lines repeats its codes within a sentence: takes out all but the first.
fn fold_lines(text: &str, reply: u16, codes: Codes) -> String {
    let reply = reply.to_string();
    let enhanced = codes.enhanced.map(|code| code.to_string());
    let mut parts = text.split(reply.as_str());
    let mut folded = String::with_capacity(text.len());
    folded.push_str(parts.next().unwrap_or_default());
    folded.push_str(&reply);
    folded.push_str(parts.next().unwrap_or_default());
    for part in parts {
        match part.strip_prefix(['-', ' ']).filter(|_| folded.ends_with(' ')) {
            Some(rest) => {
                let tail = enhanced.as_deref().and_then(|code| rest.strip_prefix(code)).unwrap_or(rest);
                folded.push_str(tail.trim_start());
            }
            None => {
                folded.push_str(&reply);
                folded.push_str(part);
            }
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::super::codes::scan;
    use super::*;

    #[track_caller]
    fn prepared(text: &str, expected: &str) {
        assert_eq!(prepare(text, scan(text)), expected);
    }

    #[test]
    fn white_space_is_one_blank() {
        prepared("432 4.3.2\r\n\tConcurrent  connections\n", "432 4.3.2 concurrent connections");
    }

    #[test]
    fn lines_of_one_reply_become_one_sentence() {
        prepared(
            "550-5.1.1 The email\n550-5.1.1 account does\n550 5.1.1 not exist",
            "550-5.1.1 the email account does not exist",
        );
        prepared("550-Your mail 550 was refused", "550-your mail was refused");
    }

    #[test]
    fn the_phrase_of_dotnet_goes() {
        prepared(
            "SmtpException: Mailbox unavailable. The server response was: 5.7.1 Relaying denied",
            "smtpexception: 5.7.1 relaying denied",
        );
        prepared("Error. The server response was: ", "error. the server response was:");
    }

    #[test]
    fn dotnet_quotes_a_reply_where_words_follow_its_phrase() {
        assert!(quotes_reply("Service not available. The server response was: 4.4.2 Timeout"));
        assert!(!quotes_reply("Service not available. The server response was: \r\n"));
        assert!(!quotes_reply("The operation has timed out."));
    }

    #[test]
    fn letters_are_made_small() {
        prepared("550 POSTFACH ÜBERFÜLLT", "550 postfach überfüllt");
    }
}
