//! Writes a file so that a reader sees the whole of it, or the one before.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};
use tempfile::{Builder, NamedTempFile};

/// Writes the text to a hidden file beside and gives that the name; on an error the file there is left as it is.
///
/// # Errors
/// The folder is not there, or may not be written to.
pub fn write(file: &Path, text: &str) -> Result<()> {
    let written = written_beside(file, text).and_then(|beside| Ok(beside.persist(file)?));
    written.map(drop).with_context(|| cannot_be_written(file))
}

/// The same for a file that is not there yet.
///
/// # Errors
/// As for `write`; `AlreadyExists` where it is there by now.
pub fn write_new(file: &Path, text: &str) -> io::Result<()> {
    Ok(written_beside(file, text)?.persist_noclobber(file).map(drop)?)
}

/// Whether the file can be written, found out before there is anything to write.
///
/// # Errors
/// As for `write`.
pub fn try_out(file: &Path) -> Result<()> {
    let tried = beside(file).and_then(NamedTempFile::close);
    let is_folder = if file.is_dir() { Err(io::ErrorKind::IsADirectory.into()) } else { Ok(()) };
    tried.and(is_folder).with_context(|| cannot_be_written(file))
}

fn cannot_be_written(file: &Path) -> String {
    format!("{} cannot be written", file.display())
}

fn written_beside(file: &Path, text: &str) -> io::Result<NamedTempFile> {
    let mut beside = beside(file)?;
    beside.write_all(text.as_bytes())?;
    beside.as_file().sync_all()?;
    Ok(beside)
}

/// In the same folder, since only there it can be renamed, and with the rights of any file that the user makes.
fn beside(file: &Path) -> io::Result<NamedTempFile> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Builder::new().prefix(".mailthrottle-").make_in(folder, |path| File::create_new(path))
}
