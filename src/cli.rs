//! The command line: flags and their help, and nothing else.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::analysis::alert::Range;
use crate::analysis::clusters::Joining;
use crate::analysis::running::SESSION;
use crate::import;
use crate::model::{Class, Code, Millis};
use crate::output::AnyFormat;
use crate::output::report::MOST_ROWS;
use crate::resend::pace::Rate;
use crate::window;
use crate::zone::TimelineStep;

/// Finds mail that a provider refused for a moment, and says why.
///
/// Exit codes: 0 fine, 1 something to look at, 2 something to do now, 3 could not find out (usage, config, connection, database), 130 interrupted.
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
#[derive(Debug, Clone, Args)]
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
    /// Database: sqlite:PATH, a path, postgres://USER@HOST/DATABASE or oracle://USER@HOST/SERVICE [default: DATABASE_URL, then the config]
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
    /// Folder of Oracle's client library [default: the system's library path, then ORACLE_HOME]
    #[arg(long, global = true, value_name = "DIR")]
    pub oracle_client: Option<PathBuf>,
    /// Print the statements that read the log instead of running them
    #[arg(long, global = true)]
    pub print_sql: bool,
    /// How to write results
    #[arg(long, global = true, value_enum, default_value_t)]
    pub format: AnyFormat,
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
    Report(ReportArgs),
    /// The last failed mails, newest first, with what each error means
    Failures(FailuresArgs),
    /// What one error text means, and what to do about it
    Explain(Explain),
    /// Send failed mails again, each once and slowly enough
    Resend(Resend),
    /// Looks for the mail log in a database, and writes a config for it
    Init(Init),
    /// Whether connection, rights, mapping, clock, index and log are as they should be
    Doctor(DoctorArgs),
    /// Whether a person is needed, by exit code, for cron and monitors
    Alert(Box<Alert>),
    /// Take logs of applications and mail servers into a SQLite file, where there is no table
    Import(ImportArgs),
}

/// Which rows to look at.
#[derive(Debug, Default, Args)]
pub struct RowFilter {
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

impl RowFilter {
    /// Whether any of them is given.
    pub fn is_given(&self) -> bool {
        let texts = [&self.since, &self.until, &self.status, &self.sender];
        texts.into_iter().any(Option::is_some) || self.code.is_some() || self.class.is_some()
    }
}

/// A length that is not negative, as a flag takes it.
fn duration(length: Millis) -> humantime::Duration {
    std::time::Duration::from_millis(length.unsigned_abs()).into()
}

/// `report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Which rows.
    #[command(flatten)]
    pub rows: RowFilter,
    /// Longest pause between two failures of a cluster
    #[arg(long, value_name = "DURATION", default_value_t = duration(Joining::default().gap))]
    pub gap: humantime::Duration,
    /// Failures that make a cluster
    #[arg(
        long,
        value_name = "N",
        default_value_t = Joining::default().min_failures,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub min_failures: u32,
    /// Rows shown of each table, the worst first where they are more
    #[arg(long, value_name = "N", default_value_t = MOST_ROWS, value_parser = clap::value_parser!(u32).range(1..))]
    pub top: u32,
    /// Take this time for now
    #[arg(long, value_name = "TIME", long_help = format!("Take this time for now, and leave out what came later. Write {}", window::FORMS))]
    pub at: Option<String>,
    /// Step of the timeline [default: by the length of the window]
    #[arg(long, value_enum, value_name = "STEP")]
    pub by: Option<TimelineStep>,
    /// How long an attempt is taken to last, where the log has no end of it
    #[arg(long, value_name = "DURATION", default_value_t = duration(SESSION))]
    pub session: humantime::Duration,
    /// Report on a log file instead of a table, all of it unless --since says otherwise; may be given several times
    #[arg(long, value_name = "FILE")]
    pub log: Vec<String>,
    /// Format of the --log files [default: found out by looking]
    #[arg(long = "as", value_enum, value_name = "FORMAT", requires = "log", hide_possible_values = true)]
    pub format_of_log: Option<import::LogFormat>,
}

