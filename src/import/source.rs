//! Files and stdin; the one part of this layer that touches files.
//!
//! A plain file is known again by its first line and the bytes before the position, and can be read on from there. A
//! compressed one can only be read whole, and is known again by all of its bytes.

use std::fs::File;
use std::hash::Hasher;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, anyhow, bail};
use twox_hash::XxHash3_64;

use super::compressed::{self, Bytes};
use super::lines::{LONGEST, Lines};
use super::{Line, detect, hash, without_mark};
use crate::model::Millis;

/// Not more is looked at to find the format out.
const MOST_HEAD: usize = 8 << 20;

/// How many bytes before the position show whether a file is the one that was read up to there.
const TAIL: u64 = 1024;

/// How much before the position is read again, to know the mails in the queue and entries with the same text.
const BEFORE_POSITION: u64 = 256 << 10;

/// A log that is open.
pub struct LogSource {
    /// What it is called in messages.
    pub name: String,
    /// When it was last written.
    pub file_time: Millis,
    /// Its length as it lies on the disk.
    pub length: Option<u64>,
    /// Bytes read so far of that length.
    pub read: Arc<AtomicU64>,
    /// The first lines.
    head: Vec<u8>,
    lines: Lines<Bytes>,
    /// A second handle, where the bytes on the disk are those of the log.
    plain: Option<File>,
    /// How long the file is whose text can only be read whole.
    compressed: Option<u64>,
    path: Option<PathBuf>,
}

/// Where an import of a file stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The hash of the first line.
    pub head: i64,
    /// Everything before was taken in; of a compressed file it is the length.
    pub offset: u64,
    /// So many lines.
    pub lines: u64,
    /// The hash of the bytes before, which identifies the file: of the last of them, or of a compressed file.
    pub tail: i64,
}

/// Counts what is read from the disk.
struct CountingReader<R> {
    from: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for CountingReader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(into)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

impl LogSource {
    /// Opens a file, or stdin for `-`, and reads its first lines. `now` is the time of what has none.
    ///
    /// # Errors
    /// One line that names the file and says what to do.
    pub fn open(name: &str, now: Millis) -> Result<Self> {
        let read = Arc::new(AtomicU64::new(0));
        let text = |from: Bytes| {
            compressed::text_of(CountingReader { from, read: Arc::clone(&read) })
                .map_err(|error| anyhow!("{name}: {}", plain_words(&error)))
        };
        if name == "-" {
            let (from, _) = text(Box::new(io::stdin()))?;
            return Self::with_head("stdin".to_owned(), from, now, None, Arc::clone(&read));
        }
        let path = Path::new(name);
        let data = std::fs::metadata(path).map_err(|error| anyhow!("{name}: {}", plain_words(&error)))?;
        if data.is_dir() {
            bail!("{name} is a directory; give the files in it, as {}/*.log", name.trim_end_matches('/'));
        }
        let open = || File::open(path).map_err(|error| anyhow!("{name}: {}", plain_words(&error)));
        let (from, is_plain) = text(Box::new(open()?))?;
        let plain = if is_plain && data.is_file() { Some(open()?) } else { None };
        let length = data.is_file().then_some(data.len());
        let compressed = length.filter(|_| !is_plain);
        let written = data.modified().ok().and_then(millis).unwrap_or(now);
        let source = Self::with_head(name.to_owned(), from, written, length, read)?;
        Ok(Self { plain, compressed, path: Some(path.to_owned()), ..source })
    }

    fn with_head(
        name: String,
        mut from: Bytes,
        file_time: Millis,
        length: Option<u64>,
        read: Arc<AtomicU64>,
    ) -> Result<Self> {
        let (head, trouble) = first_lines(&mut from);
        if head.is_empty() {
            match trouble {
                Some(error) => bail!("{name}: {}", plain_words(&error)),
                None => bail!("{name} is empty"),
            }
        }
        if is_binary(&head) {
            bail!(
                "{name} is a binary file and no log; give a text file, or one compressed by gzip, zstd or bzip2"
            );
        }
        // an error is given again to who reads behind the head
        let rest: Bytes = match trouble {
            Some(error) => Box::new(Broken(Some(error))),
            None => from,
        };
        let lines = Lines::new(Box::new(Cursor::new(head.clone()).chain(rest)) as Bytes, 0);
        Ok(Self { name, file_time, length, read, head, lines, plain: None, compressed: None, path: None })
    }

    /// The first lines.
    pub fn first(&self) -> impl Iterator<Item = Line<'_>> {
        let lines = without_mark(&self.head).split(|byte| *byte == b'\n').take(detect::LINES);
        lines.map(|text| Line { text: text.strip_suffix(b"\r").unwrap_or(text), start: 0, number: 0 })
    }

    /// Whether there are more lines than the first.
    pub fn is_longer_than_first(&self) -> bool {
        memchr::memchr_iter(b'\n', &self.head).count() >= detect::LINES || self.head.len() >= MOST_HEAD
    }

    /// The hash by which the file may be known.
    pub fn head_hash(&self) -> i64 {
        let end = memchr::memchr(b'\n', &self.head).unwrap_or(self.head.len()).min(4096);
        signed(hash(&self.head[..end]))
    }

    /// The lines.
    pub fn lines(&mut self) -> &mut Lines<Bytes> {
        &mut self.lines
    }

