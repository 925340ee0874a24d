//! Oracle's client library, which this program finds when it first needs it, and says how to get where it is not there.

use std::path::Path;

use anyhow::{Error, Result, anyhow};
use oracle::{InitParams, Version};

/// Where the library can be had.
const DOWNLOAD: &str = "https://www.oracle.com/database/technologies/instant-client.html";

/// The library is not there, or is none: what is missing, where it was looked for, how to get it.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub struct NoClient(pub [String; 3]);

/// Finds and loads the library; it stays loaded, so a second folder is not looked at.
///
/// # Errors
/// A [`NoClient`].
pub fn load(folder: Option<&Path>) -> Result<Version> {
    let mut params = InitParams::new();
    if let Some(folder) = folder {
        params.oracle_client_lib_dir(folder.as_os_str()).map_err(|cause| missing(&cause, Some(folder)))?;
    }
    params.init().map_err(|cause| missing(&cause, folder))?;
    Version::client().map_err(|cause| missing(&cause, folder))
}

fn missing(cause: &oracle::Error, folder: Option<&Path>) -> Error {
    let text = cause.to_string();
    // the reason is in quotes after the library's own sentence
    let reason = text.split_once(": \"").and_then(|(_, rest)| Some(rest.split_once('"')?.0));
    let looked = match folder {
        Some(folder) => format!("it was looked for in {} only (--oracle-client)", folder.display()),
        None => {
            let home = std::env::var("ORACLE_HOME").ok().filter(|home| !home.is_empty());
            let home = home.map_or_else(|| "ORACLE_HOME is not set".to_owned(), |home| format!("{home}/lib"));
            format!(
                "it was looked for beside this program, in the system's library path (LD_LIBRARY_PATH), and by ORACLE_HOME: {home}"
            )
        }
    };
    anyhow!(NoClient([
        format!("Oracle's client library cannot be loaded: {}", reason.unwrap_or(&text)),
        looked,
        format!(
            "get Instant Client Basic from {DOWNLOAD} and name its folder by --oracle-client or [database] oracle_client"
        ),
    ]))
}
