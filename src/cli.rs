//! The command line: flags and their help, and nothing else.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::import;
use crate::model::{Class, Code};
use crate::output::Format;
use crate::window;
use crate::zone::Step;

/// Finds mail that a provider refused for a moment, and says why.
///
/// Exit codes: 0 fine, 1 a rule that needs a look, 3 could not find out (usage, config, connection, database), 130 interrupted.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub struct Cli {
    /// Flags of every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Flags of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// Config file, used whole [default: ./mailthrottle.toml, the user's config folder, /etc/mailthrottle/config.toml]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        long_help = "Config file, used whole; without it MAILTHROTTLE_CONFIG, ./mailthrottle.toml, the user's config folder, /etc/mailthrottle/config.toml"
    )]
    pub config: Option<PathBuf>,
    /// Database: sqlite:PATH, a path, or postgres://USER@HOST/DATABASE [default: DATABASE_URL, then the config]
    #[arg(long, global = true, value_name = "URL", env = "MAILTHROTTLE_DB", hide_env_values = true)]
    pub db: Option<String>,
    /// Table or view with a row for each mail [default: email_log]
    #[arg(long, global = true, value_name = "TABLE")]
    pub table: Option<String>,
    /// A table known by name, such as django-post-office
    #[arg(long, global = true, value_name = "PRESET")]
    pub preset: Option<String>,
    /// Zone of times that name none, such as Europe/Berlin [default: UTC]
    #[arg(long, global = true, value_name = "ZONE")]
    pub time_zone: Option<String>,
    /// How long a statement may take, 0s for no limit [default: 60s]
    #[arg(long, global = true, value_name = "DURATION")]
    pub statement_timeout: Option<humantime::Duration>,
    /// Print the statements that read the log instead of running them
    #[arg(long, global = true)]
    pub print_sql: bool,
    /// How to write results
    #[arg(long, global = true, value_enum, default_value_t)]
    pub format: Format,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: When,
    /// Say more on stderr; twice: much more
    #[arg(short, long, global = true, action = clap::ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,
    /// Say nothing on stderr but errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum When {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// What failed, why, in which bursts, and whether that was throttling
    Report(Report),
    /// The last failed mails, newest first, with what each error means
    Failures(Failures),
    /// What one error text means, and what to do about it
    Explain(Explain),
    /// Take logs of applications and mail servers into a SQLite file, where there is no table
    Import(Import),
}

/// Which rows to look at.
#[derive(Debug, Default, Args)]
pub struct Rows {
    /// Start of the window, `all` for no start [default: for report 24 hours before the end, else none]
    #[arg(long, value_name = "TIME", long_help = format!("Start of the window, or 'all' for no start; without it, a report begins 24 hours before the end. Write {}", window::FORMS))]
    pub since: Option<String>,
    /// End of the window, not included [default: none]
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Only rows with this status word
    #[arg(long, value_name = "STATUS")]
    pub status: Option<String>,
    /// Only failures with this reply code or enhanced code, such as 432 or 4.3.2
    #[arg(long, value_name = "CODE")]
    pub code: Option<Code>,
    /// Only failures of this class, such as throttle-concurrency
    #[arg(long, value_name = "CLASS")]
    pub class: Option<Class>,
    /// Only rows of this sender
    #[arg(long, value_name = "SENDER")]
    pub sender: Option<String>,
}

/// `report`.
#[derive(Debug, Args)]
pub struct Report {
    /// Which rows.
    #[command(flatten)]
    pub rows: Rows,
    /// Longest pause between two failures of a cluster
    #[arg(long, value_name = "DURATION", default_value = "10s")]
    pub gap: humantime::Duration,
    /// Failures that make a cluster
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    pub min_failures: u32,
    /// Step of the timeline [default: by the length of the window]
    #[arg(long, value_enum, value_name = "STEP")]
    pub by: Option<Step>,
    /// How long an attempt is taken to last, where the log has no end of it
    #[arg(long, value_name = "DURATION", default_value = "2s")]
    pub session: humantime::Duration,
    /// Report on a log file instead of a table, all of it unless --since says otherwise; may be given several times
    #[arg(long, value_name = "FILE")]
    pub log: Vec<String>,
    /// Format of the --log files [default: found out by looking]
    #[arg(long = "as", value_enum, value_name = "FORMAT", requires = "log", hide_possible_values = true)]
    pub format_of_log: Option<import::Format>,
}

/// `failures`.
#[derive(Debug, Args)]
pub struct Failures {
    /// Which rows.
    #[command(flatten)]
    pub rows: Rows,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
}

/// `explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// The error text; - reads it from stdin
    #[arg(value_name = "TEXT", allow_hyphen_values = true, required_unless_present = "test_rules")]
    pub text: Option<String>,
    /// Try every rule on its examples, and with a database on the failed mails of the log; FILE holds rules to try
    /// in place of the config's own
    #[arg(long, value_name = "FILE", conflicts_with = "text")]
    pub test_rules: Option<Option<PathBuf>>,
}

/// `import`.
#[derive(Debug, Args)]
pub struct Import {
    /// Log files, packed by gzip, zstd or bzip2 or not; - reads stdin
    #[arg(value_name = "FILE", required_unless_present = "list")]
    pub files: Vec<String>,
    /// Format of the files [default: found out by looking]
    #[arg(long = "as", value_enum, value_name = "FORMAT", hide_possible_values = true)]
    pub format_of_log: Option<import::Format>,
    /// A column of CSV or JSON lines, such as time=Received: time, status, sender, recipient, subject, message_id,
    /// error, level
    #[arg(long, value_name = "NAME=COLUMN")]
    pub column: Vec<String>,
    /// Go on reading as the file grows, also after it was rotated
    #[arg(long, conflicts_with = "dry_run")]
    pub follow: bool,
    /// Append unparsed lines that look like a failure to this file
    #[arg(long, value_name = "FILE")]
    pub unparsed: Option<PathBuf>,
    /// Only read and count; no database is needed
    #[arg(long)]
    pub dry_run: bool,
    /// List the formats
    #[arg(long, conflicts_with = "files")]
    pub list: bool,
}