/// `failures`.
#[derive(Debug, Args)]
pub struct FailuresArgs {
    /// Which rows.
    #[command(flatten)]
    pub rows: RowFilter,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
}

/// `init`.
#[derive(Debug, Args)]
pub struct Init {
    /// Write over a config that is there, whole
    #[arg(long)]
    pub force: bool,
    /// Print the config instead of writing it
    #[arg(long)]
    pub print: bool,
    /// Make the tables of the ledger that resend keeps, and nothing else
    #[arg(long, conflicts_with_all = ["print", "force"])]
    pub ledger: bool,
}

/// `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Also look whether the mail server lets this program in, without sending anything [default: the server of the config]
    #[arg(long, value_name = "URL")]
    pub smtp: Option<Option<String>>,
    /// From when on rows are looked at, `all` for all of them [default: 7 days ago]
    #[arg(long, value_name = "TIME", long_help = format!("From when on rows are looked at, 'all' for all of them; without it, from 7 days ago. Write {}", window::FORMS))]
    pub since: Option<String>,
    /// Take this time for now
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Prove on a real Oracle server what this program takes it for, and write a text to send to its authors
    #[arg(long, conflicts_with_all = ["smtp", "since", "at"])]
    pub oracle_selfcheck: bool,
    /// With --oracle-selfcheck, make MT_CHECK_ tables for it without asking; they are dropped at the end
    #[arg(long, requires = "oracle_selfcheck")]
    pub yes: bool,
}

/// `explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// The error text, in quotes or not; - reads it from stdin
    #[arg(value_name = "TEXT", allow_hyphen_values = true, required_unless_present = "test_rules")]
    pub text: Option<String>,
    /// The rest of a text without quotes
    #[arg(value_name = "MORE", requires = "text")]
    pub more: Vec<String>,
    /// Try every rule on its examples, and with a database on the failed mails of the log; FILE holds rules to try
    /// in place of the config's own
    #[arg(long, value_name = "FILE", conflicts_with = "text")]
    pub test_rules: Option<Option<PathBuf>>,
}

/// `resend`.
#[derive(Debug, Default, Args)]
pub struct Resend {
    /// Which rows.
    #[command(flatten)]
    pub rows: RowFilter,
    /// Only this row, also where it is old, has no error text, or looks like another; may be given several times
    #[arg(long, value_name = "ID")]
    pub id: Vec<String>,
    /// How many at most, the oldest first
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: Option<u32>,
    /// Leave rows alone that are older than this, whatever --since says [default: 7d]
    #[arg(long, value_name = "DURATION")]
    pub max_age: Option<humantime::Duration>,
    /// The server: smtp://USER@HOST:PORT with STARTTLS, or smtps://USER@HOST; an @ in the user is %40
    #[arg(long, value_name = "URL")]
    pub smtp: Option<String>,
    /// Connections at once [default: the provider's limit, else 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub cap: Option<u32>,
    /// Messages in a time, evenly spaced, such as 30/1m [default: the provider's limit, else 30/1m]
    #[arg(long, value_name = "N/DURATION")]
    pub rate: Option<Rate>,
    /// Recipients in any 24 hours [default: the provider's limit]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub recipients_per_day: Option<u32>,
    /// Connections left to the application while it is sending [default: 1]
    #[arg(long, value_name = "N")]
    pub reserve: Option<u32>,
    /// Attempts of one row, those of earlier runs included [default: 8]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_attempts: Option<u32>,
    /// Where to keep the ledger: same (as the log), or sqlite:PATH for those who may not make tables
    #[arg(long, value_name = "WHERE")]
    pub ledger: Option<String>,
    /// Also send mails whose text speaks of an attachment where the log holds none
    #[arg(long)]
    pub without_attachment: bool,
    /// Show what would be sent, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Take this time for now in a dry run
    #[arg(long, value_name = "TIME", requires = "dry_run")]
    pub at: Option<String>,
    /// Do not ask; also agrees to making the ledger's tables
    #[arg(long, short = 'y')]
    pub yes: bool,
    /// How long to wait for another run that sends for the same account [default: 30s]
    #[arg(long, value_name = "DURATION")]
    pub wait: Option<humantime::Duration>,
    /// Send without TLS to another machine: everyone on the way can read password and mail
    #[arg(long)]
    pub insecure_plaintext: bool,
    /// List the rows in doubt, or settle some: --doubt delivered|again|drop ID..., or the filters of this command in place of ids
    #[arg(long, value_name = "DECISION ID", num_args = 0.., conflicts_with_all = ["dry_run", "history"])]
    pub doubt: Option<Vec<String>>,
    /// Let failed mails go no more: --drop ID..., or the filters of this command in place of ids; --free takes it back
    #[arg(long, value_name = "ID", num_args = 0.., conflicts_with_all = ["dry_run", "history", "doubt"])]
    pub drop: Option<Vec<String>>,
    /// Let rows go again that were refused or dropped
    #[arg(long, value_name = "ID", num_args = 1.., conflicts_with_all = ["dry_run", "history", "doubt", "drop"])]
    pub free: Option<Vec<String>>,
    /// List the runs of the past
    #[arg(long, conflicts_with = "dry_run")]
    pub history: bool,
}

