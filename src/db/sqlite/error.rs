//! What SQLite refused, in one line that says what to do.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Error, Result, anyhow};

use super::limit::Limit;
use crate::secret::without_password;

const LOCK_SECONDS: u64 = 5;

/// How long to wait for another process's lock.
pub const LOCK_WAIT: Duration = Duration::from_secs(LOCK_SECONDS);

/// SQLite's result codes that a person can do something about.
/// Source: <https://www.sqlite.org/rescode.html>
mod code {
    pub const BUSY: i32 = 5;
    pub const LOCKED: i32 = 6;
    pub const READONLY: i32 = 8;
    pub const INTERRUPT: i32 = 9;
    pub const IOERR: i32 = 10;
    pub const CORRUPT: i32 = 11;
    pub const FULL: i32 = 13;
    pub const CANTOPEN: i32 = 14;
    pub const NOTADB: i32 = 26;
}

/// A path for a message. What was meant as the URL of a server ends up here as well, where it is mistyped.
pub fn shown(path: &Path) -> String {
    without_password(&path.to_string_lossy()).into_owned()
}

/// Explains an error of SQLite about the file at `path`.
pub fn sqlite(error: sqlx::Error, path: &Path, limit: &Limit) -> Error {
    let file = shown(path);
    let Some(code) = code_of(&error) else {
        return anyhow!("{file}: {}", plain(&error));
    };
    let text = plain(&error);
    // the lower byte is the code, the upper ones say more
    match code & 0xff {
        code::BUSY | code::LOCKED => anyhow!(
            "{file} is locked: another process has held it for {LOCK_SECONDS} s; wait for it to finish and run this again"
        ),
        code::READONLY => anyhow!(
            "{file} was left by a writer that died in the middle of a change, which only a writer can undo; \
             open it once for writing, for example: sqlite3 '{file}' 'SELECT count(*) FROM sqlite_schema'"
        ),
        code::INTERRUPT => anyhow!(
            "{file}: a statement took longer than {} (--statement-timeout): take a shorter window, add {}, or raise the limit",
            humantime::format_duration(limit.length),
            limit.indexes
        ),
        code::NOTADB => anyhow!("{file} is not a SQLite database; give the file of one, as --db sqlite:PATH"),
        code::CORRUPT => {
            anyhow!("{file} is damaged ({text}); check it: sqlite3 '{file}' 'PRAGMA integrity_check'")
        }
        code::CANTOPEN => {
            anyhow!("{file} cannot be opened ({text}); check the rights on the file and its folder")
        }
        code::IOERR => anyhow!("{file} cannot be read ({text}); check the disk"),
        _ => anyhow!("{file}: {text}; --print-sql shows what was asked"),
    }
}

/// Explains what kept SQLite from writing to the file at `path`.
pub fn writing(error: sqlx::Error, path: &Path) -> Error {
    let (file, text) = (shown(path), plain(&error));
    match code_of(&error).unwrap_or_default() & 0xff {
        code::READONLY => {
            anyhow!("{file} cannot be written ({text}); check the rights on the file and its folder")
        }
        code::FULL => anyhow!("{file} cannot grow ({text}); make room on the disk and run this again"),
        0 | code::BUSY | code::LOCKED | code::IOERR | code::CORRUPT | code::CANTOPEN | code::NOTADB => {
            sqlite(error, path, &Limit::of(Duration::ZERO))
        }
        _ => anyhow!("{file}: {text}"),
    }
}

/// Checks that a path is a file that can be read and looks like a SQLite database, before SQLite is asked.
pub fn check_file(path: &Path) -> Result<()> {
    let file = shown(path);
    let data = std::fs::metadata(path)
        .map_err(|error| anyhow!("{file}: {}; give the path of a SQLite database to --db", io(&error)))?;
    if data.is_dir() {
        return Err(anyhow!("{file} is a directory; give the path of a SQLite database to --db"));
    }
    if data.len() == 0 {
        return Err(anyhow!(
            "{file} is empty, so there is no table in it; give the path of a SQLite database to --db"
        ));
    }
    std::fs::File::open(path).map(drop).with_context(|| format!("{file} cannot be read; check its rights"))
}

fn io(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file",
        std::io::ErrorKind::PermissionDenied => "no right to look there",
        _ => "cannot be looked at",
    }
}

fn code_of(error: &sqlx::Error) -> Option<i32> {
    error.as_database_error()?.code()?.parse().ok()
}

/// The database's own words, without the library's.
fn plain(error: &sqlx::Error) -> String {
    match error.as_database_error() {
        Some(database) => database.message().to_owned(),
        None => error.to_string(),
    }
}
