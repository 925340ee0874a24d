//! Which database is meant, and what for.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::secret::Secret;

/// Which database to open, and how.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// `sqlite:PATH`, a bare path, `postgres://...` or `oracle://...`.
    pub url: String,
    /// The password, where the URL has none.
    pub password: Option<Secret>,
    /// How long a statement may take; zero: as long as it likes.
    pub statement_timeout: Duration,
    /// Where Oracle's client library lies, if the user says it.
    pub oracle_client: Option<PathBuf>,
}

/// What a database is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Only to read, from one snapshot.
    Read,
    /// To write too.
    Write {
        /// Whether a file that is not there is made.
        make: bool,
    },
}

/// Where a database is, by its URL.
pub enum Location<'u> {
    /// A file of SQLite's.
    File(&'u str),
    /// A server of PostgreSQL's.
    Postgres,
    /// A server of Oracle's.
    Oracle,
}

/// What begins the URL of a server, rightly written or not.
const SERVERS: [&str; 8] =
    ["postgres", "postgresql", "oracle", "oracles", "mysql", "mariadb", "mssql", "sqlserver"];

impl<'u> Location<'u> {
    /// Reads the beginning of a URL; what has none is the path of a file.
    ///
    /// # Errors
    /// A kind of database that is not known.
    pub fn of(url: &'u str) -> Result<Self> {
        match url.split_once(':') {
            Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => Ok(Location::Postgres),
            Some(("oracle" | "oracles", rest)) if rest.starts_with("//") => Ok(Location::Oracle),
            Some(("sqlite", path)) => Ok(Location::File(path.strip_prefix("//").unwrap_or(path))),
            Some((scheme, rest)) if rest.starts_with("//") => bail!(
                "--db: '{}:' databases cannot be read by this version; give sqlite:PATH, a path, postgres://... or \
                 oracle://...",
                scheme.escape_debug()
            ),
            _ if url.to_ascii_uppercase().starts_with("(DESCRIPTION") => Ok(Location::Oracle),
            // a password may follow, which is not to be shown as the name of a file
            _ if SERVERS.iter().any(|name| {
                url.strip_prefix(name).is_some_and(|rest| rest.starts_with(':') || rest.starts_with("//"))
            }) =>
            {
                bail!(
                    "--db: the URL of a server has '://' after its kind; write postgres://USER@HOST:PORT/DATABASE or \
                     oracle://USER@HOST:PORT/SERVICE"
                )
            }
            _ => Ok(Location::File(url)),
        }
    }
}
