//! The file that remembers the state from run to run, and the lock beside it.
//!
//! The file is written aside and renamed, so that it is whole or the one before. One that cannot be used is said and
//! treated as none: an alert too many is better than one too few. The lock ends with the process, however that ends.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};

use crate::analysis::alert::memory::Memory;
use crate::cmd::atomic_file;

/// The state of a set of checks, held by this run alone.
#[derive(Debug)]
pub struct Keeper {
    file: PathBuf,
    /// What the run before left.
    pub before: Option<Memory>,
    /// Whether the file can be neither read nor written.
    pub is_broken: bool,
    _lock: Option<File>,
}

impl Keeper {
    /// Takes the lock and reads the file; `identity` distinguishes sets of checks that name no file.
    ///
    /// # Errors
    /// Another run holds the lock.
    pub fn open(named: Option<&Path>, identity: &str) -> Result<Self> {
        let file = named.map_or_else(|| usual_file(identity), Path::to_owned);
        if let (None, Some(folder)) = (named, file.parent()) {
            // where it cannot be made, taking the lock says so
            let _ = fs::create_dir_all(folder);
        }
        let mut keeper = Self { file, before: None, is_broken: false, _lock: None };
        keeper._lock = keeper.lock()?;
        match keeper.read() {
            Ok(before) => keeper.before = before,
            Err(error) => keeper.print_error(&error),
        }
        Ok(keeper)
    }

    fn lock(&mut self) -> Result<Option<File>> {
        let mut path = self.file.clone().into_os_string();
        path.push(".lock");
        let opened = File::options().create(true).truncate(false).write(true).open(&path);
        match opened.map_err(TryLockError::Error).and_then(|file| file.try_lock().map(|()| file)) {
            Ok(file) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => {
                bail!("alert: another run has not ended yet and holds {}", Path::new(&path).display())
            }
            Err(TryLockError::Error(error)) => {
                self.is_broken = true;
                self.print_error(&anyhow!(error));
                Ok(None)
            }
        }
    }

    fn read(&mut self) -> Result<Option<Memory>> {
        let text = match fs::read(&self.file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                self.is_broken = true;
                return Err(error.into());
            }
        };
        serde_json::from_slice(&text).map(Some).context("it holds no state, so it is made anew")
    }

    /// Remembers for the next run.
    pub fn keep(&mut self, memory: &Memory) {
        let text = serde_json::to_string(memory).context("it cannot be written");
        if let Err(error) = text.and_then(|text| atomic_file::write(&self.file, &(text + "\n"))) {
            self.is_broken = true;
            self.print_error(&error);
        }
    }

    fn print_error(&self, error: &anyhow::Error) {
        tracing::warn!("state file {}: {error:#}; name another by --state", self.file.display());
    }
}

/// A file of its own for each set of checks, in the user's state folder.
/// Source: <https://specifications.freedesktop.org/basedir-spec/latest/>
fn usual_file(identity: &str) -> PathBuf {
    let set = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
    let home = || std::env::home_dir().map(|home| home.join(".local/state"));
    let folder = set.or_else(home).unwrap_or_else(std::env::temp_dir);
    let hash = identity.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    folder.join(format!("mailthrottle/alert-{hash:016x}.json"))
}
