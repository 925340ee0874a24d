//! The bytes behind gzip, zstd, bzip2 and UTF-16, known by how they begin.
//!
//! Packed files may be several put one behind the other, as pbzip2, pzstd and `cat` make them: all are read. Checksums are
//! checked, and data that ends too early is an error, so that nothing is lost in silence.

use std::io::{self, BufRead, BufReader, Read};

use encoding_rs::{UTF_16BE, UTF_16LE};
use encoding_rs_io::DecodeReaderBytesBuilder;
use oxiarc_bzip2::BzDecoder;
use oxiarc_core::error::OxiArcError;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// A stream of bytes, whatever it is.
pub type Bytes = Box<dyn Read + Send>;

const XZ: &[u8] = b"\xfd7zXZ\0";

/// The text of a file as UTF-8, and whether that is what lies on the disk.
///
/// # Errors
/// The stream's, or that it is compressed in a way that is not known.
pub fn text_of(from: impl Read + Send + 'static) -> io::Result<(Bytes, bool)> {
    let mut from = BufReader::with_capacity(128 << 10, from);
    let (mut unpacked, was_plain): (Bytes, bool) = match from.fill_buf()? {
        [0x1f, 0x8b, ..] => (Box::new(flate2::bufread::MultiGzDecoder::new(from)), false),
        [b'B', b'Z', b'h', ..] => (Box::new(Bzip2::new(from)?), false),
        start if is_zstd(start) => (Box::new(Zstd::new(from)), false),
        start if start.starts_with(XZ) => return Err(io::Error::from(io::ErrorKind::Unsupported)),
        _ => (Box::new(from), true),
    };
    let mut start = [0; 2];
    let length = read_full(&mut unpacked, &mut start)?;
    let encoding = match &start[..length] {
        [0xff, 0xfe] => UTF_16LE,
        [0xfe, 0xff] => UTF_16BE,
        begun => return Ok((Box::new(io::Cursor::new(begun.to_vec()).chain(unpacked)), was_plain)),
    };
    let text = DecodeReaderBytesBuilder::new().encoding(Some(encoding)).bom_sniffing(false).build(unpacked);
    Ok((Box::new(text), false))
}

/// Reads as much as there is room for, or as is left.
fn read_full(from: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < into.len() {
        match from.read(&mut into[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
            // what came before it is given; the error comes again
            Err(_) if length > 0 => break,
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

/// bzip2, stream after stream.
struct Bzip2<R: Read> {
    decoder: BzDecoder<R>,
    block: Vec<u8>,
    given: usize,
}

impl<R: Read> Bzip2<R> {
    fn new(from: R) -> io::Result<Self> {
        let decoder = BzDecoder::new(from).map_err(bzip2_error)?;
        Ok(Self { decoder, block: Vec::new(), given: 0 })
    }
}

impl<R: Read> Read for Bzip2<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.given == self.block.len() {
            let Some(block) = self.decoder.read_block().map_err(bzip2_error)? else {
                return Ok(0);
            };
            (self.block, self.given) = (block, 0);
        }
        let length = into.len().min(self.block.len() - self.given);
        into[..length].copy_from_slice(&self.block[self.given..][..length]);
        self.given += length;
        Ok(length)
    }
}

fn bzip2_error(error: OxiArcError) -> io::Error {
    match error {
        OxiArcError::Io(error) => error,
        OxiArcError::UnexpectedEof { .. } => io::Error::from(io::ErrorKind::UnexpectedEof),
        OxiArcError::CrcMismatch { .. } => wrong_checksum(),
        _ => io::Error::new(io::ErrorKind::InvalidData, "it goes on with what is no bzip2"),
    }
}

fn wrong_checksum() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a checksum is wrong")
}

/// Whether bytes begin a frame of Zstandard, or one that is to be skipped.
fn is_zstd(start: &[u8]) -> bool {
    matches!(start, [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// Zstandard, frame after frame.
struct Zstd<R: BufRead> {
    from: R,
    frame: FrameDecoder,
    is_open: bool,
}

impl<R: BufRead> Zstd<R> {
    fn new(from: R) -> Self {
        Self { from, frame: FrameDecoder::new(), is_open: false }
    }

    /// Opens the next frame; answers whether there is one.
    fn next_frame(&mut self) -> io::Result<bool> {
        while !self.from.fill_buf()?.is_empty() {
            match self.frame.init(&mut self.from) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => self.skip(u64::from(length))?,
                Err(error) => return Err(self.error(error)),
            }
        }
        Ok(false)
    }

    fn skip(&mut self, length: u64) -> io::Result<()> {
        match io::copy(&mut (&mut self.from).take(length), &mut io::sink())? == length {
            true => Ok(()),
            false => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
        }
    }

    /// Whether what was read is what was compressed.
    fn check(&self) -> io::Result<()> {
        let compressed = self.frame.get_checksum_from_data();
        match compressed.is_none() || compressed == self.frame.get_calculated_checksum() {
            true => Ok(()),
            false => Err(wrong_checksum()),
        }
    }

    fn error(&mut self, error: FrameDecoderError) -> io::Error {
        match self.from.fill_buf() {
            Ok([]) => io::Error::from(io::ErrorKind::UnexpectedEof),
            _ => io::Error::new(io::ErrorKind::InvalidData, error.to_string()),
        }
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.is_open {
                self.is_open = self.next_frame()?;
                if !self.is_open {
                    return Ok(0);
                }
            }
            while self.frame.can_collect() == 0 && !self.frame.is_finished() {
                let some = BlockDecodingStrategy::UptoBytes(into.len());
                if let Err(error) = self.frame.decode_blocks(&mut self.from, some) {
                    return Err(self.error(error));
                }
            }
            let read = self.frame.read(into)?;
            if read > 0 || into.is_empty() {
                return Ok(read);
            }
            self.check()?;
            self.is_open = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: Vec<u8>) -> io::Result<String> {
        let mut text = String::new();
        text_of(io::Cursor::new(bytes))?.0.read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn utf_16_of_both_kinds_is_read() {
        // longer than what is decoded at once, with pairs of units across its end
        let text = "\u{1d11e}é, Grüße\n".repeat(20_000);
        for to_bytes in [u16::to_le_bytes, u16::to_be_bytes] {
            let bytes = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(to_bytes).collect() };
            assert_eq!(read(bytes(&format!("\u{feff}{text}"))).unwrap(), text);
            assert_eq!(read(bytes(&format!("\u{feff}x{text}"))).unwrap(), format!("x{text}"));
        }
    }

    #[test]
    fn half_a_character_at_the_end_is_marked() {
        assert_eq!(read(b"\xff\xfea\0b".to_vec()).unwrap(), "a\u{fffd}");
        assert_eq!(read(b"\xff\xfea\0\x34\xd8".to_vec()).unwrap(), "a\u{fffd}");
        assert_eq!(read(b"\xff\xfe".to_vec()).unwrap(), "");
        assert_eq!(read(b"\xff".to_vec()).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn frames_of_zstandard_with_others_between_are_read_and_checked() {
        let pack = |text: &str| {
            ruzstd::encoding::compress_to_vec(text.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest)
        };
        let skipped = [&[0x5e, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
        let all = [skipped.clone(), pack("one\n"), skipped, pack("two\n")].concat();
        assert_eq!(read(all.clone()).unwrap(), "one\ntwo\n");
        assert_eq!(read(all[..all.len() - 3].to_vec()).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(read(all[..9].to_vec()).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
