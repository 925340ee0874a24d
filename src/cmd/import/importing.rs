//! An import that goes on: files are read on a thread of their own while the database takes in what was read before.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use chrono::Utc;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::{mpsc, watch};

use crate::cmd::print_error;
use crate::config::Config;
use crate::db::sqlite::import::{FileId, ImportTarget};
use crate::import::intake::Intake;
use crate::import::reading::{self, Batch, ReadEnd};
use crate::import::source::{LogSource, Position};
use crate::import::{LogFormat, ParserSettings, detect};
use crate::model::Millis;
use crate::output::import::FileRead;

/// Batches on their way from the reader to the database.
const ON_THE_WAY: usize = 4;

/// How long a reader may take to stop; one that waits for stdin does not notice.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How files are to be read.
#[derive(Debug, Clone, Copy)]
pub struct ImportRequest {
    /// The format a person named.
    pub format: Option<LogFormat>,
    /// Whether to go on as the file grows.
    pub follow: bool,
    /// Whether to show how far it is.
    pub is_shown: bool,
}

/// An import that goes on.
pub struct Importing {
    wish: ImportRequest,
    settings: ParserSettings,
    target: Option<ImportTarget>,
    /// Where unparsed lines go to that look like a failure.
    pub left: Option<UnparsedFile>,
    /// The files that were read.
    pub done: Vec<FileRead>,
    /// Whether to stop; never set where a command ends at once.
    pub stop: watch::Receiver<bool>,
    now: Millis,
}

/// A file that was looked at and can be read.
struct OpenedFile {
    source: LogSource,
    intake: Intake,
    read: FileRead,
    id: Option<FileId>,
}

impl Importing {
    /// Opens the file to import into, if there is one.
    ///
    /// # Errors
    /// The file's.
    pub async fn start(wish: ImportRequest, config: &Config, path: Option<&str>) -> Result<Self> {
        let import = config.import.clone();
        let settings = ParserSettings {
            zone: config.wanted.zone.unwrap_or_default(),
            file_time: 0,
            day_first: import.day_first,
            columns: import.columns,
            patterns: import.patterns,
        };
        let target = match path {
            Some(path) => Some(ImportTarget::open(path).await?),
            None => None,
        };
        let now = Utc::now().timestamp_millis();
        let stop = watch::channel(false).1;
        Ok(Self { wish, settings, target, left: None, done: Vec::new(), stop, now })
    }

    /// Takes files in; one that cannot be read does not keep the others out. Returns whether all were read whole.
    ///
    /// # Errors
    /// The database's, or the only file's.
    pub async fn files(&mut self, names: &[String]) -> Result<bool> {
        let mut clean = true;
        for name in names {
            if self.is_stopped() {
                break;
            }
            if let Err(error) = self.file(name).await {
                if names.len() == 1 && self.done.is_empty() {
                    return Err(error);
                }
                print_error(&error);
                clean = false;
            }
        }
        Ok(clean)
    }

    /// Whether a person wants no more.
    pub fn is_stopped(&self) -> bool {
        *self.stop.borrow()
    }

    /// Closes the database, for others to read it, and gives the files that were read.
    ///
    /// # Errors
    /// The database's.
    pub async fn close(self) -> Result<Vec<FileRead>> {
        if let Some(target) = self.target {
            target.close().await?;
        }
        Ok(self.done)
    }

    async fn file(&mut self, name: &str) -> Result<()> {
        loop {
            let mut stop = self.stop.clone();
            let opened = tokio::select! {
                opened = self.open(name) => opened?,
                // the first lines of stdin may be long in coming
                () = stopped(&mut stop) => return Ok(()),
            };
            if self.read(opened).await? != ReadEnd::Replaced {
                return Ok(());
            }
            tracing::info!("{name} was rotated; reading the new file");
        }
    }

    async fn open(&mut self, name: &str) -> Result<OpenedFile> {
        let (owned, now) = (name.to_owned(), self.now);
        let opening = move || LogSource::open(&owned, now);
        let mut source = tokio::task::spawn_blocking(opening).await??;
        if self.wish.follow && !source.can_grow() {
            bail!("--follow: {name} is compressed or in UTF-16; only a plain file can be followed");
        }
        let settings = ParserSettings { file_time: source.file_time, ..self.settings.clone() };
        let format = format_of(&source, self.wish.format, &settings)?;
        let (id, known) = self.known(&mut source, format).await?;
        let (from, lines) = known.as_ref().map_or((0, 0), |known| (known.offset, known.lines));
        let mut intake = Intake::new(format, &settings, from, lines);
        if format == LogFormat::Csv && from > 0 {
            source.first().take(1).for_each(|head| intake.line(head));
        }
        let read = FileRead {
            file: source.name.clone(),
            format: format.name(),
            counts: intake.counts().clone(),
            rows: 0,
            bytes: 0,
            resumed_at: known.map(|known| known.offset),
            cut_lines: 0,
            error: None,
        };
        Ok(OpenedFile { source, intake, read, id })
    }

    /// The file in the target, and where an import of it stopped before.
    async fn known(
        &mut self,
        source: &mut LogSource,
        format: LogFormat,
    ) -> Result<(Option<FileId>, Option<Position>)> {
        let Some(target) = &mut self.target else {
            return Ok((None, None));
        };
        let head = source.head_hash();
        for (id, known) in target.known(head).await? {
            let goes_on = source.go_on(&known).with_context(|| format!("{} cannot be read", source.name))?;
            if goes_on {
                return Ok((Some(id), Some(known)));
            }
        }
        let id = target.add_file(&source.name, format.name(), head, self.now).await?;
        Ok((Some(id), None))
    }