    /// Goes on a little before a position, if the file is the one that was read up to there. Of a compressed one that was
    /// read whole, nothing is left.
    ///
    /// # Errors
    /// The file's.
    pub fn go_on(&mut self, known: &Position) -> io::Result<bool> {
        if let Some(length) = self.compressed.filter(|length| *length == known.offset) {
            return self.skip_packed(known, length);
        }
        let Some(file) = &mut self.plain else {
            return Ok(false);
        };
        if known.offset == 0 || tail(file, known.offset)? != Some(known.tail) {
            return Ok(false);
        }
        let before = known.offset.saturating_sub(BEFORE_POSITION);
        self.read.store(before, Ordering::Relaxed);
        let mut own = File::open(&self.name)?;
        own.seek(SeekFrom::Start(before))?;
        self.lines =
            Lines::new(Box::new(CountingReader { from: own, read: Arc::clone(&self.read) }) as Bytes, before);
        if before > 0 {
            // most likely in the middle of a line
            self.lines.next_line()?;
        }
        Ok(true)
    }

    fn skip_packed(&mut self, known: &Position, length: u64) -> io::Result<bool> {
        let is_same = self.whole_hash(length)? == Some(known.tail);
        if is_same {
            self.lines = Lines::new(Box::new(io::empty()) as Bytes, length);
            self.read.store(length, Ordering::Relaxed);
            self.compressed = None;
        }
        Ok(is_same)
    }

    /// The hash of all bytes, if there are so many.
    fn whole_hash(&self, length: u64) -> io::Result<Option<i64>> {
        let mut file = File::open(&self.name)?;
        let mut hash = XxHash3_64::default();
        let mut chunk = vec![0; 128 << 10];
        let mut there = 0;
        loop {
            let read = file.read(&mut chunk)?;
            hash.write(&chunk[..read]);
            there += read as u64;
            if read == 0 || there > length {
                return Ok((there == length).then(|| signed(hash.finish())));
            }
        }
    }

    /// The position behind everything of a compressed file, by which it need not be read again.
    ///
    /// # Errors
    /// The file's.
    pub fn packed_position(&self, lines: u64) -> io::Result<Option<Position>> {
        let Some(length) = self.compressed else {
            return Ok(None);
        };
        let head = self.head_hash();
        Ok(self.whole_hash(length)?.map(|tail| Position { head, offset: length, lines, tail }))
    }

    /// The position at an offset, for a file that can be read on from there.
    ///
    /// # Errors
    /// The file's.
    pub fn position(&mut self, offset: u64, lines: u64) -> io::Result<Option<Position>> {
        let head = self.head_hash();
        let Some(file) = &mut self.plain else {
            return Ok(None);
        };
        Ok(tail(file, offset)?.map(|tail| Position { head, offset, lines, tail }))
    }

    /// How long the file is now, where that can be asked.
    pub fn length_now(&self) -> Option<u64> {
        self.plain.as_ref()?.metadata().ok().map(|data| data.len())
    }

    /// Whether the path now names another file: the log was rotated.
    pub fn is_replaced(&self) -> bool {
        let (Some(path), Some(file)) = (&self.path, &self.plain) else {
            return false;
        };
        match (std::fs::metadata(path), file.metadata()) {
            (Ok(there), Ok(here)) => !is_same(&there, &here),
            _ => false,
        }
    }

    /// Whether it can be followed: a plain file.
    pub fn can_grow(&self) -> bool {
        self.plain.is_some()
    }
}

#[cfg(unix)]
fn is_same(one: &std::fs::Metadata, other: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn is_same(one: &std::fs::Metadata, other: &std::fs::Metadata) -> bool {
    one.created().ok() == other.created().ok()
}

/// What the operating system says, and what to do.
pub fn plain_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "no right to read it; run this as a user who may".to_owned(),
        io::ErrorKind::UnexpectedEof => {
            "the file ends in the middle of its compressed data; get the whole file and import it again"
                .to_owned()
        }
        io::ErrorKind::Unsupported => {
            "it is compressed by xz; unpack it on the way, as xz -dc FILE | mailthrottle import -".to_owned()
        }
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other => {
            format!("its compressed data is damaged ({error}); get the whole file and import it again")
        }
        _ => format!("it cannot be read: {error}"),
    }
}

/// Gives one error, and then the end.
struct Broken(Option<io::Error>);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

fn signed(hash: u64) -> i64 {
    i64::from_le_bytes(hash.to_le_bytes())
}

fn millis(time: SystemTime) -> Option<Millis> {
    Millis::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()
}

/// The hash of the last bytes before an offset; `None` where the file is shorter.
fn tail(file: &mut File, offset: u64) -> io::Result<Option<i64>> {
    let length = offset.min(TAIL);
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(offset - length))?;
    file.take(length).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 == length).then(|| signed(hash(&bytes))))
}

/// The first lines, as far as they can be read, and what kept more from being read.
fn first_lines(from: &mut Bytes) -> (Vec<u8>, Option<io::Error>) {
    let mut head = Vec::new();
    let mut lines = 0;
    let mut chunk = vec![0; 64 << 10];
    while lines < detect::LINES && head.len() < MOST_HEAD {
        match from.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => {
                lines += memchr::memchr_iter(b'\n', &chunk[..read]).count();
                head.extend_from_slice(&chunk[..read]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
            Err(error) => return (head, Some(error)),
        }
        // one long line adds nothing more
        if lines == 0 && head.len() > 4 * LONGEST {
            break;
        }
    }
    (head, None)
}

/// Whether the bytes are of no text: a tenth of them control characters, those of a run of NULs left out.
fn is_binary(head: &[u8]) -> bool {
    let nuls = head.iter().take_while(|byte| **byte == 0).count();
    let start = &head[nuls..head.len().min(nuls + 8192)];
    let odd = |byte: &&u8| **byte < 0x20 && !matches!(**byte, b'\n' | b'\r' | b'\t' | 0x1b | 0x0c);
    start.is_empty() || start.iter().filter(odd).count() * 10 > start.len()
}
