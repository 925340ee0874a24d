//! Config file, environment and flags, as written, become checked settings in one place.
//!
//! After this module no code asks whether a flag was given. The first config file found is used, whole; a key that
//! nobody knows is an error, since a misspelt one would else be a silent change of meaning.

pub mod alert;
mod oauth2;
mod password;
pub mod smtp;
pub mod start;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::cli::Global;
use crate::db::Target;
use crate::import::columns::UserColumns;
use crate::import::patterns::{LogPattern, RawPattern};
use crate::mapping::wanted::Flags;
use crate::mapping::{RawMapping, Wanted};
use crate::provider::{self, Profile};
use crate::reply::{Classifier, RawRule};
use crate::secret::without_password;
use alert::{AlertConfig, RawAlert};
use password::{Password, RawPassword};

/// The provider whose limits count where nobody names one.
const USUAL_PROFILE: &str = "exchange-online";

/// How long a statement may take where nobody says it.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(60);

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
    smtp: smtp::RawSmtp,
    #[serde(default)]
    resend: smtp::RawResend,
    #[serde(default)]
    alert: RawAlert,
    #[serde(default)]
    import: RawImport,
    #[serde(default)]
    rules: Vec<RawRule>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawImport {
    #[serde(default)]
    columns: UserColumns,
    #[serde(default)]
    patterns: Vec<RawPattern>,
    #[serde(default)]
    day_first: bool,
}

/// How logs are to be read.
#[derive(Debug, Clone, Default)]
pub struct ImportConfig {
    /// Columns of rows with a head and of JSON lines.
    pub columns: UserColumns,
    /// Patterns for lines of no known format.
    pub patterns: Vec<LogPattern>,
    /// Whether 3/4/2026 is the third of April.
    pub day_first: bool,
}

