//! Oracle's client library, which this program finds when it first needs it, and says how to get where it is not there.

use std::path::{Path, PathBuf};

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
    // the driver says what it missed in the last place; what counts is what is wrong with the library that is there
    load_from(folder).or_else(|missed| match found().filter(|_| folder.is_none()) {
        Some(there) => load_from(Some(&there)),
        None => Err(missed),
    })
}

fn load_from(folder: Option<&Path>) -> Result<Version> {
    let mut params = InitParams::new();
    if let Some(folder) = folder {
        params.oracle_client_lib_dir(folder.as_os_str()).map_err(|cause| missing(&cause, Some(folder)))?;
    }
    params.init().map_err(|cause| missing(&cause, folder))?;
    Version::client().map_err(|cause| missing(&cause, folder))
}

/// The first folder of the loader's path, or else that of `ORACLE_HOME`, that has the library.
fn found() -> Option<PathBuf> {
    let path = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let home = std::env::var_os("ORACLE_HOME").map(|home| PathBuf::from(home).join("lib"));
    let mut folders = std::env::split_paths(&path).chain(home);
    folders.find(|folder| folder.join("libclntsh.so").exists())
}

fn missing(cause: &oracle::Error, folder: Option<&Path>) -> Error {
    let text = cause.to_string();
    // the reason is in quotes after the library's own sentence
    let reason = text.split_once(": \"").and_then(|(_, rest)| Some(rest.split_once('"')?.0)).unwrap_or(&text);
    let looked = match folder {
        Some(folder) => format!("it was looked for in {}", folder.display()),
        None => {
            let home = std::env::var("ORACLE_HOME").ok().filter(|home| !home.is_empty());
            let home = home.map_or_else(|| "ORACLE_HOME is not set".to_owned(), |home| format!("{home}/lib"));
            format!(
                "it was looked for beside this program, in the system's library path (LD_LIBRARY_PATH), and by ORACLE_HOME: {home}"
            )
        }
    };
    anyhow!(NoClient([
        format!("Oracle's client library cannot be loaded: {reason}"),
        looked,
        cure(reason, folder)
    ]))
}

/// What to do. A folder by itself is enough for the library only: the further libraries that it needs, the loader of Linux
/// looks for in its own path, which is set before a program starts. Source: the loader's manual, ld.so(8)
fn cure(reason: &str, folder: Option<&Path>) -> String {
    // the loader names the file that it did not find
    let file = reason.split_once(": cannot open shared object file").map_or("libclntsh.so", |(file, _)| file);
    let file = file.rsplit(['/', ' ']).next().unwrap_or(file);
    let place = folder.map_or_else(|| "its folder".to_owned(), |folder| folder.display().to_string());
    let path = format!(
        "start mailthrottle with LD_LIBRARY_PATH={place}, or name {place} in /etc/ld.so.conf.d/oracle.conf and run ldconfig"
    );
    if file.starts_with("libclntsh.") {
        format!(
            "get Instant Client Basic from {DOWNLOAD}, unpack it, and {}",
            path.replace(&place, "its folder")
        )
    } else if folder.is_some_and(|folder| folder.join(file).exists()) {
        format!("{file} is there, but the loader does not look there for it: {path}")
    } else {
        format!(
            "install the package that has {file}; of Oracle's own libraries each is in Instant Client Basic: {path}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_decides_what_to_do() {
        let folder = std::env::temp_dir();
        let needed = tempfile::Builder::new().prefix("libnnz").suffix(".so").tempfile_in(&folder).unwrap();
        let name = needed.path().file_name().unwrap().to_string_lossy().into_owned();
        let said = |file: &str| {
            cure(&format!("{file}: cannot open shared object file: No such file"), Some(&folder))
        };
        assert!(said("/opt/oracle/libclntsh.so").starts_with("get Instant Client Basic from "));
        let path = format!("LD_LIBRARY_PATH={}", folder.display());
        assert!(said(&name).contains(&path) && said(&name).starts_with(&format!("{name} is there")));
        assert!(said("libaio.so.1").starts_with("install the package that has libaio.so.1;"));
    }
}
