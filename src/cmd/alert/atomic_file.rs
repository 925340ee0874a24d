//! Writes a file so that a reader sees the whole of it, or the one before.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Writes the text to a file beside and gives that the name; on an error the file there is left as it is.
///
/// # Errors
/// The folder is not there, or may not be written to.
pub fn write(file: &Path, text: &str) -> Result<()> {
    let aside = aside(file);
    let written = File::create(&aside).and_then(|mut out| {
        out.write_all(text.as_bytes())?;
        out.sync_all()
    });
    let renamed = written.and_then(|()| fs::rename(&aside, file));
    renamed
        .inspect_err(|_| drop(fs::remove_file(&aside)))
        .with_context(|| format!("{} cannot be written", file.display()))
}

/// Whether the file can be written, found out before there is anything to write.
///
/// # Errors
/// As for `write`.
pub fn try_out(file: &Path) -> Result<()> {
    let aside = aside(file);
    let tried = File::create(&aside).and_then(|_| fs::remove_file(&aside));
    let is_folder = if file.is_dir() { Err(std::io::ErrorKind::IsADirectory.into()) } else { Ok(()) };
    tried.and(is_folder).with_context(|| format!("{} cannot be written", file.display()))
}

/// In the same folder, hidden, and with another ending, so that nobody takes it for the file itself.
fn aside(file: &Path) -> PathBuf {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    file.with_file_name(format!(".{name}.{}", std::process::id()))
}
