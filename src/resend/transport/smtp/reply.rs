//! Reads replies (RFC 5321, 4.2) out of whatever bytes come, in pieces of any size.
//!
//! Tolerant where the meaning is clear: a code without text or blank, a lone line feed, text that is no UTF-8, codes of one
//! kind that differ from line to line (the last counts). Strict where it is not: a line without a code, or one with a code
//! of another kind than those before it, is an error that shows what came. Bounded in any case: of a long line or a long reply the rest is passed over, of an endless one not even that.

use crate::resend::transport::Reply;

/// What is kept of a line, in bytes; RFC 5321 allows 512.
const LINE: usize = 2048;
/// How many lines are kept.
const LINES: usize = 100;
/// What is read of one reply, in bytes.
const ALL: usize = 1 << 20;

/// Puts one reply together.
#[derive(Debug, Default)]
pub struct Assembler {
    line: Vec<u8>,
    texts: Vec<String>,
    /// The code of the first line.
    first: Option<u16>,
    read: usize,
}

/// What came is no reply; the text says what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoReply(pub String);

impl Assembler {
    /// Takes in bytes up to the end of the reply. Returns how many, and the reply once it is complete.
    pub fn push(&mut self, bytes: &[u8]) -> (usize, Option<Result<Reply, NoReply>>) {
        let mut used = 0;
        while let Some(end) = memchr::memchr(b'\n', &bytes[used..]) {
            self.keep(&bytes[used..used + end]);
            used += end + 1;
            let done = self.end_line();
            if done.is_some() {
                return (used, done);
            }
        }
        self.keep(&bytes[used..]);
        self.read += bytes.len();
        let endless = self.read > ALL;
        (bytes.len(), endless.then(|| Err(NoReply(format!("more than {ALL} bytes without an end")))))
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LINE - self.line.len();
        self.line.extend_from_slice(&bytes[..room.min(bytes.len())]);
    }

    fn end_line(&mut self) -> Option<Result<Reply, NoReply>> {
        let line = std::mem::take(&mut self.line);
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        let Some(code) = code(line) else {
            return Some(Err(NoReply(shown(line))));
        };
        if self.texts.len() < LINES {
            let text = line.get(4..).unwrap_or_default();
            self.texts.push(String::from_utf8_lossy(text).into_owned());
        }
        let first = *self.first.get_or_insert(code);
        let more = line.get(3) == Some(&b'-');
        (!more).then(|| match first / 100 == code / 100 {
            true => Ok(Reply { code, text: self.texts.join("\n") }),
            false => Err(NoReply(format!(
                "a reply of {first} and {code}: {}",
                shown(self.texts.join(" ").as_bytes())
            ))),
        })
    }
}

