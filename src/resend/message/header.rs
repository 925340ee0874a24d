//! Header values as they go over the wire: folded into lines, and encoded (RFC 2047) wherever a reader would not get back what the
//! log has.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lettre::message::Mailbox;

/// Columns of a line that holds an encoded word (RFC 2047, 2); all lines keep to it where they can be broken.
const LINE: usize = 76;

/// The prefix and suffix of an encoded word.
const ENCODED: (&str, &str) = ("=?utf-8?b?", "?=");

/// A longer word is encoded, since it could not be folded: a line has at most 998 characters (RFC 5322, 2.1.1).
const LONGEST_WORD: usize = 400;

/// A longer name is encoded, since a quoted one is not folded.
const LONGEST_QUOTED: usize = 60;

/// What goes on a line, and its separator if it is not the first on it.
type Piece<'p> = (&'p str, Cow<'p, str>);

/// A text such as a subject, for the header of this name.
pub fn text(header: &str, value: &str) -> String {
    let used = header.len() + ": ".len();
    if is_plain(value) { fill(words(value), used) } else { fill(encoded(value, used), used) }
}

/// A list of people, for the header of this name.
pub fn people(header: &str, people: &[Mailbox]) -> String {
    let used = header.len() + ": ".len();
    let mut pieces: Vec<Piece<'_>> = Vec::new();
    for (place, person) in people.iter().enumerate() {
        let name = person.name.as_deref().unwrap_or_default();
        pieces.extend(phrase(name));
        let address = if name.is_empty() { person.email.to_string() } else { format!("<{}>", person.email) };
        let end = if place + 1 < people.len() { "," } else { "" };
        pieces.push((" ", Cow::Owned(address + end)));
    }
    fill(pieces, used)
}

/// Whether a text reads the same after it was folded and unfolded, and nothing in it is taken for an encoded word.
fn is_plain(text: &str) -> bool {
    let is_printable = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    let is_short = text.split(' ').all(|word| word.len() <= LONGEST_WORD);
    is_printable && is_short && text.trim() == text && !text.contains("=?")
}

/// The words of a text, each with the blanks before it.
fn words(text: &str) -> Vec<Piece<'_>> {
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let blanks = rest.len() - rest.trim_start_matches(' ').len();
        let end = rest[blanks..].find(' ').map_or(rest.len(), |end| blanks + end);
        words.push((&rest[..blanks], Cow::Borrowed(&rest[blanks..end])));
        rest = &rest[end..];
    }
    words
}

/// A text as encoded words: what is between them is not part of it. `used` columns of the first line are taken.
fn encoded(text: &str, used: usize) -> Vec<Piece<'_>> {
    let bytes = |used: usize| (LINE - used - ENCODED.0.len() - ENCODED.1.len()) / 4 * 3;
    let (mut pieces, mut rest, mut room) = (Vec::new(), text, bytes(used));
    while !rest.is_empty() {
        let (word, after) = rest.split_at(rest.floor_char_boundary(room));
        pieces.push((" ", Cow::Owned(format!("{}{}{}", ENCODED.0, STANDARD.encode(word), ENCODED.1))));
        (rest, room) = (after, bytes(1));
    }
    pieces
}

/// A person's name: as words, in quotes, or encoded.
fn phrase(name: &str) -> Vec<Piece<'_>> {
    let is_atom = |word: &str| !word.is_empty() && word.bytes().all(is_atext);
    if is_plain(name) && name.split(' ').all(is_atom) {
        return words(name).into_iter().map(|(_, word)| (" ", word)).collect();
    }
    // what a careless reader could take for an address, or for the end of the quotes, is not quoted
    let is_harmless = !name.is_empty() && !name.contains(['"', '\\', '<', '>', '@']);
    if is_plain(name) && is_harmless && name.len() <= LONGEST_QUOTED {
        return vec![(" ", Cow::Owned(format!("\"{name}\"")))];
    }
    encoded(name, 1)
}

/// Characters that need no quotes (RFC 5322, 3.2.3).
fn is_atext(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

/// The pieces on lines of at most [`LINE`] columns, as far as they fit; `used` columns of the first are taken.
fn fill(pieces: Vec<Piece<'_>>, used: usize) -> String {
    let (mut out, mut column) = (String::new(), used);
    for (place, (before, piece)) in pieces.iter().enumerate() {
        if place > 0 {
            if column + before.len() + piece.len() > LINE {
                out.push_str("\r\n");
                column = 0;
            }
            out.push_str(before);
            column += before.len();
        }
        out.push_str(piece);
        column += piece.len();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_texts_stay_readable_and_others_are_encoded() {
        for (value, expected) in [
            ("Report", "Report"),
            ("Invoice  12 &  more", "Invoice  12 &  more"),
            ("=?utf-8?q?no?=", "=?utf-8?b?PT91dGYtOD9xP25vPz0=?="),
            (" x ", "=?utf-8?b?IHgg?="),
            ("a\tb", "=?utf-8?b?YQli?="),
            ("Übersicht  für", "=?utf-8?b?w5xiZXJzaWNodCAgZsO8cg==?="),
        ] {
            assert_eq!(text("Subject", value), expected);
        }
    }

    #[test]
    fn no_line_is_longer_than_it_may_be_and_nothing_is_lost() {
        let plain = "word  ".repeat(40) + "end";
        let folded = text("Subject", &plain);
        assert_eq!(folded.replace("\r\n", ""), plain);
        let long = "ü€𝄞".repeat(100);
        let decoded: String = text("Subject", &long)
            .split("\r\n ")
            .map(|word| word.strip_prefix(ENCODED.0).unwrap().strip_suffix(ENCODED.1).unwrap())
            .map(|word| String::from_utf8(STANDARD.decode(word).unwrap()).unwrap())
            .collect();
        assert_eq!(decoded, long);
        for folded in [folded, text("Subject", &long), text("Subject", &"x".repeat(1000))] {
            assert!(format!("Subject: {folded}").split("\r\n").all(|line| line.len() <= LINE), "{folded}");
        }
    }

    #[test]
    fn names_are_words_quoted_or_encoded() {
        let person = |name: &str| Mailbox::new(Some(name.to_owned()), "a@x.example".parse().unwrap());
        let names = ["Anna Weiss", "Weiss, K. A.", "A  B", "Grün", "\"x\" <y>", "=?utf-8?q?x?="];
        let people = people("To", &names.map(person));
        assert_eq!(
            people,
            "Anna Weiss <a@x.example>, \"Weiss, K. A.\" <a@x.example>, \"A  B\"\r\n <a@x.example>, \
             =?utf-8?b?R3LDvG4=?= <a@x.example>, =?utf-8?b?IngiIDx5Pg==?=\r\n <a@x.example>, \
             =?utf-8?b?PT91dGYtOD9xP3g/PQ==?= <a@x.example>"
        );
    }
}
