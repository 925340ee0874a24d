//! The content of a message as it goes over the wire: dots stuffed, the final dot at the end (RFC 5321, 4.5.2).
//!
//! A dot after a lone CR or LF is stuffed as well: some servers take those for the end of a line, and a message must not be
//! able to end itself.

/// Hands out the content in pieces.
#[derive(Debug)]
pub struct ContentPieces<'m> {
    rest: &'m [u8],
    /// The byte before `rest`.
    before: u8,
    ended: bool,
}

impl<'m> ContentPieces<'m> {
    /// The pieces of a message with CRLF line ends.
    pub fn of(message: &'m [u8]) -> Self {
        ContentPieces { rest: message, before: b'\n', ended: false }
    }

    /// Fills `piece` up to about its capacity; false when all was given out. The last piece has the whole final dot.
    pub fn fill(&mut self, piece: &mut Vec<u8>) -> bool {
        piece.clear();
        let room = piece.capacity().saturating_sub(END.len()).max(2);
        while piece.len() + 1 < room && !self.rest.is_empty() {
            self.take(piece, room - piece.len() - 1);
        }
        if self.rest.is_empty() && !self.ended {
            self.ended = true;
            piece.extend_from_slice(if self.before == b'\n' { &END[2..] } else { END });
        }
        !piece.is_empty()
    }

    /// Whether the last piece was given out.
    pub fn is_given_out(&self) -> bool {
        self.ended
    }

    /// Copies up to `most` bytes, to the next end of a line at the furthest.
    fn take(&mut self, piece: &mut Vec<u8>, most: usize) {
        if self.rest[0] == b'.' && matches!(self.before, b'\r' | b'\n') {
            piece.push(b'.');
        }
        let end = memchr::memchr2(b'\r', b'\n', self.rest).map_or(self.rest.len(), |end| end + 1);
        let (taken, rest) = self.rest.split_at(end.min(most));
        piece.extend_from_slice(taken);
        self.before = taken[taken.len() - 1];
        self.rest = rest;
    }
}

/// The end of the content, with the end of its last line.
const END: &[u8] = b"\r\n.\r\n";

/// The size that counts against SIZE (RFC 1870): stuffed dots and the final one are left out.
pub fn size(message: &[u8]) -> usize {
    message.len() + if message.is_empty() || message.ends_with(b"\n") { 0 } else { 2 }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn wire(message: &[u8], capacity: usize) -> Vec<u8> {
        let mut content = ContentPieces::of(message);
        let (mut piece, mut all) = (Vec::with_capacity(capacity), Vec::new());
        let room = piece.capacity();
        while content.fill(&mut piece) {
            assert!(piece.len() <= room.max(8), "{} of {room}", piece.len());
            all.extend_from_slice(&piece);
        }
        all
    }

    /// What a server makes of it.
    fn unstuffed(wire: &[u8]) -> Vec<u8> {
        let body = wire.strip_suffix(b".\r\n").unwrap();
        let mut before = b'\n';
        let mut out = Vec::new();
        for byte in body {
            let stuffed = *byte == b'.' && matches!(before, b'\r' | b'\n');
            before = if stuffed { 0 } else { *byte };
            out.extend((!stuffed).then_some(*byte));
        }
        out
    }

    #[test]
    fn dots_at_the_beginning_of_lines_are_doubled() {
        for (message, expected) in [
            ("", ".\r\n"),
            ("a\r\n", "a\r\n.\r\n"),
            ("a", "a\r\n.\r\n"),
            (".", "..\r\n.\r\n"),
            ("a\r\n.\r\nb\r\n", "a\r\n..\r\nb\r\n.\r\n"),
            ("a\r\n..b\r\n", "a\r\n...b\r\n.\r\n"),
            ("a.b.\r\n", "a.b.\r\n.\r\n"),
            ("a\n.\nb\r\n", "a\n..\nb\r\n.\r\n"),
            ("a\r.\rb\r\n", "a\r..\rb\r\n.\r\n"),
        ] {
            assert_eq!(String::from_utf8(wire(message.as_bytes(), 64)).unwrap(), expected, "{message:?}");
        }
    }

    #[test]
    fn a_usual_message_goes_in_one_piece() {
        let message = "line\r\n".repeat(300);
        let mut piece = Vec::with_capacity(64 * 1024);
        let mut content = ContentPieces::of(message.as_bytes());
        assert!(content.fill(&mut piece) && piece.ends_with(b"line\r\n.\r\n"));
        assert!(!content.fill(&mut piece));
    }

    proptest! {
        #[test]
        fn what_was_stuffed_comes_out_again(message in vec(prop::sample::select(b"ab.\r\n\xff".to_vec()), 0..200), capacity in 8_usize..40) {
            let sent = wire(&message, capacity);
            let mut expected = message.clone();
            if !message.is_empty() && !message.ends_with(b"\n") {
                expected.extend_from_slice(b"\r\n");
            }
            prop_assert_eq!(unstuffed(&sent), expected);
        }

        #[test]
        fn nothing_inside_can_be_taken_for_the_end(message in vec(prop::sample::select(b"a.\r\n".to_vec()), 0..200)) {
            let sent = wire(&message, 16);
            let inside = &sent[..sent.len() - 3];
            for end in [b"\n.\r\n".as_slice(), b"\n.\n", b"\r.\r", b"\n.\r", b"\r.\n"] {
                prop_assert_eq!(memchr::memmem::find(inside, end), None);
            }
        }
    }
}