/// The three digits at the beginning, 200 to 599, that no fourth follows.
fn code(line: &[u8]) -> Option<u16> {
    match line {
        [b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', ..] => None,
        [first @ b'2'..=b'5', second @ b'0'..=b'9', third @ b'0'..=b'9', ..] => {
            let digit = |byte: &u8| u16::from(byte - b'0');
            Some(digit(first) * 100 + digit(second) * 10 + digit(third))
        }
        _ => None,
    }
}

/// The beginning of what came, quoted.
fn shown(line: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(line).chars().take(80).collect();
    format!("{text:?}")
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    type Outcome = (usize, Option<Result<Reply, NoReply>>);

    fn read(bytes: &[u8]) -> Outcome {
        Assembler::default().push(bytes)
    }

    /// The same, given in pieces.
    fn read_in_pieces(bytes: &[u8], sizes: &[usize]) -> Outcome {
        let mut assembler = Assembler::default();
        let (mut used, mut sizes) = (0, sizes.iter().cycle());
        while used < bytes.len() {
            let end = bytes.len().min(used + sizes.next().copied().unwrap_or(1));
            let (taken, done) = assembler.push(&bytes[used..end]);
            assert!(assembler.line.len() <= LINE && assembler.texts.len() <= LINES);
            used += taken;
            if done.is_some() {
                return (used, done);
            }
        }
        (used, None)
    }

    #[test]
    fn replies_are_read_as_servers_write_them() {
        for (bytes, code, text) in [
            ("250 2.1.0 Ok\r\n", 250, "2.1.0 Ok"),
            ("250\r\n", 250, ""),
            ("250 \r\n", 250, ""),
            ("354\n", 354, ""),
            ("250-a\r\n250-b\r\n250 c\r\n", 250, "a\nb\nc"),
            ("250-a\n250\n", 250, "a\n"),
            ("432-4.3.2 Too\r\n451 4.3.2 many\r\n", 451, "4.3.2 Too\n4.3.2 many"),
            ("471 odd\r\n", 471, "odd"),
            ("591 odd\r\n", 591, "odd"),
            ("550\ttab\r\n", 550, "tab"),
            ("250 ok\r\n250 next", 250, "ok"),
        ] {
            let (used, reply) = read(bytes.as_bytes());
            assert_eq!(reply, Some(Ok(Reply { code, text: text.to_owned() })), "{bytes:?}");
            assert_eq!(used, bytes.rfind("250 next").unwrap_or(bytes.len()), "{bytes:?}");
        }
    }

    #[test]
    fn what_is_no_reply_is_shown() {
        for (bytes, seen) in [
            ("hello\r\n", r#""hello""#),
            ("\r\n", r#""""#),
            ("2500 ok\r\n", r#""2500 ok""#),
            ("150 wait\r\n", r#""150 wait""#),
            ("250-a\r\nb\r\n250 c\r\n", r#""b""#),
            ("\u{1b}[31m\r\n", r#""\u{1b}[31m""#),
            ("550-no\r\n250 yes\r\n", r#"a reply of 550 and 250: "no yes""#),
            ("250-yes\r\n451 no\r\n", r#"a reply of 250 and 451: "yes no""#),
        ] {
            assert_eq!(read(bytes.as_bytes()).1, Some(Err(NoReply(seen.to_owned()))), "{bytes:?}");
        }
    }

    #[test]
    fn text_that_is_no_utf8_does_not_hide_the_code() {
        let (_, reply) = read(b"550 5.1.1 M\xfcller\r\n");
        assert_eq!(reply, Some(Ok(Reply { code: 550, text: "5.1.1 M\u{fffd}ller".to_owned() })));
    }

    #[test]
    fn long_lines_and_long_replies_are_cut_and_end_where_they_end() {
        let line = format!("250 {}\r\n", "x".repeat(100_000));
        let (used, reply) = read(line.as_bytes());
        assert_eq!((used, reply.unwrap().unwrap().text.len()), (line.len(), LINE - 4));
        let lines = format!("{}550 last\r\n", "550-more\r\n".repeat(1000));
        let (used, reply) = read(lines.as_bytes());
        let reply = reply.unwrap().unwrap();
        assert_eq!((used, reply.code, reply.text.lines().count()), (lines.len(), 550, LINES));
    }

    #[test]
    fn an_endless_reply_ends_the_patience() {
        for piece in ["x".repeat(4096), "250-x\r\n".repeat(600), "250-".to_owned() + &"x".repeat(4092)] {
            let mut assembler = Assembler::default();
            let mut pushes = (0..1000).map(|_| assembler.push(piece.as_bytes()).1);
            let end = pushes.find_map(|done| done);
            assert_eq!(end, Some(Err(NoReply("more than 1048576 bytes without an end".to_owned()))));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_cut_anywhere_mean_the_same(bytes in vec(any::<u8>(), 0..300), sizes in vec(1_usize..9, 1..9)) {
            prop_assert_eq!(read_in_pieces(&bytes, &sizes), read(&bytes));
        }

        #[test]
        fn any_reply_cut_anywhere_means_the_same(
            lines in "([2-5][0-9]{2}[- ]?[a-zé\u{1b}]{0,9}\r?\n){1,20}", sizes in vec(1_usize..30, 1..9),
        ) {
            prop_assert_eq!(read_in_pieces(lines.as_bytes(), &sizes), read(lines.as_bytes()));
        }
    }
}
