//! Config file, environment and flags, as written, become checked settings in one place.
//!
//! After this module no code asks whether a flag was given. The first config file found is used, whole; a key that
//! nobody knows is an error, since a misspelt one would else be a silent change of meaning.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::cli::Global;
use crate::mapping::{RawMapping, Wanted};
use crate::provider::{self, Profile};
use crate::reply::{Classifier, RawRule};

/// The provider whose limits count where nobody names one.
const USUAL_PROFILE: &str = "exchange-online";

/// The file as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConfig {
    #[serde(default)]
    database: RawDatabase,
    #[serde(default)]
    email_log: RawMapping,
    #[serde(default)]
    provider: RawProvider,
    #[serde(default)]
    rules: Vec<RawRule>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDatabase {
    url: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProvider {
    profile: Option<String>,
}

/// Checked settings of every command.
#[derive(Debug)]
pub struct Config {
    /// The table and what its columns and words mean.
    pub wanted: Wanted,
    /// The provider whose limits count.
    pub profile: &'static Profile,
    /// The user's own rules, not yet compiled.
    pub rules: UserRules,
    /// The database to read, if one was named; commands that need none do not ask.
    pub database: Result<String>,
}

/// The user's own rules as written, and the file they stand in.
#[derive(Debug)]
pub struct UserRules {
    file: String,
    raw: Vec<RawRule>,
    /// Whether only what cannot be compiled is an error; the bench shows the rest.
    pub for_bench: bool,
}

/// A file of rules alone, in the form they have in the config; its other sections are left alone.
#[derive(Debug, Deserialize)]
struct RuleFile {
    rules: Vec<RawRule>,
}

impl UserRules {
    /// Reads the `[[rules]]` of a file.
    ///
    /// # Errors
    /// One line that names the file and the line.
    pub fn read(file: &Path) -> Result<Self> {
        Ok(Self {
            raw: parse::<RuleFile>(file)?.rules,
            file: format!("{}: ", file.display()),
            for_bench: false,
        })
    }

    /// Compiles them together with the built-in ones, before which they are tried.
    ///
    /// # Errors
    /// One line that names the file and the rule, and what to do.
    pub fn compile(self) -> Result<Classifier> {
        let compile = if self.for_bench { Classifier::for_bench } else { Classifier::with_user_rules };
        compile(self.raw).map_err(|error| blame(&self.file, error.to_string()))
    }
}

impl Config {
    /// Reads and checks everything that can be checked without the database.
    ///
    /// # Errors
    /// One line that names the file or the flag and what to do.
    pub fn load(flags: &Global) -> Result<Self> {
        let file = find(flags.config.as_deref())?;
        let raw = file.as_deref().map_or_else(|| Ok(RawConfig::default()), parse)?;
        let named = file.as_ref().map_or_else(String::new, |file| format!("{}: ", file.display()));
        let wanted = raw.email_log.check(flags.table.as_deref(), flags.time_zone.as_deref());
        let profile = profile(raw.provider.profile.as_deref());
        Ok(Self {
            wanted: wanted.map_err(|error| blame(&named, error))?,
            profile: profile.map_err(|error| blame(&named, error))?,
            rules: UserRules { file: named, raw: raw.rules, for_bench: false },
            database: database(flags, raw.database.url),
        })
    }
}

/// The flag, else the environment, else the file; what is empty counts as not given.
fn database(flags: &Global, in_file: Option<String>) -> Result<String> {
    let given = [flags.db.clone(), variable("DATABASE_URL"), in_file];
    given.into_iter().flatten().find(|url| !url.is_empty()).ok_or_else(|| {
        anyhow!(
            "no database: give --db sqlite:PATH, or set MAILTHROTTLE_DB, or url in [database] of the config"
        )
    })
}

/// A variable of the environment that is set to something.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A mistake in a flag is not the file's.
fn blame(file: &str, error: String) -> anyhow::Error {
    if error.starts_with("--") { anyhow!(error) } else { anyhow!("{file}{error}") }
}

fn profile(name: Option<&str>) -> Result<&'static Profile, String> {
    let name = name.unwrap_or(USUAL_PROFILE);
    provider::by_name(name).ok_or_else(|| {
        let known: Vec<_> = provider::profiles().iter().map(|profile| profile.name.as_str()).collect();
        format!("[provider] profile: '{}' is none of {}", name.escape_debug(), known.join(", "))
    })
}

/// The config file: the one named, or the first of the usual places that is there.
fn find(named: Option<&Path>) -> Result<Option<PathBuf>> {
    let from_variable = || variable("MAILTHROTTLE_CONFIG").map(PathBuf::from);
    if let Some(file) = named.map(Path::to_owned).or_else(from_variable) {
        if !file.exists() {
            bail!("--config {}: no such file", file.display());
        }
        return Ok(Some(file));
    }
    let user = variable("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".config")))
        .map(|folder| folder.join("mailthrottle/config.toml"));
    let places = [Some("mailthrottle.toml".into()), user, Some("/etc/mailthrottle/config.toml".into())];
    Ok(places.into_iter().flatten().find(|place| place.is_file()))
}

fn parse<T: DeserializeOwned>(file: &Path) -> Result<T> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    toml::from_str(&text).map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
        let reason = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
        anyhow!("{}, line {line}: {reason}", file.display())
    })
}
