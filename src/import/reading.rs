//! Reads a source from its first new line to its end, batch after batch, and on as it grows.

use std::time::Duration;

use anyhow::{Result, bail};

use super::LineCounts;
use super::intake::{Hashed, Intake};
use super::source::{LogSource, Position, plain_words};

/// Attempts that make a batch.
const ROWS: usize = 1000;

/// Lines that make a batch, so that something is seen of long stretches of noise.
const LINES: u64 = 100_000;

/// Bytes that make a batch, so that long lines do not pile up.
const BYTES: u64 = 4 << 20;

/// How long to wait before looking whether a file has grown.
const PAUSE: Duration = Duration::from_millis(200);

/// What was read since the batch before.
#[derive(Debug)]
pub struct Batch {
    /// Attempts.
    pub rows: Vec<Hashed>,
    /// Unparsed lines that look like a failure.
    pub left: Vec<Vec<u8>>,
    /// Where to go on, for a file that can be read on.
    pub position: Option<Position>,
    /// What became of all lines so far.
    pub counts: LineCounts,
    /// Whether nothing more is there for now.
    pub is_last: bool,
}

/// How the reading of a source ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadEnd {
    /// At its end.
    Reached,
    /// Another file has taken its place.
    Replaced,
    /// Where it was asked to stop.
    Stopped,
}

/// Reads to the end and gives batches to `give`, which answers whether it wants more; the last batch it gets anyhow. With
/// `follow` it waits at the end for more, until another file has taken the place of this one.
///
/// # Errors
/// The file's; what was read until then has been given.
pub fn read(
    source: &mut LogSource,
    mut intake: Intake,
    follow: bool,
    give: &mut dyn FnMut(Batch) -> bool,
) -> Result<ReadEnd> {
    loop {
        let is_replaced = follow && (source.is_replaced() || has_shrunk(source));
        let ended = to_end(source, &mut intake, follow, give);
        let end = match ended {
            Ok(true) if !follow => ReadEnd::Reached,
            Ok(true) if is_replaced => ReadEnd::Replaced,
            Ok(true) => {
                let batch = unfinished(source, &mut intake)?;
                if give(batch) {
                    std::thread::sleep(PAUSE);
                    continue;
                }
                ReadEnd::Stopped
            }
            Ok(false) => ReadEnd::Stopped,
            Err(_) => ReadEnd::Reached,
        };
        let position = match (&ended, end) {
            (Ok(true), ReadEnd::Reached) => last_position(source, &intake)?,
            _ => position(source, &intake)?,
        };
        intake.finish();
        give(Batch { position, is_last: true, ..batch(source, &mut intake)? });
        ended?;
        if !follow && end != ReadEnd::Stopped && has_shrunk(source) {
            let name = &source.name;
            bail!("{name} shrank while it was read; what was read stays, import it again for the rest");
        }
        return Ok(end);
    }
}

/// Reads to where the file ends now; answers whether more is wanted.
fn to_end(
    source: &mut LogSource,
    intake: &mut Intake,
    follow: bool,
    give: &mut dyn FnMut(Batch) -> bool,
) -> Result<bool> {
    let mut then = (intake.counts().lines, source.lines().offset());
    loop {
        let lines = source.lines();
        let next = if follow { lines.next_whole() } else { lines.next_line() };
        match next {
            Ok(Some(line)) => intake.line(line),
            Ok(None) => return Ok(true),
            Err(error) => {
                let (name, lines) = (&source.name, intake.counts().lines);
                bail!("{name}, after {lines} lines, which stay: {}", plain_words(&error));
            }
        }
        let (lines, offset) = (intake.counts().lines, source.lines().offset());
        if intake.ready() >= ROWS || lines >= then.0 + LINES || offset >= then.1 + BYTES {
            then = (lines, offset);
            if !give(batch(source, intake)?) {
                return Ok(false);
            }
        }
    }
}

fn batch(source: &mut LogSource, intake: &mut Intake) -> Result<Batch> {
    Ok(Batch {
        position: position(source, intake)?,
        rows: intake.take_rows(),
        left: intake.take_left(),
        counts: intake.counts().clone(),
        is_last: false,
    })
}

/// A batch with the entry in it that more lines may follow: those are added to its row when they come.
fn unfinished(source: &mut LogSource, intake: &mut Intake) -> Result<Batch> {
    let mut batch = batch(source, intake)?;
    batch.rows.extend(intake.unfinished());
    Ok(Batch { is_last: true, ..batch })
}

/// Before the entry that more lines may follow, and before a line that has no end yet.
fn position(source: &mut LogSource, intake: &Intake) -> Result<Option<Position>> {
    let settled = source.lines().settled();
    let half = u64::from(settled != source.lines().offset());
    let (offset, lines) = intake.position(settled);
    Ok(source.position(offset, lines.saturating_sub(half))?)
}

/// The same where everything was read: a compressed file is then known, too.
fn last_position(source: &mut LogSource, intake: &Intake) -> Result<Option<Position>> {
    match position(source, intake)? {
        Some(position) => Ok(Some(position)),
        None => Ok(source.packed_position(intake.counts().lines)?),
    }
}

fn has_shrunk(source: &mut LogSource) -> bool {
    let offset = source.lines().offset();
    source.length_now().is_some_and(|length| length < offset)
}