/// Declares a warning and a critical range for each metric that has flags of its own.
macro_rules! thresholds {
    ($($metric:literal $read:path, $warning:ident $critical:ident $what:literal);+ $(;)?) => {
        /// Ranges of metrics.
        #[derive(Debug, Clone, Default, Args)]
        #[command(next_help_heading = "Ranges: 10 alerts above 10, 10: below 10, 10:20 outside, @10:20 inside")]
        pub struct Thresholds {
            $(
                #[doc = concat!("Warning for ", $what)]
                #[arg(long, value_name = "RANGE", allow_hyphen_values = true, value_parser = $read)]
                pub $warning: Option<Range>,
                #[doc = concat!("Critical for ", $what)]
                #[arg(long, value_name = "RANGE", allow_hyphen_values = true, value_parser = $read)]
                pub $critical: Option<Range>,
            )+
        }

        impl Thresholds {
            /// Each metric's word with its ranges for warning and critical.
            pub fn pairs(&self) -> Vec<(&'static str, Option<&Range>, Option<&Range>)> {
                vec![$(($metric, self.$warning.as_ref(), self.$critical.as_ref())),+]
            }
        }
    };
}

thresholds! {
    "rate" Range::from_str, rate_warning rate_critical "failed mails in percent of all";
    "throttled" Range::from_str, throttled_warning throttled_critical "mails refused by a throttle";
    "bursts" Range::from_str, bursts_warning bursts_critical "bursts of failed mails";
    "pending" Range::from_str, pending_warning pending_critical "mails that wait longer than --pending-age";
    "silence" Range::from_str, silence_warning silence_critical "mails in percent of the same time a week and two weeks before";
    "rows" Range::from_str, rows_warning rows_critical "mails of any status";
    "quota" Range::from_str, quota_warning quota_critical "recipients of the busiest mailbox in 24 hours, in percent of the allowed";
    "doubt" Range::from_str, doubt_warning doubt_critical "mails that a resend left in doubt";
    "backlog_rows" Range::from_str, backlog_warning backlog_critical "failed mails that should go again and have not";
    "backlog_age" Range::of_age, backlog_age_warning backlog_age_critical "the age of the oldest of them, in seconds or as 1h";
    "opened-per-minute" Range::from_str, opened_per_minute_warning opened_per_minute_critical "connections of the busiest mailbox in a minute, one for each mail";
    "opened-per-hour" Range::from_str, opened_per_hour_warning opened_per_hour_critical "the same in an hour";
    "future" Range::from_str, future_warning future_critical "mails tried at a time that is still to come";
    "unclassified" Range::from_str, unclassified_warning unclassified_critical "failed mails that no rule knows, in percent";
    "new-causes" Range::from_str, new_causes_warning new_causes_critical "causes that --baseline did not have";
    "account-blocked" Range::from_str, account_blocked_warning account_blocked_critical "mails refused because of the account, where none of it went since";
}

