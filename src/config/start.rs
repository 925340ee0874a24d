//! What `init` starts from, where there may be no config yet: a database, and the file to write.

use std::path::PathBuf;

use anyhow::Result;
use serde::Deserialize;

use super::{Database, RawDatabase, database, find, parse, variable};
use crate::cli::Global;

/// The file that is written where nobody names one.
const USUAL_FILE: &str = "mailthrottle.toml";

/// What init starts from.
#[derive(Debug)]
pub struct Start {
    /// The database to look at.
    pub database: Option<Database>,
    /// Its URL as it was given, perhaps with a password.
    pub url: String,
    /// Keys of a config that is there, which are to be kept.
    pub kept: Vec<(&'static str, String)>,
    /// The file to write.
    pub file: PathBuf,
}

/// A config of which only the database matters; what else is in it may be wrong.
#[derive(Debug, Default, Deserialize)]
struct OnlyDatabase {
    #[serde(default)]
    database: RawDatabase,
}

impl Start {
    /// Reads flags, environment and the section `[database]` of a config that is there.
    ///
    /// # Errors
    /// One line that names the file or the flag and what to do.
    pub fn find(flags: &Global) -> Result<Self> {
        let named = flags.config.clone().or_else(|| variable("MAILTHROTTLE_CONFIG").map(PathBuf::from));
        let there = match &named {
            Some(file) => Some(file.clone()).filter(|file| file.exists()),
            None => find(None)?,
        };
        let raw = there.as_deref().map_or_else(|| Ok(OnlyDatabase::default()), parse)?.database;
        let kept = kept(&raw);
        let database = database(flags, raw, there.as_deref())?;
        Ok(Self {
            url: database.as_ref().map(|database| database.url.clone()).unwrap_or_default(),
            database,
            kept,
            file: named.unwrap_or_else(|| USUAL_FILE.into()),
        })
    }
}

fn kept(raw: &RawDatabase) -> Vec<(&'static str, String)> {
    let file = raw.password_file.as_ref().map(|file| file.display().to_string());
    let keys = [
        ("password_file", file),
        ("password_command", raw.password_command.clone()),
        ("password_env", raw.password_env.clone()),
        ("statement_timeout", raw.statement_timeout.clone()),
    ];
    keys.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
}

/// A URL as a config may hold it: without any password, and a file by its whole path.
pub fn storable(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://").filter(|(scheme, _)| *scheme != "sqlite") else {
        let path = url.strip_prefix("sqlite:").unwrap_or(url);
        let path = path.strip_prefix("//").unwrap_or(path);
        let whole = std::path::absolute(path).ok().and_then(|path| path.to_str().map(str::to_owned));
        return format!("sqlite:{}", whole.as_deref().unwrap_or(path));
    };
    let (before, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = before.split_at(before.find('/').unwrap_or(before.len()));
    let (login, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let user = login.split(':').next().unwrap_or_default();
    let at = if user.is_empty() { "" } else { "@" };
    let is_secret = |parameter: &&str| {
        let name = parameter.split('=').next().unwrap_or_default();
        percent_encoding::percent_decode_str(name).decode_utf8_lossy() == "password"
    };
    let kept: Vec<_> =
        parameters.split('&').filter(|parameter| !parameter.is_empty() && !is_secret(parameter)).collect();
    let mark = if kept.is_empty() { "" } else { "?" };
    format!("{scheme}://{user}{at}{host}{path}{mark}{}", kept.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_kept_without_its_password() {
        let cases = [
            ("postgres://report@db.example/erp", "postgres://report@db.example/erp"),
            ("postgres://report:s3cret@db.example:5433/erp", "postgres://report@db.example:5433/erp"),
            ("postgres://report:a%40b:c@db/erp?sslmode=require", "postgres://report@db/erp?sslmode=require"),
            ("postgres://:s3cret@db/erp", "postgres://db/erp"),
            ("postgres://report:s3@cret@db/e@p", "postgres://report@db/e@p"),
            ("postgres:///erp?host=/run/pg&password=s3cret&port=1", "postgres:///erp?host=/run/pg&port=1"),
            ("postgres:///erp?p%61ssword=s3cret", "postgres:///erp"),
            ("sqlite:/var/lib/app/mail.db", "sqlite:/var/lib/app/mail.db"),
            ("/var/lib/app/mail.db", "sqlite:/var/lib/app/mail.db"),
        ];
        for (given, expected) in cases {
            assert_eq!(storable(given), expected, "{given}");
        }
        assert!(storable("mail.db").starts_with("sqlite:/"));
    }
}