impl RawImport {
    fn check(self) -> Result<ImportConfig, String> {
        let patterns = self.patterns.iter().map(RawPattern::check).collect::<Result<_, String>>()?;
        Ok(ImportConfig { columns: self.columns, patterns, day_first: self.day_first })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDatabase {
    url: Option<String>,
    password_file: Option<PathBuf>,
    password_command: Option<String>,
    password_env: Option<String>,
    statement_timeout: Option<String>,
    oracle_client: Option<PathBuf>,
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
    /// Whether the config names it.
    pub has_profile: bool,
    /// The user's own rules, not yet compiled.
    pub rules: UserRules,
    /// How logs are to be read.
    pub import: ImportConfig,
    /// The database to read, if one was named; commands that need none do not ask.
    pub database: Option<Database>,
    /// What the file says about sending.
    pub sending: smtp::Raw,
    /// Where the ledger is; none: in the log's own database.
    pub ledger: Option<String>,
    /// What `[alert]` says.
    pub alert: AlertConfig,
}

/// A database that was named.
#[derive(Debug, Clone)]
pub struct Database {
    url: String,
    password: Option<Password>,
    statement_timeout: Duration,
    oracle_client: Option<PathBuf>,
}

impl Database {
    /// Where it is, without user and password.
    pub fn place(&self) -> &str {
        self.url.rsplit_once('@').map_or(self.url.as_str(), |(_, place)| place)
    }

    /// Keeps statements from taking much longer than a limit of the caller's own.
    pub fn hurry(&mut self, limit: Duration) {
        let is_slower = self.statement_timeout.is_zero() || self.statement_timeout > limit;
        if is_slower {
            self.statement_timeout = limit;
        }
    }

    /// A SQLite file of the program's own.
    pub fn file(path: &Path) -> Self {
        let url = format!("sqlite:{}", path.display());
        Self { url, password: None, statement_timeout: Duration::ZERO, oracle_client: None }
    }

    /// What to open, with its password where it may need one.
    ///
    /// # Errors
    /// No database was named, or its password cannot be had.
    pub fn target(named: Option<Self>) -> Result<Target> {
        let database = named.context(
            "no database: give --db sqlite:PATH, postgres://USER@HOST/DATABASE or oracle://USER@HOST/SERVICE, or set MAILTHROTTLE_DB, or url \
             in [database] of the config",
        )?;
        let password = database.password.filter(|_| database.url.contains("://"));
        Ok(Target {
            password: password.map(|password| password.fetch("database")).transpose()?,
            url: database.url,
            statement_timeout: database.statement_timeout,
            oracle_client: database.oracle_client,
        })
    }
}

/// The user's own rules as written, and the file they are in.
#[derive(Debug)]
pub struct UserRules {
    file: String,
    raw: Vec<RawRule>,
    /// Whether only what cannot be compiled is an error; the bench shows the rest.
    pub for_bench: bool,
}

/// A file of rules alone, in the form they have in the config; its other sections are left alone.
#[derive(Debug, Deserialize)]
struct RulesConfig {
    rules: Vec<RawRule>,
}

impl UserRules {
    /// Reads the `[[rules]]` of a file.
    ///
    /// # Errors
    /// One line that names the file and the line.
    pub fn read(file: &Path) -> Result<Self> {
        Ok(Self {
            raw: parse::<RulesConfig>(file)?.rules,
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
        let wanted = raw.email_log.check(Flags {
            preset: flags.preset.as_deref(),
            table: flags.table.as_deref(),
            time_zone: flags.time_zone.as_deref(),
        });
        let wanted = wanted.and_then(|wanted| Ok(Wanted { written: raw.resend.written()?, ..wanted }));
        let profile = profile(raw.provider.profile.as_deref());
        Ok(Self {
            wanted: wanted.map_err(|error| blame(&named, error))?,
            profile: profile.map_err(|error| blame(&named, error))?,
            has_profile: raw.provider.profile.is_some(),
            ledger: raw.resend.ledger.clone().filter(|ledger| ledger != smtp::SAME),
            sending: smtp::Raw {
                smtp: raw.smtp,
                resend: raw.resend,
                profile: raw.provider.profile.as_deref().and_then(provider::by_name),
                file: file.clone(),
            },
            database: database(flags, raw.database, file.as_deref())
                .map_err(|error| blame(&named, format!("{error:#}")))?,
            alert: raw.alert.check(file.as_deref()).map_err(|error| blame(&named, format!("{error:#}")))?,
            import: raw.import.check().map_err(|error| blame(&named, error))?,
            rules: UserRules { file: named, raw: raw.rules, for_bench: false },
        })
    }
}

/// The flag, else the environment, else the file; what is empty counts as not given.
fn database(flags: &Global, raw: RawDatabase, file: Option<&Path>) -> Result<Option<Database>> {
    if let Some(url) = flags.db.as_deref().filter(|url| holds_password(url))
        && variable("MAILTHROTTLE_DB").as_deref() != Some(url)
    {
        tracing::warn!(
            "others on this host can see the password in --db; better: password_file in the config"
        );
    }
    let given = [flags.db.clone(), variable("DATABASE_URL"), raw.url];
    let url = given.into_iter().flatten().find(|url| !url.is_empty());
    let statement_timeout = match (flags.statement_timeout, raw.statement_timeout.as_deref()) {
        (Some(flag), _) => *flag,
        (None, Some(key)) => humantime::parse_duration(key).map_err(|error| {
            anyhow!("[database] statement_timeout: '{}': {error}; write 60s", key.escape_debug())
        })?,
        (None, None) => STATEMENT_TIMEOUT,
    };
    let password =
        RawPassword { file: raw.password_file, command: raw.password_command, variable: raw.password_env };
    let password = password.check("database", file)?;
    let oracle_client = flags.oracle_client.clone().or(raw.oracle_client);
    Ok(url.map(|url| Database { url, password, statement_timeout, oracle_client }))
}

/// Whether a URL has a password, before the host or among the parameters.
fn holds_password(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else {
        return false;
    };
    let login = rest.split(['/', '?']).next().unwrap_or_default().rsplit_once('@');
    login.is_some_and(|(login, _)| login.contains(':')) || rest.contains("password=")
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
        format!("[provider] profile: '{}' is not one of {}", name.escape_debug(), known.join(", "))
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

/// The sections of the file.
const SECTIONS: [&str; 7] = ["database", "email_log", "provider", "smtp", "resend", "alert", "import"];

fn parse<T: DeserializeOwned>(file: &Path) -> Result<T> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let refusal = |error: &toml::de::Error, key: &str| {
        let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
        let reason = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
        let reason = in_words(&reason);
        let reason = without_password(&reason);
        anyhow!("{}, line {line}: {key}{reason}", file.display())
    };
    let whole: toml::Table = toml::from_str(&text).map_err(|error| refusal(&error, ""))?;
    if let Some((section, value)) =
        whole.iter().find(|(name, value)| SECTIONS.contains(&name.as_str()) && value.is_array())
    {
        bail!("{}: [{section}] must be a table, not {}", file.display(), value.type_str());
    }
    let read = toml::Deserializer::parse(&text).map_err(|error| refusal(&error, ""))?;
    serde_path_to_error::deserialize(read)
        .map_err(|error| refusal(error.inner(), &named(&error.path().to_string(), error.inner().message())))
}

/// A key with its table as a config has them: `[resend] cap: `. A table alone is one.
fn named(path: &str, reason: &str) -> String {
    match path.rsplit_once('.') {
        _ if path == "." || reason.starts_with("unknown field") => String::new(),
        _ if reason.contains("expected struct") => format!("[{path}] "),
        Some((table, key)) => format!("[{table}] {key}: "),
        None => format!("{path}: "),
    }
}

/// What a value must be, in the words of a config and not of the program.
fn in_words(reason: &str) -> String {
    let rest = reason.strip_prefix("invalid type: ").or_else(|| reason.strip_prefix("invalid value: "));
    let Some((found, expected)) = rest.and_then(|rest| rest.split_once(", expected ")) else {
        return reason.to_owned();
    };
    let expected = match expected {
        "a map" => "a table",
        table if table.starts_with("struct ") => "a table",
        "u8" | "u16" | "u32" | "u64" | "usize" | "i64" => "a whole number",
        "a sequence" => "a list",
        "a boolean" => "true or false",
        other => other,
    };
    let found = if found == "sequence" { "a list" } else { found };
    let found = if found == "map" { "a table" } else { found };
    format!("must be {expected}, not {found}")
}