/// `alert`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "--format also takes nagios (one line for Nagios, Icinga and their kin) and prometheus (metrics)."
)]
pub struct Alert {
    /// Checks of the config, by name [default: all of them; where there is none, those that --explain prints]
    #[arg(value_name = "CHECK")]
    pub checks: Vec<String>,
    /// How long before the end to look [default: 1h]
    #[arg(long, value_name = "DURATION")]
    pub window: Option<humantime::Duration>,
    /// End of the window [default: now]
    #[arg(long, value_name = "TIME", long_help = format!("End of the window instead of now. Write {}", window::FORMS))]
    pub at: Option<String>,
    /// Warning for the number of failed mails
    #[arg(short, long, value_name = "RANGE", allow_hyphen_values = true)]
    pub warning: Option<Range>,
    /// Critical for the number of failed mails
    #[arg(short, long, value_name = "RANGE", allow_hyphen_values = true)]
    pub critical: Option<Range>,
    /// Only failures of this class, such as throttle-concurrency
    #[arg(long, value_name = "CLASS")]
    pub class: Option<Class>,
    /// Only failures with this reply code or enhanced code
    #[arg(long, value_name = "CODE")]
    pub code: Option<Code>,
    /// Only rows of this sender
    #[arg(long, value_name = "SENDER")]
    pub sender: Option<String>,
    /// Rows below which a percentage is not judged [default: 20]
    #[arg(long, value_name = "N")]
    pub min_sample: Option<u64>,
    /// How long a mail may be pending; those older than 7 days are left alone [default: 1h]
    #[arg(long, value_name = "DURATION")]
    pub pending_age: Option<humantime::Duration>,
    /// How long before the window a cause counts as known [default: 14d]
    #[arg(long, value_name = "DURATION")]
    pub baseline: Option<humantime::Duration>,
    /// Count failures too that succeeded within an hour
    #[arg(long)]
    pub count_healed: bool,
    /// Print the checks that would be made, and make none
    #[arg(long)]
    pub explain: bool,
    /// Print nothing but changes: when it gets bad, --repeat later while it stays so, and once when all is well again
    #[arg(long)]
    pub cron: bool,
    /// How long the same state is not told again [default: 4h]
    #[arg(long, value_name = "DURATION")]
    pub repeat: Option<humantime::Duration>,
    /// File that remembers the state [default: one for each set of checks in the user's state folder]
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Write metrics for the node exporter to this file
    #[arg(long, value_name = "FILE")]
    pub textfile: Option<PathBuf>,
    /// Post changes to this address [default: the webhook of the config]
    #[arg(long, value_name = "URL", env = "MAILTHROTTLE_WEBHOOK", hide_env_values = true)]
    pub webhook: Option<String>,
    /// What the webhook takes [default: by its host]
    #[arg(long, value_enum, value_name = "SHAPE")]
    pub webhook_shape: Option<Shape>,
    /// Run this command on changes, with the JSON on its stdin
    #[arg(long, value_name = "COMMAND")]
    pub exec: Option<String>,
    /// How long finding out may take
    #[arg(long, value_name = "DURATION", default_value = "10s")]
    pub timeout: humantime::Duration,
    /// How long webhook and command may take, each
    #[arg(long, value_name = "DURATION", default_value = "5s")]
    pub notify_timeout: humantime::Duration,
    /// Ranges of metrics.
    #[command(flatten)]
    pub thresholds: Thresholds,
}

/// What a webhook takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// The JSON of `alert`.
    Generic,
    /// A Slack message.
    Slack,
    /// A card for Microsoft Teams.
    Teams,
}

/// `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Log files, compressed by gzip, zstd or bzip2, in UTF-16, or plain; - reads stdin
    #[arg(value_name = "FILE", required_unless_present = "list")]
    pub files: Vec<String>,
    /// Format of the files [default: found out by looking]
    #[arg(long = "as", value_enum, value_name = "FORMAT", hide_possible_values = true)]
    pub format_of_log: Option<import::LogFormat>,
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
