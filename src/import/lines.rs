//! Lines of a stream in bounded memory.
//!
//! A line longer than [`LONGEST`] is cut there and the rest of it skipped; line ends are LF or CR LF.

use std::io::{self, Read};

use super::Line;

/// More bytes of a line are not kept.
pub const LONGEST: usize = 1 << 20;

/// Bytes asked for at once.
const CHUNK: usize = 256 << 10;

/// Reads lines.
#[derive(Debug)]
pub struct Lines<R> {
    from: R,
    buffer: Vec<u8>,
    /// The bytes not given yet.
    start: usize,
    end: usize,
    /// Where the next line begins in the stream.
    offset: u64,
    number: u64,
    /// Whether the line that was given last had an end.
    is_whole: bool,
    /// Where that line begins.
    last: u64,
    cut: u64,
}

impl<R: Read> Lines<R> {
    /// The lines of a stream that begins so far into the file.
    pub fn new(from: R, offset: u64) -> Self {
        let buffer = vec![0; CHUNK];
        Self { from, buffer, start: 0, end: 0, offset, number: 0, is_whole: true, last: offset, cut: 0 }
    }

    /// The next line, the last one also without a line end; `None` where the stream ends for now.
    ///
    /// # Errors
    /// The stream's.
    pub fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        let Some(length) = self.find_end(true)? else {
            return Ok(None);
        };
        Ok(Some(self.give(length)))
    }

    /// The next line that has its end; what follows the last one waits for more.
    ///
    /// # Errors
    /// The stream's.
    pub fn next_whole(&mut self) -> io::Result<Option<Line<'_>>> {
        let Some(length) = self.find_end(false)? else {
            return Ok(None);
        };
        Ok(Some(self.give(length)))
    }

    /// Where the next line begins.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Where the next line begins, or the last one if it has no end yet.
    pub fn settled(&self) -> u64 {
        if self.is_whole { self.offset } else { self.last }
    }

    /// How many lines were cut.
    pub fn cut(&self) -> u64 {
        self.cut
    }

    fn give(&mut self, (length, skipped): (usize, u64)) -> Line<'_> {
        let begin = self.start;
        let start = self.offset;
        self.last = start;
        let taken = length + usize::from(self.is_whole && skipped == 0);
        self.start += taken;
        self.offset += taken as u64 + skipped;
        self.number += 1;
        let text = &self.buffer[begin..begin + length];
        Line { text: text.strip_suffix(b"\r").unwrap_or(text), start, number: self.number }
    }

    /// How long the next line is, and how many bytes behind it were skipped with its line end.
    fn find_end(&mut self, or_rest: bool) -> io::Result<Option<(usize, u64)>> {
        let mut looked = 0;
        loop {
            let waiting = &self.buffer[self.start..self.end];
            if let Some(end) = memchr::memchr(b'\n', &waiting[looked..]) {
                self.is_whole = true;
                return Ok(Some((looked + end, 0)));
            }
            looked = waiting.len();
            if looked >= LONGEST {
                return self.skip_rest(looked).map(Some);
            }
            if self.fill()? == 0 {
                let is_given = or_rest && looked > 0;
                self.is_whole = self.is_whole && !is_given;
                return Ok(is_given.then_some((looked, 0)));
            }
        }
    }

    /// Reads on to the end of a line that is too long to keep.
    fn skip_rest(&mut self, kept: usize) -> io::Result<(usize, u64)> {
        let mut skipped = 0;
        let mut chunk = vec![0; CHUNK];
        self.cut += 1;
        loop {
            let read = read(&mut self.from, &mut chunk)?;
            let end = memchr::memchr(b'\n', &chunk[..read]);
            skipped += end.map_or(read, |end| end + 1) as u64;
            if let Some(end) = end {
                self.is_whole = true;
                let begin = self.start;
                self.keep(begin, kept, &chunk[end + 1..read]);
                return Ok((kept, skipped));
            }
            if read == 0 {
                self.is_whole = false;
                return Ok((kept, skipped));
            }
        }
    }

    /// Puts what was read behind the end of a long line behind what was kept of it.
    fn keep(&mut self, begin: usize, kept: usize, more: &[u8]) {
        self.buffer.truncate(begin + kept);
        self.buffer.extend_from_slice(more);
        self.end = self.buffer.len();
    }

    fn fill(&mut self) -> io::Result<usize> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.buffer.len() < self.end + CHUNK {
            self.buffer.resize(self.end + CHUNK, 0);
        }
        let read = read(&mut self.from, &mut self.buffer[self.end..])?;
        self.end += read;
        Ok(read)
    }
}

fn read(from: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match from.read(into) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
            read => return read,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<(Vec<u8>, u64, u64)> {
        let mut lines = Lines::new(text, 0);
        let mut all = Vec::new();
        while let Some(line) = lines.next_line().unwrap() {
            all.push((line.text.to_owned(), line.start, line.number));
        }
        all
    }

    #[test]
    fn line_ends_of_both_kinds_and_none() {
        let expected = [("a", 0, 1), ("", 2, 2), ("b", 3, 3), ("c", 6, 4)];
        let found = lines(b"a\n\nb\r\nc");
        let found: Vec<_> = found.iter().map(|(t, s, n)| (std::str::from_utf8(t).unwrap(), *s, *n)).collect();
        assert_eq!(found, expected);
        assert_eq!(lines(b""), []);
    }

    #[test]
    fn a_line_without_end_is_cut_and_the_next_is_found() {
        let long = LONGEST * 3 + 17;
        let mut text = vec![b'x'; long];
        text.extend_from_slice(b"\nnext\nlast");
        let found = lines(&text);
        assert!(found[0].0.len() >= LONGEST && found[0].0.len() < LONGEST + 2 * CHUNK);
        let rest: Vec<_> = found[1..].iter().map(|(text, start, _)| (text.as_slice(), *start)).collect();
        assert_eq!(rest, [(&b"next"[..], long as u64 + 1), (&b"last"[..], long as u64 + 6)]);
    }

    #[test]
    fn half_a_line_waits_for_its_end() {
        let mut lines = Lines::new(&b"a\nb"[..], 0);
        assert_eq!(lines.next_whole().unwrap().map(|line| line.text.to_owned()), Some(b"a".to_vec()));
        assert!(lines.next_whole().unwrap().is_none());
        assert_eq!((lines.offset(), lines.settled()), (2, 2));
    }
}