    /// Reads on a thread of its own while the database takes in what was read before.
    async fn read(&mut self, opened: OpenedFile) -> Result<ReadEnd> {
        let OpenedFile { mut source, intake, mut read, id } = opened;
        let bar = bar(self.wish.is_shown, &source);
        let bytes = Arc::clone(&source.read);
        let before = bytes.load(Ordering::Relaxed).min(read.resumed_at.unwrap_or(0));
        let (give, mut take) = mpsc::channel(ON_THE_WAY);
        let (follow, stop) = (self.wish.follow, self.stop.clone());
        let reader = thread::spawn(move || {
            let mut take = |batch| give.blocking_send(batch).is_ok() && !*stop.borrow();
            let ended = reading::read(&mut source, intake, follow, &mut take);
            (ended, source.lines().cut())
        });
        let mut stop = self.stop.clone();
        let (mut is_silent, mut told) = (false, 0);
        loop {
            let batch = tokio::select! {
                batch = take.recv() => batch,
                () = silent(&mut stop) => { is_silent = true; None }
            };
            let Some(batch) = batch else { break };
            show(&bar, bytes.load(Ordering::Relaxed));
            let is_news = batch.is_last && batch.counts.lines != told;
            read.counts = batch.counts.clone();
            read.rows += self.take_in(&read.file, id.as_ref(), batch).await?;
            if is_news {
                told = read.counts.lines;
                tracing::info!("{}: {told} lines read to its end", read.file);
            }
        }
        bar.finish_and_clear();
        if is_silent {
            return self.leave(read, id.as_ref()).await;
        }
        let (ended, cut) = reader.join().map_err(|_| anyhow!("{}: the reader failed", read.file))?;
        read.bytes = bytes.load(Ordering::Relaxed) - before;
        read.cut_lines = cut;
        read.error = ended.as_ref().err().map(|error| format!("{error:#}"));
        self.done.push(read);
        ended
    }

    /// Settles what was read by a reader that does not end.
    async fn leave(&mut self, read: FileRead, id: Option<&FileId>) -> Result<ReadEnd> {
        if let (Some(target), Some(id)) = (&mut self.target, id) {
            target.settle(id, &read.file, None, self.now).await?;
        }
        self.done.push(read);
        Ok(ReadEnd::Stopped)
    }

    async fn take_in(&mut self, file: &str, id: Option<&FileId>, batch: Batch) -> Result<u64> {
        if let Some(left) = &mut self.left {
            left.keep(&batch.left)?;
        }
        let (Some(target), Some(id)) = (&mut self.target, id) else {
            return Ok(batch.rows.len() as u64);
        };
        let added = target.add(id, batch.rows).await?;
        let now = Utc::now().timestamp_millis();
        match batch.is_last {
            true => target.settle(id, file, batch.position.as_ref(), now).await?,
            false => target.save(id, file, batch.position.as_ref(), now).await?,
        }
        Ok(added)
    }
}

/// Waits for the wish to stop, for ever if nobody can have it.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Waits until a reader that should stop has had its time.
async fn silent(stop: &mut watch::Receiver<bool>) {
    stopped(stop).await;
    tokio::time::sleep(LAST_WORDS).await;
}

/// The format a person named, or the one that the first lines have.
fn format_of(source: &LogSource, named: Option<LogFormat>, settings: &ParserSettings) -> Result<LogFormat> {
    let found = match named {
        Some(format) => detect::any(format, source.first(), settings).then_some(format),
        None => detect::detect(source.first(), settings),
    };
    let lines = source.first().filter(|line| !line.text.is_empty()).count();
    let more = if source.is_longer_than_first() { "the first " } else { "its " };
    found.ok_or_else(|| match named {
        Some(format) => anyhow!(
            "{}: none of {more}{lines} lines is of the format {}, whose lines are like: {}; leave --as out to have the \
             format found out",
            source.name,
            format.name(),
            format.about().1
        ),
        None => anyhow!(
            "{}: none of {more}{lines} lines is of a known format; expected {}; import --list shows how their lines \
             begin, and [[import.patterns]] in the config can describe others",
            source.name,
            LogFormat::ALL.map(LogFormat::name).join(", ")
        ),
    })
}

/// How far it is, on a terminal.
fn bar(is_shown: bool, source: &LogSource) -> ProgressBar {
    if !is_shown {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes} {eta}");
    let bar = source.length.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())).with_message(source.name.clone())
}

/// Shows how far it is, in a file that may have grown.
fn show(bar: &ProgressBar, at: u64) {
    if bar.length().is_some_and(|length| length < at) {
        bar.set_length(at);
    }
    bar.set_position(at);
}

/// The file that unparsed lines go to.
pub struct UnparsedFile {
    path: PathBuf,
    file: File,
}

impl UnparsedFile {
    /// Opens it, to add to what is there.
    ///
    /// # Errors
    /// The file's.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::options().create(true).append(true).open(path);
        let file = file.with_context(|| format!("--unparsed: {} cannot be written", path.display()))?;
        Ok(Self { path: path.to_owned(), file })
    }

    fn keep(&mut self, lines: &[Vec<u8>]) -> Result<()> {
        let text: Vec<u8> = lines.iter().flat_map(|line| line.iter().copied().chain([b'\n'])).collect();
        self.file
            .write_all(&text)
            .with_context(|| format!("--unparsed: {} cannot be written", self.path.display()))
    }
}
