//! The lock of a run on a SQLite database: a locked file beside it.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};

/// The locked file of a run.
#[derive(Debug)]
pub struct FileLock(File, PathBuf);

impl FileLock {
    /// Lets go of it.
    pub fn release(self) {
        // removed while it is still held, so that nobody takes a lock on a file that is gone
        let _ = std::fs::remove_file(&self.1);
        drop(self.0);
    }
}

/// Device and inode of what a path leads to now.
pub fn identity(path: &Path) -> Option<(u64, u64)> {
    let data = std::fs::metadata(path).ok()?;
    Some((data.dev(), data.ino()))
}

fn is_at(file: &File, path: &Path) -> bool {
    file.metadata().is_ok_and(|data| identity(path) == Some((data.dev(), data.ino())))
}

/// Takes the lock of a run on a database; `None`: it is held.
///
/// # Errors
/// The lock's file cannot be made.
pub fn take(database: &Path, run: &str) -> Result<Option<FileLock>> {
    let mut path = database.as_os_str().to_owned();
    path.push(format!(".run-{run}.lock"));
    let path = PathBuf::from(path);
    let open = File::options().create(true).truncate(false).write(true).open(&path);
    let file =
        open.map_err(|error| {
            anyhow!(
                "{}: {error}; get the right to write into its folder, or keep the ledger elsewhere by --ledger sqlite:PATH, with log = \
                 \"nothing\" in [resend] where the log may not be written",
                path.display()
            )
        })?;
    match file.try_lock() {
        // whoever let go of it may have removed it in between: then this is no lock on the file of that name
        Ok(()) if !is_at(&file, &path) => take(database, run),
        Ok(()) => Ok(Some(FileLock(file, path))),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(std::fs::TryLockError::Error(error)) => Err(anyhow!("{}: {error}", path.display())),
    }
}
